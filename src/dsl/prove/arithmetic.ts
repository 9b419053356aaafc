import type { TExpr } from '../typed.ts';
import type { AtomTable } from './atoms.ts';
import * as axiom from './axioms.ts';
import { and, between, eq, falsity, or, truth, type Formula } from './formula.ts';
import { isData, isUnsigned, rangeOf, type Range } from './kinds.ts';
import {
  add,
  constant,
  constantValue,
  degree,
  divide,
  floorDiv,
  plus,
  polyKey,
  scale,
  sub,
  zero,
  type Poly,
} from './poly.ts';

/** Beyond these a product stays opaque. */
const MAX_DEGREE = 6;
export const MAX_TERMS = 64;
/** Operations on polynomials that give an atom where the result is not polynomial. `e` is what the result stands for. */
export interface Arithmetic {
  /** An atom of which nothing but its type's range is known. */
  readonly opaque: (e: TExpr) => Poly;
  /** `exact` brought into the range of a type, modulo its size. */
  readonly wrap: (exact: Poly, range: Range, type: string, e: TExpr) => Poly;
  /** The exact result of adding or multiplying, wrapped if the language wraps there. */
  readonly arithmetic: (exact: Poly | undefined, e: TExpr) => Poly;
  readonly floorDivide: (a: Poly, b: Poly, data: boolean, e: TExpr) => Poly;
  readonly modulo: (a: Poly, b: Poly, data: boolean, e: TExpr) => Poly;
  readonly choose: (cond: Formula, condKey: string, a: Poly, b: Poly, e: TExpr) => Poly;
  readonly extremum: (fn: 'min' | 'max', a: Poly, b: Poly, e: TExpr) => Poly;
}

/** The rule that an atom lies in a range; none for types without one. */
export const inRange =
  (range: Range | undefined) =>
  (self: Poly): Formula =>
    range === undefined ? truth : between(self, range.lo, range.hi);

export function createArithmetic({ atom, operation, identity }: AtomTable): Arithmetic {
  const opaque = (e: TExpr): Poly => atom(identity(e), { expr: e }, inRange(rangeOf(e.type)));
  function wrap(exact: Poly, range: Range, type: string, expr: TExpr): Poly {
    const c = constantValue(exact);
    if (c !== undefined && c >= range.lo && c <= range.hi) return exact;
    return operation(`wrap ${type}`, [exact], expr, (w) => axiom.wrapAxiom(w, exact, range));
  }
  /** Sizes and positions are mathematical; data and unsigned arithmetic wraps. */
  function arithmetic(exact: Poly | undefined, e: TExpr): Poly {
    if (exact === undefined || degree(exact) > MAX_DEGREE || exact.size > MAX_TERMS) return opaque(e);
    const range = rangeOf(e.type);
    return range !== undefined && (isUnsigned(e.type) || isData(e)) ? wrap(exact, range, e.type, e) : exact;
  }

  function floorDivide(a: Poly, b: Poly, data: boolean, e: TExpr): Poly {
    const k = constantValue(b);
    if (k === 0n) return zero;
    if (k !== undefined && k < 0n && !data) return floorDivide(scale(a, -1n), constant(-k), data, e);
    if (k !== undefined && k > 0n) {
      const { whole, rest } = axiom.splitByConstant(a, k);
      const c = constantValue(rest);
      if (c !== undefined) return plus(whole, floorDiv(c, k));
      return add(
        whole,
        atom(`${polyKey(rest)} // ${k}`, { quotient: [rest, b] }, (q) => axiom.constantQuotientAxiom(q, rest, k)),
      );
    }
    return operation('//', [a, b], e, (q) => {
      const rule = axiom.quotientAxiom(q, a, b, data);
      const { whole, rest } = divide(a, b);
      // (b·w + r)//b is w + r//b, unless b is 0 or data wraps; asking for fewer terms makes this end.
      return data || whole.size === 0 || rest.size >= a.size
        ? rule
        : and(rule, or(eq(b, zero), eq(q, add(whole, floorDivide(rest, b, data, e)))));
    });
  }
  function modulo(a: Poly, b: Poly, data: boolean, e: TExpr): Poly {
    const k = constantValue(b);
    const q = floorDivide(a, b, data, e);
    if (k === 0n) return zero;
    if (k !== undefined && (k > 0n || !data)) return sub(a, scale(q, k));
    return operation('%', [a, b], e, (r) => axiom.remainderAxiom(r, q, a, b, data));
  }
  function choose(cond: Formula, condKey: string, a: Poly, b: Poly, e: TExpr): Poly {
    if (cond === truth) return a;
    if (cond === falsity) return b;
    return atom(`if ${condKey} ${polyKey(a)} ${polyKey(b)}`, { expr: e }, (m) => axiom.chooseAxiom(m, cond, a, b));
  }
  function extremum(fn: 'min' | 'max', a: Poly, b: Poly, e: TExpr): Poly {
    const d = constantValue(sub(a, b));
    if (d !== undefined) return d <= 0n === (fn === 'min') ? a : b;
    const [x, y] = polyKey(a) <= polyKey(b) ? [a, b] : [b, a];
    return operation(fn, [x, y], e, (m) => (fn === 'min' ? axiom.minAxiom(m, x, y) : axiom.maxAxiom(m, x, y)));
  }

  return { opaque, wrap, arithmetic, floorDivide, modulo, choose, extremum };
}
