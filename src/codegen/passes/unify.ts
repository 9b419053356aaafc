import { floordiv, int, ix, mod } from '../ir/build.ts';
import { sameExpr, substitute } from '../ir/rewrite.ts';
import type { Axis, AxisId, Expr } from '../ir/stage.ts';
import { children, freeAxes } from '../ir/walk.ts';

type Bindings = Map<AxisId, Expr>;

/**
 * The loops' values at which `pattern` (an index that a stage stores at) is `index` (one that is read): the inverse of a layout. Undefined where
 * it cannot be seen from the structure, or leaves a loop open.
 */
export function unify(
  pattern: readonly Expr[],
  index: readonly Expr[],
  axes: readonly Axis[],
): ReadonlyMap<AxisId, Expr> | undefined {
  const own = new Map(axes.map((a) => [a.id, a]));
  const bound: Bindings = new Map();
  for (const [k, p] of pattern.entries()) {
    const e = index[k];
    if (e === undefined || !match(p, e, own, bound)) return undefined;
  }
  return axes.every((a) => bound.has(a.id)) ? bound : undefined;
}

function match(p: Expr, e: Expr, own: ReadonlyMap<AxisId, Axis>, bound: Bindings): boolean {
  const open = [...freeAxes(p)].filter((id) => own.has(id));
  if (open.every((id) => bound.has(id))) return sameExpr(substitute(p, { axes: bound }), e);
  if (p.kind === 'axis') {
    bound.set(p.id, e);
    return true;
  }
  if (p.kind !== 'binary') return structural(p, e, own, bound);
  const mentions = (x: Expr): boolean => [...freeAxes(x)].some((id) => own.has(id));
  // axis − lo, with lo the same everywhere.
  if (p.op === 'sub' && !mentions(p.b)) {
    if (e.kind === 'binary' && e.op === 'sub' && sameExpr(e.b, p.b)) return match(p.a, e.a, own, bound);
    return match(p.a, ix.add(e, p.b), own, bound);
  }
  const saved = new Map(bound);
  if (structural(p, e, own, bound)) return true;
  bound.clear();
  for (const [id, x] of saved) bound.set(id, x);
  return p.op === 'add' && divided(p.a, p.b, e, own, bound);
}

/** Same operators all the way down to the loops. */
function structural(p: Expr, e: Expr, own: ReadonlyMap<AxisId, Axis>, bound: Bindings): boolean {
  if (p.kind !== e.kind || p.type !== e.type) return false;
  if (p.kind === 'binary' && e.kind === 'binary' && p.op !== e.op) return false;
  if (p.kind === 'unary' && e.kind === 'unary' && p.op !== e.op) return false;
  if (p.kind === 'call' && e.kind === 'call' && p.fn !== e.fn) return false;
  if (p.kind === 'read' && e.kind === 'read' && (p.buf !== e.buf || p.field !== e.field)) return false;
  if (!['binary', 'unary', 'call', 'read', 'convert'].includes(p.kind)) return false;
  const [x, y] = [children(p), children(e)];
  return x.length === y.length && x.every((c, k) => match(c, y[k] ?? c, own, bound));
}

/** row·n + column with 0 ≤ column < n: quotient and remainder. */
function divided(row: Expr, column: Expr, e: Expr, own: ReadonlyMap<AxisId, Axis>, bound: Bindings): boolean {
  if (row.kind !== 'binary' || row.op !== 'mul' || column.kind !== 'axis') return false;
  const a = own.get(column.id);
  if (a === undefined || !sameExpr(a.lo, int(0)) || !sameExpr(a.hi, row.b)) return false;
  bound.set(column.id, mod(e, row.b));
  return match(row.a, floordiv(e, row.b), own, bound);
}
