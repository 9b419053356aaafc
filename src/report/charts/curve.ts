import { showNs } from '../units.ts';
import { area, axes, dot, legendMark, lineMark, n, scale, svg } from '../svg.ts';
import type { Chart } from '../svg.ts';
import { bestSoFar } from '../study.ts';
import type { Point, StudyReport } from '../study.ts';

/** Slower configs than so many times the best are drawn at the upper edge. */
const MOST = 50;

/** Times of all configs and the best so far, over evaluations or over seconds; undefined where nothing has a time. */
export function curveChart(id: string, r: StudyReport, over: 'evaluations' | 'seconds'): Chart | undefined {
  const points = over === 'seconds' ? r.points.filter((p) => p.seconds !== undefined) : r.points;
  const timed = points.flatMap((p) => (p.ns === undefined ? [] : [p.ns]));
  if (timed.length === 0) return undefined;
  const xOf = (p: Point): number => (over === 'seconds' ? (p.seconds ?? 0) : p.number);
  const best = bestSoFar(points);
  const final = best.at(-1) ?? NaN;
  const lo = Math.min(...timed);
  const hi = Math.max(lo * 1.05, Math.min(Math.max(...timed), MOST * lo));
  const a = area(230);
  const end = Math.max(...points.map(xOf), 1);
  const x = scale([0, end], [a.left, a.width - a.right], false);
  const y = scale([lo / 1.03, hi], [a.height - a.bottom, a.top], true);
  const defaultNs = points.find((p) => p.proposer === 'default')?.ns;
  let path = '';
  for (const [i, p] of points.entries()) {
    const b = best[i] ?? Infinity;
    if (!Number.isFinite(b)) continue;
    path += path === '' ? `M${n(x.at(xOf(p)))} ${n(y.at(b))}` : `H${n(x.at(xOf(p)))}V${n(y.at(b))}`;
  }
  path += `H${n(x.at(end))}`;
  const marks = points
    .map((p) =>
      p.ns === undefined
        ? dot(x.at(xOf(p)), a.top + 2, 'failed', `${p.number}: ${p.name}: ${p.invalidity ?? 'failed'}`)
        : dot(x.at(xOf(p)), y.at(p.ns), kindOf(p.proposer), `${p.number}: ${p.name}: ${showNs(p.ns)} (${p.proposer})`),
    )
    .join('');
  const improvements = best.flatMap((b, i) => (b < (best[i - 1] ?? Infinity) ? [{ b, p: points[i] }] : []));
  const title = `Search: time of each config over ${over}`;
  const text = [
    `${points.length} configs, ${points.length - timed.length} of them failed.`,
    `The best so far falls from ${showNs(improvements[0]?.b ?? NaN)} to ${showNs(final)} in ${improvements.length - 1} steps:`,
    improvements
      .slice(-8)
      .map(({ b, p }) => `${showNs(b)} at ${over === 'seconds' ? `${xOf(p as Point).toFixed(1)} s` : (p?.number ?? 0)}`)
      .join(', '),
    defaultNs === undefined ? '' : `; the default takes ${showNs(defaultNs)}.`,
  ].join(' ');
  const label = axes(a, x, y, {
    x: over === 'seconds' ? 'seconds of the budget' : 'evaluations',
    y: 'time of one call (log scale)',
    yTick: showNs,
  });
  const line =
    defaultNs === undefined
      ? ''
      : `<path class="line-default" d="M${a.left} ${n(y.at(defaultNs))}H${a.width - a.right}"/>`;
  return {
    id,
    title,
    text,
    svg: svg(a, id, title, text, `${label}${line}${marks}<path class="line-best" d="${path}"/>`),
    legend: [
      { name: 'best so far', mark: lineMark('line-best') },
      ...(defaultNs === undefined ? [] : [{ name: 'time of the default', mark: lineMark('line-default') }]),
      ...[...new Set(points.map((p) => p.proposer))].map((p) => ({
        name: `proposed by ${p}`,
        mark: legendMark(kindOf(p)),
      })),
      ...(timed.length < points.length ? [{ name: 'failed', mark: legendMark('failed') }] : []),
    ],
  };
}

/** Strategies share one mark; default, seeds, records and models have their own. */
const kindOf = (proposer: string): string =>
  ['default', 'seed', 'transfer', 'llm'].includes(proposer) ? proposer : 'strategy';
