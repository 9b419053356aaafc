import type { TExpr } from '../typed.ts';
import { binaryExpr, conjunction, intLiteral, negation, variable } from './construct.ts';
import { contradictory } from './prove.ts';

/** One axis of a part of an index space: the half-open range `[lo, hi)`; a literal index `k` is `[k, k + 1)`. */
export interface BoxAxis {
  readonly lo: TExpr;
  readonly hi: TExpr;
  /** Id of the variable that runs along this axis, if ranges of other axes of the box mention it. */
  readonly variable?: string;
}
/** Part of an index space: one range per axis, a composite axis counting as its factors. */
export type Box = readonly BoxAxis[];

/** The coordinate of an arbitrary point along axis k; the id cannot be written in source. */
const coordinate = (k: number): TExpr => variable(`point axis ${k}`);

function inside(box: Box): TExpr {
  return conjunction(
    box.flatMap(({ lo, hi }, k) => [binaryExpr('le', lo, coordinate(k)), binaryExpr('lt', coordinate(k), hi)]),
  );
}
/** Names of the box's variables for the coordinates. */
function naming(box: Box): readonly TExpr[] {
  return box.flatMap((axis, k) =>
    axis.variable === undefined ? [] : [binaryExpr('eq', variable(axis.variable), coordinate(k))],
  );
}

/**
 * The first two boxes (by position) that are not proven to be disjoint; undefined if all are.
 * `facts` must hold for the operator: the ranges of the boxes' own variables do not belong to them.
 */
export function firstOverlap(boxes: readonly Box[], facts: readonly TExpr[]): readonly [number, number] | undefined {
  for (const [i, a] of boxes.entries()) {
    for (const [j, b] of boxes.entries()) {
      if (i < j && !contradictory([...facts, ...naming(a), ...naming(b), inside(a), inside(b)])) return [i, j];
    }
  }
  return undefined;
}

/** True only if no point lies in two of the boxes. */
export function disjoint(boxes: readonly Box[], facts: readonly TExpr[]): boolean {
  return firstOverlap(boxes, facts) === undefined;
}

/** True only if every point of `0..extents[0], 0..extents[1], …` lies in a box. Facts as for `firstOverlap`. */
export function covers(boxes: readonly Box[], extents: readonly TExpr[], facts: readonly TExpr[]): boolean {
  const everywhere = extents.map((hi) => ({ lo: intLiteral(0), hi }));
  return contradictory([
    ...facts,
    ...boxes.flatMap(naming),
    inside(everywhere),
    ...boxes.map((box) => negation(inside(box))),
  ]);
}
