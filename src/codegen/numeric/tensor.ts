import type { DType } from '../../dsl/dtypes.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import { decodeTable, encode } from './codec.ts';
import { isNarrowFloat } from './formats.ts';

export type TypedArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Dense row-major storage in the bits of `dtype`: f16 and bf16 as u16 patterns, f8 as u8 patterns, bool as bytes 0 and 1. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}
export type Scalar = number | bigint | boolean;

const OVER: Readonly<Record<DType, (memory: ArrayBufferLike, at: number, n: number) => TypedArray>> = {
  f64: (memory, at, n) => new Float64Array(memory, at, n),
  f32: (memory, at, n) => new Float32Array(memory, at, n),
  f16: (memory, at, n) => new Uint16Array(memory, at, n),
  bf16: (memory, at, n) => new Uint16Array(memory, at, n),
  f8e4m3: (memory, at, n) => new Uint8Array(memory, at, n),
  f8e5m2: (memory, at, n) => new Uint8Array(memory, at, n),
  f8e4m3fnuz: (memory, at, n) => new Uint8Array(memory, at, n),
  i8: (memory, at, n) => new Int8Array(memory, at, n),
  i16: (memory, at, n) => new Int16Array(memory, at, n),
  i32: (memory, at, n) => new Int32Array(memory, at, n),
  i64: (memory, at, n) => new BigInt64Array(memory, at, n),
  u8: (memory, at, n) => new Uint8Array(memory, at, n),
  u16: (memory, at, n) => new Uint16Array(memory, at, n),
  u32: (memory, at, n) => new Uint32Array(memory, at, n),
  u64: (memory, at, n) => new BigUint64Array(memory, at, n),
  bool: (memory, at, n) => new Uint8Array(memory, at, n),
};

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Zeroed storage for `n` elements. */
export const storage = (dtype: DType, n: number): TypedArray =>
  OVER[dtype](new ArrayBuffer(n * DTYPES[dtype].bytes), 0, n);
export const zeros = (dtype: DType, shape: readonly number[]): Tensor => ({
  dtype,
  shape,
  data: storage(dtype, elements(shape)),
});

/** Memory as elements of `dtype`, in an array of its own. */
export function view(dtype: DType, bytes: Uint8Array, n: number): TypedArray {
  const out = storage(dtype, n);
  new Uint8Array(out.buffer).set(bytes.subarray(0, n * DTYPES[dtype].bytes));
  return out;
}
/** The same without a copy where `byteOffset` is aligned: for large results that are only read. */
export function overlay(dtype: DType, bytes: Uint8Array, n: number): TypedArray {
  return bytes.byteOffset % DTYPES[dtype].bytes === 0
    ? OVER[dtype](bytes.buffer, bytes.byteOffset, n)
    : view(dtype, bytes, n);
}

/** Stores `v` at flat index `i`: floats round to nearest even, integers wrap. */
export function setAt(t: Tensor, i: number, v: Scalar): void {
  const d = t.data;
  if (d instanceof BigInt64Array || d instanceof BigUint64Array) d[i] = typeof v === 'bigint' ? v : BigInt(v);
  else if (isNarrowFloat(t.dtype)) d[i] = encode(t.dtype, Number(v));
  else if (t.dtype === 'bool') d[i] = Number(v) !== 0 ? 1 : 0;
  else d[i] = typeof v === 'bigint' && DTYPES[t.dtype].group === 'int' ? Number(BigInt.asIntN(53, v)) : Number(v);
}

/** The value at flat index `i`: bigint for 64-bit integers, boolean for bool, else number. */
export function getAt(t: Tensor, i: number): Scalar {
  const raw = t.data[i];
  if (raw === undefined) throw new Error(`internal: element ${i} of ${t.data.length}`);
  if (t.dtype === 'bool') return raw !== 0;
  return isNarrowFloat(t.dtype) && typeof raw === 'number' ? (decodeTable(t.dtype)[raw] ?? NaN) : raw;
}

/** A tensor from values in row-major order. */
export function tensor(dtype: DType, shape: readonly number[], values: ArrayLike<Scalar>): Tensor {
  const out = zeros(dtype, shape);
  if (values.length !== out.data.length)
    throw new Error(`internal: ${values.length} values for shape [${shape.join(', ')}]`);
  for (let i = 0; i < values.length; i++) setAt(out, i, values[i] as Scalar);
  return out;
}

/** All values in row-major order (see getAt). */
export const valuesOf = (t: Tensor): Scalar[] => Array.from({ length: t.data.length }, (_, i) => getAt(t, i));
