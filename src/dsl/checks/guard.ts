import type { Span } from '../../diagnostics/span.ts';
import type { Arg, Expr } from '../ast.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { Scope } from './context.ts';
import { parts } from './make.ts';
import { indexParts } from './shape.ts';
import { unify, value } from './value.ts';
import type { Value } from './value.ts';

/** An argument: `e`, or `e ?? other`. */
export function typeArg(a: Arg, s: Scope): Value {
  if (a.policy !== undefined) report(s.op, 'call-clamp', {}, a.span);
  return a.other === undefined ? s.op.typeExpr(a.value, s) : typeGuard(a.value, a.other, s, a.span);
}

/** `(e ?? v)`: accesses in `e` outside reducers need no proof, and what they read may be absent. */
export function typeGuard(inner: Expr, other: Expr, s: Scope, span: Span): Value {
  const a = s.op.typeExpr(inner, { ...s, guarded: true });
  const b = s.op.typeExpr(other, s);
  if (!a.bad && !a.absent && !mayMiss(a.e)) report(s.op, 'guard-idle', {}, span);
  const [x, y] = unify(s.op, a, b, span);
  const stored = a.stored !== undefined && a.stored === b.stored ? { stored: a.stored } : {};
  return value(
    { kind: 'guard', value: x.e, other: y.e, type: x.e.type, span },
    { flex: x.flex, ...stored, absent: b.absent, bad: x.bad || y.bad },
  );
}

/** True if an access outside reducers and inner guards relies on the guard. */
function mayMiss(e: TExpr): boolean {
  if (e.kind === 'reduce') return false;
  if (e.kind === 'guard') return mayMiss(e.other);
  const at =
    e.kind === 'access' ? [...e.index, ...(e.field?.index ?? [])] : e.kind === 'len' || e.kind === 'base' ? e.at : [];
  return at.some((i) => indexParts(i).some((p) => p.policy === 'guarded')) || parts(e).some(mayMiss);
}
