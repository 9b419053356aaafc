import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { must } from '../src/assert.ts';
import { mtia } from '../src/backends/mtia/mtia.ts';
import { LIBRARY } from '../src/cli/library.ts';
import { silentIo } from '../src/cli/context.ts';
import { loadRight } from '../src/cli/load.ts';
import { choose } from '../src/cli/subject.ts';
import { describeFault } from '../src/measure/install.ts';
import { prepareRunner } from '../src/measure/runner-build.ts';
import { createRunner } from '../src/measure/runner-client.ts';
import { caseData } from '../src/verify/data.ts';
import { execute } from '../src/verify/execute.ts';
import { caseOf } from '../src/verify/fixed-case.ts';
import { sampledOracle } from '../src/verify/sampled.ts';
import { resolveSizes } from '../src/verify/sizes.ts';

/**
 * A product of matrices on the whole grid of an MTIA chip, executed in the emulator with each split of the reduced axis, with and without broadcast and
 * second slots, and compared with the reference on rows of the result. Times are modelled cycles.
 */
const { values: args } = parseArgs({
  options: {
    arch: { type: 'string', default: '2i' },
    size: { type: 'string', default: '512' },
    rows: { type: 'string', default: '512' },
    type: { type: 'string', default: 'bf16' },
    split: { type: 'string', multiple: true, default: ['1', '2', '4', '8'] },
  },
});
const io = silentIo(LIBRARY);
const arch = must(
  mtia.archs.find((a) => a.name === args.arch),
  `mtia:${args.arch}`,
);
const n = args.size;
const chosen = choose(loadRight(io, join(LIBRARY, 'matmul.ktune')), {
  op: 'matmul',
  type: [`T=${args.type}`],
  shape: [`M=${n}`, `N=${n}`, `K=${n}`],
});
const made = caseOf(chosen.graph, { sizes: chosen.sizes, scalars: chosen.scalars, seed: 1 });
if (!made.ok) throw new Error(made.problems.map((p) => p.message).join('; '));
const sizes = resolveSizes(chosen.graph, made.case);
if (typeof sizes === 'string') throw new Error(sizes);
const data = caseData(chosen.graph, made.case, sizes);
const oracle = sampledOracle(chosen.graph, sizes, data, chosen.op.tolerances, { count: Number(args.rows), seed: 1 });

const scratch = mkdtempSync(join(tmpdir(), 'ktune-mtia-gemm-'));
const prepared = await prepareRunner(mtia.runner(arch), join(tmpdir(), 'ktune-cache'));
if (!prepared.ok) throw new Error(prepared.detail);
const runner = createRunner({ command: prepared.command, args: prepared.args });
const configs = args.split.flatMap((split) => [
  { k_split: Number(split) },
  ...(split === '1'
    ? [
        { k_split: 1, broadcast: false },
        { k_split: 1, depth_in: 1, depth_out: 1 },
      ]
    : []),
]);
let wrong = 0;
for (const [k, config] of configs.entries()) {
  const emitted = mtia.emit(chosen.graph, arch, config, { dims: chosen.sizes }, `gemm_${k}`);
  if (!emitted.ok) throw new Error(emitted.reasons.map((r) => r.message).join('; '));
  const built = await mtia.compile(arch, [emitted.emitted], scratch);
  if (!built.ok) throw new Error(built.log);
  const lib = `gemm ${k}`;
  const loaded = await runner.request({ op: 'load', lib, path: built.compiled.path, entries: built.compiled.entries });
  if (!loaded.ok) throw new Error(describeFault(loaded.fault));
  const ran = await execute(runner, chosen.graph, { lib, abi: emitted.emitted.abi }, sizes, data, {
    scratch,
    place: 'stagger',
    parts: 1,
    capacities: oracle.room,
    limitMs: 300_000,
  });
  if (!ran.ok) throw new Error(describeFault(ran.fault));
  const bytes = (buf: string, of: typeof ran.outputs): Uint8Array => must(of.get(buf)?.[0], buf);
  const { mismatch, used, elements } = await oracle.compare((buf, ranges) =>
    Promise.resolve(Buffer.concat(ranges.map(([at, length]) => bytes(buf, ran.outputs).subarray(at, at + length)))),
  );
  const same = [...ran.outputs.keys()].every(
    (buf) => Buffer.compare(bytes(buf, ran.outputs), bytes(buf, ran.again)) === 0,
  );
  if (mismatch !== undefined || !same) wrong += 1;
  const verdict = mismatch !== undefined ? 'WRONG' : same ? 'right' : 'hangs on the order of PEs';
  process.stdout.write(
    `${JSON.stringify(config)}: ${verdict}, ${elements} elements compared, ${(used * 100).toFixed(0)} % of the tolerance used\n`,
  );
}
await runner.close();
rmSync(scratch, { recursive: true, force: true });
process.exitCode = wrong === 0 ? 0 : 1;
