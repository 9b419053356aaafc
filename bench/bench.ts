/**
 * The operators of bench/cases beside torch and NumPy on one pinned thread.
 *
 *   node bench/peers/setup.ts && node bench/bench.ts [--only NAME…] [--budget 60] [--rounds 21] [--target cpp] [--out PATH] [--json]
 *
 * Every operator is tuned from an empty store first. A whole run writes bench/results/bench.md and .json, a run of some cases only what --out names.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { requireTarget, runnerFor } from '../src/cli/host.ts';
import { UserError } from '../src/cli/user-error.ts';
import { benchCases } from './cases/cases.ts';
import { runCase } from './run-case.ts';
import { benchReport, geomean, markdown } from './report.ts';
import type { BenchReport, CaseResult } from './report.ts';
import { quiet } from './subject.ts';

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'boolean', default: false },
    budget: { type: 'string', default: '60' },
    rounds: { type: 'string', default: '21' },
    target: { type: 'string', default: 'cpp' },
    out: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const names = new Set(positionals.flatMap((p) => p.split(',')));
const unknown = [...names].filter((n) => !benchCases.some((c) => c.name === n));
if (unknown.length > 0 || args.only !== names.size > 0) {
  console.error(`Usage: node bench/bench.ts [--only NAME…]; there are ${benchCases.map((c) => c.name).join(', ')}`);
  process.exit(2);
}
const chosen = benchCases.filter((c) => names.size === 0 || names.has(c.name));
/** Path without suffix of the page and the JSON. */
const out = args.out ?? (names.size === 0 ? join(import.meta.dirname, 'results/bench') : undefined);

const target = await requireTarget(args.target, 'time');
const built = await runnerFor(quiet, target);
const cpu = availableParallelism() - 1;
const dir = mkdtempSync(join(tmpdir(), 'ktune-bench-'));
const before = loadavg()[0] ?? 0;
const results: CaseResult[] = [];
const failures: { name: string; reason: string }[] = [];
let versions: Readonly<Record<string, string>> = {};
try {
  for (const c of chosen) {
    console.error(`${c.name}: ${c.op} at ${c.shape}`);
    const scratch = join(dir, c.name);
    mkdirSync(scratch);
    try {
      const done = await runCase(c, {
        target,
        cpu,
        dir: scratch,
        startRunner: () => built.start({ cpu }),
        budget: Number(args.budget),
        rounds: Number(args.rounds),
        log: (text) => console.error(`  ${text}`),
      });
      versions = done.versions;
      results.push(done.result);
    } catch (error) {
      const reason =
        error instanceof UserError
          ? error.diagnostics.map((d) => d.message).join('; ')
          : error instanceof Error
            ? error.message
            : String(error);
      failures.push({ name: c.name, reason: reason.split('\n')[0] ?? '' });
      console.error(`  fails: ${reason}`);
    }
    rmSync(scratch, { recursive: true, force: true });
    if (out !== undefined) write(out, report());
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}
console.log(args.json ? JSON.stringify(report(), null, 1) : markdown(report()));
process.exitCode = failures.length > 0 ? 1 : 0;

function report(): BenchReport {
  return benchReport.parse({
    schema: 'ktune-bench/1',
    machine: cpus()[0]?.model ?? 'unknown CPU',
    target: target.name,
    date: new Date().toISOString().slice(0, 10),
    rounds: Number(args.rounds),
    budget: Number(args.budget),
    load: [before, loadavg()[0] ?? 0],
    versions,
    geomean: geomean(results.map((r) => r.ratio.value)),
    results,
    failures,
  });
}

/** Writes `<path>.md` and `<path>.json`. */
function write(path: string, r: BenchReport): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.md`, markdown(r));
  writeFileSync(`${path}.json`, `${JSON.stringify(r, null, 1)}\n`);
}
