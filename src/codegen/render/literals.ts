import type { ValueType } from '../../dsl/dtypes.ts';
import { atom, prefix } from './dialect.ts';
import type { Printed } from './dialect.ts';

const hex = (v: bigint): string => `0x${v.toString(16)}`;

/** Integer literals: large unsigned ones in hex; the least signed value has no literal of its own. */
export function intLiteral(value: bigint, dtype: ValueType): Printed {
  switch (dtype) {
    case 'u64':
      return atom(value > 0xffffn ? `${hex(value)}ull` : `${value}ull`);
    case 'u32':
      return atom(value > 0xffffn ? `${hex(value)}u` : `${value}u`);
    case 'i64':
      if (value === -(1n << 63n)) return atom('(-9223372036854775807ll - 1)');
      if (value >= -(1n << 31n) && value < 1n << 31n) return value < 0n ? prefix(String(value)) : atom(String(value));
      return value < 0n ? prefix(`${value}ll`) : atom(`${value}ll`);
    case 'i32':
      if (value === -(1n << 31n)) return atom('(-2147483647 - 1)');
      return value < 0n ? prefix(String(value)) : atom(String(value));
    default:
      return floatLiteral(Number(value), dtype);
  }
}

/** Shortest decimal that reads back as the value. */
export function floatLiteral(value: number, dtype: ValueType): Printed {
  const suffix = dtype === 'f32' ? 'f' : '';
  if (Number.isNaN(value)) return atom(dtype === 'f32' ? '__builtin_nanf("")' : '__builtin_nan("")');
  if (!Number.isFinite(value)) {
    const inf = dtype === 'f32' ? '__builtin_inff()' : '__builtin_inf()';
    return value > 0 ? atom(inf) : prefix(`-${inf}`);
  }
  const shown = dtype === 'f32' ? shortest(Math.fround(value)) : String(value);
  const text = /[.e]/.test(shown) ? shown : `${shown}.0`;
  const signed = Object.is(value, -0) ? '-0.0' : text;
  return signed.startsWith('-') ? prefix(signed + suffix) : atom(signed + suffix);
}
/** Fewest digits that round to the same f32. */
function shortest(v: number): string {
  for (let digits = 1; digits < 10; digits++) {
    const text = String(Number(v.toPrecision(digits)));
    if (Math.fround(Number(text)) === v) return text;
  }
  return String(v);
}
