import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { must } from '../src/assert.ts';
import type { Target } from '../src/cli/host.ts';
import type { Emitted } from '../src/codegen/program.ts';
import { canonical, defaultConfig, fromDiff } from '../src/codegen/space/config.ts';
import type { Config } from '../src/codegen/space/space.ts';
import type { Runner } from '../src/measure/runner-client.ts';
import { openStore } from '../src/store/records.ts';
import { greedy } from '../src/tuner/strategies/greedy.ts';
import type { Summary } from '../src/tuner/summary.ts';
import { tune } from '../src/tuner/tune.ts';
import type { BenchCase } from './cases/case.ts';
import { contest, copyContestant, faster, fmaProbe, MIN_MS, ourContestant, peerContestants } from './contest.ts';
import type { Standing } from './contest.ts';
import { largestError } from './error.ts';
import { loadOurs } from './ours.ts';
import type { Ours } from './ours.ts';
import { startPeer } from './peers/peer.ts';
import type { Peer } from './peers/peer.ts';
import type { CaseResult } from './report.ts';
import { prepare } from './subject.ts';
import type { Prepared } from './subject.ts';

export interface RunOptions {
  readonly target: Target;
  readonly cpu: number;
  /** An empty folder: records, objects and arrays of this case. */
  readonly dir: string;
  readonly startRunner: () => Runner;
  /** Seconds of tuning at most. */
  readonly budget: number;
  readonly rounds: number;
  readonly log: (text: string) => void;
}

/** Tunes one case from an empty store, then measures ours and the peers in turn. Throws if there is nothing to compare. */
export async function runCase(
  c: BenchCase,
  o: RunOptions,
): Promise<{ readonly result: CaseResult; readonly versions: Readonly<Record<string, string>> }> {
  const prepared = prepare(c, o.target);
  const { summary, emitted } = await tuned(prepared, o);
  o.log(
    `tuned: ${summary.evals} configs, ${(summary.winner.ns / 1e6).toPrecision(3)} ms, ${emitted[0].patterns.join(', ')}`,
  );
  const runner = o.startRunner();
  const peers: Peer[] = [];
  try {
    const ours = await loadOurs(runner, prepared.subject, emitted, o.dir);
    const start = async (allocator: boolean): Promise<Awaited<ReturnType<typeof startPeer>>> => {
      const started = await startPeer(o.cpu, allocator);
      peers.push(started.peer);
      return started;
    };
    const best = await start(true);
    const forms = await preparePeer(best.peer, c, prepared, o.dir);
    const { running, slow, refused } = sorted(forms);
    const before = await fmaProbe(runner);
    const standings = await contest(
      [
        ourContestant('tuned', ours, 0),
        ourContestant('default', ours, 1),
        copyContestant(runner, c.bytes),
        ...peerContestants(best.peer, running),
      ],
      o.rounds,
    );
    const after = await fmaProbe(runner);
    const [tunedAt, defaultAt, copy] = [0, 1, 2].map((i) => must(standings[i], 'standing')) as [
      Standing,
      Standing,
      Standing,
    ];
    const theirs = standings.slice(3);
    const rival = fastest(theirs.filter((s) => !s.name.startsWith('numpy')));
    const errors = await compare(c, prepared, ours, best.peer, rival.name, o.dir);
    best.peer.close();

    const users = await start(false);
    await preparePeer(users.peer, c, prepared, o.dir);
    const shown = running.filter((f) => !f.startsWith('numpy'));
    const plain = await contest(
      [ourContestant('tuned', ours, 0), ...peerContestants(users.peer, shown)],
      Math.max(5, Math.floor(o.rounds / 3)),
    );
    const computeMs = c.flops / after / 1e6;
    const bound = computeMs > copy.ms ? 'compute' : 'memory';
    const brief = (s: Standing): { readonly name: string; readonly ms: number } => ({ name: s.name, ms: s.ms });
    const ratio = faster(tunedAt, rival);
    o.log(`${ratio.value.toFixed(2)}× ${rival.name}`);
    return {
      versions: z.record(z.string(), z.string()).parse({ torch: best.hello['torch'], numpy: best.hello['numpy'] }),
      result: {
        name: c.name,
        op: c.op,
        shape: c.shape,
        patterns: [...emitted[0].patterns],
        config: summary.winner.config,
        tuning: { evals: summary.evals, seconds: summary.seconds, stop: summary.stop },
        tuned: brief(tunedAt),
        byDefault: brief(defaultAt),
        peers: theirs.map(brief),
        rival: rival.name,
        plain: plain.slice(1).map(brief),
        slow,
        refused,
        ratio,
        defaultRatio: faster(defaultAt, rival),
        plainRatio: faster(must(plain[0], 'ours'), fastest(plain.slice(1))),
        roof: { share: Math.max(copy.ms, computeMs) / tunedAt.ms, bound, copyGBs: c.bytes / copy.ms / 1e6 },
        probe: { before, after },
        errors,
      },
    };
  } finally {
    for (const p of peers) p.close();
    await runner.close();
  }
}

const fastest = (all: readonly Standing[]): Standing => must(all.toSorted((a, b) => a.ms - b.ms)[0], 'peer');

