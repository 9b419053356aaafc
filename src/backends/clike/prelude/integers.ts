import type { ValueType } from '../../../dsl/dtypes.ts';
import type { Collector } from './collector.ts';
import { perLane, storageType, vector } from './types.ts';
import { either, instructionOf } from './x86.ts';

type Int = 'i32' | 'i64' | 'u32' | 'u64';
export const isIntType = (t: ValueType): t is Int => t === 'i32' || t === 'i64' || t === 'u32' || t === 'u64';
export const bitsOf = (t: ValueType): number => (t === 'i32' || t === 'u32' || t === 'f32' ? 32 : 64);
const isSigned = (t: Int): boolean => t === 'i32' || t === 'i64';

/** Floor division and remainder, by zero 0. Scalars; lanes go one by one, there is no vector division. */
export function floorDiv(c: Collector, t: Int, lanes: number): string {
  const T = storageType(c, t);
  const name = c.add(`floor_div_${t}`, () =>
    isSigned(t)
      ? `static inline ${T} floor_div_${t}(${T} a, ${T} b) {
  if (b == 0) return 0;
  if (b == -1) return (${T})(0 - (${storageType(c, t === 'i32' ? 'u32' : 'u64')})a);
  const ${T} q = a / b;
  return q - (a % b != 0 && (a < 0) != (b < 0));
}`
      : `static inline ${T} floor_div_${t}(${T} a, ${T} b) {\n  return b == 0 ? 0 : a / b;\n}`,
  );
  return lanes === 1 ? name : both(c, name, t, lanes);
}
export function floorMod(c: Collector, t: Int, lanes: number): string {
  const T = storageType(c, t);
  const name = c.add(`floor_mod_${t}`, () =>
    isSigned(t)
      ? `static inline ${T} floor_mod_${t}(${T} a, ${T} b) {
  if (b == 0 || b == -1) return 0;
  const ${T} r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}`
      : `static inline ${T} floor_mod_${t}(${T} a, ${T} b) {\n  return b == 0 ? 0 : a % b;\n}`,
  );
  return lanes === 1 ? name : both(c, name, t, lanes);
}
const both = (c: Collector, name: string, t: Int, lanes: number): string =>
  perLane(
    c,
    name,
    lanes,
    t,
    [
      { dtype: t, name: 'a' },
      { dtype: t, name: 'b' },
    ],
    ([a, b]) => `${name}(${a ?? ''}, ${b ?? ''})`,
  );

/** The upper half of a product. */
export function mulhi(c: Collector, t: Int, lanes: number): string {
  const T = storageType(c, t);
  const wide =
    t === 'i64' ? '__int128' : t === 'u64' ? 'unsigned __int128' : storageType(c, t === 'i32' ? 'i64' : 'u64');
  const name = c.add(
    `mulhi_${t}`,
    () => `static inline ${T} mulhi_${t}(${T} a, ${T} b) {\n  return (${T})(((${wide})a * b) >> ${bitsOf(t)});\n}`,
  );
  return lanes === 1 ? name : both(c, name, t, lanes);
}

/** Rotations by a count modulo the width. */
export function rotate(c: Collector, side: 'rotl' | 'rotr', t: Int): string {
  const T = storageType(c, t);
  const bits = bitsOf(t);
  const U = storageType(c, bits === 32 ? 'u32' : 'u64');
  const [first, second] = side === 'rotl' ? ['<<', '>>'] : ['>>', '<<'];
  return c.add(
    `${side}_${t}`,
    () => `static inline ${T} ${side}_${t}(${T} x, int n) {
  const ${U} u = (${U})x;
  return (${T})((u ${first} (n & ${bits - 1})) | (u ${second} (-n & ${bits - 1})));
}`,
  );
}

