/** Storage types, as written in source (LANGUAGE §3.1). `bool` is stored as one byte, 0 or 1. */
export type DType =
  | 'f64'
  | 'f32'
  | 'f16'
  | 'bf16'
  | 'f8e4m3'
  | 'f8e5m2'
  | 'f8e4m3fnuz'
  | 'i8'
  | 'i16'
  | 'i32'
  | 'i64'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'bool';

/** Types that arithmetic happens in: a read of a narrower storage type widens to one of these. */
export type ValueType = 'f64' | 'f32' | 'i32' | 'i64' | 'u32' | 'u64' | 'bool';

interface DTypeInfo {
  readonly bytes: number;
  readonly value: ValueType;
  readonly group: 'float' | 'int' | 'bool';
  readonly signed: boolean;
  /** Unit roundoff of a rounding to this type; 0 for exact types. */
  readonly unit: number;
}

const float = (bytes: number, value: ValueType, unit: number): DTypeInfo => ({
  bytes,
  value,
  group: 'float',
  signed: true,
  unit,
});
const int = (bytes: number, value: ValueType, signed: boolean): DTypeInfo => ({
  bytes,
  value,
  group: 'int',
  signed,
  unit: 0,
});

/** One row per storage type: size in bytes, arithmetic type, group, signedness, unit roundoff. */
export const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  f64: float(8, 'f64', 2 ** -53),
  f32: float(4, 'f32', 2 ** -24),
  f16: float(2, 'f32', 2 ** -11),
  bf16: float(2, 'f32', 2 ** -8),
  f8e4m3: float(1, 'f32', 2 ** -4),
  f8e5m2: float(1, 'f32', 2 ** -3),
  f8e4m3fnuz: float(1, 'f32', 2 ** -4),
  i8: int(1, 'i32', true),
  i16: int(2, 'i32', true),
  i32: int(4, 'i32', true),
  i64: int(8, 'i64', true),
  u8: int(1, 'i32', false),
  u16: int(2, 'i32', false),
  u32: int(4, 'u32', false),
  u64: int(8, 'u64', false),
  bool: { bytes: 1, value: 'bool', group: 'bool', signed: false, unit: 0 },
};

/** The arithmetic type that a read of `t` yields. */
export const widen = (t: DType): ValueType => DTYPES[t].value;
export const isFloat = (t: DType): boolean => DTYPES[t].group === 'float';
export const isInt = (t: DType): boolean => DTYPES[t].group === 'int';
export const isSigned = (t: DType): boolean => DTYPES[t].signed;
/** True where arithmetic in `t` happens in a wider type, so that results need a written narrowing. */
export const isNarrow = (t: DType): boolean => DTYPES[t].value !== t;
