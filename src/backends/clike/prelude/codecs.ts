import { assertNever } from '../../../assert.ts';
import { isNarrow } from '../../../dsl/dtypes.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import type { Collector } from './collector.ts';
import { lanesSuffix, storageType, toBits, vector } from './types.ts';

export type NarrowFloat = 'f16' | 'bf16' | 'f8e4m3' | 'f8e5m2' | 'f8e4m3fnuz';
export const isNarrowFloat = (t: DType): t is NarrowFloat =>
  isNarrow(t) && (t === 'f16' || t === 'bf16' || t === 'f8e4m3' || t === 'f8e5m2' || t === 'f8e4m3fnuz');

/** Layout of an 8-bit float: mantissa bits, exponent bias, code of the largest finite value, code of NaN. */
const F8 = {
  f8e4m3: { mantissa: 3, bias: 7, max: 0x7e, nan: 0x7f },
  f8e5m2: { mantissa: 2, bias: 15, max: 0x7b, nan: 0x7e },
  f8e4m3fnuz: { mantissa: 3, bias: 8, max: 0x7f, nan: 0x80 },
} as const;

/**
 * Decoding takes the bits of narrow floats in u32 lanes, encoding gives them in u32 lanes: narrowing to memory is the caller's, so that it can
 * be done for several vectors at once. Everything is integer and select code that runs in lanes.
 */
export function decode(c: Collector, t: NarrowFloat, lanes: number): string {
  const [F, U] = [vector(c, 'f32', lanes), vector(c, 'u32', lanes)];
  return c.add(
    `${t}_to_f32${lanesSuffix(lanes)}`,
    () => `static inline ${F} ${t}_to_f32${lanesSuffix(lanes)}(${U} h) {\n${decodeBody(t, F, U)}\n}`,
  );
}
const hexFloat = (v: number): string => `${String(v).includes('e') || String(v).includes('.') ? String(v) : `${v}.0`}f`;

function decodeBody(t: NarrowFloat, F: string, U: string): string {
  switch (t) {
    case 'bf16':
      return `  return ${toBits(F, `(${U})(h << 16)`)};`;
    case 'f16':
      return [
        `  const ${U} u = h & 0x7fffu;`,
        `  // Shifted into place, the exponent is 112 too small; the multiplication also normalises denormals.`,
        `  const ${F} small = ${toBits(F, `(${U})(u << 13)`)} * ${hexFloat(2 ** 112)};`,
        `  const ${U} bits = u >= 0x7c00u ? (u << 13) + 0x70000000u : ${toBits(U, 'small')};`,
        `  return ${toBits(F, `(${U})(bits | ((h & 0x8000u) << 16))`)};`,
      ].join('\n');
    case 'f8e4m3':
    case 'f8e5m2':
    case 'f8e4m3fnuz': {
      const { mantissa, bias } = F8[t];
      const shift = 23 - mantissa;
      const special = t === 'f8e4m3' ? 'u == 0x7fu' : t === 'f8e5m2' ? 'u >= 0x7cu' : 'h == 0x80u';
      const value = t === 'f8e5m2' ? '0x7f800000u | ((u & 3u) << 21)' : '(u & 0u) | 0x7fc00000u';
      return [
        `  const ${U} u = h & 0x7fu;`,
        `  const ${F} small = ${toBits(F, `(${U})(u << ${shift})`)} * ${hexFloat(2 ** (127 - bias))};`,
        `  const ${U} bits = ${special} ? ${value} : ${toBits(U, 'small')};`,
        `  return ${toBits(F, `(${U})(bits | ((h & 0x80u) << 24))`)};`,
      ].join('\n');
    }
    default:
      return assertNever(t, 'decode');
  }
}

/** Round to nearest even; bf16 and f16 overflow to infinity, 8-bit floats saturate. */
export function encode(c: Collector, t: NarrowFloat, lanes: number): string {
  const [F, U] = [vector(c, 'f32', lanes), vector(c, 'u32', lanes)];
  return c.add(
    `f32_to_${t}${lanesSuffix(lanes)}`,
    () => `static inline ${U} f32_to_${t}${lanesSuffix(lanes)}(${F} x) {\n${encodeBody(t, F, U)}\n}`,
  );
}

