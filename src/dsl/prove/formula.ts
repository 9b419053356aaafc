import { assertNever } from '../../assert.ts';
import { addScaled, constantValue, plus, scale, sub, type Poly } from './poly.ts';

/** A condition over integers in negation normal form: `ge` means poly >= 0, `eq` means poly == 0. An empty `and` is true, an empty `or` false. */
export type Formula =
  | { readonly kind: 'ge' | 'eq'; readonly poly: Poly }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Formula[] };

export const truth: Formula = { kind: 'and', parts: [] };
export const falsity: Formula = { kind: 'or', parts: [] };

const isTrue = (f: Formula): boolean => f.kind === 'and' && f.parts.length === 0;
const isFalse = (f: Formula): boolean => f.kind === 'or' && f.parts.length === 0;

const single = (parts: readonly Formula[]): Formula | undefined => (parts.length === 1 ? parts[0] : undefined);

export function and(...parts: readonly Formula[]): Formula {
  const flat = parts.flatMap((f) => (f.kind === 'and' ? f.parts : [f]));
  if (flat.some(isFalse)) return falsity;
  return single(flat) ?? (flat.length === 0 ? truth : { kind: 'and', parts: flat });
}
export function or(...parts: readonly Formula[]): Formula {
  const flat = parts.flatMap((f) => (f.kind === 'or' ? f.parts : [f]));
  if (flat.some(isTrue)) return truth;
  return single(flat) ?? (flat.length === 0 ? falsity : { kind: 'or', parts: flat });
}

/** a >= b. */
export function ge(a: Poly, b: Poly): Formula {
  const poly = sub(a, b);
  const c = constantValue(poly);
  if (c !== undefined) return c >= 0n ? truth : falsity;
  return { kind: 'ge', poly };
}
export const le = (a: Poly, b: Poly): Formula => ge(b, a);
/** a > b. */
export const gt = (a: Poly, b: Poly): Formula => ge(a, plus(b, 1n));
export const lt = (a: Poly, b: Poly): Formula => gt(b, a);
export function eq(a: Poly, b: Poly): Formula {
  const poly = sub(a, b);
  const c = constantValue(poly);
  if (c !== undefined) return c === 0n ? truth : falsity;
  return { kind: 'eq', poly };
}
export const ne = (a: Poly, b: Poly): Formula => not(eq(a, b));

export function not(f: Formula): Formula {
  switch (f.kind) {
    case 'ge':
      return { kind: 'ge', poly: plus(scale(f.poly, -1n), -1n) };
    case 'eq':
      return {
        kind: 'or',
        parts: [
          { kind: 'ge', poly: plus(f.poly, -1n) },
          { kind: 'ge', poly: plus(scale(f.poly, -1n), -1n) },
        ],
      };
    case 'and':
      return or(...f.parts.map(not));
    case 'or':
      return and(...f.parts.map(not));
    default:
      return assertNever(f, 'not');
  }
}

/** c implies f. */
export const implies = (c: Formula, f: Formula): Formula => or(not(c), f);

/** lo <= p <= hi for numbers. */
export const between = (p: Poly, lo: bigint, hi: bigint): Formula =>
  and(ge(plus(p, -lo), new Map()), ge(plus(addScaled(new Map(), p, -1n), hi), new Map()));
