import { DTYPES } from '../../dsl/dtypes.ts';
import { call, int, ix } from '../ir/build.ts';
import { sameExpr } from '../ir/rewrite.ts';
import type { Axis, Expr } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { coefOf, linear, plus, scale, without } from './linear.ts';
import type { Linear } from './linear.ts';

/** What may be relied on: the ranges of loops, and what derived dims stand for. */
export interface Known {
  readonly axes: readonly Axis[];
  readonly derived?: ReadonlyMap<string, Expr>;
}
const find = (axes: readonly Axis[], id: string): Axis | undefined => axes.find((a) => a.id === id);

/** True where `e` is surely ≥ 0: dims and extents are, loops start somewhere. False where that is not seen. */
export function nonNegative(e: Expr, k: Known): boolean {
  return plainly(e, k) || (e.type === 'i64' && atLeastZero(linear(e), k, 0));
}
function plainly(e: Expr, k: Known): boolean {
  const go = (x: Expr): boolean => nonNegative(x, k);
  switch (e.kind) {
    case 'int':
      return e.value >= 0n;
    case 'dim':
      return true;
    case 'axis': {
      const a = find(k.axes, e.id);
      return a !== undefined && go(a.lo);
    }
    case 'read':
      return DTYPES[e.dtype].group === 'int' && !DTYPES[e.dtype].signed;
    case 'convert':
      return e.type === 'i64' && (e.a.type === 'u32' || plainly(e.a, k));
    case 'binary':
      if (e.op === 'add' || e.op === 'mul' || e.op === 'floordiv') return go(e.a) && go(e.b);
      if (e.op === 'mod') return go(e.b);
      return e.op === 'bitand' && (go(e.a) || go(e.b));
    case 'call':
      if (e.fn === 'min') return e.args.every(go);
      return e.fn === 'max' && e.args.some(go);
    default:
      return false;
  }
}

/**
 * A linear form that is ≥ 0 at its worst: loops are taken at the end that hurts, innermost first, derived dims as what they are, and
 * c·(e // s) as at least c/s · (e − s + 1) or at most c/s · e. Sizes are below 2^53, so nothing wraps.
 */
function atLeastZero(l: Linear, k: Known, depth: number): boolean {
  const terms = [...l.terms.values()];
  if (terms.length > 16 || depth > 12) return false;
  for (const a of [...k.axes].reverse()) {
    const c = coefOf(l, a.id);
    if (c === 0n) continue;
    const rest = without(l, a.id);
    // The lowest value of c·a is at its start for c > 0, at its end for c < 0.
    const worst = c > 0n ? linear(a.lo) : plus(linear(a.hi), { terms: new Map(), constant: -1n });
    return atLeastZero(plus(rest, worst, c), k, depth + 1);
  }
  const open = terms.filter((t) => t.coef < 0n);
  if (open.length === 0) return l.constant >= 0n && terms.every((t) => plainly(t.atom, k));
  return terms.some((t) => {
    const rest = plus(l, linear(t.atom), -t.coef);
    return lowerBounds(t.atom, t.coef, k).some((next) => atLeastZero(plus(rest, next), k, depth + 1));
  });
}
/** Lower bounds of coef · atom by what the atom is made of. */
function lowerBounds(atom: Expr, coef: bigint, k: Known): readonly Linear[] {
  if (atom.kind === 'dim' && atom.list === undefined) {
    const size = k.derived?.get(atom.id);
    return size === undefined ? [] : [scale(linear(size), coef)];
  }
  if (atom.kind === 'call' && atom.fn === (coef < 0n ? 'min' : 'max'))
    return atom.args.map((x) => scale(linear(x), coef));
  if (atom.kind !== 'binary' || atom.op !== 'floordiv' || atom.b.kind !== 'int' || atom.b.value <= 0n) return [];
  const s = atom.b.value;
  if (coef % s !== 0n) return [];
  const e = linear(atom.a);
  return [coef < 0n ? scale(e, coef / s) : scale(plus(e, { terms: new Map(), constant: 1n - s }), coef / s)];
}

/** True where `e < extent` is plain to see. */
export function below(e: Expr, extent: Expr, k: Known): boolean {
  if (e.kind === 'axis') {
    const a = find(k.axes, e.id);
    if (a !== undefined && sameExpr(a.hi, extent)) return true;
  }
  return e.type === 'i64' && nonNegative(ix.sub(ix.sub(extent, e), int(1)), k);
}
/** True where x ≤ y is plain to see. */
export const atMost = (x: Expr, y: Expr, k: Known): boolean =>
  sameExpr(x, y) || (x.type === 'i64' && y.type === 'i64' && nonNegative(ix.sub(y, x), k));

/** A bound of `e` from above that mentions no axis, by the highest values of the axes; undefined if none is seen. */
export function upperBound(e: Expr, k: Known): Expr | undefined {
  if (freeAxes(e).size === 0) return e;
  const go = (x: Expr): Expr | undefined => upperBound(x, k);
  switch (e.kind) {
    case 'axis': {
      const a = find(k.axes, e.id);
      const hi = a === undefined ? undefined : go(a.hi);
      return hi === undefined ? undefined : ix.sub(hi, int(1));
    }
    case 'binary': {
      const a = go(e.a);
      if (a === undefined) return undefined;
      if (e.op === 'sub') return freeAxes(e.b).size === 0 ? ix.sub(a, e.b) : undefined;
      if (e.op === 'mul') return freeAxes(e.b).size === 0 && nonNegative(e.b, k) ? ix.mul(a, e.b) : undefined;
      const b = e.op === 'add' ? go(e.b) : undefined;
      return b === undefined ? undefined : ix.add(a, b);
    }
    case 'call': {
      const bounds = e.args.map(go).filter((x) => x !== undefined);
      if (e.fn !== 'min' && (e.fn !== 'max' || bounds.length < e.args.length)) return undefined;
      const [first, ...rest] = bounds;
      return first === undefined ? undefined : rest.reduce((x, y) => call(e.fn, [x, y], 'i64'), first);
    }
    default:
      return undefined;
  }
}

/** hi − lo, not below zero. */
export function lengthOf(a: Axis, k: Known): Expr {
  const n = ix.sub(a.hi, a.lo);
  return nonNegative(n, k) ? n : call('max', [n, int(0)], 'i64');
}

/** The conditions that `e` is a conjunction of. */
export const conjuncts = (e: Expr): readonly Expr[] =>
  e.kind === 'binary' && e.op === 'and'
    ? [...conjuncts(e.a), ...conjuncts(e.b)]
    : e.kind === 'bool' && e.value
      ? []
      : [e];

/** Those conditions of a conjunction that are not plain from what is known. */
export const openConds = (e: Expr, k: Known): readonly Expr[] =>
  conjuncts(e).filter((c) => {
    if (c.kind !== 'binary') return true;
    if (c.op === 'lt') return !below(c.a, c.b, k);
    if (c.op === 'gt') return !below(c.b, c.a, k);
    if (c.op === 'ge') return !atMost(c.b, c.a, k);
    return c.op !== 'le' || !atMost(c.a, c.b, k);
  });