function encodeBody(t: NarrowFloat, F: string, U: string): string {
  const bits = `  const ${U} u = ${toBits(U, 'x')};`;
  switch (t) {
    case 'bf16':
      return [
        bits,
        `  const ${U} r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;`,
        `  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN`,
      ].join('\n');
    case 'f16':
      return [
        bits,
        `  const ${U} a = u & 0x7fffffffu;`,
        `  const ${U} sign = (u >> 16) & 0x8000u;`,
        `  const ${U} normal = (a + 0xfffu + ((a >> 13) & 1u) - 0x38000000u) >> 13;`,
        `  // Adding 0.5 puts the rounding point at the denormals' last bit.`,
        `  const ${F} shifted = ${toBits(F, 'a')} + 0.5f;`,
        `  const ${U} small = ${toBits(U, 'shifted')} - 0x3f000000u;`,
        `  const ${U} finite = a < 0x38800000u ? small : normal;`,
        `  const ${U} big = a > 0x7f800000u ? (a & 0u) + 0x7e00u : (a & 0u) + 0x7c00u;`,
        `  return (a >= 0x477ff000u ? big : finite) | sign;`,
      ].join('\n');
    case 'f8e4m3':
    case 'f8e5m2':
    case 'f8e4m3fnuz': {
      const { mantissa, bias, max, nan } = F8[t];
      const shift = 23 - mantissa;
      const half = (1 << (shift - 1)) - 1;
      const step = 2 ** (1 - bias - mantissa);
      const magic = step * 2 ** 23;
      const zero = '(a & 0u)';
      const top = t === 'f8e5m2' ? `a == 0x7f800000u ? ${zero} + 0x7cu : ${zero} + ${max}u` : `${zero} + ${max}u`;
      const signed =
        t === 'f8e4m3fnuz'
          ? `  return x != x ? ${zero} + 0x80u : (code == 0u ? code : code | ((u >> 24) & 0x80u));  // no negative zero`
          : `  return (x != x ? ${zero} + ${nan}u : code) | ((u >> 24) & 0x80u);`;
      return [
        bits,
        `  const ${U} a = u & 0x7fffffffu;`,
        `  const ${U} normal = (a + ${half}u + ((a >> ${shift}) & 1u) - ${(127 - bias) << 23}u) >> ${shift};`,
        `  const ${F} shifted = ${toBits(F, 'a')} + ${hexFloat(magic)};`,
        `  const ${U} small = ${toBits(U, 'shifted')} - ${toU32(magic)}u;`,
        `  const ${U} finite = a < ${toU32(2 ** (1 - bias))}u ? small : normal;`,
        `  const ${U} most = ${top};`,
        `  const ${U} code = (a >= 0x7f800000u) ? most : (finite > ${max}u ? ${zero} + ${max}u : finite);`,
        signed,
      ].join('\n');
    }
    default:
      return assertNever(t, 'encode');
  }
}
const toU32 = (v: number): string => `0x${new Uint32Array(new Float32Array([v]).buffer)[0]?.toString(16) ?? '0'}`;

/**
 * f64 to f32 rounded to odd: a second rounding to a type of at most 22 significant bits is then right.
 */
export function oddFloat(c: Collector): string {
  const [f32, f64, u32] = [storageType(c, 'f32'), storageType(c, 'f64'), storageType(c, 'u32')];
  return c.add(
    'f64_to_f32_odd',
    () => `static inline ${f32} f64_to_f32_odd(${f64} x) {
  const ${f32} y = (${f32})x;
  if (x != x || (${f64})y == x) return y;
  const ${u32} bits = __builtin_bit_cast(${u32}, y);
  if (bits & 1u) return y;
  // Step back towards zero where rounding moved away from it, then set the last bit.
  const bool away = __builtin_fabs((${f64})y) > __builtin_fabs(x);
  return __builtin_bit_cast(${f32}, (away ? bits - 1u : bits) | 1u);
}`,
  );
}
