import { describe } from '../codegen/space/fragment.ts';
import { template } from '../codegen/render/templates.ts';
import type { Call } from '../llm/log.ts';
import { curveChart } from './charts/curve.ts';
import { effectChart } from './charts/effects.ts';
import { failureChart } from './charts/failures.ts';
import { interval, intervalChart } from './charts/intervals.ts';
import { rooflineChart } from './charts/roofline.ts';
import { effects } from './effects.ts';
import { highlight } from './highlight.ts';
import { changes, nameOf } from './study.ts';
import type { StudyReport } from './study.ts';
import type { Chart } from './svg.ts';
import { percent, showNs } from './units.ts';

const page = template<Record<string, unknown>>(`${import.meta.dirname}/templates`, 'page', { escape: true });

/** Effects that are drawn; what explains less is in the table. */
const MOST_EFFECTS = 9;
/** Reasons that are listed of each kind of failure. */
const MOST_REASONS = 40;

/** One HTML file with everything in it: it loads nothing, and runs no script. */
export function reportPage(
  studies: readonly StudyReport[],
  made: { readonly version: string; readonly at: string },
): string {
  return page({
    ...made,
    count: studies.length === 1 ? '1 study' : `${studies.length} studies`,
    overview: studies.length > 1,
    studies: studies.map((r, i) => studyView(r, `s${i + 1}`)),
  });
}

function studyView(r: StudyReport, id: string): Record<string, unknown> {
  const { record, summary } = r;
  const knobs = effects(r.params, r.points);
  const charts = [
    curveChart(`${id}-evals`, r, 'evaluations'),
    curveChart(`${id}-time`, r, 'seconds'),
    intervalChart(`${id}-final`, r),
    rooflineChart(`${id}-roof`, r),
  ].filter((c) => c !== undefined);
  const failures = failureChart(`${id}-fail`, r.failures);
  const kernel = record.outcome?.kernel ?? undefined;
  return {
    id,
    op: record.op,
    target: record.target,
    strategy: record.strategy,
    machine: record.machine,
    seed: record.seed,
    state: record.state,
    started: record.startedAt.replace('T', ' ').replace(/\..*$/, ' UTC'),
    shape: record.shape === '' ? 'no sizes' : record.shape,
    types:
      Object.entries(record.about?.types ?? {})
        .map(([k, t]) => `${k}=${t}`)
        .join(' ') || 'none',
    open: true,
    tiles: tiles(r),
    verdict: verdictOf(r),
    messages: record.outcome?.messages ?? [],
    charts: charts.map(chartView),
    changes:
      summary === undefined
        ? []
        : changes(r.params, { ...baseOf(r), ...summary.winner.config }).map((c) => ({
            param: c.param.name,
            from: String(c.from),
            to: String(c.to),
            help: c.param.help,
          })),
    knobCharts: knobs.slice(0, MOST_EFFECTS).map((e, i) => chartView(effectChart(`${id}-knob${i}`, e))),
    knobs: r.params.map((p) => ({
      name: p.name,
      domain: describe(p),
      share: percent(knobs.find((e) => e.param.name === p.name)?.share ?? 0),
    })),
    failureCharts: failures === undefined ? [] : [chartView(failures)],
    failures: r.failures.flatMap((k) =>
      k.reasons
        .slice(0, MOST_REASONS)
        .map((x) => ({ kind: k.kind, count: String(x.count), reason: x.reason || 'no message', example: x.example })),
    ),
    calls: r.calls.map(callView),
    callTotal: callTotal(r.calls),
    kernel: kernel === undefined ? '' : highlight(kernel.text, kernel.extension),
    source: record.about?.source ?? '',
    best: r.points
      .filter((p) => p.state === 'ok' && p.ns !== undefined)
      .toSorted((a, b) => (a.ns ?? 0) - (b.ns ?? 0))
      .slice(0, 10)
      .map((p) => ({
        number: String(p.number),
        time: showNs(p.ns ?? NaN),
        proposer: p.proposer,
        config: nameOf(Object.fromEntries(changes(r.params, p.config).map((c) => [c.param.name, c.to]))),
      })),
  };
}

