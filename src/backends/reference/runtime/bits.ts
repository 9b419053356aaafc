import { decodeTable, encode, magicTable, rounder } from '../../../codegen/numeric/codec.ts';
import type { NarrowFloat } from '../../../codegen/numeric/formats.ts';
import { NARROW, isNarrowFloat } from '../../../codegen/numeric/formats.ts';
import { HI } from './wide.ts';

const f64 = new Float64Array(1);
const halves = new Int32Array(f64.buffer);
const f32 = new Float32Array(1);
const word = new Int32Array(f32.buffer);

/** Bits of a value as f32, and the value of 32 bits. */
export function bitsF32(v: number): number {
  f32[0] = v;
  return word[0] as number;
}
export function f32Bits(bits: number): number {
  word[0] = bits;
  return f32[0] as number;
}
export function bitsF64(v: number): number {
  f64[0] = v;
  HI[0] = halves[1] as number;
  return halves[0] as number;
}
export function f64Bits(h: number, l: number): number {
  halves[0] = l;
  halves[1] = h;
  return f64[0] as number;
}

/** Scratch for taking an f64 apart. */
export const SPLIT = f64;
export const PARTS = halves;

/** round_T, bits_T, table_T, magic_T of every narrow float: rounding of an f64, its bit pattern, values by pattern, see magicTable. */
export const codecs: Readonly<Record<string, unknown>> = Object.fromEntries(
  Object.keys(NARROW)
    .filter((t): t is NarrowFloat => isNarrowFloat(t as NarrowFloat))
    .flatMap((t) => [
      [`round_${t}`, rounder(t)],
      [`bits_${t}`, (v: number) => encode(t, v)],
      [`table_${t}`, decodeTable(t)],
      [`magic_${t}`, magicTable(t)],
    ]),
);
