/** A monomial with its coefficient: atom ids in ascending order, repeated by power; empty for the constant. */
export interface Term {
  readonly atoms: readonly number[];
  readonly coef: bigint;
}
/** A polynomial with integer coefficients over atoms, by monomial key; no term has coefficient 0. The canonical form of an integer expression. */
export type Poly = ReadonlyMap<string, Term>;

const keyOf = (atoms: readonly number[]): string => atoms.join('.');

/** The key under which a monomial stands in a Poly. */
export const monomialKey = keyOf;

export const constant = (value: bigint): Poly => new Map(value === 0n ? [] : [['', { atoms: [], coef: value }]]);
export const atomPoly = (id: number): Poly => new Map([[String(id), { atoms: [id], coef: 1n }]]);
export const zero: Poly = constant(0n);
export const one: Poly = constant(1n);

function accumulate(into: Map<string, Term>, key: string, atoms: readonly number[], coef: bigint): void {
  const sum = (into.get(key)?.coef ?? 0n) + coef;
  if (sum === 0n) into.delete(key);
  else into.set(key, { atoms, coef: sum });
}

/** a + k·b. */
export function addScaled(a: Poly, b: Poly, k: bigint): Poly {
  const out = new Map(a);
  for (const [key, t] of b) accumulate(out, key, t.atoms, t.coef * k);
  return out;
}
export const add = (a: Poly, b: Poly): Poly => addScaled(a, b, 1n);
export const sub = (a: Poly, b: Poly): Poly => addScaled(a, b, -1n);
export const scale = (a: Poly, k: bigint): Poly => addScaled(zero, a, k);
/** a + k for a number k. */
export const plus = (a: Poly, k: bigint): Poly => addScaled(a, one, k);

const mergeAtoms = (a: readonly number[], b: readonly number[]): readonly number[] =>
  [...a, ...b].sort((x, y) => x - y);

export function mul(a: Poly, b: Poly): Poly {
  const out = new Map<string, Term>();
  for (const s of a.values()) {
    for (const t of b.values()) {
      const atoms = mergeAtoms(s.atoms, t.atoms);
      accumulate(out, keyOf(atoms), atoms, s.coef * t.coef);
    }
  }
  return out;
}

/** The value of a constant polynomial. */
export function constantValue(p: Poly): bigint | undefined {
  if (p.size === 0) return 0n;
  return p.size === 1 ? p.get('')?.coef : undefined;
}

/** Equal keys mean equal polynomials. */
export function polyKey(p: Poly): string {
  return [...p]
    .map(([k, t]) => `${t.coef}*${k}`)
    .sort()
    .join('+');
}

export function degree(p: Poly): number {
  let d = 0;
  for (const t of p.values()) d = Math.max(d, t.atoms.length);
  return d;
}

/** The monomial m/d, or undefined if d does not divide m. */
export function quotient(m: readonly number[], d: readonly number[]): readonly number[] | undefined {
  if (d.length > m.length) return undefined;
  const out: number[] = [];
  let i = 0;
  for (const a of m) {
    if (i < d.length && d[i] === a) i += 1;
    else out.push(a);
  }
  return i === d.length ? out : undefined;
}

/** a = b·whole + rest, taking out what the leading term of b divides; whole is 0 if nothing. */
export function divide(a: Poly, b: Poly): { readonly whole: Poly; readonly rest: Poly } {
  let lead: Term | undefined;
  for (const t of b.values()) if (t.atoms.length > (lead?.atoms.length ?? 0)) lead = t;
  let whole = zero;
  if (lead !== undefined) {
    for (const t of a.values()) {
      const atoms = quotient(t.atoms, lead.atoms);
      if (atoms !== undefined && t.coef % lead.coef === 0n)
        whole = add(whole, new Map([[keyOf(atoms), { atoms, coef: t.coef / lead.coef }]]));
    }
  }
  return { whole, rest: sub(a, mul(b, whole)) };
}

/** Greatest common divisor of magnitudes; gcd(0, b) = |b|. */
export function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** Quotient rounded down, as the language divides; b must not be 0. */
export function floorDiv(a: bigint, b: bigint): bigint {
  const q = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
}
