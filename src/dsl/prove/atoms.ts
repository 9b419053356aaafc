import { must } from '../../assert.ts';
import type { TExpr } from '../typed.ts';
import { congruence, separation } from './axioms.ts';
import { truth, type Formula } from './formula.ts';
import { structuralKey } from './kinds.ts';
import { atomPoly, polyKey, quotient, type Poly, type Term } from './poly.ts';

/** Something a polynomial treats as a variable: a dim, an index, a read, or an operation that is not polynomial. */
export interface Atom {
  readonly id: number;
  /** What it stands for, in source form, if it came from one expression. */
  readonly expr?: TExpr;
  /** Set for functions of integer arguments that axioms do not determine: equal arguments give equal values. */
  readonly call?: { readonly fn: string; readonly args: readonly Poly[] };
  /** Set for a quotient: dividend and divisor. */
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
  /** Where quotients by b lie against each atom m of which b·m is one of the given terms, up to sign. Limited to the given atoms. */
  readonly separations: (among: ReadonlySet<number>, terms: readonly Term[]) => readonly Formula[];
}

/** Monomials that one quotient is compared with, at most. */
const MAX_SEPARATIONS = 4;

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

  function separations(among: ReadonlySet<number>, terms: readonly Term[]): readonly Formula[] {
    return [...among].flatMap((id) => {
      const [a, b] = atoms[id]?.quotient ?? [];
      const divisor = b?.size === 1 ? [...b.values()][0] : undefined;
      if (a === undefined || b === undefined || divisor === undefined) return [];
      const found = new Set<number>();
      for (const t of terms) {
        const [m, more] = quotient(t.atoms, divisor.atoms) ?? [];
        const matches = t.coef === divisor.coef || t.coef === -divisor.coef;
        if (matches && m !== undefined && more === undefined && m !== id) found.add(m);
      }
      return [...found].slice(0, MAX_SEPARATIONS).map((m) => separation(atomPoly(id), a, b, atomPoly(m)));
    });
  }

  return {
    atoms,
    atom,
    operation(fn, args, expr, define) {
      const [a, b] = args;
      const about =
        fn === '//' && a !== undefined && b !== undefined
          ? { expr, quotient: [a, b] as const }
          : DETERMINED.has(fn)
            ? { expr }
            : { expr, call: { fn, args } };
      return atom(`${fn}(${args.map(polyKey).join(', ')})`, about, define);
    },
    identity(e) {
      const key = structuralKey(e);
      return key.includes('"kind":"local"') ? `${key} #${atoms.length}` : key;
    },
    axiom: (id) => axioms.get(id) ?? truth,
    congruences,
    separations,
  };
}
