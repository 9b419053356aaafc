import type { DType } from '../../dsl/dtypes.ts';

/** A float narrower than f32. Value of normal bits: (-1)^s * 2^(e - bias) * (1 + m / 2^mantissa); exponent field 0 holds denormals. */
export interface FloatFormat {
  readonly bits: 8 | 16;
  readonly mantissa: number;
  readonly bias: number;
  /** Largest finite value. */
  readonly max: number;
  /** What a value that rounds beyond `max` becomes. */
  readonly overflow: 'inf' | 'saturate';
  /** What an infinity becomes. */
  readonly infinity: 'inf' | 'saturate';
  /** The NaN that rounding yields (the sign is dropped). */
  readonly nan: number;
  readonly negativeZero: boolean;
}
export type NarrowFloat = 'f16' | 'bf16' | 'f8e4m3' | 'f8e5m2' | 'f8e4m3fnuz';

/**
 * f16: IEEE 754 binary16. bf16: the upper half of binary32. f8e4m3, f8e5m2: OCP OFP8 1.0 (e4m3 has no infinity, NaN is S.1111.111).
 * f8e4m3fnuz: bias 8, one zero, NaN is 0x80. Saturation follows LANGUAGE §3.4; fnuz has no infinity either and follows e4m3.
 */
export const NARROW: Readonly<Record<NarrowFloat, FloatFormat>> = {
  f16: {
    bits: 16,
    mantissa: 10,
    bias: 15,
    max: 65504,
    overflow: 'inf',
    infinity: 'inf',
    nan: 0x7e00,
    negativeZero: true,
  },
  bf16: {
    bits: 16,
    mantissa: 7,
    bias: 127,
    max: (2 - 2 ** -7) * 2 ** 127,
    overflow: 'inf',
    infinity: 'inf',
    nan: 0x7fc0,
    negativeZero: true,
  },
  f8e4m3: {
    bits: 8,
    mantissa: 3,
    bias: 7,
    max: 448,
    overflow: 'saturate',
    infinity: 'saturate',
    nan: 0x7f,
    negativeZero: true,
  },
  f8e5m2: {
    bits: 8,
    mantissa: 2,
    bias: 15,
    max: 57344,
    overflow: 'saturate',
    infinity: 'inf',
    nan: 0x7e,
    negativeZero: true,
  },
  f8e4m3fnuz: {
    bits: 8,
    mantissa: 3,
    bias: 8,
    max: 240,
    overflow: 'saturate',
    infinity: 'saturate',
    nan: 0x80,
    negativeZero: false,
  },
};

export const isNarrowFloat = (t: DType): t is NarrowFloat => t in NARROW;

/** Spacing of the denormals of a narrow format: its smallest positive value. */
export const quantum = (f: FloatFormat): number => 2 ** (1 - f.bias - f.mantissa);
/** Smallest positive normal value. */
export const minNormal = (t: DType): number =>
  t === 'f64' ? 2 ** -1022 : isNarrowFloat(t) ? 2 ** (1 - NARROW[t].bias) : 2 ** -126;
