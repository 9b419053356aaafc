import type { Expr } from '../ast.ts';
import { DTYPES, widen } from '../dtypes.ts';
import type { DType } from '../dtypes.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { Scope } from './context.ts';
import { namesOf } from './dims.ts';
import { adapt } from './value.ts';

/** The value of a default: an expression of literals, in the type of its parameter. Undefined after an error. */
export function constant(e: Expr, dtype: DType, s: Scope): number | bigint | boolean | undefined {
  if (namesOf(e).size > 0) {
    report(s.op, 'default-constant', {}, e.span);
    return undefined;
  }
  const v = adapt(s.op, s.op.typeExpr(e, s), widen(dtype));
  if (v.bad) return undefined;
  const n = evaluate(v.e);
  if (n === undefined) {
    report(s.op, 'default-constant', {}, e.span);
    return undefined;
  }
  if (DTYPES[dtype].group === 'float') return Number(n);
  return n;
}

function evaluate(e: TExpr): number | bigint | boolean | undefined {
  if (e.kind === 'int' || e.kind === 'float' || e.kind === 'bool') return e.value;
  if (e.kind === 'unary' && e.op === 'neg') {
    const a = evaluate(e.a);
    return typeof a === 'number' ? -a : undefined;
  }
  if (e.kind !== 'binary') return undefined;
  const [a, b] = [evaluate(e.a), evaluate(e.b)];
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  const round = e.type === 'f32' ? Math.fround : (x: number): number => x;
  switch (e.op) {
    case 'add':
      return round(a + b);
    case 'sub':
      return round(a - b);
    case 'mul':
      return round(a * b);
    case 'div':
      return round(a / b);
    default:
      return undefined;
  }
}