/** The winner and the default as code, under names that fit into one object. */
async function tuned(
  { subject }: Prepared,
  o: RunOptions,
): Promise<{ readonly summary: Summary; readonly emitted: readonly [Emitted, Emitted] }> {
  const store = openStore(join(o.dir, 'records.sqlite'));
  const found = await tune({
    subject,
    strategy: greedy,
    seed: '1',
    budget: { seconds: o.budget, evals: 100_000 },
    store,
    startRunner: o.startRunner,
    outDir: join(o.dir, 'lib'),
    scratch: join(o.dir, 'tune'),
    machine: cpus()[0]?.model ?? 'unknown',
    fresh: true,
    signal: new AbortController().signal,
  });
  store.close();
  const { space, summary } = found;
  if (summary === undefined)
    throw new Error(found.diagnostics.map((d) => d.message).join('; ') || 'no config is valid');
  const winner = fromDiff(space, summary.winner.config);
  if (!winner.ok) throw new Error('internal: the winner is not in its space');
  const emit = (config: Config, name: string): Emitted => {
    const r = subject.backend.emit(subject.graph, subject.arch, config, subject.hint, name);
    if (!r.ok) throw new Error(r.reasons.map((x) => x.message).join('; '));
    return r.emitted;
  };
  return {
    summary,
    emitted: [emit(winner.config, 'bench_tuned'), emit(canonical(space, defaultConfig(space)), 'bench_default')],
  };
}

const told = z.array(
  z.object({ name: z.string(), ok: z.boolean(), ms: z.number().optional(), message: z.string().optional() }),
);

/** Gives a peer the arrays and the forms of a case; forms that it cannot run say why. */
async function preparePeer(
  peer: Peer,
  c: BenchCase,
  { graph, consts, sizes, data }: Prepared,
  dir: string,
): Promise<z.infer<typeof told>> {
  const inputs = [...data.tensors].map(([name, list]) => {
    const t = must(list[0], name);
    const path = join(dir, `peer-${name}.bin`);
    writeFileSync(path, new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength));
    const b = must(
      graph.buffers.find((x) => x.id === name),
      name,
    );
    return { name, dtype: t.dtype, shape: sizes.shape(b, 0) ?? t.shape, path };
  });
  const forms = [
    ...Object.entries(c.torch).flatMap(([name, body]) => [
      { name: `eager ${name}`, body, how: 'eager' },
      { name: `compile ${name}`, body, how: 'compile' },
      { name: `compile ${name} into`, body, how: 'into' },
    ]),
    ...Object.entries(c.eager ?? {}).map(([name, body]) => ({ name: `eager ${name}`, body, how: 'eager' })),
    ...Object.entries(c.compiled ?? {}).map(([name, body]) => ({ name: `compile ${name}`, body, how: 'compile' })),
    ...Object.entries(c.numpy ?? {}).map(([name, body]) => ({ name: `numpy ${name}`, body, how: 'numpy' })),
  ];
  const values = Object.fromEntries(
    [...sizes.dims, ...data.scalars, ...Object.entries(consts)].map(([k, v]) => [
      k,
      typeof v === 'bigint' ? Number(v) : v,
    ]),
  );
  const reply = await peer.request({ op: 'prepare', inputs, values, setup: c.setup ?? '', forms, minMs: MIN_MS });
  return told.parse(reply['forms']);
}

/** Forms this many times slower than the fastest of their peer do not compete: their time on the third call is listed. */
const SLOW = 4;

function sorted(forms: z.infer<typeof told>): {
  readonly running: readonly string[];
  readonly slow: CaseResult['slow'];
  readonly refused: CaseResult['refused'];
} {
  const refused = forms.flatMap((f) => (f.ok ? [] : [{ name: f.name, message: f.message ?? '' }]));
  const ran = forms.flatMap((f) => (f.ok ? [{ name: f.name, ms: f.ms ?? 0 }] : []));
  if (ran.length === 0)
    throw new Error(`no peer runs this: ${refused.map((f) => `${f.name}: ${f.message}`).join('; ')}`);
  const best = Math.min(...ran.map((f) => f.ms));
  return {
    running: ran.filter((f) => f.ms <= SLOW * best).map((f) => f.name),
    slow: ran.filter((f) => f.ms > SLOW * best),
    refused,
  };
}

/** Largest errors of our winner and of the rival, by result. */
async function compare(
  c: BenchCase,
  { graph, oracle }: Prepared,
  ours: Ours,
  peer: Peer,
  form: string,
  dir: string,
): Promise<CaseResult['errors']> {
  const results = graph.buffers.filter((b) => b.role === 'out').map((b) => b.id);
  const paths = results.map((id) => join(dir, `theirs-${id}.bin`));
  await peer.request({ op: 'result', form, paths });
  const mine = await ours.outputs(0);
  return results.map((id, i) => {
    const expected = must(oracle.expected.outputs[id]?.[0], id);
    const bytes = new Uint8Array(readFileSync(must(paths[i], id)));
    return {
      result: id,
      ours: largestError(expected, must(mine.get(id), id), c.ulpOf),
      peer: largestError(expected, bytes, c.ulpOf),
      form,
    };
  });
}
