import * as t from '../ir/tile-build.ts';
import type { TileArray, TileOp, Val } from '../ir/tile.ts';
import { accesses } from './accesses.ts';
import type { Access } from './accesses.ts';
import { extreme, isPositive, positive } from './bounds.ts';
import type { Known } from './bounds.ts';
import { divided, minus, offset, plus, polynomial, scaled, terms, times, textOf, toVal } from './polynomial.ts';
import type { Polynomial } from './polynomial.ts';
import { operands } from '../ir/tile-walk.ts';

/** The elements begin ≤ k < end of an array, which hold all that code touches of it. */
export interface Window {
  readonly array: TileArray;
  readonly reads: boolean;
  readonly writes: boolean;
  /** Undefined: all elements of the array. */
  readonly range: { readonly begins: readonly Polynomial[]; readonly ends: readonly Polynomial[] } | undefined;
}

/** What is known where the code begins. */
export interface Outside {
  readonly arrays: ReadonlyMap<string, TileArray>;
  /** Names that exist before the code. */
  readonly names: ReadonlySet<string>;
  readonly known: Known;
}

/** The window of each array that the code touches; undefined for arrays that are tables of pointers. */
export function windows(ops: readonly TileOp[], outside: Outside): readonly Window[] | undefined {
  const all = accesses(ops, outside.arrays);
  const known = withLoops(all, outside.known);
  const written = new Set(all.filter((a) => a.write).map((a) => a.array));
  const arrays = [...new Set(all.map((a) => a.array))];
  const found: Window[] = [];
  for (const id of arrays) {
    const array = outside.arrays.get(id);
    if (array === undefined || array.list === true) return undefined;
    const own = all.filter((a) => a.array === id);
    found.push({
      array,
      reads: own.some((a) => !a.write),
      writes: own.some((a) => a.write),
      range: rangeOf(own, outside, known, written),
    });
  }
  return found;
}

function rangeOf(
  own: readonly Access[],
  outside: Outside,
  known: Known,
  written: ReadonlySet<string>,
): Window['range'] {
  const begins = new Map<string, Polynomial>();
  const ends = new Map<string, Polynomial>();
  for (const a of own) {
    if (a.at === undefined) return undefined;
    const least = end(a.at, a, 'least', known, outside, written);
    const most = end(plus(a.at, a.extent), a, 'most', known, outside, written);
    if (least === undefined || most === undefined) return undefined;
    begins.set(textOf(least), least);
    ends.set(textOf(most), most);
  }
  return { begins: foremost([...begins.values()], -1, known), ends: foremost([...ends.values()], 1, known) };
}
/** Without sums that another one is certainly beyond: less where `sign` is −1, more where it is 1. */
const foremost = (all: readonly Polynomial[], sign: 1 | -1, known: Known): readonly Polynomial[] =>
  all.filter((x) => !all.some((y) => x !== y && isPositive(scaled(minus(y, x), sign), known)));

/** The least or greatest value of an index; a position along an axis that only data tell is anywhere on that axis. */
function end(
  at: Polynomial,
  a: Access,
  which: 'least' | 'most',
  known: Known,
  outside: Outside,
  written: ReadonlySet<string>,
): Polynomial | undefined {
  const found = extreme(at, a.ranges, which, known);
  if (found !== undefined && stands(found, outside, written)) return found;
  const extents = outside.arrays.get(a.array)?.extents;
  if (extents === undefined || extents.length < 2 || a.at === undefined) return undefined;
  const lanes = which === 'most' ? a.extent : new Map();
  let [rest, sum]: [Polynomial | undefined, Polynomial] = [a.at, lanes];
  for (let k = 0; k < extents.length && rest !== undefined; k++) {
    const stride = polynomial(t.product(extents.slice(k + 1)), NONE);
    const parts: ReturnType<typeof divided> =
      k === extents.length - 1 ? { quotient: rest, rest: new Map() } : divided(rest, stride);
    if (parts === undefined) return undefined;
    const own = extreme(parts.quotient, a.ranges, which, known);
    const fine = own !== undefined && stands(own, outside, written);
    // Along the first axis that is the whole array.
    if (!fine && k === 0) return undefined;
    const extent = extents[k];
    const anywhere = which === 'least' || extent === undefined ? new Map() : offset(polynomial(extent, NONE), -1);
    // A run of several elements ends on the axis: it does not begin at its last position.
    if (!fine && k === extents.length - 1 && which === 'most') sum = minus(sum, offset(lanes, -1));
    sum = plus(sum, times(fine ? own : anywhere, stride));
    rest = parts.rest;
  }
  return sum;
}
const NONE: ReadonlyMap<string, Val> = new Map();

/** True if the sum can be computed before the code runs: over outside names, and reads of integers that the code does not write. */
export function stands(p: Polynomial, outside: Outside, written: ReadonlySet<string>): boolean {
  const fine = (v: Val): boolean => {
    if (v.ty.lanes > 1) return false;
    if (v.kind === 'name') return outside.names.has(v.id);
    if (
      v.kind === 'load' &&
      (written.has(v.from.array) || v.from.entry !== undefined || v.mask !== undefined || v.ty.dtype.startsWith('f'))
    )
      return false;
    // A read under a condition may lie outside of its array.
    return v.kind !== 'select' && v.kind !== 'opaque' && operands(v).every(fine);
  };
  return terms(p).every((x) => x.atoms.every(fine));
}

/** Loop variables that start at what is not negative are not negative. */
export function withLoops(all: readonly Access[], known: Known): Known {
  const open = new Map(all.flatMap((a) => a.ranges).map((r) => [`${r.id} ${textOf(r.least)}`, r] as const));
  const names = new Set(known.positive);
  for (const r of open.values()) names.add(r.id);
  // Names that stand for several loops count if all of them qualify; outer loops may bound inner ones.
  for (let again = true; again;) {
    again = false;
    for (const r of open.values()) {
      const fine = terms(r.least).every(
        (x) => x.factor > 0n && x.atoms.every((a) => positive(a, { ...known, positive: names })),
      );
      if (fine || !names.has(r.id)) continue;
      names.delete(r.id);
      again = true;
    }
  }
  return { ...known, positive: names };
}

/** The first and the last of several sums, as values. */
export const leastOf = (all: readonly Polynomial[]): Val => joined(all, 'min');
export const mostOf = (all: readonly Polynomial[]): Val => joined(all, 'max');
const joined = (all: readonly Polynomial[], fn: 'min' | 'max'): Val =>
  all.map(toVal).reduce((a, b) => t.call(fn, [a, b], 'i64'));