const baseOf = (r: StudyReport): Readonly<Record<string, string | number | boolean>> =>
  Object.fromEntries(r.params.map((p) => [p.name, p.default]));

const chartView = (c: Chart): Record<string, unknown> => ({ ...c });

/** The figures at the head of a study. */
function tiles(r: StudyReport): readonly { readonly label: string; readonly value: string; readonly note: string }[] {
  const { summary: s, record } = r;
  const failed = r.failures.reduce((n, k) => n + k.count, 0);
  const search = {
    label: 'search',
    value: `${record.evals} configs`,
    note: `${record.seconds.toFixed(1)} s, ${failed} failed${record.stop === undefined ? '' : `; ended by: ${record.stop}`}`,
  };
  if (s === undefined) return [search];
  const roof = record.outcome?.roofline ?? undefined;
  const time = s.winner.time;
  return [
    {
      label: 'speed-up over the default',
      value: `${s.winner.speedup.value.toFixed(2)}×`,
      note: s.tie ? 'a tie: the default stays' : interval(s.winner.speedup),
    },
    {
      label: `time of a call (measured, ${s.cache} cache)`,
      value: showNs(s.winner.ns),
      note: [
        ...(time === undefined ? [] : [`95 %: ${showNs(time.low)} to ${showNs(time.high)}`]),
        ...(s.defaultNs === undefined ? [] : [`default ${showNs(s.defaultNs)}`]),
      ].join('; '),
    },
    ...(roof === undefined
      ? []
      : [
          {
            label: 'of the measured roofline',
            value: percent(roof.fraction),
            note: `${roof.bound === 'memory' ? `${roof.gbPerS.toFixed(1)} GB/s` : `${roof.gflopPerS.toFixed(1)} GFLOP/s`} of ${roof.ceiling.value.toFixed(1)} ${roof.ceiling.unit} (${roof.ceiling.name})${roof.fraction > 1 ? '; above 100 %: caches served bytes, or the ceiling was taken on a busy machine' : ''}`,
          },
        ]),
    search,
    {
      label: 'winner found by',
      value: s.winner.proposer,
      note: s.noise === undefined ? 'no final was played' : `noise ±${percent(s.noise)}`,
    },
  ];
}

function verdictOf(r: StudyReport): { readonly good: boolean; readonly text: string } {
  const { summary: s, record } = r;
  const wrong = record.verifications.filter((v) => v.verdict === 'wrong').length;
  const outputs = `${record.verifications.length} distinct outputs were compared with the reference, ${wrong} were wrong.`;
  if (s === undefined)
    return {
      good: false,
      text:
        record.state === 'running' ? `Still running. ${outputs}` : `No config compiled, verified and ran. ${outputs}`,
    };
  return s.winner.confirmed
    ? { good: true, text: `Verified, again in a fresh process between guard pages: ${s.winner.verdict}. ${outputs}` }
    : { good: false, text: `Not confirmed: ${s.winner.verdict}. ${outputs}` };
}

function callView(c: Call, i: number): Record<string, string> {
  return {
    round: String(i + 1),
    model: c.model,
    tokens: `${c.inputTokens} + ${c.outputTokens}${c.estimated ? ' (estimated)' : ''}`,
    cost: c.cost === undefined ? 'no price given' : c.cost.toPrecision(3),
    time: `${(c.ms / 1000).toFixed(1)} s`,
    yield: `${c.proposed} proposed, ${c.valid} valid, ${c.novel} new`,
    failure: c.failure ?? c.problem ?? '',
  };
}
function callTotal(calls: readonly Call[]): string {
  const sum = (f: (c: Call) => number): number => calls.reduce((n, c) => n + f(c), 0);
  const failed = calls.filter((c) => (c.failure ?? c.problem) !== undefined).length;
  const cost = calls.some((c) => c.cost !== undefined) ? `, cost ${sum((c) => c.cost ?? 0).toPrecision(3)}` : '';
  return `${calls.length} calls, ${failed} failed; ${sum((c) => c.inputTokens)} tokens of prompts, ${sum((c) => c.outputTokens)} of answers${cost}; ${sum((c) => c.novel)} new configs.`;
}
