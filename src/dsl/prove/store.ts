import { must } from '../../assert.ts';
import { floorDiv, gcd, monomialKey, mul, quotient, type Poly, type Term } from './poly.ts';
import { createSimplex, type Deps } from './simplex.ts';

/** A constraint poly >= 0 (or == 0) that holds where the decisions in `deps` do. */
interface Constraint {
  readonly poly: Poly;
  readonly eq: boolean;
  readonly deps: Deps;
  readonly terms: readonly Term[];
  /** Products are not multiplied again: the original times the joint factor gives the same. */
  readonly product: boolean;
}
interface Target {
  readonly atoms: readonly number[];
  /** False for monomials that only a product brought in; products of those products are of no use. */
  readonly given: boolean;
}
interface Product {
  readonly of: Constraint;
  readonly factor: readonly number[];
}

/**
 * Polynomial constraints seen as linear ones over monomials, with products of constraints and non-negative monomials added where
 * they can relate monomials that occur. Undoable. Methods that return Deps report a contradiction.
 */
export interface Store {
  readonly assert: (poly: Poly, eq: boolean, deps: Deps) => Deps | undefined;
  readonly check: () => Deps | undefined;
  /** Contradiction that the given constraints would cause, without products; asserts nothing. */
  readonly refutes: (constraints: readonly { readonly poly: Poly; readonly eq: boolean }[]) => Deps | undefined;
  /** Adds products until nothing new comes or the limits are met. */
  readonly saturate: () => Deps | undefined;
  /** Adds products of pairs of linear constraints that can relate monomials that occur: the last resort. */
  readonly multiplyPairs: () => Deps | undefined;
  /** An atom that is not an integer in the last solution, with its value rounded down. */
  readonly fraction: () => { readonly atom: number; readonly floor: bigint } | undefined;
  readonly mark: () => Mark;
  readonly undo: (mark: Mark) => void;
}
export interface Mark {
  readonly simplex: number;
  readonly forms: number;
  readonly constraints: number;
  readonly targets: number;
  readonly made: number;
  readonly paired: readonly [number, number];
  readonly blocked: readonly Product[];
}

const MAX_ROUNDS = 3;
const MAX_PRODUCTS = 160;
/** Constraints with larger constants are type limits; products with them are of no use. */
const MAX_FACTOR_CONSTANT = 1n << 24n;
const isSmall = (c: bigint): boolean => c <= MAX_FACTOR_CONSTANT && c >= -MAX_FACTOR_CONSTANT;
/** Pairs of constraints multiplied as a last resort, and the terms of such constraints. */
const MAX_PAIRS = 40;
const MAX_PAIR_TERMS = 4;
/** Coefficients stay well within the safe integers. */
const MAX_COEFFICIENT = 1n << 32n;

