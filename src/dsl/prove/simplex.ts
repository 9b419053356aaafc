import { must } from '../../assert.ts';
import { gcd } from './poly.ts';

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
/** den·x = Σ coefs, and num = Σ coefs·value. */
interface Row {
  readonly den: bigint;
  readonly coefs: Map<number, bigint>;
  num: bigint;
}

/**
 * Linear constraints over rationals with exact arithmetic: simplex in general form (bounds on variables and on slack rows),
 * incremental and undoable. Bounds are integers, so variables outside the basis always have integer values.
 * Methods that return Deps report a conflict: the asserted bounds contradict each other; undefined means none was found.
 */
export interface Simplex {
  readonly variable: () => number;
  /** A variable that equals the linear form. */
  readonly row: (form: ReadonlyMap<number, bigint>) => number;
  readonly atLeast: (x: number, value: bigint, deps: Deps) => Deps | undefined;
  readonly atMost: (x: number, value: bigint, deps: Deps) => Deps | undefined;
  readonly check: () => Deps | undefined;
  readonly lower: (x: number) => Bound | undefined;
  /** Value of x in the last solution, as a fraction in lowest terms. */
  readonly value: (x: number) => { readonly num: bigint; readonly den: bigint };
  readonly mark: () => number;
  /** Takes back all bounds asserted since the mark; variables and rows stay. */
  readonly undo: (mark: number) => void;
}

/** `spend` is told the number of coefficients touched; when it returns false the search stops without a conflict. */
export function createSimplex(spend: (work: number) => boolean): Simplex {
  const lo: (Bound | undefined)[] = [];
  const hi: (Bound | undefined)[] = [];
  /** Values of variables outside the basis. */
  const values: bigint[] = [];
  const rows = new Map<number, Row>();
  const trail: { readonly side: (Bound | undefined)[]; readonly x: number; readonly old: Bound | undefined }[] = [];

  const valueAt = (x: number): bigint => must(values[x], 'simplex value');
  function evaluate(coefs: ReadonlyMap<number, bigint>): bigint {
    let sum = 0n;
    for (const [x, c] of coefs) sum += c * valueAt(x);
    return sum;
  }
  function makeRow(den: bigint, coefs: Map<number, bigint>): Row {
    let g = den;
    for (const c of coefs.values()) {
      if (g === 1n) break;
      g = gcd(g, c);
    }
    if (g !== 1n) for (const [x, c] of coefs) coefs.set(x, c / g);
    return { den: den / g, coefs, num: evaluate(coefs) };
  }
  /** scale·base + k·extra, without zero entries. */
  function combine(base: ReadonlyMap<number, bigint>, scale: bigint, extra: ReadonlyMap<number, bigint>, k: bigint, skip: number): Map<number, bigint> {
    const out = new Map<number, bigint>();
    for (const [x, c] of base) if (x !== skip) out.set(x, c * scale);
    for (const [x, c] of extra) {
      const sum = (out.get(x) ?? 0n) + c * k;
      if (sum === 0n) out.delete(x);
      else out.set(x, sum);
    }
    return out;
  }
  function setValue(x: number, value: bigint): void {
    const delta = value - valueAt(x);
    if (delta === 0n) return;
    values[x] = value;
    for (const row of rows.values()) {
      const c = row.coefs.get(x);
      if (c !== undefined) row.num += c * delta;
    }
  }
  /** Swaps basic b (which gets `value`) with x, which stands in b's row. Returns the work done. */
  function pivot(b: number, x: number, value: bigint): number {
    const row = must(rows.get(b), 'simplex row');
    const c = must(row.coefs.get(x), 'simplex pivot');
    const sign = c < 0n ? -1n : 1n;
    const coefs = new Map<number, bigint>([[b, row.den * sign]]);
    for (const [y, d] of row.coefs) if (y !== x) coefs.set(y, -d * sign);
    rows.delete(b);
    values[b] = value;
    const entering = makeRow(c * sign, coefs);
    let work = rows.size;
    for (const [r, other] of rows) {
      const a = other.coefs.get(x);
      if (a === undefined) continue;
      work += other.coefs.size + coefs.size;
      rows.set(r, makeRow(other.den * entering.den, combine(other.coefs, entering.den, entering.coefs, a, x)));
    }
    rows.set(x, entering);
    return work;
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
  return {
    variable,
    row(form) {
      let coefs = new Map<number, bigint>();
      let den = 1n;
      for (const [x, c] of form) {
        const basic = rows.get(x);
        if (basic === undefined) coefs = combine(coefs, 1n, new Map([[x, c * den]]), 1n, -1);
        else {
          coefs = combine(coefs, basic.den, basic.coefs, c * den, -1);
          den *= basic.den;
        }
      }
      const x = variable();
      rows.set(x, makeRow(den, coefs));
      return x;
    },
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
        // Bland's rule: smallest violated, then smallest suitable variable; it cannot cycle.
        let b = -1;
        let up = false;
        for (const [x, row] of rows) {
          if (b >= 0 && x > b) continue;
          const l = lo[x];
          const h = hi[x];
          if (l !== undefined && row.num < l.value * row.den) [b, up] = [x, true];
          else if (h !== undefined && row.num > h.value * row.den) [b, up] = [x, false];
        }
        if (b < 0) return undefined;
        const row = must(rows.get(b), 'simplex row');
        const broken = must((up ? lo : hi)[b], 'violated bound');
        let entering = -1;
        let deps = broken.deps;
        for (const [x, c] of row.coefs) {
          // x must move in the direction that brings b towards its bound.
          const limit = (c > 0n === up ? hi : lo)[x];
          const free = limit === undefined || (c > 0n === up ? valueAt(x) < limit.value : valueAt(x) > limit.value);
          if (free) entering = entering < 0 ? x : Math.min(entering, x);
          else deps |= limit.deps;
        }
        if (entering < 0) return deps;
        if (!spend(pivot(b, entering, broken.value))) return undefined;
      }
    },
    lower: (x) => lo[x],
    value(x) {
      const row = rows.get(x);
      if (row === undefined) return { num: valueAt(x), den: 1n };
      const g = gcd(row.num, row.den);
      return { num: row.num / g, den: row.den / g };
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
