import type { Space } from '../codegen/space/space.ts';
import type { Rng } from '../codegen/space/random.ts';
import { toDiff } from '../codegen/space/config.ts';
import type { Calibration } from '../measure/calibration.ts';
import type { Runner } from '../measure/runner-client.ts';
import type { Candidate } from '../measure/screen.ts';
import type { Kept, Store } from '../store/records.ts';
import type { Budget, Clock } from './budget.ts';
import { draft } from './lab.ts';
import type { Finding, Lab } from './lab.ts';
import type { Entry, Invalidity, Ledger } from './ledger.ts';
import type { Progress, TuneEvent } from './progress.ts';
import type { Subject } from './subject.ts';

/** What an earlier run of the study left, indexed. */
export interface Recalled {
  readonly trials: ReadonlyMap<
    string,
    {
      readonly state: Entry['state'];
      readonly invalidity: Invalidity | undefined;
      readonly detail: string | undefined;
      readonly source: string | undefined;
    }
  >;
  readonly labels: ReadonlyMap<number, readonly { readonly id: string; readonly ns: number }[]>;
}

/** Everything that the parts of the loop share while one study runs. */
export interface Session {
  readonly subject: Subject;
  readonly space: Space;
  readonly ledger: Ledger;
  readonly budget: Budget;
  readonly lab: Lab;
  readonly runner: Runner;
  readonly calibration: Calibration;
  readonly store: Store;
  readonly studyId: string;
  readonly kept: Recalled;
  readonly cache: 'cold' | 'warm';
  /** All configs are timed in full, and more of them play the final. */
  readonly thorough: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Chance in measuring, apart from the strategy's: how often it is asked depends on the machine. */
  readonly timingRng: Rng;
  /** Switches between compiling and measuring, which never overlap: here, and among tunes on this machine. */
  enter(phase: Progress['phase']): Promise<void>;
  /** Puts a finding into memory and the records; `counts` if something was spent on it. */
  record(finding: Finding, counts: boolean): void;
  noteBest(): void;
  announceResume(): void;
  defaultNs(): number | undefined;
  /** Configs that fit into what is left of the budget, in one go; 0 if it is over. */
  chunkSize(): number;
  /** Variants of one translation unit where `n` are to be compiled. */
  unitSize(n: number): number;
  learnPace(msPerConfig: number): void;
  isOver(): boolean;
  /** Aborts at the end of the budget or when the user does. */
  deadline(): AbortSignal;
  /** Aborts when the user does, or once closing work has taken too long: a winner is not lost for a second that the budget lacks. */
  closing(): AbortSignal;
  isRunnerUp(): Promise<boolean>;
  /** The budget ended while the compiler was at work on so many configs for so long; milliseconds. */
  cutCompiler(configs: number, ms: number): void;
  /** The longest such cut, undefined if there was none. */
  compilerCut(): { readonly configs: number; readonly ms: number } | undefined;
  breakOff(what: 'compiler' | 'disk' | 'runner', detail: string): void;
  broken(): { readonly what: 'compiler' | 'disk' | 'runner'; readonly detail: string } | undefined;
  /** The loaded kernel of a measured config; compiled again if an earlier run measured it. */
  candidateOf(entry: Entry): Promise<Candidate | undefined>;
}

/** The longest timer there is; later deadlines are noticed between batches. */
const MOST_TIMEOUT_MS = 2 ** 31 - 1;

/** Most time beyond the budget for compiling the winner's whole text. */
const CLOSING_MS = 20_000;

export interface SessionParts {
  readonly subject: Subject;
  readonly space: Space;
  readonly ledger: Ledger;
  readonly budget: Budget;
  readonly lab: Lab;
  readonly runner: Runner;
  readonly calibration: Calibration;
  readonly store: Store;
  readonly studyId: string;
  readonly kept: Kept | undefined;
  readonly cache: 'cold' | 'warm';
  readonly thorough: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timingRng: Rng;
  readonly defaultId: string;
  readonly jobs: number;
  readonly perUnit: number;
  readonly lockPath: string | undefined;
  readonly onEvent: (event: TuneEvent) => void;
}

const INVALIDITIES: readonly Invalidity[] = ['compile', 'timeout', 'runtime', 'correctness', 'constraints'];

function recalled(kept: Kept | undefined): Recalled {
  const labels = new Map<number, { id: string; ns: number }[]>();
  for (const l of kept?.labels ?? [])
    labels.set(l.batch, [...(labels.get(l.batch) ?? []), { id: l.config_id, ns: l.ns }]);
  const trials = (kept?.trials ?? []).map((t) => {
    const invalidity = INVALIDITIES.find((i) => i === t.invalidity);
    return [t.config_id, { state: t.state, invalidity, detail: t.detail, source: t.artifact_id }] as const;
  });
  return { trials: new Map(trials), labels };
}

/** Waiting for another tune on this machine, at most; then both measure at once. Milliseconds. */
const LOCK_MS = 10_000;