export function createStore(spend: (work: number) => boolean): Store {
  const simplex = createSimplex(spend);
  const variables = new Map<string, number>();
  const rows = new Map<string, number>();
  /** Rows in the order they were made. */
  const forms: { readonly key: string; readonly x: number }[] = [];
  const constraints: Constraint[] = [];
  /** Monomials of degree 2 and more that constraints mention. */
  const targets: Target[] = [];
  const targetKeys = new Set<string>();
  /** Of the monomials that were given; products stay within it. */
  const maxDegree = (): number => targets.reduce((d, t) => (t.given ? Math.max(d, t.atoms.length) : d), 2);
  const made: string[] = [];
  const madeKeys = new Set<string>();
  /** Pairs (constraint, target) below these counts have been looked at. */
  let paired: readonly [number, number] = [0, 0];
  /** Products whose factor is not known to be non-negative yet. */
  let blocked: readonly Product[] = [];

  function variableOf(atoms: readonly number[]): number {
    const key = monomialKey(atoms);
    const known = variables.get(key);
    if (known !== undefined) return known;
    const x = simplex.variable();
    variables.set(key, x);
    return x;
  }
  /** The variable that stands for Σ coef·monomial, which is in lowest terms with a positive first coefficient. */
  function formOf(terms: readonly Term[]): number | undefined {
    const [only] = terms;
    if (terms.length === 1 && only !== undefined) return variableOf(only.atoms);
    if (terms.some((t) => t.coef > MAX_COEFFICIENT || t.coef < -MAX_COEFFICIENT)) return undefined;
    const form = new Map(terms.map((t) => [variableOf(t.atoms), Number(t.coef)]));
    const key = [...form].map(([x, c]) => `${c}*${x}`).join('+');
    const known = rows.get(key);
    if (known !== undefined) return known;
    const x = simplex.row(form);
    rows.set(key, x);
    forms.push({ key, x });
    return x;
  }
  /** Forgets forms made since there were `count`, where nothing needs them. */
  function dropForms(count: number): void {
    for (const form of forms.splice(count)) {
      if (simplex.drop(form.x)) rows.delete(form.key);
      else forms.push(form);
    }
  }

  /** Bounds in the simplex; integer solutions let constants be rounded. */
  function bound(poly: Poly, eq: boolean, deps: Deps): Deps | undefined {
    const c = poly.get('')?.coef ?? 0n;
    const terms = [...poly]
      .filter(([key]) => key !== '')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, t]) => t);
    const [first] = terms;
    if (first === undefined) return (eq ? c === 0n : c >= 0n) ? undefined : deps;
    let g = 0n;
    for (const t of terms) g = gcd(g, t.coef);
    if (eq && c % g !== 0n) return deps;
    const k = first.coef < 0n ? -g : g;
    const x = formOf(terms.map((t) => ({ atoms: t.atoms, coef: t.coef / k })));
    // k·form + c >= 0; a form that cannot be expressed is left out.
    if (x === undefined) return undefined;
    if (eq) return simplex.atLeast(x, -c / k, deps) ?? simplex.atMost(x, -c / k, deps);
    return k > 0n ? simplex.atLeast(x, -floorDiv(c, k), deps) : simplex.atMost(x, floorDiv(c, -k), deps);
  }

  function assert(poly: Poly, eq: boolean, deps: Deps, product: boolean): Deps | undefined {
    const before = simplex.mark();
    const conflict = bound(poly, eq, deps);
    if (conflict !== undefined || simplex.mark() === before) return conflict;
    const terms = [...poly.values()].filter((t) => t.atoms.length > 0);
    constraints.push({ poly, eq, deps, terms, product });
    for (const t of terms) {
      const key = monomialKey(t.atoms);
      if (t.atoms.length < 2 || targetKeys.has(key)) continue;
      targetKeys.add(key);
      targets.push({ atoms: t.atoms, given: !product });
    }
    return undefined;
  }

  /** What `atom >= 0` rests on; undefined if it does not follow. */
  function nonNegative(atom: number): Deps | undefined {
    const x = variableOf([atom]);
    const known = simplex.lower(x);
    if (known !== undefined && known.value >= 0n) return known.deps;
    const mark = simplex.mark();
    const deps = simplex.atMost(x, -1n, 0) ?? simplex.check();
    simplex.undo(mark);
    if (deps !== undefined) simplex.atLeast(x, 0n, deps);
    return deps;
  }
  function factorDeps({ of, factor }: Product, signs: Map<number, Deps | undefined>): Deps | undefined {
    if (of.eq) return of.deps;
    let deps = of.deps;
    for (const a of factor) {
      const sign = signs.has(a) ? signs.get(a) : nonNegative(a);
      signs.set(a, sign);
      if (sign === undefined) return undefined;
      deps |= sign;
    }
    return deps;
  }

  /** Products that turn a term of a constraint into a monomial that occurs. */
  function candidates(): Product[] {
    const out: Product[] = [...blocked];
    const limit = maxDegree();
    const [oldConstraints, oldTargets] = paired;
    paired = [constraints.length, targets.length];
    for (const [i, of] of constraints.entries()) {
      if (of.product) continue;
      const c = of.poly.get('')?.coef ?? 0n;
      if (!isSmall(c)) continue;
      const from = i < oldConstraints ? oldTargets : 0;
      if (!spend(targets.length - from)) return out;
      for (let j = from; j < targets.length; j += 1) {
        const target = must(targets[j], 'target');
        for (const t of of.terms) {
          const factor = quotient(target.atoms, t.atoms);
          if (factor === undefined || factor.length === 0) continue;
          const key = `${i} ${monomialKey(factor)}`;
          if (madeKeys.has(key) || of.terms.some((u) => u.atoms.length + factor.length > limit)) continue;
          madeKeys.add(key);
          made.push(key);
          out.push({ of, factor });
        }
      }
    }
    return out;
  }

  return {
    assert: (poly, eq, deps) => assert(poly, eq, deps, false),
    check: simplex.check,
    refutes(list) {
      const mark = simplex.mark();
      const count = forms.length;
      let conflict: Deps | undefined;
      for (const { poly, eq } of list) conflict ??= bound(poly, eq, 0);
      conflict ??= simplex.check();
      simplex.undo(mark);
      dropForms(count);
      return conflict;
    },
    saturate() {
      let count = 0;
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        const signs = new Map<number, Deps | undefined>();
        const still: Product[] = [];
        let added = false;
        for (const product of candidates()) {
          const deps = factorDeps(product, signs);
          if (deps === undefined) still.push(product);
          else if (count < MAX_PRODUCTS) {
            count += 1;
            added = true;
            const factor: Poly = new Map([[monomialKey(product.factor), { atoms: product.factor, coef: 1n }]]);
            const conflict = assert(mul(product.of.poly, factor), product.of.eq, deps, true);
            if (conflict !== undefined) return conflict;
          }
        }
        blocked = still;
        const conflict = simplex.check();
        if (conflict !== undefined || !added) return conflict;
      }
      return undefined;
    },
    multiplyPairs() {
      const limit = maxDegree();
      const atoms = new Set(targets.flatMap((t) => (t.given ? t.atoms : [])));
      const linear = constraints.filter(
        ({ product, eq, terms, poly }) =>
          !product &&
          !eq &&
          terms.length <= MAX_PAIR_TERMS &&
          terms.every((t) => t.atoms.length === 1) &&
          terms.some((t) => t.atoms.some((a) => atoms.has(a))) &&
          isSmall(poly.get('')?.coef ?? 0n),
      );
      if (limit < 2 || atoms.size === 0) return undefined;
      let count = 0;
      for (const [i, a] of linear.entries()) {
        for (const b of linear.slice(i)) {
          // A single variable as a factor is what saturation has tried.
          if (a.terms.length < 2 || b.terms.length < 2 || (count += 1) > MAX_PAIRS) continue;
          const product = mul(a.poly, b.poly);
          if (!spend(product.size)) return undefined;
          const conflict = assert(product, false, a.deps | b.deps, true);
          if (conflict !== undefined) return conflict;
        }
      }
      return count === 0 ? undefined : simplex.check();
    },
    fraction() {
      for (const [key, x] of variables) {
        if (key.includes('.')) continue;
        const { num, den } = simplex.value(x);
        if (num % den !== 0n) return { atom: Number(key), floor: floorDiv(num, den) };
      }
      return undefined;
    },
    mark: () => ({
      simplex: simplex.mark(),
      forms: forms.length,
      constraints: constraints.length,
      targets: targets.length,
      made: made.length,
      paired,
      blocked,
    }),
    undo(mark) {
      simplex.undo(mark.simplex);
      dropForms(mark.forms);
      constraints.length = mark.constraints;
      for (const t of targets.splice(mark.targets)) targetKeys.delete(monomialKey(t.atoms));
      for (const key of made.splice(mark.made)) madeKeys.delete(key);
      paired = mark.paired;
      blocked = mark.blocked;
    },
  };
}
