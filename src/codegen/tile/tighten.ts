import * as b from '../ir/build.ts';
import type { Axis, AxisId, Expr } from '../ir/stage.ts';
import { coefOf, express, linear, plus, scale, without } from '../lower/linear.ts';
import type { Linear } from '../lower/linear.ts';

/** A loop and what is left to ask in it. */
export interface Tight {
  readonly axis: Axis;
  readonly when?: Expr;
}

/**
 * Moves comparisons that bound the axis from a condition into the loop's bounds, so that no step asks: `n <= m` ends the loop at m + 1. Only sums of
 * extents and of axes that `fixed` accepts take part: they cannot wrap, and they stand still while the loop runs.
 */
export function tighten(axis: Axis, when: Expr | undefined, fixed: (id: AxisId) => boolean): Tight {
  let { lo, hi } = axis;
  const rest: Expr[] = [];
  for (const c of when === undefined ? [] : conjuncts(when)) {
    const bound = boundOf(c, axis.id, fixed);
    if (bound === undefined) rest.push(c);
    else if (bound.side === 'hi') hi = b.call('min', [hi, express(bound.at)], 'i64');
    else lo = b.call('max', [lo, express(bound.at)], 'i64');
  }
  const left = rest.length === 0 ? {} : { when: b.all(rest) };
  return { axis: { ...axis, lo, hi }, ...left };
}

const conjuncts = (e: Expr): readonly Expr[] =>
  e.kind === 'binary' && e.op === 'and' ? [...conjuncts(e.a), ...conjuncts(e.b)] : [e];

/** Where a comparison lets an axis begin, or end (exclusive). */
export interface Bound {
  readonly side: 'lo' | 'hi';
  readonly at: Linear;
}
/** The bounds that a condition sets on an axis. */
export const boundsIn = (when: Expr, axis: AxisId, fixed: (id: AxisId) => boolean): readonly Bound[] =>
  conjuncts(when).flatMap((c) => boundOf(c, axis, fixed) ?? []);

/** The half-open bound that a comparison sets. */
function boundOf(c: Expr, axis: AxisId, fixed: (id: AxisId) => boolean): Bound | undefined {
  if (c.kind !== 'binary' || c.a.type !== 'i64') return undefined;
  const strict = c.op === 'lt' || c.op === 'gt';
  if (!strict && c.op !== 'le' && c.op !== 'ge') return undefined;
  // As difference ≤ 0, or < 0.
  const [small, large] = c.op === 'lt' || c.op === 'le' ? [c.a, c.b] : [c.b, c.a];
  const difference = plus(linear(small), linear(large), -1n);
  const coef = coefOf(difference, axis);
  const others = without(difference, axis);
  if ((coef !== 1n && coef !== -1n) || ![...others.terms.values()].every((t) => isSteady(t.atom, axis, fixed)))
    return undefined;
  const one: Linear = { terms: new Map(), constant: 1n };
  // axis ≤ −others ends before 1 − others; axis ≥ others begins there.
  return coef === 1n
    ? { side: 'hi', at: strict ? scale(others, -1n) : plus(one, others, -1n) }
    : { side: 'lo', at: strict ? plus(others, one) : others };
}
const isSteady = (e: Expr, axis: AxisId, fixed: (id: AxisId) => boolean): boolean =>
  (e.kind === 'dim' && e.list === undefined) || (e.kind === 'axis' && e.id !== axis && fixed(e.id));
