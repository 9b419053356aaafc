import type { ValueType } from '../../dsl/dtypes.ts';
import type { Builtin } from '../../dsl/typed.ts';
import { big, fit, num, wrap } from './scalar.ts';
import type { Scalar } from './scalar.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** erf by its series and its continued fraction (Abramowitz and Stegun 7.1.6, 7.1.14). */
function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return Number.isNaN(x) ? NaN : Math.sign(x);
  if (a < 2.5) {
    let [sum, term] = [a, a];
    for (let n = 1; n < 60; n++) {
      term *= (2 * a * a) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f));
}
const roundEven = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};

const UNARY: Readonly<Partial<Record<Builtin, (x: number) => number>>> = {
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf,
  sigmoid,
  relu: (x) => (x < 0 ? 0 : x),
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  round: roundEven,
};

/** A built-in function of one lane; floats in f64, rounded to `t` once. */
export function callScalar(fn: Builtin, args: readonly Scalar[], t: ValueType): Scalar {
  const [a = 0, b = 0, c = 0] = args;
  if (fn === 'philox') return philox(big(a), big(b), Number(big(c) & 3n));
  if (typeof a === 'bigint') return wrap(intCall(fn, a, big(b), big(c), t), t);
  const [x, y, z] = [num(a), num(b), num(c)];
  if (fn === 'isnan') return Number.isNaN(x);
  if (fn === 'isinf') return Math.abs(x) === Infinity;
  return fit(floatCall(fn, x, y, z), t);
}
function floatCall(fn: Builtin, x: number, y: number, z: number): number {
  switch (fn) {
    case 'max':
      return Math.max(x, y);
    case 'min':
      return Math.min(x, y);
    case 'fmax':
      return Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.max(x, y);
    case 'fmin':
      return Number.isNaN(x) ? y : Number.isNaN(y) ? x : Math.min(x, y);
    case 'clip':
      return Math.min(Math.max(x, y), z);
    case 'pow':
      return x ** y;
    case 'fma':
      return x * y + z;
    default: {
      const f = UNARY[fn];
      if (f === undefined) throw new Error(`internal: ${fn} of floats`);
      return f(x);
    }
  }
}

function intCall(fn: Builtin, a: bigint, b: bigint, c: bigint, t: ValueType): bigint {
  const bits = t === 'i32' || t === 'u32' ? 32n : 64n;
  const raw = BigInt.asUintN(Number(bits), a);
  const left = (n: bigint): bigint =>
    (raw << (((n % bits) + bits) % bits)) | (raw >> (bits - (((n % bits) + bits) % bits)));
  switch (fn) {
    case 'max':
    case 'fmax':
      return a > b ? a : b;
    case 'min':
    case 'fmin':
      return a < b ? a : b;
    case 'clip': {
      const low = a > b ? a : b;
      return low < c ? low : c;
    }
    case 'abs':
      return a < 0n ? -a : a;
    case 'sign':
      return a > 0n ? 1n : a < 0n ? -1n : 0n;
    case 'relu':
      return a > 0n ? a : 0n;
    case 'fma':
      return a * b + c;
    case 'popcount':
      return BigInt(raw.toString(2).replaceAll('0', '').length);
    case 'clz':
      return raw === 0n ? bits : bits - BigInt(raw.toString(2).length);
    case 'rotl':
      return left(b);
    case 'rotr':
      return left(-b);
    case 'mulhi':
      return (a * b) >> bits;
    case 'pow': {
      let r = 1n;
      for (let n = b; n > 0n; n--) r = BigInt.asIntN(64, r * a);
      return r;
    }
    default:
      return a;
  }
}

const u32 = (v: bigint): bigint => BigInt.asUintN(32, v);
/** Philox 4×32-10 (Salmon et al., SC 2011). */
function philox(seed: bigint, counter: bigint, word: number): bigint {
  let [c0, c1, c2, c3] = [u32(counter), u32(counter >> 32n), 0n, 0n];
  let [k0, k1] = [u32(seed), u32(seed >> 32n)];
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c0;
    const p1 = 0xcd9e8d57n * c2;
    [c0, c1, c2, c3] = [u32((p1 >> 32n) ^ c1 ^ k0), u32(p1), u32((p0 >> 32n) ^ c3 ^ k1), u32(p0)];
    k0 = u32(k0 + 0x9e3779b9n);
    k1 = u32(k1 + 0xbb67ae85n);
  }
  return [c0, c1, c2, c3][word] ?? 0n;
}
