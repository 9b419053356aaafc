import type { Val } from '../ir/tile.ts';
import { dependsOn, LANE, mentions, offset, plus, polynomial, substitute, terms } from './polynomial.ts';
import type { Polynomial } from './polynomial.ts';

/** A name and the least and greatest value that it takes. */
export interface Range {
  readonly id: string;
  readonly least: Polynomial;
  readonly most: Polynomial;
}
/** What is known of names and arrays. */
export interface Known {
  /** Names that are never negative. */
  readonly positive: ReadonlySet<string>;
  /** Arrays of offsets: never negative, and never smaller at a later place. */
  readonly rising: ReadonlySet<string>;
}

const NONE: ReadonlyMap<string, Val> = new Map();

/** True if the value is certainly not negative. */
export function positive(v: Val, k: Known): boolean {
  switch (v.kind) {
    case 'int':
      return v.value >= 0n;
    case 'name':
      return v.id === LANE || k.positive.has(v.id);
    case 'load':
      return k.rising.has(v.from.array);
    case 'convert':
    case 'splat':
      return positive(v.a, k);
    case 'call':
      return v.fn === 'max'
        ? v.args.some((a) => positive(a, k))
        : v.fn === 'min' && v.args.every((a) => positive(a, k));
    case 'binary':
      if (v.op === 'mod' || v.op === 'bitand') return positive(v.b, k);
      return (
        (v.op === 'add' || v.op === 'mul' || v.op === 'div' || v.op === 'floordiv') &&
        positive(v.a, k) &&
        positive(v.b, k)
      );
    default:
      return false;
  }
}

/** True if the value does not fall when the name grows. */
function rises(v: Val, id: string, k: Known): boolean {
  if (!mentions(v, id)) return true;
  switch (v.kind) {
    case 'name':
      return true;
    case 'load':
      return (
        k.rising.has(v.from.array) &&
        v.from.entry === undefined &&
        direction(polynomial(v.from.index, NONE), id, k) === 'up'
      );
    case 'convert':
      return rises(v.a, id, k);
    case 'call':
      return (v.fn === 'max' || v.fn === 'min') && v.args.every((a) => direction(polynomial(a, NONE), id, k) === 'up');
    case 'binary':
      if (v.op === 'div' || v.op === 'floordiv')
        return !mentions(v.b, id) && positive(v.b, k) && direction(polynomial(v.a, NONE), id, k) === 'up';
      return false;
    default:
      return false;
  }
}

/** How a sum moves with a name; `up` also where it does not move. */
function direction(p: Polynomial, id: string, k: Known): 'up' | 'down' | undefined {
  let seen: 'up' | 'down' | undefined;
  for (const { factor, atoms } of terms(p)) {
    const moving = atoms.filter((a) => mentions(a, id));
    if (moving.length === 0) continue;
    const rest = moving.length === 1 ? atoms.filter((a) => a !== moving[0]) : atoms;
    if (!moving.every((a) => rises(a, id, k)) || !rest.every((a) => positive(a, k))) return undefined;
    const own = factor > 0n ? 'up' : 'down';
    if (seen !== undefined && seen !== own) return undefined;
    seen = own;
  }
  return seen ?? 'up';
}

/**
 * The least or the greatest value of an index while the names take their values, innermost first; undefined where it does not rise or fall steadily with
 * one of them. Remainders are taken to be anything below their divisor.
 */
export function extreme(
  p: Polynomial,
  ranges: readonly Range[],
  which: 'least' | 'most',
  k: Known,
): Polynomial | undefined {
  let at: Polynomial | undefined = p;
  for (const r of ranges) {
    if (at === undefined || !dependsOn(at, r.id)) continue;
    const open: Polynomial | undefined = withoutRemainders(at, r.id, which, k);
    const ends = (p: Polynomial): Polynomial | undefined => {
      const way = direction(p, r.id, k);
      return way && substitute(p, r.id, (way === 'up') === (which === 'most') ? r.most : r.least);
    };
    if (open === undefined) return undefined;
    // Where the whole does not move one way, the extremes of its terms together are beyond its own.
    const whole: Polynomial | undefined = ends(open);
    at =
      whole ??
      [...open].reduce<Polynomial | undefined>((acc, entry) => {
        const own = ends(new Map([entry]));
        return acc && own && plus(acc, own);
      }, new Map());
    if (at === undefined) return undefined;
  }
  return at;
}

/** Remainders that move with the name replaced by their extremes. */
function withoutRemainders(p: Polynomial, id: string, which: 'least' | 'most', k: Known): Polynomial | undefined {
  let out = p;
  for (const { factor, atoms } of terms(p)) {
    const found = atoms.find((a) => a.kind === 'binary' && a.op === 'mod' && mentions(a, id));
    if (found?.kind !== 'binary') continue;
    if (found.b.kind !== 'int' || found.b.value <= 0n || atoms.some((a) => a !== found && !positive(a, k)))
      return undefined;
    const large = factor > 0n === (which === 'most');
    const key = `remainder of ${found.b.value}`;
    const named: Polynomial = replaced(out, found, key);
    out = substitute(named, key, offset(new Map(), large ? Number(found.b.value) - 1 : 0));
  }
  return out;
}
/** The sum with one value in the place of another. */
function replaced(p: Polynomial, from: Val, id: string): Polynomial {
  const name: Val = { kind: 'name', id, ty: from.ty };
  return polynomial(
    terms(p).reduce<Val>(
      (acc, { factor, atoms }) => ({
        kind: 'binary',
        op: 'add',
        a: acc,
        b: atoms.reduce<Val>((x, a) => ({ kind: 'binary', op: 'mul', a: x, b: a === from ? name : a, ty: x.ty }), {
          kind: 'int',
          value: factor,
          ty: { dtype: 'i64', lanes: 1 },
        }),
        ty: acc.ty,
      }),
      { kind: 'int', value: 0n, ty: { dtype: 'i64', lanes: 1 } },
    ),
    NONE,
  );
}

/** True if no term of the sum is negative, whatever its names are. */
export const isPositive = (p: Polynomial, k: Known): boolean =>
  terms(p).every((x) => x.factor > 0n && x.atoms.every((a) => positive(a, k)));
