import type { Space } from '../codegen/space/space.ts';
import type { Ceilings, RooflinePoint } from '../measure/roofline.ts';
import type { LlmReport } from '../llm/guide.ts';
import type { Summary } from '../tuner/summary.ts';
import type { Context } from './context.ts';
import { showTime } from './progress.ts';
import type { Chosen } from './subject.ts';
import { table } from './table.ts';

interface ReportParts {
  readonly chosen: Chosen;
  readonly target: string;
  readonly summary: Summary;
  readonly space: Space;
  readonly roof: RooflinePoint | undefined;
  readonly ceilings: Ceilings | undefined;
  readonly files: readonly string[];
  readonly fromRecords: boolean;
  readonly pinned: boolean;
  /** What a language model did for the search. */
  readonly guided: LlmReport | undefined;
  readonly paint: Context['paint'];
}

const diff = (config: Readonly<Record<string, unknown>>): string => {
  const parts = Object.entries(config).map(([k, v]) => `${k}=${String(v)}`);
  return parts.length === 0 ? 'the default' : parts.join(' ');
};
const STOPS: Readonly<Record<Summary['stop'], string>> = {
  evals: 'the evaluations were used up',
  seconds: 'the time was up',
  exhausted: 'every config was tried',
  stalled: 'the strategy had nothing new to ask',
  interrupted: 'interrupted',
  broken: 'the machine could not go on',
};

function describeGuidance(g: LlmReport): string {
  const failed = g.failures.length === 0 ? '' : `, ${g.failures.length} failed`;
  const cost = g.cost === undefined ? '' : `, cost ${g.cost.toPrecision(3)}`;
  return `${g.model}: ${g.calls} calls${failed}${g.recalled === 0 ? '' : `, ${g.recalled} from the records`}; ${g.proposed} configs proposed, ${g.valid} valid, ${g.novel} new; ${g.inputTokens} + ${g.outputTokens} tokens${cost}`;
}

/** What a person wants to know at the end of a tune. */
export function tuneReport(r: ReportParts): string {
  const { summary: s, paint } = r;
  const w = s.winner;
  const range = `${w.speedup.value.toFixed(2)}× [${w.speedup.low.toFixed(2)}, ${w.speedup.high.toFixed(2)}]`;
  const types = Object.entries(r.chosen.op.types).map(([k, v]) => `${k}=${v}`);
  const sizes = Object.entries(r.chosen.sizes).map(([k, v]) => `${k}=${v}`);
  const rows: [string, string][] = [
    ['winner', diff(w.config)],
    ['time', `${showTime(w.ns)} (measured, ${s.cache} cache)`],
    ['speed-up', `${range} over the default${s.tie ? '; nothing beat the default beyond doubt' : ''}`],
  ];
  if (r.roof !== undefined) {
    const spread = w.time === undefined ? 0 : (w.time.high - w.time.low) / w.time.value / 2;
    rows.push([
      'throughput',
      r.roof.bound === 'memory' ? `${r.roof.gbPerS.toFixed(1)} GB/s` : `${r.roof.gflopPerS.toFixed(1)} GFLOP/s`,
    ]);
    rows.push([
      'roofline',
      `${(r.roof.fraction * 100).toFixed(0)} % ± ${(r.roof.fraction * spread * 100).toFixed(0)} of ${r.roof.ceiling.value.toFixed(1)} ${r.roof.ceiling.unit} (${r.roof.ceiling.name}, measured here)`,
    ]);
  }
  rows.push(['verified', w.confirmed ? `yes, again in a fresh process: ${w.verdict}` : `not confirmed: ${w.verdict}`]);
  const failed = Object.entries(s.failed).map(([k, n]) => `${n} ${k}`);
  rows.push([
    'search',
    `${s.evals} configs in ${s.seconds.toFixed(1)} s, ${s.pruned} dropped after one call, ${s.duplicates} with equal code${failed.length === 0 ? '' : `, failed: ${failed.join(', ')}`}; ${STOPS[s.stop]}`,
  ]);
  if (r.guided !== undefined) rows.push(['guidance', describeGuidance(r.guided)]);
  if (s.noise !== undefined)
    rows.push(['noise', `±${(s.noise * 100).toFixed(1)} % between two measurements of one kernel`]);
  rows.push(
    ['kernel', r.files[0] ?? 'not written: `ktune emit` prints it'],
    ['abi', r.files[1] ?? 'not written'],
    ['pinned in', r.pinned ? 'ktune.lock' : 'nothing'],
    ['records', '.ktune/records.sqlite'],
  );
  const standings = s.standings
    .slice(0, 5)
    .map((x) => [showTime(x.ns), `${x.speedup.value.toFixed(2)}×`, diff(x.config)]);
  return [
    `${paint.bold(r.chosen.op.name)} on ${r.target}, ${[...types, ...sizes].join(' ')}${r.fromRecords ? ' (from the records)' : ''}`,
    '',
    ...rows.map(([k, v]) => `${k.padEnd(11)} ${v}`),
    ...(standings.length === 0 ? [] : ['', table(['final', 'speed-up', 'config'], standings)]),
  ].join('\n');
}
