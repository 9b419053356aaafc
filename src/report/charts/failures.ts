import { area, axes, escape, lineMark, n, scale, svg } from '../svg.ts';
import type { Chart } from '../svg.ts';
import type { FailureKind } from '../study.ts';

const ROW = 24;
const LEFT = 92;

/** Failed configs by kind; undefined where none failed. */
export function failureChart(id: string, kinds: readonly FailureKind[]): Chart | undefined {
  if (kinds.length === 0) return undefined;
  const most = Math.max(...kinds.map((k) => k.count));
  const a = area(18 + ROW * kinds.length + 36, { left: LEFT });
  const x = scale([0, most], [a.left, a.width - a.right - 24], false, Math.min(5, most));
  const bars = kinds
    .map((k, i) => {
      const y = a.top + ROW * i;
      return `<text class="tick" x="${LEFT - 6}" y="${y + 15}" text-anchor="end">${escape(k.kind)}</text><rect class="bar" x="${a.left}" y="${y + 4}" width="${n(x.at(k.count) - a.left)}" height="${ROW - 8}"/><text class="name" x="${n(x.at(k.count) + 4)}" y="${y + 15}">${k.count}</text>`;
    })
    .join('');
  const title = 'Failures: configs by kind (count)';
  const text = kinds.map((k) => `${k.count} × ${k.kind}: ${k.reasons[0]?.reason ?? ''}`).join('. ');
  const grid = axes(a, x, { at: () => 0, ticks: [] }, { x: 'configs', y: '' });
  return {
    id,
    title,
    text,
    svg: svg(a, id, title, text, `${grid}${bars}`),
    legend: [{ name: 'failed configs', mark: lineMark('bar-mark') }],
  };
}
