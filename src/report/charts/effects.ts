import { area, axes, escape, legendMark, lineMark, n, scale, svg } from '../svg.ts';
import type { Chart } from '../svg.ts';
import type { Effect } from '../effects.ts';
import { percent } from '../units.ts';
import { shorten } from './intervals.ts';

const ROW = 17;
const LEFT = 92;
/** Slower than so many times the fastest is drawn at the edge. */
const MOST = 20;

/** Fastest and median time at each value of one parameter. */
export function effectChart(id: string, e: Effect): Chart {
  const hi = Math.min(MOST, Math.max(1.05, ...e.levels.map((l) => l.median)));
  const a = area(18 + ROW * e.levels.length + 36, { left: LEFT });
  const x = scale([1, hi], [a.left + 4, a.width - a.right - 4], true, 4);
  const rows = e.levels
    .map((l, i) => {
      const y = a.top + ROW * (i + 0.5);
      const tip = `${e.param.name}=${String(l.value)}: ${l.count} configs, fastest ${l.best.toFixed(2)}×, median ${l.median.toFixed(2)}×${l.failed === 0 ? '' : `, ${l.failed} failed`}`;
      return `<text class="tick" x="${LEFT - 6}" y="${n(y + 3.5)}" text-anchor="end">${escape(shorten(String(l.value), 13))}</text><g><title>${escape(tip)}</title><path class="span" d="M${n(x.at(l.best))} ${n(y)}H${n(x.at(l.median))}"/><circle class="dot p-strategy" cx="${n(x.at(l.best))}" cy="${n(y)}" r="3.5"/><path class="median" d="M${n(x.at(l.median))} ${n(y - 5)}v10"/></g>`;
    })
    .join('');
  const title = `${e.param.name}: time relative to the fastest config (×)`;
  const text = `${e.param.help === '' ? '' : `${e.param.help}. `}Explains ${percent(e.share)} of the variance of log time. ${e.levels.map((l) => `${String(l.value)}: fastest ${l.best.toFixed(2)}×, median ${l.median.toFixed(2)}× of ${l.count}`).join('; ')}.`;
  const grid = axes(a, x, { at: () => 0, ticks: [] }, { x: 'times as slow as the fastest (×, log)', y: '' });
  return {
    id,
    title,
    text,
    svg: svg(a, id, title, text, `${grid}${rows}`),
    legend: [
      { name: 'fastest with this value', mark: legendMark('strategy') },
      { name: 'median', mark: lineMark('median') },
    ],
  };
}
