import type { BufId, StageGraph } from '../codegen/ir/stage.ts';

/** How the values of a case are drawn. */
export type Style =
  /** T0: floats that are small integers, so that sums are exact and results must agree bit for bit where no rounding occurs. */
  | 'integers'
  /** T1: three distributions. */
  | 'normal'
  | 'uniform'
  | 'lognormal'
  /** T2: infinities, NaN, denormals, cancellation, ties, extremes of integers. */
  | 'special';
export const STYLES: readonly Style[] = ['integers', 'normal', 'uniform', 'lognormal', 'special'];

/**
 * One test case, small enough to print and to shrink: sizes and row lengths in full, values by seed.
 * `lens[off]` holds the row lengths of each element of the list (one for a plain buffer).
 */
export interface Case {
  readonly dims: Readonly<Record<string, number>>;
  readonly elements: Readonly<Record<string, readonly number[]>>;
  readonly lens: Readonly<Record<BufId, readonly (readonly number[])[]>>;
  readonly scalars: Readonly<Record<string, number | string | boolean>>;
  readonly style: Style;
  readonly seed: number;
}

/** A case as people read it: `B=3 D=5 L=[0,2,1] style=normal seed=7`. */
export function showCase(graph: StageGraph, c: Case): string {
  const dims = Object.entries(c.dims).map(([k, v]) => `${k}=${v}`);
  const elements = Object.entries(c.elements).map(([k, v]) => `${k}=[${v.join(',')}]`);
  const lens = Object.entries(c.lens).map(([buf, rows]) => {
    const name = graph.buffers.find((b) => b.id === buf)?.offsetsOf ?? buf;
    return `${name}=${rows.map((r) => `[${r.join(',')}]`).join('')}`;
  });
  const scalars = Object.entries(c.scalars).map(([k, v]) => `${k}=${String(v)}`);
  return [...dims, ...elements, ...lens, ...scalars, `style=${c.style}`, `seed=${c.seed}`].join(' ');
}
