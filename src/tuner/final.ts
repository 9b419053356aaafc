import { compileVariants } from './compile.ts';
import type { Built } from './compile.ts';
import type { Emitted } from '../codegen/program.ts';
import { must } from '../assert.ts';
import { join } from 'node:path';
import { toDiff } from '../codegen/space/config.ts';
import { describeFault, install } from '../measure/install.ts';
import { createCalibration } from '../measure/calibration.ts';
import { playFinal } from '../measure/rounds.ts';
import type { Final } from '../measure/rounds.ts';
import type { Runner } from '../measure/runner-client.ts';
import { runChecked } from '../measure/screen.ts';
import type { Candidate } from '../measure/screen.ts';
import type { Workload } from '../measure/workload.ts';
import { createLab, MIN_SAMPLE_NS } from './lab.ts';
import type { LabOptions } from './lab.ts';
import type { Entry } from './ledger.ts';
import type { Session } from './session.ts';
import type { Verdict } from './subject.ts';

/** Challengers of the default in the final, and rounds that they play if the budget has room. */
const CHALLENGERS = 5;
const ROUNDS = 200;
/** Most time for the rounds; more shows nothing new. Milliseconds. */
const MOST_MS = 4000;
/** The same for a recorded space, whose best is told by this final and not by single samples. */
const RECORDED = { challengers: 20, ms: 20_000 };

/** The last tier: the best configs against the default, paired, simplest first so that ties go to them. Undefined if none can be run. */
export async function final(s: Session, defaultEntry: Entry): Promise<Final | undefined> {
  const budgetMs = Math.min(s.thorough ? RECORDED.ms : MOST_MS, 0.9 * s.budget.finalMsLeft());
  const ranking = s.ledger.ranking().filter((e) => e.id !== defaultEntry.id);
  const best = ranking.slice(
    0,
    Math.min(s.thorough ? RECORDED.challengers : CHALLENGERS, howManyFit(budgetMs, defaultEntry, ranking)),
  );
  const simplestFirst = best.toSorted((a, b) => simplicity(s, a) - simplicity(s, b));
  const base = await s.candidateOf(defaultEntry);
  if (base === undefined) return undefined;
  const challengers: Candidate[] = [];
  for (const e of simplestFirst) {
    const c = await s.candidateOf(e);
    if (c !== undefined) challengers.push(c);
  }
  await s.enter('final');
  const slowest = Math.max(...[defaultEntry, ...best].map((e) => e.ns ?? 0));
  const played = await playFinal(
    s.runner,
    base,
    challengers,
    {
      rounds: ROUNDS,
      minNs: 2 * MIN_SAMPLE_NS,
      budgetMs,
      limitMs: 1000 + (50 * slowest * (challengers.length + 2)) / 1e6,
      signal: s.signal,
      clock: s.clock,
    },
    s.timingRng,
  );
  s.store.measurements(
    s.studyId,
    played.standings.map((x) => ({
      configId: x.id,
      tier: 'final',
      medianNs: x.medianNs,
      samples: x.samples,
      cache: s.cache,
    })),
  );
  return played;
}

/** Challengers that three rounds with the default and its control have time for; one at least. */
function howManyFit(budgetMs: number, base: Entry, ranking: readonly Entry[]): number {
  let roundMs = (2 * (base.ns ?? 0)) / 1e6;
  const over = ranking.findIndex((e) => 3 * (roundMs += (e.ns ?? 0) / 1e6) > budgetMs);
  return over < 0 ? ranking.length : Math.max(1, over);
}

const simplicity = (s: Session, e: Entry): number => Object.keys(toDiff(s.space, e.config)).length;

/**
 * Runs a config once more in a process of its own, its arrays flush against guard pages: a kernel that lives on what lies behind its arrays, or that is right
 * only after another one ran, does not win.
 */
export async function confirm(
  s: Session,
  entry: Entry,
  workload: Workload,
  lab: LabOptions,
  startRunner: () => Runner,
): Promise<Verdict> {
  const runner = startRunner();
  try {
    const installed = await install(runner, workload, {
      scratch: join(lab.scratch, 'confirm'),
      place: 'end',
      cold: false,
    });
    if (!installed.ok) return { ok: false, detail: installed.problem.message };
    const alone = createLab({ ...lab, runner, installed: installed.installed, calibration: createCalibration(runner) });
    const known = s.lab.known(entry.id);
    if (known === undefined) return { ok: false, detail: 'could not be loaded again' };
    // The object that was measured; where that left out what other sizes need, the whole text, as it ships.
    const { emitted } = known.draft;
    const built = emitted.lean === undefined ? known.built : await whole(lab, emitted, s.closing());
    if (!built.ok && built.kind === 'aborted') return { ok: false, detail: 'the whole text was not compiled in time' };
    if (!built.ok) return { ok: false, detail: `the whole text does not compile: ${built.log.slice(0, 500)}` };
    const ready = await alone.candidate(known.draft, built);
    if (!ready.ok) return { ok: false, detail: describeFault(ready.fault) };
    const limitMs = 20_000;
    const run = await runChecked(runner, ready.candidate, installed.installed.outputs, limitMs);
    if (!run.ok) return { ok: false, detail: describeFault(run.fault) };
    return await alone.verdict(known.draft, ready.candidate, run.hash, limitMs);
  } finally {
    await runner.close();
  }
}

async function whole(lab: LabOptions, emitted: Emitted, signal: AbortSignal): Promise<Built> {
  const outDirs = [lab.outDir, join(lab.scratch, 'objects')];
  const [built] = await compileVariants(lab.subject.backend, lab.subject.arch, [emitted], {
    outDirs,
    perUnit: 1,
    signal,
  });
  return must(built, 'one result');
}
