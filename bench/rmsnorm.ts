/**
 * rmsnorm 4096×4096 in bf16 and f32 on one pinned thread, side by side with torch eager and torch.compile.
 *
 *   node bench/peers/setup.ts && node bench/rmsnorm.ts [--rounds 21] [--dtype bf16,f32] [--config prefetch=4096,unroll=2]
 *
 * Without --config the default and every config that differs from it in one parameter are screened first; the best of them and the default compete.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { must } from '../src/assert.ts';
import { cpp } from '../src/backends/cpp/cpp.ts';
import { showConfig } from '../src/codegen/space/config.ts';
import { seeded } from '../src/codegen/space/random.ts';
import type { Config } from '../src/codegen/space/space.ts';
import { buildRunner } from '../src/measure/runner-build.ts';
import { createRunner } from '../src/measure/runner-client.ts';
import type { Runner } from '../src/measure/runner-client.ts';
import { median } from '../src/measure/statistics.ts';
import {
  contest,
  copyContestant,
  faster,
  fmaProbe,
  interval,
  peerContestants,
  round,
  writeResults,
} from './contest.ts';
import type { Contestant } from './contest.ts';
import { emit, hostArch, libraryGraph, neighbours, parseConfig } from './kernel.ts';
import { inputFile, loadOurs } from './ours.ts';
import { startPeer } from './peers/peer.ts';

const B = 4096;
const D = 4096;
type Float = 'bf16' | 'f32';

const { values: args } = parseArgs({
  options: {
    rounds: { type: 'string', default: '21' },
    dtype: { type: 'string', default: 'bf16,f32' },
    config: { type: 'string' },
  },
});
const rounds = Number(args.rounds);
const cpu = availableParallelism() - 1;
const cacheDir = join(import.meta.dirname, '../.ktune/bench');
mkdirSync(cacheDir, { recursive: true });

/** `n` values of about unit size. */
function values(n: number, dtype: Float, seed: string): Uint8Array {
  const rng = seeded(seed);
  const f = Float32Array.from({ length: n }, () => rng() + rng() + rng() + rng() - 2);
  if (dtype === 'f32') return new Uint8Array(f.buffer);
  const bits = new Uint32Array(f.buffer);
  return new Uint8Array(Uint16Array.from(bits, (u) => (u + 0x7fff + ((u >>> 16) & 1)) >>> 16).buffer);
}
function decode(bytes: Uint8Array, dtype: Float): Float32Array {
  if (dtype === 'f32') return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const half = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  return new Float32Array(Uint32Array.from(half, (h) => h << 16).buffer);
}

/** The best of `configs` by the median of a few interleaved samples; the first unless another leads clearly. */
async function screen(configs: readonly Config[], sample: (k: number) => Promise<number>): Promise<number> {
  const all = configs.map((c, k): Contestant => ({ name: JSON.stringify(c), sample: () => sample(k) }));
  const standings = await contest(all, 7, 1);
  const best = must(standings.toSorted((a, b) => a.medianMs - b.medianMs)[0], 'config');
  // A lead within the noise is none: the default is kept.
  return best.medianMs < 0.97 * must(standings[0], 'default').medianMs ? standings.indexOf(best) : 0;
}

