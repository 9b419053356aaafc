import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpp } from '../src/backends/cpp/cpp.ts';
import { lower } from '../src/codegen/lower/lower.ts';
import { count } from '../src/codegen/space/enumerate.ts';
import { check } from '../src/dsl/check.ts';
import { parse } from '../src/dsl/parse.ts';
import { must } from '../src/assert.ts';
import { buildRunner } from '../src/measure/runner-build.ts';
import { createRunner } from '../src/measure/runner-client.ts';
import { openStore } from '../src/store/records.ts';
import { makeSubject } from '../src/tuner/make-subject.ts';
import { strategies } from '../src/tuner/strategies/registry.generated.ts';
import { tune } from '../src/tuner/tune.ts';

/**
 * How many distinct emitted configs a minute are compiled, verified and timed. Usage: node bench/tuning-rate.ts [file] [type] [arch] [strategy] [evals] [B=4096 D=4096 …]
 */
const [file = 'ops/rmsnorm.ktune', type = 'f32', archName = 'avx2', strategyName = 'random', evals = '300', ...sizes] =
  process.argv.slice(2);
const dims = Object.fromEntries(
  (sizes.length > 0 ? sizes : ['B=4096', 'D=4096']).map((s) => [s.split('=')[0] ?? '', Number(s.split('=')[1])]),
);
const parsed = parse(readFileSync(file, 'utf8'), file);
const op = must(
  check(parsed.module).ops[0]?.instances.find(
    (i) => Object.values(i.types).includes(type as never) || Object.keys(i.types).length === 0,
  ),
  'instance',
);
const lowered = lower(op);
if (!lowered.ok) throw new Error('refused');
const { graph } = lowered;
const arch = must(
  cpp.archs.find((a) => a.name === archName),
  'arch',
);
const made = makeSubject({
  graph,
  backend: cpp,
  arch,
  sized: { dims, elements: {}, lens: {}, scalars: {}, style: 'normal', seed: 1 },
  tolerances: {},
});
if (!made.ok) throw new Error(made.problem);
const dir = join(tmpdir(), 'ktune-rate');
mkdirSync(dir, { recursive: true });
const built = await buildRunner(dir);
if (!built.ok) throw new Error(built.detail);
console.log(`data and reference: ${(performance.now() / 1000).toFixed(1)} s`);
console.log('space', count(cpp.space(graph, arch, { dims })));
/** CPU seconds of this process, of the compilers that have ended, and of the runners that live. */
function cpuSeconds(): string {
  const stat = (pid: string): number[] =>
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
  const fields = stat('self');
  const at = (i: number): number => (fields[i] ?? 0) / 100;
  const children = readdirSync('/proc').filter((pid) => {
    try {
      return stat(pid)[1] === process.pid;
    } catch {
      return false;
    }
  });
  const runner = children.reduce((sum, pid) => sum + ((stat(pid)[11] ?? 0) + (stat(pid)[12] ?? 0)) / 100, 0);
  return `own ${(at(11) + at(12)).toFixed(1)} s, compilers ${(at(13) + at(14)).toFixed(1)} s, runner ${runner.toFixed(1)} s`;
}
const started = performance.now();
const result = await tune({
  subject: made.subject,
  strategy: must(
    strategies.find((s) => s.name === strategyName),
    'strategy',
  ),
  seed: '1',
  budget: { seconds: 120, evals: Number(evals) },
  store: openStore(join(dir, 'records.db')),
  startRunner: () => createRunner({ command: built.path }),
  outDir: join(dir, `objects-${process.pid}`),
  scratch: join(dir, 'scratch'),
  machine: cpus()[0]?.model ?? '',
  fresh: true,
  signal: new AbortController().signal,
  onEvent: (e) => {
    if (e.kind === 'phase')
      console.log(`${((performance.now() - started) / 1000).toFixed(2)} s: ${e.progress.phase}; CPU: ${cpuSeconds()}`);
    if (e.kind === 'best' || process.env['VERBOSE'] !== undefined)
      console.log(
        e.kind,
        JSON.stringify('config' in e ? e.config : {}),
        'ns' in e ? e.ns : '',
        e.progress.phase,
        Math.round(e.progress.perMinute),
        'per minute',
      );
    if (e.kind === 'trial' && e.state === 'failed') console.log(JSON.stringify(e.config), e.detail?.slice(0, 300));
  },
});
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify(result.summary, null, 1), result.diagnostics);
console.log(
  `${((60 * (result.summary?.evals ?? 0)) / seconds).toFixed(0)} configs a minute, ${seconds.toFixed(1)} s in all`,
);
