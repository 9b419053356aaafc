import { DTYPES } from '../../dsl/dtypes.ts';
import { int, ix, call } from '../ir/build.ts';
import { sameExpr } from '../ir/rewrite.ts';
import type { Axis, Expr } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';

const find = (axes: readonly Axis[], id: string): Axis | undefined => axes.find((a) => a.id === id);

/** True where `e` is surely ≥ 0: a structural test, false where it does not see it. */
export function nonNegative(e: Expr, axes: readonly Axis[]): boolean {
  const go = (x: Expr): boolean => nonNegative(x, axes);
  switch (e.kind) {
    case 'int':
      return e.value >= 0n;
    case 'dim':
      return true;
    case 'axis': {
      const a = find(axes, e.id);
      return a !== undefined && go(a.lo);
    }
    case 'read':
      return DTYPES[e.dtype].group === 'int' && !DTYPES[e.dtype].signed;
    case 'convert':
      return e.type === 'i64' && (e.a.type === 'u32' || go(e.a));
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
/** True where `e < extent` is plain to see. */
export function below(e: Expr, extent: Expr, axes: readonly Axis[]): boolean {
  if (e.kind === 'int' && extent.kind === 'int') return e.value < extent.value;
  if (e.kind !== 'axis') return false;
  const a = find(axes, e.id);
  if (a === undefined) return false;
  return sameExpr(a.hi, extent) || (a.hi.kind === 'int' && extent.kind === 'int' && a.hi.value <= extent.value);
}

/** A bound of `e` from above that mentions no axis, by the highest values of the axes; undefined if none is seen. */
export function upperBound(e: Expr, axes: readonly Axis[]): Expr | undefined {
  if (freeAxes(e).size === 0) return e;
  const go = (x: Expr): Expr | undefined => upperBound(x, axes);
  switch (e.kind) {
    case 'axis': {
      const a = find(axes, e.id);
      const hi = a === undefined ? undefined : go(a.hi);
      return hi === undefined ? undefined : ix.sub(hi, int(1));
    }
    case 'binary': {
      const a = go(e.a);
      if (a === undefined) return undefined;
      if (e.op === 'sub') return freeAxes(e.b).size === 0 ? ix.sub(a, e.b) : undefined;
      if (e.op === 'mul') return freeAxes(e.b).size === 0 && nonNegative(e.b, axes) ? ix.mul(a, e.b) : undefined;
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
export function lengthOf(a: Axis, axes: readonly Axis[]): Expr {
  const n = ix.sub(a.hi, a.lo);
  return nonNegative(n, axes) ? n : call('max', [n, int(0)], 'i64');
}

/** The conditions that `e` is a conjunction of. */
export const conjuncts = (e: Expr): readonly Expr[] =>
  e.kind === 'binary' && e.op === 'and'
    ? [...conjuncts(e.a), ...conjuncts(e.b)]
    : e.kind === 'bool' && e.value
      ? []
      : [e];

/** Those conditions of a conjunction that the ranges of the loops do not keep by themselves. */
export const openConds = (e: Expr, axes: readonly Axis[]): readonly Expr[] =>
  conjuncts(e).filter((c) => {
    if (c.kind !== 'binary') return true;
    if (c.op === 'lt') return !below(c.a, c.b, axes);
    if (c.op === 'gt') return !below(c.b, c.a, axes);
    if (c.op === 'ge') return !atLeast(c.a, c.b, axes);
    return c.op !== 'le' || !atLeast(c.b, c.a, axes);
  });
function atLeast(v: Expr, lo: Expr, axes: readonly Axis[]): boolean {
  if (lo.kind === 'int' && lo.value <= 0n && nonNegative(v, axes)) return true;
  return v.kind === 'axis' && axes.some((a) => a.id === v.id && sameExpr(a.lo, lo));
}
