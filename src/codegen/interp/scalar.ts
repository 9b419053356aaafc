import { assertNever } from '../../assert.ts';
import { DTYPES, isFloat } from '../../dsl/dtypes.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import type { TBinary, TUnary } from '../../dsl/typed.ts';
import { rounder } from '../numeric/codec.ts';
import { isNarrowFloat } from '../numeric/formats.ts';

/** One lane: bigint for every integer type, number for floats, boolean for bool. */
export type Scalar = number | bigint | boolean;

const BITS: Readonly<Record<string, number>> = { i8: 8, u8: 8, i16: 16, u16: 16, i32: 32, u32: 32, i64: 64, u64: 64 };
/** An integer in the range of a type. */
export function wrap(v: bigint, t: DType): bigint {
  const bits = BITS[t];
  if (bits === undefined) throw new Error(`internal: wrap to ${t}`);
  return t.startsWith('u') ? BigInt.asUintN(bits, v) : BigInt.asIntN(bits, v);
}
export const num = (v: Scalar): number => (typeof v === 'number' ? v : Number(v));
export const big = (v: Scalar): bigint =>
  typeof v === 'bigint' ? v : BigInt(typeof v === 'boolean' ? (v ? 1 : 0) : Math.trunc(v));
/** A float rounded to its arithmetic type. */
export const fit = (v: number, t: ValueType): number => (t === 'f32' ? Math.fround(v) : v);
const floats = (t: ValueType): boolean => t === 'f32' || t === 'f64';

function saturated(v: number, t: DType): bigint {
  if (Number.isNaN(v)) return 0n;
  const bits = BigInt(BITS[t] ?? 64);
  const signed = !t.startsWith('u');
  const lo = signed ? -(1n << (bits - 1n)) : 0n;
  const hi = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (v <= Number(lo)) return lo;
  return v >= Number(hi) ? hi : BigInt(Math.trunc(v));
}

/** The value as `to` holds it: floats round to nearest even, float to integer truncates and saturates, integers wrap. */
export function castScalar(v: Scalar, to: DType): Scalar {
  if (to === 'bool') return typeof v === 'boolean' ? v : typeof v === 'bigint' ? v !== 0n : v !== 0;
  if (isFloat(to)) {
    const x = typeof v === 'bigint' && to !== 'f64' ? floatOf(v) : num(v);
    return to === 'f64' ? x : isNarrowFloat(to) ? rounder(to)(x) : Math.fround(x);
  }
  return typeof v === 'number' ? saturated(v, to) : wrap(big(v), to);
}
/** i64 and u64 to f32 in one rounding: a sticky bit keeps the step through f64 from rounding twice. */
function floatOf(v: bigint): number {
  const magnitude = v < 0n ? -v : v;
  if (magnitude < 1n << 53n) return Math.fround(Number(v));
  const sticky = (magnitude & 0xfffn) === 0n ? magnitude : (magnitude & ~0xfffn) | 0x800n;
  return Math.fround(Number(v < 0n ? -sticky : sticky));
}

export function unaryScalar(op: TUnary, a: Scalar, t: ValueType): Scalar {
  if (op === 'not') return a !== true;
  if (op === 'bitnot') return typeof a === 'boolean' ? !a : wrap(~big(a), t);
  return floats(t) ? -num(a) : wrap(-big(a), t);
}

const floorDiv = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : (a - floorMod(a, b)) / b);
const floorMod = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : ((a % b) + b) % b);

/** `t` is the type of the operands. */
export function binaryScalar(op: TBinary, a: Scalar, b: Scalar, t: ValueType): Scalar {
  switch (op) {
    case 'and':
      return a === true && b === true;
    case 'or':
      return a === true || b === true;
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
    default:
      return floats(t)
        ? fit(floatOp(op, num(a), num(b)), t)
        : t === 'bool'
          ? boolOp(op, a === true, b === true)
          : wrap(intOp(op, big(a), big(b), BITS[t] ?? 64), t);
  }
}
type Arithmetic = Exclude<TBinary, 'and' | 'or' | 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'>;
function floatOp(op: Arithmetic, a: number, b: number): number {
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return a / b;
    case 'floordiv':
      return b === 0 ? 0 : Math.floor(a / b);
    case 'mod':
      return b === 0 ? 0 : a - Math.floor(a / b) * b;
    default:
      throw new Error(`internal: ${op} of floats`);
  }
}
function boolOp(op: Arithmetic, a: boolean, b: boolean): boolean {
  if (op === 'bitand' || op === 'mul') return a && b;
  if (op === 'bitor' || op === 'add') return a || b;
  if (op === 'bitxor') return a !== b;
  throw new Error(`internal: ${op} of bools`);
}
function intOp(op: Arithmetic, a: bigint, b: bigint, bits: number): bigint {
  const count = ((b % BigInt(bits)) + BigInt(bits)) % BigInt(bits);
  switch (op) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return b === 0n ? 0n : a / b;
    case 'floordiv':
      return floorDiv(a, b);
    case 'mod':
      return floorMod(a, b);
    case 'bitand':
      return a & b;
    case 'bitor':
      return a | b;
    case 'bitxor':
      return a ^ b;
    case 'shl':
      return a << count;
    case 'shr':
      return a >> count;
    default:
      return assertNever(op, 'intOp');
  }
}

/** Bits of a value of storage type `from`, read as `to`. */
export function bitcastScalar(v: Scalar, from: DType, to: DType): Scalar {
  const view = new DataView(new ArrayBuffer(8));
  if (typeof v === 'boolean' || to === 'bool') return castScalar(v, to);
  if (typeof v === 'bigint') view.setBigUint64(0, BigInt.asUintN(64, v), true);
  else if (from === 'f64') view.setFloat64(0, v, true);
  else view.setFloat32(0, v, true);
  if (isFloat(to)) return to === 'f64' ? view.getFloat64(0, true) : view.getFloat32(0, true);
  const raw = view.getBigUint64(0, true);
  return wrap(DTYPES[from].bytes === 8 ? raw : raw & 0xffffffffn, to);
}
