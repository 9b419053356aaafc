import { toDiff } from '../codegen/space/config.ts';
import type { Config, Param, Value } from '../codegen/space/space.ts';
import { callSchema } from '../llm/log.ts';
import type { Call } from '../llm/log.ts';
import type { StudyRecord } from '../store/reading.ts';
import { summarySchema } from '../tuner/summary.ts';
import type { Summary } from '../tuner/summary.ts';

/** One config of a study, as reports show it. */
export interface Point {
  /** Position among the evaluations, from 1. */
  readonly number: number;
  /** Seconds of the budget used by then; undefined in old records. */
  readonly seconds: number | undefined;
  /** Full values of all parameters. */
  readonly config: Config;
  /** As people read it. */
  readonly name: string;
  readonly proposer: string;
  readonly state: 'ok' | 'pruned' | 'failed';
  /** Latest time; undefined where it failed. Nanoseconds. */
  readonly ns: number | undefined;
  readonly invalidity: string | undefined;
  readonly detail: string | undefined;
}

/** Failures of one kind with their messages. */
export interface FailureKind {
  readonly kind: string;
  readonly count: number;
  /** Distinct messages, the most frequent first, each with an example. */
  readonly reasons: readonly { readonly reason: string; readonly count: number; readonly example: string }[];
}

/** What a report shows of a study: plain data made from its records. */
export interface StudyReport {
  readonly record: StudyRecord;
  readonly params: readonly Param[];
  readonly points: readonly Point[];
  /** Undefined while the study runs, or where nothing worked. */
  readonly summary: Summary | undefined;
  readonly failures: readonly FailureKind[];
  readonly calls: readonly Call[];
  /** Proposers in the order in which they first proposed. */
  readonly proposers: readonly string[];
}

export function studyReport(record: StudyRecord): StudyReport {
  const params = record.about?.params ?? paramsFrom(record.trials.map((t) => t.diff));
  const base: Config = Object.fromEntries(params.map((p) => [p.name, p.default]));
  const points = record.trials
    // Configs of equal code cost nothing and tell nothing of their own.
    .filter((t) => t.detail?.startsWith('same code as') !== true)
    .map((t, i): Point => ({
      number: i + 1,
      seconds: t.at_s,
      config: { ...base, ...t.diff },
      name: nameOf(t.diff),
      proposer: t.proposer,
      state: t.state,
      ns: t.state === 'failed' ? undefined : record.labels.get(t.config_id),
      invalidity: t.invalidity,
      detail: t.detail,
    }));
  const parsed = record.summary === undefined ? undefined : summarySchema.safeParse(JSON.parse(record.summary));
  return {
    record,
    params,
    points,
    summary: parsed?.success === true ? parsed.data : undefined,
    failures: failureKinds(points),
    calls: record.calls.flatMap((c) => {
      const call = callSchema.safeParse(JSON.parse(c.call));
      return call.success ? [call.data] : [];
    }),
    proposers: [...new Set(points.map((p) => p.proposer))],
  };
}

/** `tile=64 plan=fused`, or `the default`. */
export const nameOf = (diff: Config): string =>
  Object.entries(diff)
    .map(([k, v]) => `${k}=${String(v)}`)
    .join(' ') || 'the default';

/** Best time after each point, Infinity while everything failed. Nanoseconds. */
export function bestSoFar(points: readonly Point[]): readonly number[] {
  let best = Infinity;
  return points.map((p) => (best = p.state === 'ok' ? Math.min(best, p.ns ?? Infinity) : best));
}

function failureKinds(points: readonly Point[]): readonly FailureKind[] {
  const failed = points.filter((p) => p.state === 'failed');
  const kinds = Map.groupBy(failed, (p) => p.invalidity ?? 'failed');
  return [...kinds]
    .map(([kind, list]) => ({
      kind,
      count: list.length,
      reasons: [...Map.groupBy(list, (p) => firstLine(p.detail ?? ''))]
        .map(([reason, of]) => ({ reason, count: of.length, example: of[0]?.name ?? '' }))
        .toSorted((a, b) => b.count - a.count),
    }))
    .toSorted((a, b) => b.count - a.count);
}
/** The first line of a message; names of kernels, which differ from config to config, are no part of a reason. */
const firstLine = (text: string): string =>
  (text.split('\n').find((l) => l.trim() !== '') ?? '').replaceAll(/\bk_[\da-f]{16}/g, 'k_…').slice(0, 300);

/** Parameters of records that do not hold them: the values that occur. The default, which diffs leave out, has no name then. */
function paramsFrom(diffs: readonly Config[]): readonly Param[] {
  const names = [...new Set(diffs.flatMap((d) => Object.keys(d)))];
  return names.map((name) => {
    const values: readonly Value[] = ['default', ...new Set(diffs.flatMap((d) => d[name] ?? []))];
    return { name, help: '', kind: 'enum', values, default: 'default' };
  });
}

/** What differs from the defaults, with both values. */
export const changes = (
  params: readonly Param[],
  config: Config,
): readonly { readonly param: Param; readonly from: Value; readonly to: Value }[] => {
  const diff = toDiff({ params, constraints: [], seeds: [], fingerprint: '' }, config);
  return params.flatMap((param) => {
    const to = diff[param.name];
    return to === undefined ? [] : [{ param, from: param.default, to }];
  });
};
