import { createHash } from 'node:crypto';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Emitted } from '../codegen/program.ts';
import { canonical, configId, defaultConfig, fromDiff, invalidity, toDiff } from '../codegen/space/config.ts';
import { enumerate } from '../codegen/space/enumerate.ts';
import { seeded } from '../codegen/space/random.ts';
import type { Config, Space } from '../codegen/space/space.ts';
import { createCalibration } from '../measure/calibration.ts';
import { install } from '../measure/install.ts';
import type { Runner } from '../measure/runner-client.ts';
import { createWorkload } from '../measure/workload.ts';
import type { Workload } from '../measure/workload.ts';
import type { Kept, Store, StudyInfo } from '../store/records.ts';
import { evaluateBatch } from './batch.ts';
import { createBudget } from './budget.ts';
import type { BudgetLimits, Clock } from './budget.ts';
import { conclude, interimWinner } from './conclude.ts';
import type { Conclusion } from './conclude.ts';
import { createLab, draft } from './lab.ts';
import type { LabOptions } from './lab.ts';
import { createLedger, outcomeOf } from './ledger.ts';
import type { Guide } from './guide.ts';
import type { TuneEvent } from './progress.ts';
import { createSession } from './session.ts';
import type { Session } from './session.ts';
import { structureHash } from './structure.ts';
import type { Wanted } from './transfer.ts';
import { summarySchema } from './summary.ts';
import type { Stop, Summary } from './summary.ts';
import { shapeOf, targetOf } from './subject.ts';
import type { Subject, Verdict } from './subject.ts';
import type { Feedback, Outcome, Strategy } from './strategy.ts';

export interface TuneOptions {
  readonly subject: Subject;
  readonly strategy: Strategy;
  readonly seed: string;
  /** Of the study as a whole: a second run of the same study uses what the first one left. */
  readonly budget: BudgetLimits;
  readonly store: Store;
  /** A fresh runner process; closed by the tune. */
  readonly startRunner: () => Runner;
  /** Compiled objects, kept between runs. */
  readonly outDir: string;
  /** Inputs and outputs on their way to and from the runner. */
  readonly scratch: string;
  /** CPU model: times of one machine are not mixed with those of another. */
  readonly machine: string;
  /** Starts over instead of continuing what the records hold. */
  readonly fresh: boolean;
  readonly signal: AbortSignal;
  readonly onEvent?: (event: TuneEvent) => void;
  /** Finds configs of other studies to try first. Asked once in the life of a study: one that goes on keeps what it was given. */
  readonly transfer?: (wanted: Wanted, space: Space) => readonly Config[];
  /** Asked for proposals by strategies that take them. */
  readonly guide?: Guide;
  /** Times every config in full instead of dropping slow ones early: for recorded spaces. */
  readonly thorough?: boolean;
  readonly jobs?: number;
  readonly perUnit?: number;
  /** Shared with other tunes on this machine, which then measure in turn. */
  readonly lockPath?: string;
  readonly clock?: Clock;
}

