import { area, axes, dot, escape, legendMark, lineMark, n, scale, shortNumber, svg } from '../svg.ts';
import type { Chart } from '../svg.ts';
import type { StudyReport } from '../study.ts';
import { percent } from '../units.ts';

/** Winner and default under the ceilings that were measured on the machine; undefined where those or the work of a call are not known. */
export function rooflineChart(id: string, r: StudyReport): Chart | undefined {
  const s = r.summary;
  const { outcome } = r.record;
  if (s?.bytes === undefined || outcome === undefined || s.bytes === 0) return undefined;
  const roofs = Object.entries(outcome.ceilings).map(([name, c]) => ({ name, ...c }));
  const memory = roofs.filter((c) => c.unit === 'GB/s').toSorted((a, b) => b.value - a.value);
  const [compute] = roofs.filter((c) => c.unit === 'GFLOP/s').toSorted((a, b) => b.value - a.value);
  const [best] = memory;
  if (best === undefined || compute === undefined) return undefined;
  const { bytes } = s;
  // A kernel that computes nothing stands at the left edge, where only its bytes count.
  const flops = Math.max(s.flops ?? 0, bytes * 1e-3);
  const intensity = flops / bytes;
  const kernels = [
    { name: 'winner', kind: 'strategy', ns: s.winner.ns },
    ...(s.defaultNs === undefined ? [] : [{ name: 'default', kind: 'default', ns: s.defaultNs }]),
  ].map((k) => ({ ...k, gflops: flops / k.ns, gb: bytes / k.ns }));
  const ridge = compute.value / best.value;
  const xs: readonly [number, number] = [Math.min(intensity, ridge) / 8, Math.max(intensity, ridge) * 8];
  const top = Math.max(compute.value, ...kernels.map((k) => k.gflops)) * 2;
  const low = Math.min(best.value * xs[0], ...kernels.map((k) => k.gflops)) / 2;
  const a = area(230);
  const x = scale(xs, [a.left, a.width - a.right], true);
  const y = scale([low, top], [a.height - a.bottom, a.top], true);
  const slope = (v: number): string => {
    const knee = Math.min(xs[1], compute.value / v);
    return `M${n(x.at(xs[0]))} ${n(y.at(v * xs[0]))}L${n(x.at(knee))} ${n(y.at(v * knee))}`;
  };
  const body = [
    axes(a, x, y, { x: 'operations per byte (log scale)', y: 'GFLOP/s (log scale)' }),
    ...memory.map(
      (m, i) =>
        `<path class="${i === 0 ? 'roof' : 'roof faint'}" d="${slope(m.value)}"><title>${escape(`${m.name}: ${m.value.toFixed(1)} GB/s`)}</title></path>`,
    ),
    `<path class="roof" d="M${n(x.at(ridge))} ${n(y.at(compute.value))}H${a.width - a.right}"><title>${escape(`${compute.name}: ${compute.value.toFixed(1)} GFLOP/s`)}</title></path>`,
    `<text class="name" x="${a.width - a.right}" y="${n(y.at(compute.value) - 5)}" text-anchor="end">${escape(`${compute.name} ${shortNumber(compute.value)} GFLOP/s`)}</text>`,
    ...kernels
      .toReversed()
      .map((k) =>
        dot(
          x.at(intensity),
          y.at(k.gflops),
          k.kind,
          `${k.name}: ${k.gflops.toFixed(2)} GFLOP/s, ${k.gb.toFixed(2)} GB/s`,
        ),
      ),
  ].join('');
  const title = 'Roofline: GFLOP/s over operations per byte';
  const share =
    outcome.roofline === null
      ? ''
      : ` The winner reaches ${percent(outcome.roofline.fraction)} of the ${outcome.roofline.bound} roof (${outcome.roofline.ceiling.name}, ${outcome.roofline.ceiling.value.toFixed(1)} ${outcome.roofline.ceiling.unit}).`;
  const text = `A call moves ${shortNumber(bytes)}B and does ${shortNumber(s.flops ?? 0)} operations. ${kernels.map((k) => `The ${k.name}: ${k.gflops.toFixed(2)} GFLOP/s, ${k.gb.toFixed(2)} GB/s.`).join(' ')}${share} Ceilings were measured on this machine by the runner's own loops.`;
  return {
    id,
    title,
    text,
    svg: svg(a, id, title, text, body),
    legend: [
      ...kernels.map((k) => ({ name: k.name, mark: legendMark(k.kind) })),
      { name: `measured: ${best.name} ${shortNumber(best.value)} GB/s, ${compute.name}`, mark: lineMark('roof') },
      ...(memory.length > 1 ? [{ name: 'other memory loops', mark: lineMark('roof faint') }] : []),
    ],
  };
}
