import { parts } from '../ir/tile-walk.ts';
import type { TileOp, Val } from '../ir/tile.ts';
import {
  constantOf,
  dependsOn,
  equal,
  minus,
  offset,
  plus,
  polynomial,
  scaled,
  substitute,
  terms,
  toVal,
} from './polynomial.ts';
import type { Names, Polynomial } from './polynomial.ts';
import * as t from '../ir/tile-build.ts';

const NOTHING: Polynomial = new Map();

/**
 * How many elements of an array operations store, as a sum over outside names; undefined where a condition or data decide. Loops in vectors take whole
 * steps, so that stores which fill a step count as its length.
 */
export function written(ops: readonly TileOp[], array: string, outer: Names = new Map()): Polynomial | undefined {
  let names = outer;
  let sum: Polynomial = NOTHING;
  for (const op of ops) {
    if (op.kind === 'let') names = new Map(names).set(op.id, op.value);
    const own = storedBy(op, array, names);
    if (own === undefined) return undefined;
    sum = plus(sum, own);
  }
  return sum;
}

function storedBy(op: TileOp, array: string, names: Names): Polynomial | undefined {
  switch (op.kind) {
    case 'store':
      if (op.to.array !== array) return NOTHING;
      if (op.mask !== undefined || op.to.index.ty.lanes > 1) return undefined;
      return offset(NOTHING, op.value.ty.lanes * (op.odd === undefined ? 1 : 2));
    case 'copy':
      return op.to.array === array ? polynomial(op.count, names) : NOTHING;
    case 'loop': {
      const inside = written(op.body, array, names);
      if (inside === undefined || inside.size === 0) return inside;
      const [lo, hi] = [polynomial(op.lo, names), polynomial(op.hi, names)];
      const length = minus(hi, lo);
      const each = constantOf(inside);
      if (each !== undefined && (op.step === 1 || (op.level.kind === 'vector' && each % op.step === 0)))
        return scaled(length, each / op.step);
      if (op.step !== 1) return undefined;
      return dependsOn(inside, op.id) ? telescoped(inside, op.id, lo, hi) : product(inside, length);
    }
    default:
      // What an array gets in a branch, or all at once, is not counted.
      return parts(op).refs.some((r) => r.array === array) || parts(op).bodies.some((b) => stores(b, array))
        ? undefined
        : NOTHING;
  }
}
const stores = (ops: readonly TileOp[], array: string): boolean =>
  ops.some((op) => parts(op).refs.some((r) => r.array === array) || parts(op).bodies.some((b) => stores(b, array)));

const value = (p: Polynomial): Val => toVal(p);
const product = (a: Polynomial, b: Polynomial): Polynomial => polynomial(t.mul(value(a), value(b)), new Map());

/** Σ q(v + 1) − q(v) = q(hi) − q(lo). */
function telescoped(p: Polynomial, id: string, lo: Polynomial, hi: Polynomial): Polynomial | undefined {
  const pick = (sign: 1 | -1): Polynomial =>
    new Map(
      [...p]
        .filter(([, x]) => (sign === 1 ? x.factor > 0n : x.factor < 0n))
        .map(([k, x]) => [k, sign === 1 ? x : { ...x, factor: -x.factor }]),
    );
  const [next, now] = [pick(1), pick(-1)];
  const one = offset(polynomial(t.name(id), new Map()), 1);
  if (terms(now).length === 0 || !equal(substitute(now, id, one), next)) return undefined;
  return minus(substitute(now, id, hi), substitute(now, id, lo));
}
