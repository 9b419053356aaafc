import type { Range } from './kinds.ts';
import { and, between, eq, ge, gt, le, lt, not, or, type Formula } from './formula.ts';
import { add, addScaled, constant, mul, one, plus, scale, sub, zero, type Poly } from './poly.ts';

/** What defines the atoms that stand for operations: facts that hold at every point, whatever the operands. */

/** q = a // b, rounded down, with a // 0 = 0. Of data the quotient by a negative number is left open: it may wrap. */
export function quotientAxiom(q: Poly, a: Poly, b: Poly, data: boolean): Formula {
  const bq = mul(b, q);
  // The last three follow from the first three, by products that linear reasoning would have to find.
  const positive = and(
    ge(b, one),
    le(bq, a),
    lt(a, add(bq, b)),
    or(lt(a, zero), and(ge(q, zero), le(q, a))),
    or(ge(a, zero), lt(q, zero)),
    or(ge(a, b), le(q, zero)),
  );
  const none = and(eq(b, zero), eq(q, zero));
  const negative = lt(b, zero);
  return or(positive, none, data ? negative : and(negative, ge(bq, a), lt(add(bq, b), a)));
}

/** r = a % b where q = a // b: the sign of b, and 0 for b = 0. */
export function remainderAxiom(r: Poly, q: Poly, a: Poly, b: Poly, data: boolean): Formula {
  const rest = eq(r, sub(a, mul(b, q)));
  const negative = and(lt(b, zero), gt(r, b), le(r, zero));
  return or(
    and(ge(b, one), ge(r, zero), lt(r, b), rest),
    and(eq(b, zero), eq(r, zero)),
    data ? negative : and(negative, rest),
  );
}

/** q = a / b of sizes, which is exact: a precondition of the operator. */
export const exactAxiom = (q: Poly, a: Poly, b: Poly): Formula => or(eq(b, zero), eq(mul(b, q), a));

export const minAxiom = (m: Poly, a: Poly, b: Poly): Formula => and(le(m, a), le(m, b), or(eq(m, a), eq(m, b)));
export const maxAxiom = (m: Poly, a: Poly, b: Poly): Formula => and(ge(m, a), ge(m, b), or(eq(m, a), eq(m, b)));
export const absAxiom = (m: Poly, a: Poly): Formula =>
  and(ge(m, zero), or(and(ge(a, zero), eq(m, a)), and(lt(a, zero), eq(add(m, a), zero))));
export const signAxiom = (m: Poly, a: Poly): Formula =>
  or(and(ge(a, one), eq(m, one)), and(eq(a, zero), eq(m, zero)), and(lt(a, zero), eq(m, constant(-1n))));

/** clip with crossed bounds yields one of them; which, is not used. */
export function clipAxiom(m: Poly, x: Poly, lo: Poly, hi: Poly): Formula {
  return or(
    and(le(lo, hi), ge(m, lo), le(m, hi), or(eq(m, x), and(eq(m, lo), le(x, lo)), and(eq(m, hi), ge(x, hi)))),
    and(gt(lo, hi), or(eq(m, lo), eq(m, hi))),
  );
}

export const chooseAxiom = (m: Poly, cond: Formula, a: Poly, b: Poly): Formula =>
  or(and(cond, eq(m, a)), and(not(cond), eq(m, b)));

/** w = exact wrapped into the range of a type. */
export function wrapAxiom(w: Poly, exact: Poly, { lo, hi }: Range): Formula {
  return and(
    between(w, lo, hi),
    or(eq(w, exact), lt(exact, constant(lo)), gt(exact, constant(hi))),
    // Wrapping something non-negative never enlarges it.
    or(lt(exact, zero), le(w, exact)),
  );
}

/** Bitwise and, or, xor of two's complement numbers, as far as signs and magnitudes go. */
export function bitAxiom(op: 'bitand' | 'bitor' | 'bitxor', r: Poly, a: Poly, b: Poly): Formula {
  const negA = lt(a, zero);
  const negB = lt(b, zero);
  if (op === 'bitand') return and(or(negA, and(ge(r, zero), le(r, a))), or(negB, and(ge(r, zero), le(r, b))));
  const atMostSum = and(ge(r, zero), le(r, add(a, b)));
  return or(negA, negB, op === 'bitxor' ? atMostSum : and(atMostSum, ge(r, a), ge(r, b)));
}

/** A count of positions in lo..hi. */
export const countAxiom = (n: Poly, lo: Poly, hi: Poly): Formula =>
  and(ge(n, zero), or(eq(n, zero), le(n, sub(hi, lo))));
/** A position in lo..hi, or -1. */
export const positionAxiom = (n: Poly, lo: Poly, hi: Poly): Formula =>
  or(eq(n, constant(-1n)), and(ge(n, lo), lt(n, hi)));

/** Parts of a numerator that a constant divisor divides: a = divisor·whole + rest. */
export function splitByConstant(a: Poly, divisor: bigint): { readonly whole: Poly; readonly rest: Poly } {
  let whole = zero;
  let rest = zero;
  for (const [key, t] of a) {
    const r = ((t.coef % divisor) + divisor) % divisor;
    const term: Poly = new Map([[key, { atoms: t.atoms, coef: 1n }]]);
    whole = addScaled(whole, term, (t.coef - r) / divisor);
    rest = addScaled(rest, term, r);
  }
  return { whole, rest };
}

/** Two applications of one function to arguments a and b: equal arguments give equal values. */
export function congruence(args: readonly (readonly [Poly, Poly])[], u: Poly, v: Poly): Formula {
  return or(eq(u, v), ...args.map(([a, b]) => not(eq(a, b))));
}

/** q = a // k for a constant k > 0. */
export const constantQuotientAxiom = (q: Poly, a: Poly, k: bigint): Formula =>
  and(ge(a, scale(q, k)), le(a, plus(scale(q, k), k - 1n)));

/** q = a // b against m, for positive b: b·m > a is the same as m > q. Linear reasoning would have to guess the case. */
export function separation(q: Poly, a: Poly, b: Poly, m: Poly): Formula {
  const bm = mul(b, m);
  return and(or(lt(b, one), gt(m, q), le(bm, a)), or(lt(b, one), le(m, q), gt(bm, a)));
}
