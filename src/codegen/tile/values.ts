import { assertNever } from '../../assert.ts';
import { DTYPES, isFloat, widen } from '../../dsl/dtypes.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';

/** A rounding point: the value as `to` holds it, widened again. */
export function castTo(a: Val, to: DType | 'tf32'): Val {
  // One rounding is what tf32 allows, not what it asks for.
  if (to === 'tf32') return t.convert(a, 'f32');
  const value = widen(to);
  if (to === 'bool') return t.convert(a, 'bool');
  if (DTYPES[to].value === to) return t.convert(a, value);
  const from = a.ty.dtype;
  if (isFloat(to)) return t.round(from === 'f32' || from === 'f64' ? a : t.convert(a, 'f32'), to, value);
  return t.round(from === 'f32' || from === 'f64' ? a : t.convert(a, value), to, value);
}

/** The neutral element of a monoid. */
export function identity(op: 'add' | 'mul' | 'max' | 'min' | 'and' | 'or', dtype: ValueType): Val {
  const floats = dtype === 'f32' || dtype === 'f64';
  if (dtype === 'bool') return t.bool(op === 'and' || op === 'min' || op === 'mul');
  const bits = dtype === 'i32' || dtype === 'u32' ? 32n : 64n;
  const signed = dtype === 'i32' || dtype === 'i64';
  const least = signed ? -(1n << (bits - 1n)) : 0n;
  const most = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  switch (op) {
    case 'add':
      return floats ? t.float(0, dtype) : t.int(0, dtype);
    case 'mul':
      return floats ? t.float(1, dtype) : t.int(1, dtype);
    case 'max':
      return floats ? t.float(-Infinity, dtype) : t.int(least, dtype);
    case 'min':
      return floats ? t.float(Infinity, dtype) : t.int(most, dtype);
    case 'and':
      return t.int(signed ? -1n : most, dtype);
    case 'or':
      return t.int(0, dtype);
    default:
      return assertNever(op, 'identity');
  }
}
