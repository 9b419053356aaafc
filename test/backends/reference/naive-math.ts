import { must } from '../../../src/assert.ts';
import type { Scalar } from '../../../src/codegen/numeric/tensor.ts';
import type { ValueType } from '../../../src/dsl/dtypes.ts';
import { DTYPES, isFloat } from '../../../src/dsl/dtypes.ts';
import type { Builtin } from '../../../src/dsl/typed.ts';

export const wrap = (width: number, signed: boolean, v: bigint): bigint =>
  signed ? BigInt.asIntN(width, v) : BigInt.asUintN(width, v);

/** erf by its Maclaurin series near 0 and a continued fraction of erfc beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let [term, sum] = [x, x];
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let f = 0;
  for (let k = 80; k > 0; k--) f = k / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f));
}
const even = (x: number): number => {
  const r = Math.round(x);
  return Math.abs(x - Math.trunc(x)) === 0.5 && r % 2 !== 0 ? r - 1 : r;
};
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const FLOAT: Readonly<Partial<Record<Builtin, (...a: number[]) => number>>> = {
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  rsqrt: (x = 0) => 1 / Math.sqrt(x),
  exp: Math.exp,
  exp2: (x = 0) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf: (x = 0) => erf(x),
  sigmoid: (x = 0) => sigmoid(x),
  relu: (x = 0) => Math.max(x, 0),
  gelu: (x = 0) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x = 0) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x = 0) => x * sigmoid(x),
  softplus: (x = 0) => (x > 30 ? x : Math.log1p(Math.exp(x))),
  pow: (x = 0, y = 0) => x ** y,
  floor: Math.floor,
  ceil: Math.ceil,
  round: (x = 0) => even(x),
  trunc: Math.trunc,
  fma: (a = 0, b = 0, c = 0) => a * b + c,
  min: Math.min,
  max: Math.max,
  fmin: (a = 0, b = 0) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b)),
  fmax: (a = 0, b = 0) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b)),
  clip: (x = 0, lo = 0, hi = 0) => Math.min(Math.max(x, lo), hi),
};
/** A built-in over plain values; integers wrap to the argument's type. */
export function builtin(fn: Builtin, args: readonly Scalar[], from: ValueType, type: ValueType): Scalar {
  const [a, b, c] = args;
  if (fn === 'isnan') return Number.isNaN(a);
  if (fn === 'isinf') return a === Infinity || a === -Infinity;
  if (isFloat(from)) return must(FLOAT[fn], fn)(...args.map(Number));
  if (typeof a === 'boolean') return fn === 'max' ? a || b === true : a && b === true;
  const width = 8 * DTYPES[from].bytes;
  const { signed } = DTYPES[from];
  const w = (v: bigint): bigint => wrap(width, signed, v);
  const [x, y, z] = [BigInt(a ?? 0), BigInt(b ?? 0), BigInt(c ?? 0)];
  const u = BigInt.asUintN(width, x);
  const n = BigInt.asUintN(width === 64 ? 6 : 5, y);
  const rot = (k: bigint): bigint => w((u << k) | (u >> (BigInt(width) - k)));
  switch (fn) {
    case 'abs':
      return w(x < 0n ? -x : x);
    case 'sign':
      return x > 0n ? 1n : x < 0n ? -1n : 0n;
    case 'relu':
      return x > 0n ? x : 0n;
    case 'max':
      return x > y ? x : y;
    case 'min':
      return x < y ? x : y;
    case 'clip':
      return ((m) => (m < z ? m : z))(x > y ? x : y);
    case 'fma':
      return w(x * y + z);
    case 'popcount':
      return BigInt(u.toString(2).replaceAll('0', '').length);
    case 'clz':
      return BigInt(width - (u === 0n ? 0 : u.toString(2).length));
    case 'rotl':
      return rot(n);
    case 'rotr':
      return rot((BigInt(width) - n) % BigInt(width));
    case 'mulhi':
      return w((x * y) >> BigInt(width));
    case 'philox':
      return philox(x, y, Number(z) & 3);
    default:
      throw new Error(`${fn} of ${from} as ${type}`);
  }
}
function philox(seed: bigint, ctr: bigint, word: number): bigint {
  const M = 0xffffffffn;
  let c: [bigint, bigint, bigint, bigint] = [ctr & M, (ctr >> 32n) & M, 0n, 0n];
  let [k0, k1] = [seed & M, (seed >> 32n) & M];
  for (let r = 0; r < 10; r++) {
    const [p, q] = [0xd2511f53n * c[0], 0xcd9e8d57n * c[2]];
    c = [((q >> 32n) ^ c[1] ^ k0) & M, q & M, ((p >> 32n) ^ c[3] ^ k1) & M, p & M];
    k0 = (k0 + 0x9e3779b9n) & M;
    k1 = (k1 + 0xbb67ae85n) & M;
  }
  return must(c[word], 'word');
}