export interface TuneResult {
  /** Undefined if no config compiled, verified and ran. */
  readonly summary: Summary | undefined;
  /** The winner's code. */
  readonly emitted: Emitted | undefined;
  readonly space: Space;
  readonly workload: Workload | undefined;
  /** The study in the records; undefined if none was begun. */
  readonly study: string | undefined;
  /** True if the records had the answer and nothing was run. */
  readonly fromRecords: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

const JOBS = 2;
const PER_UNIT = 32;
/** Batches in a row that ask nothing new before a search counts as stalled. */
const IDLE_BATCHES = 500;

/**
 * Searches for the fastest config of a subject within the budget. The default is always measured, first; whoever does not beat it beyond doubt does not replace
 * it. Everything is recorded as it is found, so that the same call after a crash goes on with the same next question.
 */
export async function tune(o: TuneOptions): Promise<TuneResult> {
  const { subject } = o;
  const space = subject.backend.space(subject.graph, subject.arch, subject.hint);
  const base = firstConfig(space);
  const none = {
    summary: undefined,
    emitted: undefined,
    space,
    workload: undefined,
    study: undefined,
    fromRecords: false,
  };
  if (base === undefined)
    return { ...none, diagnostics: [diagnostic('no-valid-config', { tried: 0, reasons: 'the space is empty' })] };
  const first = draft(subject, { id: configId(space, base), config: base, proposer: 'default', batch: 0 });
  if (!first.ok)
    return {
      ...none,
      diagnostics: [diagnostic('no-valid-config', { tried: 1, reasons: first.finding.entry.detail ?? '' })],
    };
  const workload = createWorkload(first.draft.emitted.abi, subject.inputs);

  const info = studyInfo(o, space, first.draft.source);
  const { id: studyId, kept, about } = o.store.open(info, o.fresh);
  const nothing = { ...none, study: studyId };
  const foreign = about?.transfer ?? [];
  o.guide?.begin?.(studyId);
  const remembered = answerOf(kept, o.budget);
  if (remembered !== undefined) {
    const winner = fromDiff(space, remembered.winner.config);
    const emitted = winner.ok
      ? draft(subject, { id: remembered.winner.id, config: winner.config, proposer: '', batch: 0 })
      : undefined;
    o.store.finish(studyId, { state: 'done', reason: remembered.stop, summary: remembered });
    return {
      ...nothing,
      workload,
      summary: remembered,
      emitted: emitted?.ok === true ? emitted.draft.emitted : undefined,
      fromRecords: true,
      diagnostics: o.store.problems(),
    };
  }

  const runner = o.startRunner();
  const clock = o.clock ?? (() => performance.now());
  const startMs = clock();
  try {
    const installation = await install(runner, workload, { scratch: o.scratch, place: 'stagger', cold: true });
    if (!installation.ok) {
      o.store.finish(studyId, { state: 'stopped', reason: 'broken' });
      return { ...nothing, workload, diagnostics: [installation.problem, ...o.store.problems()] };
    }
    const calibration = createCalibration(runner);
    const verdicts = new Map<string, Verdict>(
      (kept?.verifications ?? []).map((v) => [v.output_hash, { ok: v.verdict === 'correct', detail: v.detail }]),
    );
    const labOptions: LabOptions = {
      subject,
      space,
      runner,
      installed: installation.installed,
      calibration,
      outDir: o.outDir,
      scratch: o.scratch,
      perUnit: o.perUnit ?? PER_UNIT,
      verdicts,
      thorough: o.thorough === true,
      onVerdict: (outputHash, config, v) => o.store.verification(studyId, { outputHash, configId: config, ...v }),
    };
    // Starting a process and filling its arrays, as the confirmation will have to.
    const installMs = clock() - startMs;
    const session = createSession({
      subject,
      space,
      ledger: createLedger(),
      budget: createBudget(
        o.budget,
        { seconds: (kept?.study.spent_s ?? 0) + installMs / 1000, evals: kept?.study.spent_evals ?? 0 },
        clock,
        1.5 * installMs,
      ),
      lab: createLab(labOptions),
      runner,
      calibration,
      store: o.store,
      studyId,
      kept,
      cache: installation.installed.cache,
      thorough: o.thorough === true,
      clock,
      signal: o.signal,
      timingRng: seeded(`timing ${o.seed}`),
      defaultId: first.draft.id,
      jobs: o.jobs ?? JOBS,
      perUnit: o.perUnit ?? PER_UNIT,
      lockPath: o.lockPath,
      onEvent: o.onEvent ?? (() => {}),
    });
    const early = (why: Stop): Conclusion => interimWinner(session, first.draft.id, why);
    const searched = await search(session, o, base, foreign);
    const whole =
      searched === 'interrupted' || searched === 'broken'
        ? early(searched)
        : await conclude(session, first.draft.id, searched, { workload, lab: labOptions, startRunner: o.startRunner });
    // An interruption may also come during the final.
    const stop: Stop = o.signal.aborted ? 'interrupted' : searched;
    const concluded = o.signal.aborted ? early(stop) : whole;
    const { summary } = concluded;
    o.store.spend(studyId, { seconds: session.budget.seconds(), evals: session.budget.evals() });
    o.store.finish(studyId, {
      state: stop === 'interrupted' || stop === 'broken' ? 'stopped' : 'done',
      reason: stop,
      ...(summary === undefined ? {} : { summary }),
    });
    if (summary !== undefined && summary.winner.confirmed) {
      o.store.winner(studyId, info, {
        configId: summary.winner.id,
        medianNs: summary.winner.ns,
        speedup: summary.winner.speedup,
      });
    }
    return { ...nothing, ...concluded, workload, diagnostics: [...concluded.diagnostics, ...o.store.problems()] };
  } finally {
    await runner.close();
  }
}

/** The default, or the first valid config where the default is not valid. */
function firstConfig(space: Space): Config | undefined {
  const base = canonical(space, defaultConfig(space));
  if (invalidity(space, base).length === 0) return base;
  const next = enumerate(space).next();
  return next.done === true ? undefined : next.value;
}

/** Equal keys ask the same questions and mean the same by the answers. The budget is no part of it: a larger one goes on where a smaller one ended. */
function studyInfo(o: TuneOptions, space: Space, defaultSource: string): StudyInfo {
  const { subject } = o;
  const about = {
    op: subject.op,
    target: targetOf(subject),
    machine: o.machine,
    shape: shapeOf(subject),
    fingerprint: space.fingerprint,
    strategy: o.strategy.name,
    seed: o.seed,
  };
  const key = createHash('sha256')
    .update(JSON.stringify([about, subject.graphHash, defaultSource, o.jobs, o.perUnit, o.thorough]))
    .digest('hex');
  const wanted: Wanted = {
    op: about.op,
    target: about.target,
    types: subject.origin?.types ?? {},
    sizes: subject.hint.dims,
    structure: structureHash(subject.graph),
    key,
  };
  const { types, sizes, structure } = wanted;
  return {
    key,
    ...about,
    about: () => ({
      types,
      sizes,
      source: subject.origin?.source ?? '',
      structure,
      params: space.params,
      seeds: space.seeds,
      transfer: (o.transfer?.(wanted, space) ?? []).map((c) => toDiff(space, c)),
    }),
  };
}

/** The kept answer of a study that has used up this budget, or has nothing left to ask. */
function answerOf(kept: Kept | undefined, budget: BudgetLimits): Summary | undefined {
  if (kept?.study.summary === undefined || kept.study.state !== 'done') return undefined;
  const parsed = summarySchema.safeParse(JSON.parse(kept.study.summary));
  if (!parsed.success || !parsed.data.winner.confirmed) return undefined;
  const used = kept.study.spent_evals >= budget.evals || kept.study.spent_s >= 0.9 * budget.seconds;
  return used || parsed.data.stop === 'exhausted' ? parsed.data : undefined;
}

/** Asks the strategy and answers it until the budget or the questions end. */
async function search(s: Session, o: TuneOptions, base: Config, transfer: readonly Config[]): Promise<Stop> {
  if (s.kept.trials.size > 0) s.announceResume();
  const fitting = transfer.flatMap((diff) => {
    const read = fromDiff(s.space, diff);
    return read.ok ? [read.config] : [];
  });
  // The default alone comes first: whatever happens then, there is an answer.
  const foreign: Outcome[] = [];
  const openings: readonly (readonly [proposer: string, configs: readonly Config[]])[] = [
    ['default', [base]],
    ['seed', s.space.seeds],
    ['transfer', fitting],
  ];
  for (const [i, [proposer, configs]] of openings.entries()) {
    if (configs.length === 0) continue;
    const answer = await evaluateBatch(s, i, configs, proposer);
    if (answer === undefined) return reasonToStop(s);
    if (proposer === 'transfer') foreign.push(...answer.outcomes);
  }
  const known = new Map(s.ledger.entries().map((e) => [e.id, outcomeOf(e)]));
  const generator = o.strategy.search({
    space: s.space,
    rng: seeded(o.seed),
    batch: (o.jobs ?? JOBS) * (o.perUnit ?? PER_UNIT),
    initial: [...known.values()],
    foreign: foreign.filter((f) => f.state !== 'invalid' && !openedBefore(s, f.config)),
    ...(o.guide === undefined ? {} : { guide: o.guide }),
  });
  let answer: Feedback = { outcomes: [], revised: [] };
  let idle = 0;
  for (let batch = openings.length; ; batch++) {
    const asked = await generator.next(answer);
    if (asked.done === true) return 'exhausted';
    const before = s.ledger.entries().length;
    const question = asked.value;
    const next =
      'configs' in question
        ? await evaluateBatch(s, batch, question.configs, question.proposer)
        : await evaluateBatch(s, batch, question, o.strategy.name);
    if (next === undefined) return reasonToStop(s);
    answer = next;
    idle = s.ledger.entries().length > before ? 0 : idle + 1;
    if (idle >= IDLE_BATCHES) return 'stalled';
  }
}

/** True for the default and seeds, which are known without any records. */
function openedBefore(s: Session, config: Config): boolean {
  const proposer = s.ledger.get(configId(s.space, config))?.proposer;
  return proposer === 'default' || proposer === 'seed';
}

function reasonToStop(s: Session): Stop {
  if (s.signal.aborted) return 'interrupted';
  if (s.broken() !== undefined) return 'broken';
  return s.budget.evalsLeft() === 0 ? 'evals' : 'seconds';
}
