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

const TOKENS: Partial<Record<string, string>> = { add: '+', mul: '*', and: '&', or: '|' };
/** `a ∘ b` of two vectors that are no masks. */
function joined(c: Collector, op: Monoid, ty: Ty, a: string, b: string): string {
  const token = TOKENS[op];
  if (token !== undefined) return `${a} ${token} ${b}`;
  return `${functionFor(c, op === 'max' ? 'max' : 'min', ty, [ty, ty])}(${a}, ${b})`;
}

/** Prefix folds of the lanes of a vector: after the step of h each lane has 2 h of them. Lanes that come in from outside are the neutral element. */
export function scanLanes(
  c: Collector,
  op: Monoid,
  ty: Ty,
  how: { readonly exclusive: boolean; readonly reverse: boolean },
  neutral: string,
): string {
  const { lanes } = ty;
  const V = localType(c, ty);
  const name = `scan_${op}_${ty.dtype}${lanesSuffix(lanes)}${how.exclusive ? '_exclusive' : ''}${how.reverse ? '_reverse' : ''}`;
  return c.add(name, () => {
    const moved = (h: number): string =>
      Array.from({ length: lanes }, (_, k) => {
        const from = how.reverse ? k + h : k - h;
        return from < 0 || from >= lanes ? lanes + k : from;
      }).join(', ');
    const shift = (h: number): string => `__builtin_shufflevector(v, outside, ${moved(h)})`;
    const steps: string[] = [];
    for (let h = 1; h < lanes; h *= 2) {
      const [a, b] = how.reverse ? ['v', shift(h)] : [shift(h), 'v'];
      steps.push(`  v = ${joined(c, op, ty, a, b)};`);
    }
    return `static inline ${V} ${name}(${V} v) {
  const ${V} outside = ${splat(c, ty)}(${neutral});
${steps.join('\n')}
  return ${how.exclusive ? shift(1) : 'v'};
}`;
  });
}

/** Folds the lanes of a vector: halves onto each other, so that the order is fixed and everything stays in a register. */
export function foldLanes(c: Collector, op: Monoid, ty: Ty): string {
  const V = localType(c, ty);
  const { lanes } = ty;
  const bool = ty.dtype === 'bool';
  const S = bool ? 'bool' : storageType(c, ty.dtype);
  const step = (other: string): string => {
    if (bool) return op === 'or' || op === 'add' || op === 'max' ? `v | ${other}` : `v & ${other}`;
    return joined(c, op, ty, 'v', other);
  };
  const name = `fold_${op}_${ty.dtype}${lanesSuffix(lanes)}`;
  return c.add(name, () => {
    const steps: string[] = [];
    for (let width = lanes / 2; width >= 1; width /= 2) {
      const partner = Array.from({ length: lanes }, (_, k) => k ^ width).join(', ');
      steps.push(`  v = ${step(`__builtin_shufflevector(v, v, ${partner})`)};`);
    }
    return `static inline ${S} ${name}(${V} v) {\n${steps.join('\n')}\n  return v[0]${bool ? ' != 0' : ''};\n}`;
  });
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
