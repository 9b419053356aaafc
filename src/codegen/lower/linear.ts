import * as b from '../ir/build.ts';
import { keyOf } from '../ir/rewrite.ts';
import type { AxisId, Expr } from '../ir/stage.ts';

/** Σ coefficient · atom + constant, exact in i64 as long as nothing wraps; atoms are axes, dims, and whatever else is not linear. */
export interface Linear {
  readonly terms: ReadonlyMap<string, { readonly coef: bigint; readonly atom: Expr }>;
  readonly constant: bigint;
}
const constant = (v: bigint): Linear => ({ terms: new Map(), constant: v });

export function plus(x: Linear, y: Linear, k = 1n): Linear {
  const terms = new Map(x.terms);
  for (const [key, t] of y.terms) {
    const coef = (terms.get(key)?.coef ?? 0n) + k * t.coef;
    if (coef === 0n) terms.delete(key);
    else terms.set(key, { coef, atom: t.atom });
  }
  return { terms, constant: x.constant + k * y.constant };
}
export const scale = (x: Linear, k: bigint): Linear => plus(constant(0n), x, k);

/** The linear form of an i64 expression. */
export function linear(e: Expr): Linear {
  if (e.kind === 'int') return constant(e.value);
  if (e.kind === 'unary' && e.op === 'neg') return scale(linear(e.a), -1n);
  if (e.kind === 'binary' && (e.op === 'add' || e.op === 'sub'))
    return plus(linear(e.a), linear(e.b), e.op === 'add' ? 1n : -1n);
  if (e.kind === 'binary' && e.op === 'mul') {
    const [x, y] = [linear(e.a), linear(e.b)];
    if (x.terms.size === 0) return scale(y, x.constant);
    if (y.terms.size === 0) return scale(x, y.constant);
  }
  return { terms: new Map([[keyOf(e), { coef: 1n, atom: e }]]), constant: 0n };
}

export const coefOf = (x: Linear, id: AxisId): bigint => x.terms.get(keyOf(b.axisRef(id)))?.coef ?? 0n;
export function without(x: Linear, id: AxisId): Linear {
  const terms = new Map(x.terms);
  terms.delete(keyOf(b.axisRef(id)));
  return { terms, constant: x.constant };
}

/** Back to an expression: positive terms first, then what is subtracted. */
export function express(x: Linear): Expr {
  const all = [...x.terms.values()];
  const positive = all.filter((t) => t.coef > 0n);
  let e: Expr | undefined;
  for (const t of positive) {
    const term = b.ix.mul(t.atom, b.int(t.coef));
    e = e === undefined ? term : b.ix.add(e, term);
  }
  if (e === undefined) e = b.int(x.constant);
  else if (x.constant > 0n) e = b.ix.add(e, b.int(x.constant));
  for (const t of all) if (t.coef < 0n) e = b.ix.sub(e, b.ix.mul(t.atom, b.int(-t.coef)));
  return positive.length > 0 && x.constant < 0n ? b.ix.sub(e, b.int(-x.constant)) : e;
}
