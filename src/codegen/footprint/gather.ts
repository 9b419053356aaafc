import * as t from '../ir/tile-build.ts';
import { mapOps, mapVal } from '../ir/tile-map.ts';
import { printVal } from '../ir/tile-print.ts';
import { operands, visitVals } from '../ir/tile-walk.ts';
import type { TileArray, TileOp, Val } from '../ir/tile.ts';
import { accesses } from './accesses.ts';
import type { Access } from './accesses.ts';
import { extreme } from './bounds.ts';
import type { Known } from './bounds.ts';
import { equal, minus, plus, polynomial, terms, toVal } from './polynomial.ts';
import type { Names, Polynomial } from './polynomial.ts';
import { stands, withLoops } from './window.ts';
import type { Outside } from './window.ts';

/** Rows of an array that a list of integers names: element `row · stride + k` for least ≤ k < most. */
export interface Gather {
  readonly array: TileArray;
  /** The list, and the part of it that is read: from ≤ e < to. */
  readonly list: TileArray;
  readonly from: Polynomial;
  readonly to: Polynomial;
  /** The row that an entry of the list names; the entry is `ENTRY`. */
  readonly row: Val;
  readonly stride: Polynomial;
  readonly least: Polynomial;
  readonly most: Polynomial;
}
/** The name that stands for an entry of the list. */
export const ENTRY = 'kt_entry';

type Load = Val & { readonly kind: 'load' };
/** An index that a list decides, in its parts. */
interface Split {
  readonly entry: Load;
  readonly row: Val;
  readonly stride: Polynomial;
  readonly rest: Polynomial;
}

/** How code gathers rows of an array; undefined where it does otherwise. */
export function gatherOf(ops: readonly TileOp[], array: TileArray, outside: Outside): Gather | undefined {
  const all = accesses(ops, outside.arrays);
  const own = all.filter((a) => a.array === array.id);
  const written = new Set(all.filter((a) => a.write).map((a) => a.array));
  const known = withLoops(all, outside.known);
  let found: Gather | undefined;
  for (const a of own) {
    const one = ofAccess(a, array, outside, known, written);
    if (one === undefined) return undefined;
    found = found === undefined ? one : joined(found, one);
    if (found === undefined) return undefined;
  }
  return found;
}

function ofAccess(
  a: Access,
  array: TileArray,
  outside: Outside,
  known: Known,
  written: ReadonlySet<string>,
): Gather | undefined {
  if (a.write || a.at === undefined || a.entry !== undefined) return undefined;
  const split = splitOf(a.at, known);
  const list = split && outside.arrays.get(split.entry.from.array);
  if (split === undefined || list === undefined || list.list === true || list.bytes === true || written.has(list.id))
    return undefined;
  const at = polynomial(split.entry.from.index, new Map());
  const bounds = [
    extreme(at, a.ranges, 'least', known),
    extreme(at, a.ranges, 'most', known),
    extreme(split.rest, a.ranges, 'least', known),
    extreme(plus(split.rest, a.extent), a.ranges, 'most', known),
  ];
  const [from, last, least, most] = bounds;
  if (from === undefined || last === undefined || least === undefined || most === undefined) return undefined;
  if (![...bounds, split.stride].every((b) => b !== undefined && stands(b, outside, written))) return undefined;
  if (!namesOf(split.row).every((id) => id === ENTRY || outside.names.has(id))) return undefined;
  return {
    array,
    list,
    from,
    to: plus(last, polynomial(t.int(1), new Map())),
    row: split.row,
    stride: split.stride,
    least,
    most,
  };
}
const namesOf = (v: Val): readonly string[] => (v.kind === 'name' ? [v.id] : operands(v).flatMap(namesOf));

/** Two accesses as one gather: the same rows, of which the first and the last that either wants are known to be. */
function joined(a: Gather, b: Gather): Gather | undefined {
  const same =
    a.list === b.list &&
    printVal(a.row) === printVal(b.row) &&
    equal(a.stride, b.stride) &&
    equal(a.from, b.from) &&
    equal(a.to, b.to);
  const ends = (x: Polynomial, y: Polynomial, sign: 1 | -1): Polynomial | undefined => {
    const gap = minus(x, y);
    if (gap.size === 0) return x;
    const only = gap.get('');
    if (gap.size > 1 || only === undefined) return undefined;
    return only.factor > 0n === (sign === 1) ? x : y;
  };
  const [least, most] = [ends(a.least, b.least, -1), ends(a.most, b.most, 1)];
  return same && least !== undefined && most !== undefined ? { ...a, least, most } : undefined;
}