export function popcount(c: Collector, t: Int): string {
  const T = storageType(c, t);
  return c.add(
    `popcount_${t}`,
    () =>
      `static inline ${T} popcount_${t}(${T} x) {\n  return (${T})__builtin_popcount${bitsOf(t) === 64 ? 'll' : ''}(x);\n}`,
  );
}
export function clz(c: Collector, t: Int): string {
  const T = storageType(c, t);
  return c.add(
    `clz_${t}`,
    () =>
      `static inline ${T} clz_${t}(${T} x) {\n  return (${T})(x == 0 ? ${bitsOf(t)} : __builtin_clz${bitsOf(t) === 64 ? 'll' : ''}(x));\n}`,
  );
}

/** Philox 4×32-10 (Salmon et al., SC 2011): the counter in the low words, the seed as key; one of four words. */
export function philox(c: Collector): string {
  const [u32, u64, i32] = [storageType(c, 'u32'), storageType(c, 'u64'), storageType(c, 'i32')];
  return c.add(
    'philox',
    () => `static inline ${u32} philox(${u64} seed, ${u64} counter, ${i32} word) {
  ${u32} c0 = (${u32})counter, c1 = (${u32})(counter >> 32), c2 = 0, c3 = 0;
  ${u32} k0 = (${u32})seed, k1 = (${u32})(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const ${u64} p0 = (${u64})0xd2511f53u * c0, p1 = (${u64})0xcd9e8d57u * c2;
    const ${u32} n0 = (${u32})(p1 >> 32) ^ c1 ^ k0, n2 = (${u32})(p0 >> 32) ^ c3 ^ k1;
    c1 = (${u32})p1;
    c3 = (${u32})p0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  word &= 3;
  return word == 0 ? c0 : word == 1 ? c1 : word == 2 ? c2 : c3;
}`,
  );
}

/** Float to integer: truncates, saturates, NaN gives 0. `lo` and `hi` are the ends of the range of the target. */
/** The same for lanes and integers of at most 24 bits: both ends are floats, so that clamping comes first; NaN counts as 0. */
export function saturateLanes(
  c: Collector,
  to: string,
  result: 'i32' | 'u32',
  lanes: number,
  lo: bigint,
  hi: bigint,
): string {
  const [F, I, U] = [vector(c, 'f32', lanes), vector(c, 'i32', lanes), vector(c, result, lanes)];
  const clamped = (fn: 'max' | 'min', sign: string, v: bigint): string => {
    const end = `${F}{} + ${v}.0f`;
    const text = either(
      instructionOf(fn, 'f32', lanes),
      (i) => `x = ${i.call('x', end)};`,
      `x = x ${sign} ${v}.0f ? ${end} : x;`,
    );
    return text.startsWith('#') ? text : `  ${text}`;
  };
  return c.add(
    `f32_to_${to}_x${lanes}`,
    () => `static inline ${U} f32_to_${to}_x${lanes}(${F} x) {
  x = x != x ? ${F}{} : x;
${clamped('max', '<', lo)}
${clamped('min', '>', hi)}
  return ${result === 'i32' ? '' : `(${U})`}__builtin_convertvector(x, ${I});
}`,
  );
}
export function saturate(
  c: Collector,
  from: 'f32' | 'f64',
  to: string,
  result: ValueType,
  lo: bigint,
  hi: bigint,
): string {
  const F = storageType(c, from);
  const T = result === 'bool' ? 'bool' : storageType(c, result);
  const suffix = from === 'f32' ? 'f' : '';
  const text = (v: bigint): string =>
    v === -(1n << 63n)
      ? '(-9223372036854775807ll - 1)'
      : v === -(1n << 31n)
        ? '(-2147483647 - 1)'
        : v > 0x7fffffffn
          ? `${v}${v > 0x7fffffffffffffffn ? 'ull' : 'll'}`
          : String(v);
  // The smallest float beyond the range: exact, because it is a power of two.
  return c.add(
    `${from}_to_${to}`,
    () => `static inline ${T} ${from}_to_${to}(${F} x) {
  if (!(x > ${lo === 0n ? `0.0${suffix}` : `${String(lo)}.0${suffix}`})) return x != x ? 0 : ${text(lo)};
  return x >= ${String(hi + 1n)}.0${suffix} ? ${text(hi)} : (${T})x;
}`,
  );
}
