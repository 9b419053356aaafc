import { DTYPES } from '../../dsl/dtypes.ts';
import { operands, parts } from '../ir/tile-walk.ts';
import * as t from '../ir/tile-build.ts';
import type { Ref, TileArray, TileOp, Val } from '../ir/tile.ts';
import type { Range } from './bounds.ts';
import { equal, LANE, offset, polynomial } from './polynomial.ts';
import type { Names, Polynomial } from './polynomial.ts';

/** One way in which code touches an array. */
export interface Access {
  readonly array: string;
  readonly entry?: Val;
  readonly write: boolean;
  /** The first element, and how many from there; undefined where any element may be touched. */
  readonly at: Polynomial | undefined;
  readonly extent: Polynomial;
  /** Loops around, and lanes: the innermost first. */
  readonly ranges: readonly Range[];
}

interface Place {
  readonly names: Names;
  readonly ranges: readonly Range[];
}
const ONE = polynomial(t.int(1), new Map());

/** Everything that operations touch. `arrays` by id; lets become what they stand for, so that an index is over outer names and loops. */
export function accesses(ops: readonly TileOp[], arrays: ReadonlyMap<string, TileArray>): readonly Access[] {
  const out: Access[] = [];
  block(ops, { names: new Map(), ranges: [] }, arrays, out);
  return out;
}

function block(ops: readonly TileOp[], outer: Place, arrays: ReadonlyMap<string, TileArray>, out: Access[]): void {
  let place = outer;
  const add = (ref: Ref, write: boolean, extent: Polynomial | undefined): void => {
    const { index, entry } = ref;
    const lanes = index.ty.lanes;
    const at = polynomial(index, place.names);
    out.push({
      array: ref.array,
      ...(entry === undefined ? {} : { entry }),
      write,
      at: extent === undefined ? undefined : at,
      extent: extent ?? ONE,
      ranges: lanes > 1 ? [lane(lanes), ...place.ranges] : place.ranges,
    });
  };
  const sized = (ref: Ref, elements: number, bytes: number): Polynomial =>
    offset(new Map(), elements * (arrays.get(ref.array)?.bytes === true ? bytes : 1));
  const value = (v: Val): void => {
    if (v.kind === 'load') {
      const run = v.from.index.ty.lanes > 1 ? 1 : v.ty.lanes * (v.half === undefined ? 1 : 2);
      add(v.from, false, sized(v.from, run, DTYPES[v.dtype].bytes));
    }
    operands(v).forEach(value);
  };
  const chains = chained(ops, outer);
  for (const [n, op] of ops.entries()) {
    parts(op).values.forEach(value);
    switch (op.kind) {
      case 'let':
        place = { ...place, names: new Map(place.names).set(op.id, op.value) };
        break;
      case 'loop': {
        const range = chains.get(n) ?? rangeOf(op, polynomial(op.lo, place.names), polynomial(op.hi, place.names));
        block(op.body, { ...place, ranges: [range, ...place.ranges] }, arrays, out);
        break;
      }
      case 'store': {
        const run = op.to.index.ty.lanes > 1 ? 1 : op.value.ty.lanes * (op.odd === undefined ? 1 : 2);
        add(op.to, true, sized(op.to, run, DTYPES[op.dtype].bytes));
        break;
      }
      case 'atomic':
        add(op.to, false, ONE);
        add(op.to, true, ONE);
        break;
      case 'copy': {
        const count = polynomial(op.count, place.names);
        add(op.from, false, count);
        add(op.to, true, count);
        break;
      }
      case 'tileDot':
        for (const ref of [op.acc, op.a, op.b]) add(ref, false, undefined);
        add(op.acc, true, undefined);
        break;
      case 'waveDot':
        for (const ref of [op.a, op.b]) add(ref, false, undefined);
        break;
      case 'waveStore':
        add(op.to, true, undefined);
        break;
      case 'sortTile':
        add(op.keys, false, undefined);
        for (const ref of [op.order, op.scratch]) add(ref, true, undefined);
        break;
      default:
        for (const body of parts(op).bodies) block(body, place, arrays, out);
    }
  }
}

const lane = (lanes: number): Range => ({ id: LANE, least: new Map(), most: offset(new Map(), lanes - 1) });
type Loop = TileOp & { readonly kind: 'loop' };
/** Loops in vectors take whole steps only. */
const rangeOf = (op: Loop, lo: Polynomial, hi: Polynomial): Range => ({
  id: op.id,
  least: lo,
  most: offset(hi, op.level.kind === 'vector' ? -op.step : -1),
});

/**
 * Ranges of the loops of a block by position. Loops that go on where the one before ended share an axis: whole steps first, then what is left. Each is taken
 * to run over all of it, so that their accesses look alike.
 */
function chained(ops: readonly TileOp[], outer: Place): ReadonlyMap<number, Range> {
  interface Link {
    readonly at: number;
    readonly op: Loop;
    readonly lo: Polynomial;
    readonly hi: Polynomial;
  }
  const chains: Link[][] = [];
  let names = outer.names;
  ops.forEach((op, at) => {
    if (op.kind === 'let') names = new Map(names).set(op.id, op.value);
    if (op.kind !== 'loop') return;
    const link = { at, op, lo: polynomial(op.lo, names), hi: polynomial(op.hi, names) };
    const before = chains.find((c) => {
      const last = c.at(-1);
      return last !== undefined && equal(last.hi, link.lo);
    });
    if (before === undefined) chains.push([link]);
    else before.push(link);
  });
  const out = new Map<number, Range>();
  for (const chain of chains) {
    const [first, last] = [chain[0], chain.at(-1)];
    if (first === undefined || last === undefined) continue;
    for (const { at, op } of chain) out.set(at, rangeOf(op, first.lo, last.hi));
  }
  return out;
}
