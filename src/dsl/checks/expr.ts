import { assertNever } from '../../assert.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { Expr } from '../ast.ts';
import { typeAccess } from './access.ts';
import { typeCall } from './calls.ts';
import { assuming, report } from './context.ts';
import type { Scope } from './context.ts';
import { typeGuard } from './guard.ts';
import { bool, int, not } from './make.ts';
import { typeBinary, typeCast, typeCondition, typeUnary } from './operators.ts';
import { typeReduce } from './reduce.ts';
import { bad, holds, isFloatType, unify, value } from './value.ts';
import type { Value } from './value.ts';

/** Types an expression: every error in it is reported once, and an erroneous part silences what depends on it. */
export function typeExpr(e: Expr, s: Scope): Value {
  switch (e.kind) {
    case 'int':
      if (holds('u64', e.value)) return value(int(e.value, e.span), { flex: 'int' });
      report(s.op, 'type-literal', { text: e.text, type: 'u64' }, e.span);
      return bad(e.span);
    case 'float':
      if (s.size) return sizeOnly(e.span, s);
      if (Number.isFinite(e.value))
        return value({ kind: 'float', value: e.value, type: 'f32', span: e.span }, { flex: 'float' });
      report(s.op, 'type-literal', { text: e.text, type: 'f64' }, e.span);
      return bad(e.span);
    case 'const':
      if (s.size) return sizeOnly(e.span, s);
      if (e.name === 'true' || e.name === 'false') return value(bool(e.name === 'true', e.span));
      return value(
        { kind: 'float', value: e.name === 'inf' ? Infinity : NaN, type: 'f32', span: e.span },
        { flex: 'float' },
      );
    case 'paren':
      return typeExpr(e.operand, s);
    case 'access':
      return typeAccess(e, s);
    case 'binary':
      return typeBinary(e, s);
    case 'unary':
      return typeUnary(e, s);
    case 'cast':
      return s.size ? sizeOnly(e.span, s) : typeCast(e, s);
    case 'call':
      return typeCall(e, s);
    case 'reduce':
      return s.size ? sizeOnly(e.span, s) : typeReduce(e, s);
    case 'if':
      return s.size ? sizeOnly(e.span, s) : typeIf(e, s);
    case 'guard':
      return s.size ? sizeOnly(e.span, s) : typeGuard(e.value, e.other, s, e.span);
    case 'strict': {
      if (s.size) return sizeOnly(e.span, s);
      const a = typeExpr(e.operand, s);
      if (!a.bad && !isFloatType(a.e.type)) report(s.op, 'strict-float', { found: a.e.type }, e.span);
      return { ...a, e: { kind: 'strict', a: a.e, type: a.e.type, span: e.span } };
    }
    case 'tuple':
      for (const p of e.parts) typeExpr(p, s);
      report(s.op, 'index-tuple-place', {}, e.span);
      return bad(e.span);
    default:
      return assertNever(e, 'typeExpr');
  }
}

function sizeOnly(span: Span, s: Scope): Value {
  report(s.op, 'size-expression', {}, span);
  return bad(span);
}

function typeIf(e: Extract<Expr, { readonly kind: 'if' }>, s: Scope): Value {
  const c = typeCondition(e.cond, s);
  const a = typeExpr(e.then, c.bad ? s : assuming(s, c.e));
  const b = typeExpr(e.else, c.bad ? s : assuming(s, not(c.e)));
  const [x, y] = unify(s.op, a, b, e.span);
  const stored = a.stored !== undefined && a.stored === b.stored ? { stored: a.stored } : {};
  return value(
    { kind: 'if', cond: c.e, then: x.e, else: y.e, type: x.e.type, span: e.span },
    { flex: x.flex, ...stored, absent: a.absent || b.absent || c.absent, bad: x.bad || y.bad || c.bad },
  );
}
