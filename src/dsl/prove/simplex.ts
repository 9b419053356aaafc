import { must } from '../../assert.ts';

/**
 * Which decisions a bound or a conflict rests on: bit i stands for the i-th open case split, 0 for none.
 * It lets the search skip the other cases of a split that a refutation did not use.
 */
export type Deps = number;

/** A bound and what it rests on. */
interface Bound {
  readonly value: bigint;
  readonly deps: Deps;
}
/** Σ coefs, with safe integers as coefficients. */
export type Form = ReadonlyMap<number, number>;
/** den·x = Σ coefs, den > 0. */
interface Row {
  readonly den: number;
  readonly coefs: Form;
  /** Σ coefs·value, once computed; forgotten when a value changes. */
  num: bigint | undefined;
}

/**
 * Linear constraints over rationals with exact arithmetic: simplex in general form (bounds on variables and on slack rows),
 * incremental and undoable. Bounds are integers, so variables outside the basis always have integer values.
 * Methods that return Deps report a conflict: the asserted bounds contradict each other; undefined means none was found.
 */
export interface Simplex {
  readonly variable: () => number;
  /** A variable that equals the linear form. */
  readonly row: (form: Form) => number;
  /** Takes a row's variable out again if it has no bounds and is basic; tells whether it did. */
  readonly drop: (x: number) => boolean;
  readonly atLeast: (x: number, value: bigint, deps: Deps) => Deps | undefined;
  readonly atMost: (x: number, value: bigint, deps: Deps) => Deps | undefined;
  readonly check: () => Deps | undefined;
  readonly lower: (x: number) => Bound | undefined;
  /** Value of x in the last solution, as a fraction with positive denominator. */
  readonly value: (x: number) => { readonly num: bigint; readonly den: bigint };
  readonly mark: () => number;
  /** Takes back all bounds asserted since the mark; variables and rows stay. */
  readonly undo: (mark: number) => void;
}

