import type { Expr } from '../ast.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { Scope } from './context.ts';
import { int, parts } from './make.ts';
import { text } from './operators.ts';
import { holdsIn } from './proofs.ts';
import { isIntType, settle } from './value.ts';

/** A size: integer arithmetic over dims, integer consts and parameters, `total`, packs. `/` divides exactly. Undefined after an error. */
export function typeSize(e: Expr, s: Scope): TExpr | undefined {
  const v = settle(s.op, s.op.typeExpr(e, { ...s, size: true, guarded: false }));
  if (v.bad) return undefined;
  if (v.e.type !== 'i64') {
    if (isIntType(v.e.type) || v.e.type === 'bool') report(s.op, 'size-expression', {}, e.span);
    return undefined;
  }
  exact(e, v.e, s);
  return v.e;
}

/** Every `/` of a size is a condition on the caller unless it is proven. */
function exact(written: Expr, e: TExpr, s: Scope): void {
  if (s.op.quiet > 0 || !hasDivision(written)) return;
  const go = (x: TExpr): void => {
    if (
      x.kind === 'binary' &&
      x.op === 'floordiv' &&
      divisions(written).some((d) => d.start === x.span.start && d.end === x.span.end)
    ) {
      const cond: TExpr = {
        kind: 'binary',
        op: 'eq',
        a: { kind: 'binary', op: 'mod', a: x.a, b: x.b, type: 'i64', span: x.span },
        b: int(0, x.span),
        type: 'bool',
        span: x.span,
      };
      if (!holdsIn(cond, s))
        s.op.conditions.push({ cond, text: `${text(x.a, s)} % ${text(x.b, s)} == 0`, span: x.span });
      s.op.facts.push(cond);
    }
    parts(x).forEach(go);
  };
  go(e);
}

const divisions = (e: Expr): readonly { readonly start: number; readonly end: number }[] => {
  if (e.kind === 'paren' || e.kind === 'unary') return divisions(e.operand);
  if (e.kind === 'binary') return [...(e.op === '/' ? [e.span] : []), ...divisions(e.left), ...divisions(e.right)];
  if (e.kind === 'call') return e.args.flatMap((a) => divisions(a.value));
  return [];
};
const hasDivision = (e: Expr): boolean => divisions(e).length > 0;
