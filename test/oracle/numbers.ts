import type { DType, ValueType } from '../../src/dsl/dtypes.ts';
import { DTYPES } from '../../src/dsl/dtypes.ts';
import type { Builtin, TBinary } from '../../src/dsl/typed.ts';
import { rounder } from '../../src/codegen/numeric/codec.ts';
import * as math from '../../src/backends/reference/runtime/math.ts';
import { philox } from '../../src/backends/reference/runtime/wide.ts';

/** Integers of every width are bigint, floats are number (f64 without intermediate rounding). */
export type Value = number | bigint | boolean;

const BITS: Readonly<Record<string, number>> = { i32: 32, u32: 32, i64: 64, u64: 64 };
const isInt = (t: ValueType): boolean => t in BITS;
export const wrapTo = (t: DType | ValueType, v: bigint): bigint => {
  const bits = DTYPES[t].bytes * 8;
  return DTYPES[t].signed ? BigInt.asIntN(bits, v) : BigInt.asUintN(bits, v);
};
const big = (v: Value): bigint => (typeof v === 'bigint' ? v : BigInt(Number(v)));
export const num = (v: Value): number => Number(v);

function floorDiv(a: bigint, b: bigint): bigint {
  if (b === 0n) return 0n;
  const q = a / b;
  return q * b !== a && a < 0n !== b < 0n ? q - 1n : q;
}

export function binaryOp(op: Exclude<TBinary, 'and' | 'or'>, a: Value, b: Value, type: ValueType): Value {
  if (op === 'eq') return a === b;
  if (op === 'ne') return a !== b;
  if (op === 'lt') return a < b;
  if (op === 'le') return a <= b;
  if (op === 'gt') return a > b;
  if (op === 'ge') return a >= b;
  if (!isInt(type)) {
    const [x, y] = [num(a), num(b)];
    return op === 'add' ? x + y : op === 'sub' ? x - y : op === 'mul' ? x * y : x / y;
  }
  const [x, y] = [big(a), big(b)];
  const bits = BigInt(BITS[type] ?? 64);
  const count = ((y % bits) + bits) % bits;
  switch (op) {
    case 'add':
      return wrapTo(type, x + y);
    case 'sub':
      return wrapTo(type, x - y);
    case 'mul':
      return wrapTo(type, x * y);
    case 'floordiv':
      return wrapTo(type, floorDiv(x, y));
    case 'mod':
      return y === 0n ? 0n : wrapTo(type, x - floorDiv(x, y) * y);
    case 'bitand':
      return x & y;
    case 'bitor':
      return x | y;
    case 'bitxor':
      return x ^ y;
    case 'shl':
      return wrapTo(type, x << count);
    case 'shr':
      return x >> count;
    default:
      throw new Error(`oracle: ${op} of ${type}`);
  }
}

const max = (a: number, b: number): number => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b));
const FLOATS: Partial<Record<Builtin, (...x: number[]) => number>> = {
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  rsqrt: math.rsqrt,
  exp: Math.exp,
  exp2: math.exp2,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf: math.erf,
  sigmoid: math.sigmoid,
  silu: math.silu,
  gelu: math.gelu,
  gelu_tanh: math.geluTanh,
  softplus: math.softplus,
  relu: (x = 0) => max(x, 0),
  pow: math.power,
  floor: Math.floor,
  ceil: Math.ceil,
  round: math.roundEven,
  trunc: Math.trunc,
  fma: (x = 0, y = 0, z = 0) => x * y + z,
  min: Math.min,
  max: Math.max,
  fmin: math.fmin,
  fmax: math.fmax,
  clip: (x = 0, lo = 0, hi = 0) => Math.min(Math.max(x, lo), hi),
};
export function builtin(fn: Builtin, args: readonly Value[], type: ValueType): Value {
  const [a, b, c] = args;
  if (fn === 'isnan') return Number.isNaN(a);
  if (fn === 'isinf') return a === Infinity || a === -Infinity;
  if (fn === 'philox') {
    const [seed, ctr] = [big(a ?? 0n), big(b ?? 0n)];
    const half = (v: bigint, k: bigint): number => Number(BigInt.asIntN(32, v >> k));
    return BigInt(philox(half(seed, 32n), half(seed, 0n), half(ctr, 32n), half(ctr, 0n), num(c ?? 0n)) >>> 0);
  }
  if (!isInt(type))
    return (
      FLOATS[fn] ??
      ((): number => {
        throw new Error(`oracle: ${fn}`);
      })
    )(...args.map(num));
  const [x, y, z] = args.map(big);
  switch (fn) {
    case 'min':
      return (x ?? 0n) < (y ?? 0n) ? (x ?? 0n) : (y ?? 0n);
    case 'max':
      return (x ?? 0n) > (y ?? 0n) ? (x ?? 0n) : (y ?? 0n);
    case 'abs':
      return wrapTo(type, (x ?? 0n) < 0n ? -(x ?? 0n) : (x ?? 0n));
    case 'sign':
      return (x ?? 0n) > 0n ? 1n : (x ?? 0n) < 0n ? -1n : 0n;
    case 'clip': {
      const low = (x ?? 0n) > (y ?? 0n) ? (x ?? 0n) : (y ?? 0n);
      return low < (z ?? 0n) ? low : (z ?? 0n);
    }
    case 'relu':
      return (x ?? 0n) > 0n ? (x ?? 0n) : 0n;
    case 'popcount':
      return BigInt(bitsOf(x ?? 0n, type).replaceAll('0', '').length);
    case 'clz':
      return BigInt(bitsOf(x ?? 0n, type).indexOf('1') < 0 ? widthOf(type) : bitsOf(x ?? 0n, type).indexOf('1'));
    case 'rotl':
    case 'rotr': {
      const width = widthOf(type);
      const by = Number(BigInt.asUintN(64, y ?? 0n) % BigInt(width));
      const at = fn === 'rotl' ? by : (width - by) % width;
      const text = bitsOf(x ?? 0n, type);
      return wrapTo(type, BigInt(`0b${text.slice(at)}${text.slice(0, at)}`));
    }
    case 'mulhi':
      return wrapTo(type, ((x ?? 0n) * (y ?? 0n)) >> BigInt(widthOf(type)));
    default:
      throw new Error(`oracle: ${fn} of ${type}`);
  }
}
const widthOf = (type: ValueType): number => (type === 'i32' || type === 'u32' ? 32 : 64);
/** The bits of an integer as text, the highest first. */
const bitsOf = (v: bigint, type: ValueType): string =>
  BigInt.asUintN(widthOf(type), v).toString(2).padStart(widthOf(type), '0');

/** `as T`, and storing: floats round, float to int truncates and saturates, ints wrap. */
export function castTo(t: DType, v: Value): Value {
  const info = DTYPES[t];
  if (info.group === 'bool') return typeof v === 'boolean' ? v : num(v) !== 0;
  if (info.group === 'float') return rounder(t)(num(v));
  if (typeof v !== 'number') return wrapTo(t, big(v));
  if (Number.isNaN(v)) return 0n;
  const bits = BigInt(info.bytes * 8);
  const [lo, hi] = info.signed ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
  if (v === Infinity || v === -Infinity) return v > 0 ? hi : lo;
  const whole = BigInt(Math.trunc(v));
  return whole < lo ? lo : whole > hi ? hi : whole;
}
export const convertTo = (t: ValueType, v: Value): Value =>
  isInt(t) ? wrapTo(t, big(v)) : t === 'bool' ? v : t === 'f32' ? Math.fround(num(v)) : num(v);
