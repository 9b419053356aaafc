import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpp } from '../src/backends/cpp/cpp.ts';
import { buildRunner } from '../src/measure/runner-build.ts';
import { createRunner } from '../src/measure/runner-client.ts';
import { campaign } from '../test/property/campaign.ts';
import { coverageTable } from '../test/property/coverage.ts';

// Random operators through the whole compiler: `npm run fuzz -- --programs 500 --seed 3`. `--from` goes on where a run stopped.
const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    arch: { type: 'string', default: 'avx2' },
    cases: { type: 'string', default: '4' },
    configs: { type: 'string', default: '2' },
    batch: { type: 'string', default: '10' },
    shrinks: { type: 'string', default: '300' },
    minutes: { type: 'string', default: '60' },
    cache: { type: 'string', default: join(tmpdir(), 'ktune-fuzz') },
  },
});
const arch = cpp.archs.find((a) => a.name === values.arch);
if (arch === undefined) throw new Error(`no architecture ${values.arch}`);
mkdirSync(values.cache, { recursive: true });
const built = await buildRunner(values.cache);
if (!built.ok) throw new Error(built.detail);
const runner = createRunner({ command: built.path });
const scratch = mkdtempSync(join(values.cache, 'run-'));
const from = Number(values.from);
const to = from + Number(values.programs);
const started = performance.now();
const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0)} s`;
try {
  const rig = {
    backend: cpp,
    arch,
    runner,
    scratch,
    cases: Number(values.cases),
    configs: Number(values.configs),
    work: 3000,
  };
  const run = await campaign(rig, {
    seed: Number(values.seed),
    from,
    to,
    batch: Number(values.batch),
    shrinks: Number(values.shrinks),
    limitMs: Number(values.minutes) * 60_000,
    onProgress: (done, failures) => {
      if (done % 25 === 0)
        console.log(`seed ${values.seed}: ${done} of ${to}, ${failures.length} failures, ${seconds()}`);
    },
    onFailure: (f) =>
      console.log(
        `\nFAILURE seed ${values.seed} program ${f.index} (${f.tried} tried): ${f.problem.stage}: ${f.problem.detail}\n${f.source}`,
      ),
  });
  console.log(coverageTable(run.coverage));
  console.log(
    `seed ${values.seed}: ${run.programs} programs, ${run.comparisons} comparisons, ${run.vacuous} cases that say too little, ${run.unseen} programs never compared, ${run.failures.length} failures, ${seconds()}; next: --from ${run.next}`,
  );
  process.exitCode = run.failures.length === 0 ? 0 : 1;
} finally {
  await runner.close();
  rmSync(scratch, { recursive: true, force: true });
}