/** An index as row · stride + rest, where one entry of a list of integers decides the row. */
function splitOf(p: Polynomial, known: Known): Split | undefined {
  const open = terms(p).filter((x) => x.atoms.some((a) => listed(a, known).length > 0));
  const row = open[0]?.atoms.find((a) => listed(a, known).length > 0);
  if (row === undefined) return undefined;
  const key = printVal(row);
  // All of them times the same row: their sum is the distance of rows.
  if (
    !open.every(
      (x) =>
        x.atoms
          .filter((a) => listed(a, known).length > 0)
          .map(printVal)
          .join() === key,
    )
  )
    return undefined;
  const loads = new Map(listed(row, known).map((l) => [printVal(l), l]));
  const [entry] = loads.values();
  if (
    loads.size !== 1 ||
    entry === undefined ||
    entry.mask !== undefined ||
    entry.ty.lanes > 1 ||
    entry.ty.dtype.startsWith('f')
  )
    return undefined;
  const stride = open
    .map((x) => polynomial(t.mul(t.product(x.atoms.filter((a) => printVal(a) !== key)), t.int(x.factor)), new Map()))
    .reduce(plus);
  const text = printVal(entry);
  const named = mapVal(row, {
    op: (op) => [op],
    val: (v) => (v.kind === 'load' && printVal(v) === text ? t.name(ENTRY, v.ty) : v),
  });
  const rest = new Map([...p].filter(([, x]) => !open.includes(x)));
  return { entry, row: named, stride, rest };
}
/** Loads that are not of offsets. */
const listed = (v: Val, known: Known): readonly Load[] =>
  v.kind === 'load' && !known.rising.has(v.from.array) ? [v] : operands(v).flatMap((o) => listed(o, known));

/** Names of the slot that holds gathered rows: the first entry of the list, the first element of a row and their number. */
export const rowNames = (
  array: string,
): { readonly from: string; readonly first: string; readonly length: string } => ({
  from: `${array}__from`,
  first: `${array}__at`,
  length: `${array}__row`,
});

/** The code on a slot that holds the rows one behind the other, in the order of the list; lets that nothing mentions any more are left out. */
export function onRows(ops: readonly TileOp[], array: string, all: Known): readonly TileOp[] {
  const n = rowNames(array);
  const index = (v: Load, names: Names): Val => {
    const split = splitOf(polynomial(v.from.index, names), all);
    if (split === undefined) throw new Error(`internal: ${array} is not gathered by rows`);
    const e = polynomial(split.entry.from.index, new Map());
    const place = t.mul(t.sub(toVal(e), t.name(n.from)), t.name(n.length));
    return t.add(place, t.sub(toVal(split.rest), t.name(n.first)));
  };
  const go = (list: readonly TileOp[], outer: Names): readonly TileOp[] => {
    let names = outer;
    return list.flatMap((op) => {
      const here = names;
      if (op.kind === 'let') names = new Map(names).set(op.id, op.value);
      // Bodies are walked with the names of their place, values of this operation here.
      if (op.kind === 'loop') return [{ ...op, body: go(op.body, here) }];
      if (op.kind === 'while') return [{ ...op, body: go(op.body, here) }];
      if (op.kind === 'if') return [{ ...op, then: go(op.then, here), else: go(op.else, here) }];
      return mapOps([op], {
        op: (x) => [x],
        val: (v) =>
          v.kind === 'load' && v.from.array === array ? { ...v, from: { array, index: index(v, here) } } : v,
      });
    });
  };
  return withoutIdle(go(ops, new Map()));
}

/** Without lets that nothing mentions. */
function withoutIdle(ops: readonly TileOp[]): readonly TileOp[] {
  const used = new Set<string>();
  visitVals(ops, (v) => void (v.kind === 'name' && used.add(v.id)));
  let dropped = false;
  const go = (list: readonly TileOp[]): readonly TileOp[] =>
    list.flatMap((op): readonly TileOp[] => {
      if (op.kind === 'let' && !used.has(op.id)) {
        dropped = true;
        return [];
      }
      if (op.kind === 'loop' || op.kind === 'while') return [{ ...op, body: go(op.body) }];
      if (op.kind === 'if') return [{ ...op, then: go(op.then), else: go(op.else) }];
      return [op];
    });
  const out = go(ops);
  return dropped ? withoutIdle(out) : out;
}
