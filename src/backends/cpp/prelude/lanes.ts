import type { Ty } from '../../../codegen/ir/tile.ts';
import type { Monoid } from '../../../codegen/ir/stage.ts';
import type { Collector } from './collector.ts';
import { functionFor } from './functions.ts';
import { lanesSuffix, localType, storageType } from './types.ts';

/** A scalar in every lane; subtracting zero keeps the sign of -0. */
export function splat(c: Collector, ty: Ty): string {
  const V = localType(c, ty);
  const [S, expr] = ty.dtype === 'bool' ? ['bool', `-(i32)x - ${V}{}`] : [storageType(c, ty.dtype), `x - ${V}{}`];
  return c.add(
    `splat_${ty.dtype}${lanesSuffix(ty.lanes)}`,
    () => `static inline ${V} splat_${ty.dtype}${lanesSuffix(ty.lanes)}(${S} x) {\n  return ${expr};\n}`,
  );
}

/** Folds the lanes of a vector: halves onto each other while they are vectors, which keeps the order fixed. */
export function foldLanes(c: Collector, op: Monoid, ty: Ty): string {
  const V = localType(c, ty);
  const S = ty.dtype === 'bool' ? 'bool' : storageType(c, ty.dtype);
  const scalar: Ty = { dtype: ty.dtype, lanes: 1 };
  const step = (a: string, b: string): string => {
    if (ty.dtype === 'bool') return op === 'or' || op === 'add' || op === 'max' ? `${a} | ${b}` : `${a} & ${b}`;
    const token = { add: '+', mul: '*', and: '&', or: '|' }[String(op)];
    return token === undefined
      ? `${functionFor(c, op === 'max' ? 'max' : 'min', scalar, [scalar, scalar])}(${a}, ${b})`
      : `${a} ${token} ${b}`;
  };
  const name = `fold_${op}_${ty.dtype}${lanesSuffix(ty.lanes)}`;
  const E = ty.dtype === 'bool' ? 'i32' : S;
  return c.add(
    name,
    () => `static inline ${S} ${name}(${V} v) {
  ${E} part[${ty.lanes}];
  __builtin_memcpy(part, &v, sizeof v);
  for (int width = ${ty.lanes / 2}; width > 0; width /= 2)
    for (int k = 0; k < width; ++k) part[k] = ${step('part[k]', 'part[k + width]')};
  return part[0]${ty.dtype === 'bool' ? ' != 0' : ''};
}`,
  );
}

/** Stable merge sort of positions by key; NaN is above +inf. */
export function sortRows(c: Collector, t: Ty['dtype'], descending: boolean): string {
  const [K, i64] = [t === 'bool' ? 'bool' : storageType(c, t), storageType(c, 'i64')];
  const floats = t === 'f32' || t === 'f64';
  const name = `sort_${t}_${descending ? 'descending' : 'ascending'}`;
  const less = floats
    ? descending
      ? '(a > b || (a != a && b == b))'
      : '(a < b || (a == a && b != b))'
    : descending
      ? 'a > b'
      : 'a < b';
  return c.add(
    name,
    () => `// Stable: positions of equal keys stay in order.${floats ? ' NaN is above +inf.' : ''}
static inline bool ${name}_before(${K} a, ${K} b) {
  return ${less};
}
static void ${name}(const ${K}* keys, ${i64}* order, ${i64}* spare, ${i64} n) {
  for (${i64} k = 0; k < n; ++k) order[k] = k;
  for (${i64} width = 1; width < n; width *= 2) {
    for (${i64} lo = 0; lo < n; lo += 2 * width) {
      const ${i64} mid = lo + width < n ? lo + width : n;
      const ${i64} hi = lo + 2 * width < n ? lo + 2 * width : n;
      ${i64} a = lo, b = mid;
      for (${i64} k = lo; k < hi; ++k) {
        const bool right = b < hi && (a == mid || ${name}_before(keys[order[b]], keys[order[a]]));
        spare[k] = right ? order[b++] : order[a++];
      }
    }
    for (${i64} k = 0; k < n; ++k) order[k] = spare[k];
  }
}`,
  );
}
