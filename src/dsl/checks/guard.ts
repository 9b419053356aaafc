import type { Span } from '../../diagnostics/span.ts';
import type { Arg, Expr } from '../ast.ts';
import type { Scope } from './context.ts';
import { unify, value } from './value.ts';
import type { Value } from './value.ts';

/** An argument: `e`, or `e ?? other`. */
export const typeArg = (a: Arg, s: Scope): Value =>
  a.other === undefined ? s.op.typeExpr(a.value, s) : typeGuard(a.value, a.other, s, a.span);

/** `(e ?? v)`: accesses in `e` outside reducers need no proof, and what they read may be absent. */
export function typeGuard(inner: Expr, other: Expr, s: Scope, span: Span): Value {
  const a = s.op.typeExpr(inner, { ...s, guarded: true });
  const b = s.op.typeExpr(other, s);
  const [x, y] = unify(s.op, a, b, span);
  const stored = a.stored !== undefined && a.stored === b.stored ? { stored: a.stored } : {};
  return value(
    { kind: 'guard', value: x.e, other: y.e, type: x.e.type, span },
    { flex: x.flex, ...stored, absent: b.absent, bad: x.bad || y.bad },
  );
}
