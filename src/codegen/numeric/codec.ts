import type { DType } from '../../dsl/dtypes.ts';
import type { FloatFormat, NarrowFloat } from './formats.ts';
import { NARROW, isNarrowFloat } from './formats.ts';

const decodeTables = new Map<NarrowFloat, Float32Array>();
const magicTables = new Map<NarrowFloat, Float64Array>();
const bits64 = new Float64Array(1);
const words = new Uint32Array(bits64.buffer);

function decodeBits(f: FloatFormat, bits: number): number {
  const sign = bits >> (f.bits - 1) ? -1 : 1;
  const magnitude = bits & ((1 << (f.bits - 1)) - 1);
  const field = magnitude >> f.mantissa;
  const fraction = magnitude & ((1 << f.mantissa) - 1);
  const value =
    field === 0 ? fraction * 2 ** (1 - f.bias - f.mantissa) : (1 + fraction / 2 ** f.mantissa) * 2 ** (field - f.bias);
  if (!f.negativeZero && bits === f.nan) return NaN;
  if (value <= f.max) return sign * value;
  return f.infinity === 'inf' && fraction === 0 ? sign * Infinity : NaN;
}

/** Value of each bit pattern, indexed by the pattern; exact in f32. */
export function decodeTable(t: NarrowFloat): Float32Array {
  let table = decodeTables.get(t);
  if (table === undefined) {
    const f = NARROW[t];
    table = Float32Array.from({ length: 1 << f.bits }, (_, bits) => decodeBits(f, bits));
    decodeTables.set(t, table);
  }
  return table;
}

/**
 * By the exponent field of an f64: a number M such that (v + M) - M is v rounded to nearest even at the last place that the format keeps there.
 * Adding M = 1.5 * 2^(52 + q) makes q the last place of the sum, so the addition itself rounds.
 */
export function magicTable(t: NarrowFloat): Float64Array {
  let table = magicTables.get(t);
  if (table === undefined) {
    const f = NARROW[t];
    table = Float64Array.from(
      { length: 2048 },
      (_, field) => 1.5 * 2 ** (52 + Math.min(Math.max(field - 1023, 1 - f.bias) - f.mantissa, 900)),
    );
    magicTables.set(t, table);
  }
  return table;
}

function narrowRounder(t: NarrowFloat): (v: number) => number {
  const { max, overflow, infinity, negativeZero } = NARROW[t];
  const magic = magicTable(t);
  const beyond = overflow === 'saturate' ? max : Infinity;
  const infinite = infinity === 'saturate' ? max : Infinity;
  return (v) => {
    bits64[0] = v;
    const m = magic[((words[1] as number) >>> 20) & 0x7ff] as number;
    const r = v + m - m;
    if (r <= max && r >= -max) return r === 0 && negativeZero && 1 / v < 0 ? -0 : r;
    if (v === Infinity || v === -Infinity) return v > 0 ? infinite : -infinite;
    return r !== r ? NaN : r > 0 ? beyond : -beyond;
  };
}

const identity = (v: number): number => v;
const rounders: Readonly<Record<NarrowFloat | 'f32' | 'f64', (v: number) => number>> = {
  f64: identity,
  f32: Math.fround,
  f16: narrowRounder('f16'),
  bf16: narrowRounder('bf16'),
  f8e4m3: narrowRounder('f8e4m3'),
  f8e5m2: narrowRounder('f8e5m2'),
  f8e4m3fnuz: narrowRounder('f8e4m3fnuz'),
};

/** Rounding of an f64 to a float storage type: to nearest, ties to even, beyond the range as the format says, NaN stays. */
export function rounder(t: DType): (v: number) => number {
  if (t === 'f32' || t === 'f64' || isNarrowFloat(t)) return rounders[t];
  throw new Error(`internal: ${t} is not a float`);
}

/** Bit pattern of `v` rounded to `t`. */
export function encode(t: NarrowFloat, v: number): number {
  const f = NARROW[t];
  const r = rounders[t](v);
  if (r !== r) return f.nan;
  const sign = r < 0 || (f.negativeZero && Object.is(r, -0)) ? 1 << (f.bits - 1) : 0;
  const a = Math.abs(r);
  if (a === Infinity) return sign | (((1 << (f.bits - 1 - f.mantissa)) - 1) << f.mantissa);
  const least = 2 ** (1 - f.bias);
  if (a < least) return sign | (a * 2 ** (f.bias + f.mantissa - 1));
  bits64[0] = a;
  const exponent = ((words[1] as number) >>> 20) - 1023;
  return sign | (((exponent + f.bias) << f.mantissa) + (a / 2 ** exponent - 1) * 2 ** f.mantissa);
}

/** Bit patterns of as many values as `to` holds. */
export function encodeAll(t: NarrowFloat, from: Float64Array, to: Uint16Array | Uint8Array): void {
  if (t !== 'bf16') {
    for (let i = 0; i < to.length; i++) to[i] = encode(t, from[i] as number);
    return;
  }
  // A value that bf16 holds is the upper half of its f32.
  const f32 = new Float32Array(1);
  const bits = new Uint32Array(f32.buffer);
  for (let i = 0; i < to.length; i++) {
    const v = from[i] as number;
    f32[0] = v;
    const b = bits[0] as number;
    to[i] = (b & 0xffff) === 0 && f32[0] === v ? b >>> 16 : encode(t, v);
  }
}
