import { must } from '../../assert.ts';
import type { TExpr } from '../typed.ts';
import { congruence } from './axioms.ts';
import { truth, type Formula } from './formula.ts';
import { structuralKey } from './kinds.ts';
import { atomPoly, polyKey, type Poly } from './poly.ts';

/** Something a polynomial treats as a variable: a dim, an index, a read, or an operation that is not polynomial. */
export interface Atom {
  readonly id: number;
  /** What it stands for, in source form, if it came from one expression. */
  readonly expr?: TExpr;
  /** Set for functions of integer arguments that axioms do not determine: equal arguments give equal values. */
  readonly call?: { readonly fn: string; readonly args: readonly Poly[] };
  /** Set for a quotient by a number that has no source expression: dividend and divisor. */
  readonly quotient?: readonly [Poly, Poly];
}

/** The atoms of one set of facts and goals. */
export interface AtomTable {
  readonly atoms: readonly Atom[];
  /** The atom of a key as a polynomial; `define` says what holds of it, once. */
  readonly atom: (key: string, about: Omit<Atom, 'id'>, define: (self: Poly) => Formula) => Poly;
  /** The atom for a function of polynomials. */
  readonly operation: (fn: string, args: readonly Poly[], expr: TExpr, define: (self: Poly) => Formula) => Poly;
  /** A key that only expressions of equal value share; what mentions a local is never taken to equal anything else. */
  readonly identity: (e: TExpr) => string;
  /** What defines an atom; holds at every point. */
  readonly axiom: (atom: number) => Formula;
  /** For functions applied twice, to arguments that may turn out equal: then so are the values. Limited to the given atoms. */
  readonly congruences: (among: ReadonlySet<number>) => readonly Formula[];
}

/** Operations whose axioms leave one value for each choice of operands. */
const DETERMINED: ReadonlySet<string> = new Set(['//', '%', 'min', 'max', 'clip', 'abs', 'sign']);

export function createAtomTable(): AtomTable {
  const atoms: Atom[] = [];
  const axioms = new Map<number, Formula>();
  const byKey = new Map<string, number>();

  function atom(key: string, about: Omit<Atom, 'id'>, define: (self: Poly) => Formula): Poly {
    const known = byKey.get(key);
    if (known !== undefined) return atomPoly(known);
    const id = atoms.length;
    byKey.set(key, id);
    atoms.push({ id, ...about });
    const self = atomPoly(id);
    axioms.set(id, define(self));
    return self;
  }

  function congruences(among: ReadonlySet<number>): readonly Formula[] {
    const out: Formula[] = [];
    const calls = [...among].flatMap((id) => {
      const call = atoms[id]?.call;
      return call === undefined ? [] : [{ id, ...call }];
    });
    for (const [i, a] of calls.entries()) {
      for (const b of calls.slice(i + 1)) {
        if (a.fn !== b.fn || a.args.length !== b.args.length) continue;
        const rule = congruence(
          a.args.map((p, k) => [p, must(b.args[k], 'argument')] as const),
          atomPoly(a.id),
          atomPoly(b.id),
        );
        // Arguments that differ by a constant can never be equal.
        if (rule !== truth) out.push(rule);
      }
    }
    return out;
  }

  return {
    atoms,
    atom,
    operation(fn, args, expr, define) {
      const about = DETERMINED.has(fn) ? { expr } : { expr, call: { fn, args } };
      return atom(`${fn}(${args.map(polyKey).join(', ')})`, about, define);
    },
    identity(e) {
      const key = structuralKey(e);
      return key.includes('"kind":"local"') ? `${key} #${atoms.length}` : key;
    },
    axiom: (id) => axioms.get(id) ?? truth,
    congruences,
  };
}
