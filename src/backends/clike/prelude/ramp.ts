import * as t from '../../../codegen/ir/tile-build.ts';
import type { Val } from '../../../codegen/ir/tile.ts';
import type { Collector } from './collector.ts';
import { storageType, vector } from './types.ts';

/** Lanes base, base + step, base + 2 step, … of i64. */
interface Ramp {
  readonly base: Val;
  readonly step: bigint;
}

/** Steps for which everything between is exact in f32 as long as the base is at most 2^22 in magnitude. */
const LONGEST_STEP = 1n << 16n;

/** The value as a ramp; undefined where its lanes are not known to lie at equal steps, or the steps are too long for `rampToFloat`. */
export function rampOf(v: Val): Ramp | undefined {
  const found = affine(v);
  return found !== undefined && found.step <= LONGEST_STEP && found.step >= -LONGEST_STEP ? found : undefined;
}
function affine(v: Val): Ramp | undefined {
  if (v.ty.dtype !== 'i64') return undefined;
  if (v.ty.lanes === 1) return { base: v, step: 0n };
  if (v.kind === 'iota') return { base: t.int(0), step: 1n };
  if (v.kind === 'splat') return { base: v.a, step: 0n };
  if (v.kind !== 'binary') return undefined;
  const [a, b] = [affine(v.a), affine(v.b)];
  if (a === undefined || b === undefined) return undefined;
  if (v.op === 'add') return { base: t.add(a.base, b.base), step: a.step + b.step };
  if (v.op === 'sub') return { base: t.sub(a.base, b.base), step: a.step - b.step };
  if (v.op === 'mul' && b.step === 0n && b.base.kind === 'int')
    return { base: t.mul(a.base, b.base), step: a.step * b.base.value };
  return undefined;
}

/** `f(base, step)`: a ramp of i64 as f32, each lane rounded once. Conversions of 64-bit lanes are slow before AVX-512. */
export function rampToFloat(c: Collector, lanes: number): string {
  const [F, I] = [vector(c, 'f32', lanes), storageType(c, 'i64')];
  const f32 = storageType(c, 'f32');
  const name = `ramp_f32_x${lanes}`;
  const places = Array.from({ length: lanes }, (_, k) => k).join(', ');
  return c.add(
    name,
    () => `static inline ${F} ${name}(${I} base, ${I} step) {
  // So far from 2^24 nothing is rounded.
  if (base >= -0x400000 && base <= 0x400000) return (${f32})base + (${f32})step * ${F}{${places}};
  ${F} v;
  for (int k = 0; k < ${lanes}; ++k) v[k] = (${f32})(base + step * k);
  return v;
}`,
  );
}
