import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { must } from '../src/assert.ts';
import { backends } from '../src/backends/registry.ts';
import { LIBRARY, libraryOps, smallest } from '../src/cli/library.ts';
import { silentIo } from '../src/cli/context.ts';
import type { Chosen } from '../src/cli/subject.ts';
import { prepareRunner } from '../src/measure/runner-build.ts';
import { createRunner } from '../src/measure/runner-client.ts';
import { acceptCell, compileCell, prepare, runCell } from './matrix/cell.ts';
import type { CellResult, Effort } from './matrix/cell.ts';
import { page } from './matrix/report.ts';

/**
 * Every operator of the library on the targets of a family, against the reference: which pattern has each kernel, whether every value of every tunable
 * is right, whether the vendor's compiler takes the default config, and how many cases say so. Cells whose kernels and effort are as before are not run
 * again; --minutes bounds the whole.
 */
const { values: args } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    family: { type: 'string', default: 'cpp' },
    arch: { type: 'string', multiple: true },
    cases: { type: 'string', default: '10' },
    seeds: { type: 'string', default: '20' },
    configs: { type: 'string', default: '12' },
    width: { type: 'string', default: '3' },
    work: { type: 'string', default: '20000' },
    minutes: { type: 'string', default: '40' },
    out: { type: 'string', default: 'bench/results' },
    fresh: { type: 'boolean', default: false },
  },
});
const effort: Effort = {
  cases: Number(args.cases),
  seeds: Number(args.seeds),
  configs: Number(args.configs),
  width: Number(args.width),
  work: Number(args.work),
};
const io = silentIo(LIBRARY);
const backend = must(
  backends.find((b) => b.name === args.family),
  `a target family named ${args.family}`,
);
const archs = backend.archs.filter((a) => args.arch === undefined || args.arch.includes(a.name));

/** Every operator under every binding of its types. */
const subjects = (): readonly Chosen[] =>
  libraryOps(io)
    .filter(({ op }) => args.only === undefined || args.only.includes(op.name))
    .flatMap((found) => found.op.instances.map((i) => smallest(found, i)));

mkdirSync(args.out, { recursive: true });
const recordFile = join(args.out, `matrix-${backend.name}.json`);
const known = new Map<string, CellResult>();
if (existsSync(recordFile) && !args.fresh) {
  const { cells } = JSON.parse(readFileSync(recordFile, 'utf8')) as { readonly cells: readonly CellResult[] };
  for (const c of cells) known.set(`${c.operator} ${c.types} ${c.arch}`, c);
}
const scratch = mkdtempSync(join(tmpdir(), 'ktune-matrix-'));
const prepared = await prepareRunner(backend.runner(must(archs[0], 'an architecture')), join(tmpdir(), 'ktune-cache'));
if (!prepared.ok) throw new Error(prepared.detail);
// Python and torch take their time on a busy machine.
const runner = createRunner({ command: prepared.command, args: prepared.args, startMs: 60_000 });
const wide = readFileSync('/proc/cpuinfo', 'utf8').includes('avx512f');
const executed =
  backend.name === 'cpp'
    ? { avx512: wide ? 'executed' : 'executed in narrower vectors, since this CPU has no AVX-512' }
    : {};
const deadline = performance.now() + Number(args.minutes) * 60_000;

/** The record, and the page that is made of it; after every cell, so that nothing is lost. */
function save(): void {
  const cells = [...known.values()].sort((a, b) => order(a).localeCompare(order(b)));
  writeFileSync(recordFile, `${JSON.stringify({ schema: 'ktune-matrix/1', effort, cells }, null, 1)}\n`);
  writeFileSync(join(args.out, `matrix-${backend.name}.md`), page(backend.name, cells, effort, executed));
}
const order = (c: CellResult): string => `${c.operator} ${c.types} ${c.arch}`;

const jobs = subjects().flatMap((chosen) => archs.map((arch) => ({ chosen, arch })));
/** Emits and compiles a cell; undefined if its result is known. */
async function ready(k: number) {
  const job = jobs[k];
  if (job === undefined || performance.now() > deadline) return undefined;
  const p = prepare(backend, job.chosen, job.arch, effort);
  const old = known.get(`${p.base.operator} ${p.base.types} ${p.base.arch}`);
  if (old?.key === p.key && old.verdict === 'pass') return undefined;
  const dir = join(scratch, String(k));
  return { p, dir, objects: await compileCell(backend, p, dir), accepted: await acceptCell(backend, p, dir) };
}

try {
  // The next cell is compiled while one runs.
  let next = ready(0);
  for (let k = 0; k < jobs.length && performance.now() < deadline; k++) {
    const cell = await next;
    next = ready(k + 1);
    if (cell === undefined) continue;
    const result = await runCell(cell.p, cell.objects, cell.accepted, runner, scratch, effort);
    known.set(order(result), result);
    save();
    rmSync(cell.dir, { recursive: true, force: true });
    const { operator, types, arch, verdict, cases, configs, covered, values, patterns, seconds } = result;
    console.log(
      `${k + 1}/${jobs.length} ${[operator, types, arch].join(' ')}: ${verdict}, ${cases} cases, ${configs} configs, ` +
        `${covered}/${values} values, ${patterns.join('+')}, ${seconds.toFixed(1)} s${result.problem === undefined ? '' : `: ${result.problem}`}`,
    );
  }
  await next;
} finally {
  await runner.close();
  rmSync(scratch, { recursive: true, force: true });
}
save();
const cells = [...known.values()];
const wrong = cells.filter((c) => c.verdict !== 'pass').length;
console.log(
  `${cells.length} of ${jobs.length} cells; ${wrong} wrong or refused; ${join(args.out, `matrix-${backend.name}.md`)}`,
);
process.exitCode = wrong > 0 || cells.length < jobs.length ? 1 : 0;