async function benchmark(runner: Runner, dtype: Float): Promise<{ readonly markdown: string; readonly data: unknown }> {
  const dims = { B, D };
  const bytes = (2 * B * D + D) * (dtype === 'bf16' ? 2 : 4);
  const arrays = { x: values(B * D, dtype, 'x'), w: values(D, dtype, 'w') };
  for (const [name, data] of Object.entries(arrays)) writeFileSync(inputFile(name, cacheDir), data);

  const graph = libraryGraph('rmsnorm.ktune', 'rmsnorm', { T: dtype });
  const arch = hostArch();
  const space = cpp.space(graph, arch, { dims });
  const configs = args.config === undefined ? neighbours(space) : [{}, parseConfig(args.config)];
  const emitted = configs.map((c, k) => emit(graph, arch, dims, c, `rmsnorm_${k}`));
  const ours = await loadOurs(runner, arch, emitted, { dims, scalars: { eps: 1e-6 }, arrays }, cacheDir);
  const toMs = (k: number) => async (): Promise<number> => (await ours.sample(k)) / 1e6;
  const chosen = args.config === undefined ? await screen(configs, (k) => ours.sample(k)) : 1;
  const config = must(configs[chosen], 'config');

  const tuned = await startPeer(cpu, true);
  const plain = await startPeer(cpu, false);
  const request = {
    op: 'prepare',
    case: 'rmsnorm',
    dtype,
    dims,
    inputs: { x: inputFile('x', cacheDir), w: inputFile('w', cacheDir) },
  };
  const forms = ((await tuned.peer.request(request))['forms'] as readonly string[]).map(String);
  await plain.peer.request(request);

  const before = await fmaProbe(runner);
  const peers = peerContestants(tuned.peer, forms, '');
  const standings = await contest(
    [
      { name: 'ktune, best screened config', sample: toMs(chosen) },
      { name: 'ktune, default config', sample: toMs(0) },
      copyContestant(runner, bytes),
      ...peers,
    ],
    rounds,
    bytes,
  );
  const after = await fmaProbe(runner);
  const untuned = await contest(
    [
      { name: 'ktune, best screened config', sample: toMs(chosen) },
      ...peerContestants(plain.peer, forms, ' as users run it'),
    ],
    Math.max(5, Math.floor(rounds / 3)),
    bytes,
  );

  const result = join(cacheDir, 'y.bin');
  const theirs = join(cacheDir, 'y-peer.bin');
  await ours.output(chosen, 'y', result);
  await tuned.peer.request({
    op: 'result',
    form: must(
      forms.find((f) => f.startsWith('compile')),
      'form',
    ),
    path: theirs,
  });
  const difference = largestDifference(decode(readFileSync(result), dtype), decode(readFileSync(theirs), dtype));
  tuned.peer.close();
  plain.peer.close();

  const [best, dflt, roof, ...torch] = standings as [
    (typeof standings)[0],
    (typeof standings)[0],
    (typeof standings)[0],
    ...typeof standings,
  ];
  const rival = must(torch.toSorted((a, b) => a.medianMs - b.medianMs)[0], 'peer');
  const users = untuned.slice(1).toSorted((a, b) => a.medianMs - b.medianMs)[0];
  const usersRatio = faster(must(untuned[0], 'ours'), must(users, 'peer'));
  const verdict = {
    best: faster(must(best, 'ours'), rival),
    dflt: faster(must(dflt, 'ours'), rival),
    roof: median(must(roof, 'roof').samples) / must(best, 'ours').medianMs,
  };
  const rows = [...standings, ...untuned.slice(1)].map(
    (s) => `| ${s.name} | ${round(s.medianMs)} | ${round(s.gbPerS)} |`,
  );
  const markdown = [
    `## ${dtype}`,
    '',
    `Best screened config: \`${showConfig(space, config) || 'default'}\`. Largest difference from torch.compile: ${difference}.`,
    '',
    '| | median ms | GB/s |',
    '|---|---|---|',
    ...rows,
    '',
    `- best config over the better of eager and compile (${rival.name}), allocator tuned: **${interval(verdict.best)}**`,
    `- default config over the same: ${interval(verdict.dflt)}`,
    `- best config over ${must(users, 'peer').name}: ${interval(usersRatio)}`,
    `- share of a copy past the caches: ${round(100 * verdict.roof, 0)} %`,
    `- FMA probe before and after: ${round(before, 1)} and ${round(after, 1)} GFLOP/s`,
    '',
  ].join('\n');
  return {
    markdown,
    data: {
      dtype,
      dims,
      config,
      rounds,
      bytes,
      difference,
      before,
      after,
      verdict,
      usersRatio,
      standings,
      untuned,
      peer: tuned.hello,
    },
  };
}

/** Largest |a − b| / (|b| + 10⁻³). */
function largestDifference(a: Float32Array, b: Float32Array): string {
  let worst = 0;
  a.forEach((v, i) => {
    const w = b[i] ?? Number.NaN;
    worst = Math.max(worst, Math.abs(v - w) / (Math.abs(w) + 1e-3));
  });
  return worst.toExponential(1);
}

const built = await buildRunner(cacheDir);
if (!built.ok) throw new Error(built.detail);
const runner = createRunner({ command: built.path, cpu });
await runner.request({ op: 'hello', cpu });
const parts = [];
for (const dtype of args.dtype.split(',')) parts.push(await benchmark(runner, dtype as Float));
await runner.close();
const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, one thread pinned to CPU ${cpu}, ${rounds} interleaved rounds, torch 2.13.0`;
const markdown = `# rmsnorm ${B}×${D}\n\n${machine}, ${new Date().toISOString().slice(0, 10)}.\n\n${parts.map((p) => p.markdown).join('\n')}`;
writeResults('rmsnorm', markdown, { machine, results: parts.map((p) => p.data) });
console.log(markdown);
