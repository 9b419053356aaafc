/** Text of an element's content or attribute. */
export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A chart as a figure: what it shows in words stands in for it where it cannot be seen. */
export interface Chart {
  readonly id: string;
  /** What is shown, with its unit. */
  readonly title: string;
  /** The same in words and numbers. */
  readonly text: string;
  /** The drawing, an `svg` element. */
  readonly svg: string;
  readonly legend: readonly { readonly name: string; readonly mark: string }[];
}

/** All charts are this wide: a phone shows them at their size, a desktop several side by side. */
export const WIDTH = 360;

export interface Area {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
export const area = (height: number, margins: Partial<Area> = {}): Area => ({
  width: WIDTH,
  height,
  left: 48,
  right: 10,
  top: 18,
  bottom: 34,
  ...margins,
});

/** A position of values on an axis. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A scale from `lo` to `hi` onto pixels; of powers and halves of ten where `log`. */
export function scale(
  [lo, hi]: readonly [number, number],
  [from, to]: readonly [number, number],
  log: boolean,
  most = 5,
): Scale {
  const f = log ? Math.log : (v: number): number => v;
  const span = f(hi) - f(lo) || 1;
  return {
    at: (v) => from + ((f(Math.min(hi, Math.max(lo, v))) - f(lo)) / span) * (to - from),
    ticks: log ? logTicks(lo, hi, most) : linearTicks(lo, hi, most),
  };
}

function linearTicks(lo: number, hi: number, most: number): readonly number[] {
  const raw = (hi - lo || 1) / most;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * ([1, 2, 5, 10].find((m) => m * unit >= raw) ?? 10);
  const ticks: number[] = [];
  for (let k = Math.ceil(lo / step); k * step <= hi + 1e-9 * step; k++) ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/** 1, 2 and 5 times powers of ten where few of them lie between, else powers, else every so many powers; a narrow range has even steps. */
function logTicks(lo: number, hi: number, most: number): readonly number[] {
  const from = Math.floor(Math.log10(lo));
  const to = Math.ceil(Math.log10(hi));
  for (const steps of [[1, 2, 5], [1, 3], [1]]) {
    const ticks: number[] = [];
    for (let e = from; e <= to; e++) for (const s of steps) ticks.push(s * 10 ** e);
    const inside = ticks.filter((t) => t >= lo * 0.999 && t <= hi * 1.001);
    if (inside.length < 2) return linearTicks(lo, hi, most - 1);
    if (inside.length <= most + 1) return inside;
  }
  const every = Math.ceil((to - from) / most);
  return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, k) => 10 ** (from + k * every)).filter(
    (t) => t >= lo && t <= hi,
  );
}

/** Grid lines, tick labels and axis titles. */
export function axes(
  a: Area,
  x: Scale,
  y: Scale,
  labels: {
    readonly x: string;
    readonly y: string;
    readonly xTick?: (v: number) => string;
    readonly yTick?: (v: number) => string;
  },
): string {
  const bottom = a.height - a.bottom;
  const right = a.width - a.right;
  const show = (v: number): string => shortNumber(v);
  return [
    ...y.ticks.map(
      (t) =>
        `<path class="grid" d="M${a.left} ${n(y.at(t))}H${right}"/><text class="tick" x="${a.left - 5}" y="${n(y.at(t) + 3.5)}" text-anchor="end">${escape((labels.yTick ?? show)(t))}</text>`,
    ),
    ...x.ticks.map(
      (t) =>
        `<path class="grid" d="M${n(x.at(t))} ${a.top}V${bottom}"/><text class="tick" x="${n(x.at(t))}" y="${bottom + 13}" text-anchor="middle">${escape((labels.xTick ?? show)(t))}</text>`,
    ),
    `<path class="axis" d="M${a.left} ${a.top}V${bottom}H${right}"/>`,
    `<text class="unit" x="${right}" y="${a.height - 6}" text-anchor="end">${escape(labels.x)}</text>`,
    `<text class="unit" x="2" y="${a.top - 7}">${escape(labels.y)}</text>`,
  ].join('');
}

/** The element, with title and description for those who do not see it. */
export function svg(a: Area, id: string, title: string, text: string, body: string): string {
  return `<svg viewBox="0 0 ${a.width} ${a.height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${escape(title)}</title><desc id="${id}-d">${escape(text)}</desc>${body}</svg>`;
}

/** A point with what a pointer shows over it. */
export function dot(x: number, y: number, kind: string, tip?: string): string {
  const shape = SHAPES[kind] ?? CIRCLE;
  const body = shape(n(x), n(y));
  return tip === undefined
    ? body.replace('/>', ` class="dot p-${kind}"/>`)
    : `${body.replace('/>', ` class="dot p-${kind}">`)}<title>${escape(tip)}</title></${body.startsWith('<circle') ? 'circle' : 'path'}>`;
}
type Shape = (x: string, y: string) => string;
const CIRCLE: Shape = (x, y) => `<circle cx="${x}" cy="${y}" r="2.6"/>`;
/** Proposers differ in shape as well as in colour. */
const SHAPES: Readonly<Record<string, Shape>> = {
  default: (x, y) => `<path d="M${x} ${y}m-4 -4h8v8h-8z"/>`,
  seed: (x, y) => `<path d="M${x} ${y}m0 -4.5l4.5 4.5l-4.5 4.5l-4.5 -4.5z"/>`,
  transfer: (x, y) => `<path d="M${x} ${y}m0 4l4 -7h-8z"/>`,
  llm: (x, y) => `<path d="M${x} ${y}m0 -4l4 7h-8z"/>`,
  failed: (x, y) => `<path d="M${x} ${y}m-3 -3l6 6m0 -6l-6 6"/>`,
};
/** The mark of a legend. */
export const legendMark = (kind: string): string =>
  `<svg class="mark" viewBox="0 0 12 12" aria-hidden="true">${dot(6, 6, kind)}</svg>`;
export const lineMark = (kind: string): string =>
  `<svg class="mark" viewBox="0 0 12 12" aria-hidden="true"><path class="${kind}" d="M0 6H12"/></svg>`;

/** A coordinate. */
export const n = (v: number): string => String(Math.round(v * 10) / 10);

/** `1.2k`, `0.05`, `3e-7`. */
export function shortNumber(v: number): string {
  const a = Math.abs(v);
  if (a >= 1e15 || (a > 0 && a < 1e-3)) return v.toExponential(0);
  const [by, unit] =
    a >= 1e12 ? [1e12, 'T'] : a >= 1e9 ? [1e9, 'G'] : a >= 1e6 ? [1e6, 'M'] : a >= 1e4 ? [1e3, 'k'] : [1, ''];
  return `${Number((v / by).toPrecision(3))}${unit}`;
}
