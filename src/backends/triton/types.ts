import type { DType, ValueType } from '../../dsl/dtypes.ts';

/** Triton's type for arithmetic. */
export const VALUE: Readonly<Record<ValueType, string>> = {
  bool: 'tl.int1',
  i32: 'tl.int32',
  i64: 'tl.int64',
  u32: 'tl.uint32',
  u64: 'tl.uint64',
  f32: 'tl.float32',
  f64: 'tl.float64',
};

/** How an element is stored: the element type of its pointer, which is also the name of the torch type. Narrow floats but f16 are bit patterns. */
export const STORAGE: Readonly<Record<DType, string>> = {
  bool: 'uint8',
  i8: 'int8',
  i16: 'int16',
  i32: 'int32',
  i64: 'int64',
  u8: 'uint8',
  u16: 'uint16',
  u32: 'uint32',
  u64: 'uint64',
  f16: 'float16',
  bf16: 'uint16',
  f32: 'float32',
  f64: 'float64',
  f8e4m3: 'uint8',
  f8e5m2: 'uint8',
  f8e4m3fnuz: 'uint8',
};
export const isFloatValue = (t: ValueType): boolean => t === 'f32' || t === 'f64';