export function createSession(p: SessionParts): Session {
  const { ledger, budget, store, studyId, space } = p;
  const kept = recalled(p.kept);
  const startedMs = p.clock();
  let phase: Progress['phase'] = 'compile';
  let number = kept.trials.size;
  let evalsNow = 0;
  let bestNs = Infinity;
  let pace = 40;
  let cut: { configs: number; ms: number } | undefined;
  let broken: { what: 'compiler' | 'disk' | 'runner'; detail: string } | undefined;

  const progress = (): Progress => {
    const best = ledger.ranking()[0];
    return {
      phase,
      evals: budget.evals(),
      failed: ledger.entries().filter((e) => e.state === 'failed').length,
      perMinute: evalsNow / Math.max((p.clock() - startedMs) / 60_000, 1e-6),
      defaultNs: ledger.get(p.defaultId)?.ns,
      bestNs: best?.ns,
      best: best === undefined ? undefined : toDiff(space, best.config),
      secondsLeft: budget.msLeft() / 1000,
      evalsLeft: budget.evalsLeft(),
    };
  };
  const noteBest = (): void => {
    const best = ledger.ranking()[0];
    if (best?.ns === undefined || best.ns >= bestNs) return;
    bestNs = best.ns;
    p.onEvent({ kind: 'best', config: toDiff(space, best.config), ns: best.ns, progress: progress() });
  };
  const isOver = (): boolean =>
    p.signal.aborted ||
    broken !== undefined ||
    (ledger.entries().length === 0 ? budget.msLeft() : budget.searchMsLeft()) <= 0;

  const session: Session = {
    ...p,
    kept,
    async enter(next) {
      if (phase === next && next !== 'compile') return;
      phase = next;
      p.onEvent({ kind: 'phase', progress: progress() });
      if (p.lockPath === undefined) return;
      const mode = next === 'compile' ? 'shared' : 'exclusive';
      await p.runner.request({ op: 'lock', path: p.lockPath, mode, limitMs: Math.min(LOCK_MS, budget.msLeft()) });
    },
    record(finding, counts) {
      const { entry, built } = finding;
      ledger.put(entry);
      if (counts) {
        budget.spendEval();
        evalsNow++;
      }
      const artifact = entry.source === undefined ? {} : { artifact: artifactRow(entry.source, built) };
      store.trial(
        studyId,
        {
          number: number++,
          configId: entry.id,
          diff: toDiff(space, entry.config),
          proposer: entry.proposer,
          batch: entry.batch,
          state: entry.state,
          ...artifact,
          ...(entry.invalidity === undefined ? {} : { invalidity: entry.invalidity }),
          ...(entry.detail === undefined ? {} : { detail: entry.detail }),
          atSeconds: budget.seconds(),
        },
        finding.measurements,
      );
      if (entry.ns !== undefined) store.labels(studyId, entry.batch, [{ configId: entry.id, ns: entry.ns }]);
      store.spend(studyId, { seconds: budget.seconds(), evals: budget.evals() });
      const details = {
        ...(entry.ns === undefined ? {} : { ns: entry.ns }),
        ...(entry.detail === undefined ? {} : { detail: entry.detail }),
      };
      p.onEvent({
        kind: 'trial',
        config: toDiff(space, entry.config),
        state: entry.state,
        ...details,
        progress: progress(),
      });
      noteBest();
    },
    noteBest,
    announceResume: () => p.onEvent({ kind: 'resumed', trials: kept.trials.size, progress: progress() }),
    defaultNs: () => ledger.get(p.defaultId)?.ns,
    chunkSize() {
      if (isOver()) return 0;
      const fits = Math.max(2, Math.floor(budget.searchMsLeft() / pace));
      return Math.min(p.jobs * p.perUnit, budget.evalsLeft(), fits);
    },
    unitSize: (n) => Math.max(1, Math.min(p.perUnit, Math.ceil(n / p.jobs))),
    learnPace: (ms) => void (pace = 0.5 * pace + 0.5 * ms),
    isOver,
    closing: () => AbortSignal.any([p.signal, AbortSignal.timeout(CLOSING_MS)]),
    deadline: () =>
      AbortSignal.any([
        p.signal,
        AbortSignal.timeout(Math.max(1, Math.min(MOST_TIMEOUT_MS, Math.ceil(budget.msLeft())))),
      ]),
    async isRunnerUp() {
      const answer = await p.runner.request({ op: 'hello' });
      return answer.ok || answer.fault.kind !== 'died' || answer.fault.started;
    },
    cutCompiler: (configs, ms) => void (cut = cut === undefined || ms > cut.ms ? { configs, ms } : cut),
    compilerCut: () => cut,
    breakOff: (what, detail) => void (broken ??= { what, detail }),
    broken: () => broken,
    async candidateOf(entry) {
      const known = p.lab.known(entry.id);
      if (known !== undefined) return known.candidate;
      const planned = { id: entry.id, config: entry.config, proposer: entry.proposer, batch: entry.batch };
      const emitted = draft(p.subject, planned);
      if (!emitted.ok) return undefined;
      const built = (await p.lab.compile([emitted.draft], session.deadline()))[0];
      if (built?.ok !== true) return undefined;
      const ready = await p.lab.candidate(emitted.draft, built);
      return ready.ok ? ready.candidate : undefined;
    },
  };
  return session;
}

function artifactRow(
  id: string,
  built: Finding['built'],
): {
  readonly id: string;
  readonly status: string;
  readonly compileMs?: number;
  readonly compiler?: string;
  readonly flags?: readonly string[];
  readonly log?: string;
} {
  if (built === undefined) return { id, status: 'known' };
  return built.ok
    ? { id, status: 'ok', compileMs: built.ms, compiler: built.compiler, flags: built.flags }
    : { id, status: built.kind, log: built.log.slice(0, 2000) };
}
