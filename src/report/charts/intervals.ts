import type { Interval } from '../../measure/statistics.ts';
import { area, axes, escape, lineMark, n, scale, svg } from '../svg.ts';
import type { Chart } from '../svg.ts';
import { nameOf } from '../study.ts';
import type { StudyReport } from '../study.ts';
import { percent, showNs } from '../units.ts';

const ROW = 34;
/** Characters of a name that fit into the chart. */
const PLAIN = 54;
const BOLD = 46;

/** Speed-ups of the finalists over the default with their 95 % intervals, and the noise between two measurements of the default; undefined without a final. */
export function intervalChart(id: string, r: StudyReport): Chart | undefined {
  const s = r.summary;
  if (s === undefined || s.standings.length === 0) return undefined;
  const rows = s.standings.map((x) => ({ ...x, name: nameOf(x.config), won: x.id === s.winner.id }));
  const noise = s.noise ?? 0;
  const lo = Math.min(1 - noise, ...rows.map((x) => x.speedup.low));
  const hi = Math.max(1 + noise, ...rows.map((x) => x.speedup.high));
  const pad = 0.06 * (hi - lo || 1);
  const a = area(30 + ROW * rows.length + 34, { left: 10 });
  const x = scale([Math.max(0, lo - pad), hi + pad], [a.left, a.width - a.right], false);
  const bottom = a.height - a.bottom;
  const band = `<rect class="band" x="${n(x.at(1 - noise))}" y="${a.top}" width="${n(Math.max(1, x.at(1 + noise) - x.at(1 - noise)))}" height="${n(bottom - a.top)}"/>`;
  const bars = rows
    .map((row, i) => {
      const y = a.top + 24 + i * ROW;
      const kind = row.won ? 'won' : 'other';
      return `<g class="${kind}"><text class="name" x="${a.left + 2}" y="${y - 8}">${escape(shorten(row.name, row.won ? BOLD : PLAIN))}</text><path class="whisker" d="M${n(x.at(row.speedup.low))} ${y}H${n(x.at(row.speedup.high))}m0 -4v8M${n(x.at(row.speedup.low))} ${y - 4}v8"/><circle class="value" cx="${n(x.at(row.speedup.value))}" cy="${y}" r="3.5"><title>${escape(`${row.name}: ${interval(row.speedup)}, ${showNs(row.ns)}`)}</title></circle></g>`;
    })
    .join('');
  const title = 'Final: speed-up over the default, with 95 % intervals';
  const text = [
    ...rows.map((row) => `${row.name}: ${interval(row.speedup)}, ${showNs(row.ns)}${row.won ? ' (winner)' : ''}.`),
    `Two measurements of one kernel differed by ${percent(noise)}.`,
  ].join(' ');
  const grid = axes(a, x, { at: () => 0, ticks: [] }, { x: 'times as fast as the default (×)', y: '' });
  return {
    id,
    title,
    text,
    svg: svg(a, id, title, text, `${band}${grid}${bars}`),
    legend: [
      { name: 'median and 95 % interval', mark: lineMark('whisker') },
      { name: 'noise: default against itself', mark: lineMark('band-mark') },
    ],
  };
}

export const interval = (i: Interval): string => `${i.value.toFixed(3)}× [${i.low.toFixed(3)}, ${i.high.toFixed(3)}]`;
export const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
