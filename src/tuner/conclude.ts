import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Emitted } from '../codegen/program.ts';
import { toDiff } from '../codegen/space/config.ts';
import { beats } from '../measure/rounds.ts';
import type { Final } from '../measure/rounds.ts';
import { medianInterval } from '../measure/statistics.ts';
import type { Runner } from '../measure/runner-client.ts';
import type { Workload } from '../measure/workload.ts';
import { confirm, final } from './final.ts';
import { draft } from './lab.ts';
import type { LabOptions } from './lab.ts';
import type { Entry } from './ledger.ts';
import type { Session } from './session.ts';
import type { Stop, Summary } from './summary.ts';
import type { Verdict } from './subject.ts';

export interface Conclusion {
  readonly summary: Summary | undefined;
  readonly emitted: Emitted | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Winners that fail their confirmation before the default is taken without another try. */
const CONFIRM_TRIES = 3;
/** Noise above this makes the user's machine a topic. */
const NOISY = 0.03;

const EVEN = { value: 1, low: 1, high: 1 };

/** The best so far by the search's own times, unconfirmed: for runs that end early. */
export function interimWinner(s: Session, defaultId: string, stop: Stop): Conclusion {
  const best = s.ledger.ranking()[0];
  const broken = s.broken();
  const diagnostics: Diagnostic[] = [];
  if (broken?.what === 'disk')
    diagnostics.push(diagnostic('objects-write', { log: broken.detail.split('\n')[0] ?? '' }));
  if (broken?.what === 'compiler') diagnostics.push(diagnostic('compiler-missing', { log: broken.detail }));
  if (broken?.what === 'runner') diagnostics.push(diagnostic('runner-broken', { detail: broken.detail }));
  if (best === undefined) return { summary: undefined, emitted: undefined, diagnostics };
  const defaultNs = s.ledger.get(defaultId)?.ns;
  const gain = defaultNs === undefined || best.ns === undefined ? 1 : defaultNs / best.ns;
  const speedup = { value: gain, low: gain, high: gain };
  return describe(
    s,
    best,
    {
      speedup,
      confirmed: false,
      verdict: 'the run ended early',
      stop,
      defaultId,
      defaultNs,
      played: undefined,
    },
    diagnostics,
  );
}

/** Final and confirmation; without any verified config, the reasons. */
export async function conclude(
  s: Session,
  defaultId: string,
  stop: Stop,
  means: { readonly workload: Workload; readonly lab: LabOptions; readonly startRunner: () => Runner },
): Promise<Conclusion> {
  const ranking = s.ledger.ranking();
  const diagnostics: Diagnostic[] = [];
  const ofDefault = s.ledger.get(defaultId);
  // Where the default fails, the best config stands in for it as the one to beat.
  const base = ofDefault?.state === 'ok' ? ofDefault : ranking[0];
  if (base === undefined)
    return { summary: undefined, emitted: undefined, diagnostics: [diagnostic('no-valid-config', histogram(s))] };
  if (base !== ofDefault)
    diagnostics.push(
      diagnostic('default-fails', { detail: `${ofDefault?.invalidity ?? ''}: ${ofDefault?.detail ?? ''}` }),
    );

  const played = await final(s, base);
  if (played !== undefined && played.noise > NOISY)
    diagnostics.push(diagnostic('machine-noisy', { percent: 100 * played.noise }));
  const order = candidatesInOrder(s, played, base);
  let verdict: Verdict = { ok: false, detail: '' };
  let winner = base;
  for (const entry of order) {
    winner = entry;
    verdict = await confirm(s, entry, means.workload, means.lab, means.startRunner);
    if (verdict.ok) break;
  }
  const speedup = played?.standings.find((x) => x.id === winner.id)?.speedup ?? EVEN;
  return describe(
    s,
    winner,
    { speedup, confirmed: verdict.ok, verdict: verdict.detail, stop, defaultId, defaultNs: ofDefault?.ns, played },
    diagnostics,
    means.workload,
  );
}

/** The winner, then whoever else beat the default, then the default. */
function candidatesInOrder(s: Session, played: Final | undefined, base: Entry): readonly Entry[] {
  if (played === undefined) return [base];
  const proven = played.standings
    .filter((x) => x.id !== played.winner && beats(x.speedup, played.noise))
    .map((x) => x.id);
  const ids = [...new Set([played.winner, ...proven])].slice(0, CONFIRM_TRIES);
  return [...ids.flatMap((id) => s.ledger.get(id) ?? []).filter((e) => e.id !== base.id), base];
}

function describe(
  s: Session,
  winner: Entry,
  facts: {
    readonly speedup: Summary['winner']['speedup'];
    readonly confirmed: boolean;
    readonly verdict: string;
    readonly stop: Stop;
    readonly defaultId: string;
    readonly defaultNs: number | undefined;
    readonly played: Final | undefined;
  },
  diagnostics: readonly Diagnostic[],
  workload?: Workload,
): Conclusion {
  const emitted = draft(s.subject, winner);
  const { played } = facts;
  const nsOf = (id: string): number =>
    played?.standings.find((x) => x.id === id)?.medianNs ?? s.ledger.get(id)?.ns ?? 0;
  const cost = emitted.ok && workload !== undefined ? emitted.draft.emitted.cost : undefined;
  const bytes = cost === undefined ? undefined : workload?.evaluate(cost.bytes);
  const flops = cost === undefined ? undefined : workload?.evaluate(cost.flops);
  const entries = s.ledger.entries();
  const defaultNs = facts.defaultNs === undefined ? undefined : nsOf(facts.defaultId);
  const finalSamples = played?.standings.find((x) => x.id === winner.id)?.samples;
  const summary: Summary = {
    winner: {
      id: winner.id,
      config: toDiff(s.space, winner.config),
      proposer: winner.proposer,
      ns: nsOf(winner.id),
      ...(finalSamples === undefined ? {} : { time: medianInterval(finalSamples, s.timingRng) }),
      speedup: facts.speedup,
      confirmed: facts.confirmed,
      verdict: facts.verdict,
    },
    ...(defaultNs === undefined ? {} : { defaultNs }),
    ...(played === undefined ? {} : { noise: played.noise }),
    tie: played?.tie ?? false,
    standings: (played?.standings ?? []).flatMap((x) => {
      const e = s.ledger.get(x.id);
      return e === undefined
        ? []
        : [{ id: x.id, config: toDiff(s.space, e.config), ns: x.medianNs, speedup: x.speedup }];
    }),
    stop: facts.stop,
    evals: s.budget.evals(),
    failed: failures(entries),
    pruned: entries.filter((e) => e.state === 'pruned').length,
    duplicates: entries.filter((e) => e.detail?.startsWith('same code as') === true).length,
    seconds: s.budget.seconds(),
    cache: s.cache,
    ...(bytes === undefined ? {} : { bytes }),
    ...(flops === undefined ? {} : { flops }),
  };
  return { summary, emitted: emitted.ok ? emitted.draft.emitted : undefined, diagnostics };
}

function failures(entries: readonly Entry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const e of entries) if (e.invalidity !== undefined) counts[e.invalidity] = (counts[e.invalidity] ?? 0) + 1;
  return counts;
}

/** Failures by kind, each with its most frequent message. */
function histogram(s: Session): { readonly tried: number; readonly reasons: string } {
  const entries = s.ledger.entries();
  const kinds = Object.entries(failures(entries)).toSorted(([, a], [, b]) => b - a);
  const reasons = kinds.map(([kind, n]) => {
    const sample = entries.find((e) => e.invalidity === kind)?.detail ?? '';
    return `${n} × ${kind} (${sample.split('\n')[0]?.slice(0, 160) ?? ''})`;
  });
  const cut = s.compilerCut();
  if (cut !== undefined)
    reasons.push(
      `the compiler had worked on ${cut.configs} config${cut.configs === 1 ? '' : 's'} for ${(cut.ms / 1000).toFixed(1)} s and not finished: raise the budget, or see whether it hangs`,
    );
  return { tried: entries.length, reasons: reasons.join('; ') };
}