function gcd(a: number, b: number): number {
  let x = Math.abs(a);
  let y = Math.abs(b);
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** `spend` is told the number of coefficients touched; when it returns false the search stops without a conflict. */
export function createSimplex(spend: (work: number) => boolean): Simplex {
  const lo: (Bound | undefined)[] = [];
  const hi: (Bound | undefined)[] = [];
  /** Values of variables outside the basis. */
  const values: bigint[] = [];
  const rows = new Map<number, Row>();
  const trail: { readonly side: (Bound | undefined)[]; readonly x: number; readonly old: Bound | undefined }[] = [];
  /** A coefficient left the safe integers: the rows are not to be trusted, and no check finds anything any more. */
  let overflow = false;

  const valueAt = (x: number): bigint => must(values[x], 'simplex value');
  const exact = (v: number): number => {
    if (!Number.isSafeInteger(v)) overflow = true;
    return v;
  };
  /** den times the value of a row's variable. */
  function numerator(row: Row): bigint {
    if (row.num !== undefined) return row.num;
    let sum = 0n;
    for (const [x, c] of row.coefs) {
      const v = valueAt(x);
      if (v !== 0n) sum += c === 1 ? v : c === -1 ? -v : BigInt(c) * v;
    }
    row.num = sum;
    return sum;
  }
  function makeRow(den: number, coefs: Map<number, number>): Row {
    let g = den;
    for (const c of coefs.values()) {
      if (g === 1) return { den, coefs, num: undefined };
      g = gcd(g, c);
    }
    if (g > 1) for (const [x, c] of coefs) coefs.set(x, c / g);
    return { den: den / g, coefs, num: undefined };
  }
  /** scale·base + k·extra, without the variable `skip` and zero entries. */
  function combine(base: Form, scale: number, extra: Form, k: number, skip: number): Map<number, number> {
    const out = new Map<number, number>();
    for (const [x, c] of base) if (x !== skip) out.set(x, exact(c * scale));
    for (const [x, c] of extra) {
      const sum = exact((out.get(x) ?? 0) + exact(c * k));
      if (sum === 0) out.delete(x);
      else out.set(x, sum);
    }
    return out;
  }
  /** Swaps basic b (which gets `value`) with x, which stands in b's row. Returns the work done. */
  function pivot(b: number, x: number, value: bigint): number {
    const row = must(rows.get(b), 'simplex row');
    const c = must(row.coefs.get(x), 'simplex pivot');
    const sign = c < 0 ? -1 : 1;
    const coefs = new Map<number, number>([[b, row.den * sign]]);
    for (const [y, d] of row.coefs) if (y !== x) coefs.set(y, -d * sign);
    rows.delete(b);
    values[b] = value;
    const entering = makeRow(c * sign, coefs);
    let work = rows.size;
    for (const [r, other] of rows) {
      const a = other.coefs.get(x);
      if (a === undefined) continue;
      work += other.coefs.size + coefs.size;
      rows.set(r, makeRow(exact(other.den * entering.den), combine(other.coefs, entering.den, entering.coefs, a, x)));
    }
    rows.set(x, entering);
    return work;
  }
  function setValue(x: number, value: bigint): void {
    values[x] = value;
    for (const row of rows.values()) if (row.num !== undefined && row.coefs.has(x)) row.num = undefined;
  }
  function assertBound(side: (Bound | undefined)[], x: number, bound: Bound): void {
    trail.push({ side, x, old: side[x] });
    side[x] = bound;
  }
  const variable = (): number => {
    values.push(0n);
    lo.push(undefined);
    hi.push(undefined);
    return values.length - 1;
  };
  const scaled = (b: Bound, row: Row): bigint => (row.den === 1 ? b.value : b.value * BigInt(row.den));
  /** The basic variable of least index that violates a bound. */
  function violated():
    { readonly x: number; readonly row: Row; readonly up: boolean; readonly bound: Bound } | undefined {
    let found: { readonly x: number; readonly row: Row; readonly up: boolean; readonly bound: Bound } | undefined;
    for (const [x, row] of rows) {
      if (found !== undefined && x > found.x) continue;
      const l = lo[x];
      const h = hi[x];
      if (l === undefined && h === undefined) continue;
      const num = numerator(row);
      if (l !== undefined && num < scaled(l, row)) found = { x, row, up: true, bound: l };
      else if (h !== undefined && num > scaled(h, row)) found = { x, row, up: false, bound: h };
    }
    return found;
  }

  return {
    variable,
    row(form) {
      let coefs = new Map<number, number>();
      let den = 1;
      for (const [x, c] of form) {
        const basic = rows.get(x);
        if (basic === undefined) coefs = combine(coefs, 1, new Map([[x, exact(c * den)]]), 1, -1);
        else {
          coefs = combine(coefs, basic.den, basic.coefs, exact(c * den), -1);
          den = exact(den * basic.den);
        }
      }
      const x = variable();
      rows.set(x, makeRow(den, coefs));
      return x;
    },
    drop: (x) => lo[x] === undefined && hi[x] === undefined && rows.delete(x),
    atLeast(x, value, deps) {
      const upper = hi[x];
      if (upper !== undefined && upper.value < value) return upper.deps | deps;
      const old = lo[x];
      if (old !== undefined && old.value >= value) return undefined;
      assertBound(lo, x, { value, deps });
      if (!rows.has(x) && valueAt(x) < value) setValue(x, value);
      return undefined;
    },
    atMost(x, value, deps) {
      const lower = lo[x];
      if (lower !== undefined && lower.value > value) return lower.deps | deps;
      const old = hi[x];
      if (old !== undefined && old.value <= value) return undefined;
      assertBound(hi, x, { value, deps });
      if (!rows.has(x) && valueAt(x) > value) setValue(x, value);
      return undefined;
    },
    check() {
      if (!spend(rows.size)) return undefined;
      for (;;) {
        if (overflow) return undefined;
        // Bland's rule: smallest violated, then smallest suitable variable; it cannot cycle.
        const broken = violated();
        if (broken === undefined) return undefined;
        let entering = -1;
        let deps = broken.bound.deps;
        for (const [x, c] of broken.row.coefs) {
          // x must move in the direction that brings the broken variable towards its bound.
          const rises = c > 0 === broken.up;
          const limit = (rises ? hi : lo)[x];
          if (limit === undefined || (rises ? valueAt(x) < limit.value : valueAt(x) > limit.value))
            entering = entering < 0 ? x : Math.min(entering, x);
          else deps |= limit.deps;
        }
        if (entering < 0) return deps;
        if (!spend(pivot(broken.x, entering, broken.bound.value))) return undefined;
      }
    },
    lower: (x) => lo[x],
    value(x) {
      const row = rows.get(x);
      return row === undefined ? { num: valueAt(x), den: 1n } : { num: numerator(row), den: BigInt(row.den) };
    },
    mark: () => trail.length,
    undo(mark) {
      while (trail.length > mark) {
        const entry = must(trail.pop(), 'simplex trail');
        entry.side[entry.x] = entry.old;
      }
    },
  };
}
