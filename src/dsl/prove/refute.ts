import { assertNever } from '../../assert.ts';
import { ge, le, type Formula } from './formula.ts';
import { atomPoly, constant, type Poly } from './poly.ts';
import type { Deps } from './simplex.ts';
import { createStore, type Store } from './store.ts';

/** An open disjunction: one of the alternatives holds where the decisions in `deps` do. */
interface Clause {
  readonly alternatives: readonly Formula[];
  readonly deps: Deps;
}

/** Case splits on one path. Bit masks of decisions limit it to 31. */
const MAX_DEPTH = 20;
/** Splits of a path that only ask a fractional value to be an integer. */
const MAX_BRANCHES = 2;
/** Coefficients touched for one goal; a goal that needs more is given up. About twenty milliseconds. */
const MAX_WORK = 60_000;
type Spend = (work: number) => boolean;

/**
 * True only if no integer point satisfies all formulas. Linear reasoning over monomials closes a case; disjunctions are split,
 * those with one alternative left first, and cases that a refutation did not use are not looked at again.
 */
export function refute(formulas: readonly Formula[]): boolean {
  let left = MAX_WORK;
  const spend: Spend = (work) => (left -= work) > 0;
  const store = createStore(spend);
  const clauses: Clause[] = [];
  for (const f of formulas) if (assertFormula(store, f, 0, clauses) !== undefined) return true;
  return search(store, clauses, 0, 0, spend) !== undefined;
}

function assertFormula(store: Store, f: Formula, deps: Deps, clauses: Clause[]): Deps | undefined {
  switch (f.kind) {
    case 'ge':
    case 'eq':
      return store.assert(f.poly, f.kind === 'eq', deps);
    case 'and':
      for (const part of f.parts) {
        const conflict = assertFormula(store, part, deps, clauses);
        if (conflict !== undefined) return conflict;
      }
      return undefined;
    case 'or':
      if (f.parts.length === 0) return deps;
      clauses.push({ alternatives: f.parts, deps });
      return undefined;
    default:
      return assertNever(f, 'assertFormula');
  }
}

/** The constraints that hold if f does, leaving out disjunctions. */
function necessary(f: Formula): readonly { readonly poly: Poly; readonly eq: boolean }[] {
  if (f.kind === 'ge' || f.kind === 'eq') return [{ poly: f.poly, eq: f.kind === 'eq' }];
  return f.kind === 'and' ? f.parts.flatMap(necessary) : [];
}

/** Drops refuted alternatives and asserts last ones, until nothing changes. Leaves the open clauses in `clauses`. */
function propagate(store: Store, clauses: Clause[]): Deps | undefined {
  for (let progress = true; progress;) {
    progress = false;
    const conflict = store.check() ?? store.saturate();
    if (conflict !== undefined) return conflict;
    for (const clause of clauses.splice(0)) {
      let deps = clause.deps;
      const alive = clause.alternatives.filter((f) => {
        const refuted = store.refutes(necessary(f));
        if (refuted !== undefined) deps |= refuted;
        return refuted === undefined;
      });
      const [only] = alive;
      if (only === undefined) return deps;
      if (alive.length > 1) clauses.push({ alternatives: alive, deps });
      else {
        progress = true;
        const now = assertFormula(store, only, deps, clauses);
        if (now !== undefined) return now;
      }
    }
  }
  return undefined;
}

/** The clause to split: the one whose every case says most, then the one with fewest cases. */
function best(clauses: readonly Clause[]): Clause | undefined {
  const said = (c: Clause): number => Math.min(...c.alternatives.map((f) => necessary(f).length));
  let found: { readonly clause: Clause; readonly said: number } | undefined;
  for (const clause of clauses) {
    const next = { clause, said: said(clause) };
    const better =
      found === undefined ||
      next.said > found.said ||
      (next.said === found.said && clause.alternatives.length < found.clause.alternatives.length);
    if (better) found = next;
  }
  return found?.clause;
}

/** The decisions that a contradiction rests on, or undefined if none was found. */
function search(
  store: Store,
  open: readonly Clause[],
  depth: number,
  branches: number,
  spend: Spend,
): Deps | undefined {
  const clauses = [...open];
  const conflict = propagate(store, clauses);
  if (conflict !== undefined) return conflict;
  if (depth >= MAX_DEPTH || !spend(1)) return undefined;
  const split = best(clauses);
  if (split !== undefined)
    return cases(
      store,
      split,
      clauses.filter((c) => c !== split),
      depth,
      branches,
      spend,
    );
  const late = store.multiplyPairs();
  if (late !== undefined) return late;
  const fraction = branches < MAX_BRANCHES ? store.fraction() : undefined;
  if (fraction === undefined) return undefined;
  const x = atomPoly(fraction.atom);
  const integral: Clause = {
    alternatives: [le(x, constant(fraction.floor)), ge(x, constant(fraction.floor + 1n))],
    deps: 0,
  };
  return cases(store, integral, clauses, depth, branches + 1, spend);
}

function cases(
  store: Store,
  split: Clause,
  rest: readonly Clause[],
  depth: number,
  branches: number,
  spend: Spend,
): Deps | undefined {
  const bit = 1 << depth;
  let all = split.deps;
  for (const f of split.alternatives) {
    const mark = store.mark();
    const clauses = [...rest];
    const conflict = assertFormula(store, f, bit, clauses) ?? search(store, clauses, depth + 1, branches, spend);
    store.undo(mark);
    if (conflict === undefined || (conflict & bit) === 0) return conflict;
    all |= conflict & ~bit;
  }
  return all;
}
