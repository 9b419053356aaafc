import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTable, encode, encodeAll, rounder } from '../../../src/codegen/numeric/codec.ts';
import type { NarrowFloat } from '../../../src/codegen/numeric/formats.ts';
import { NARROW } from '../../../src/codegen/numeric/formats.ts';
import { DTYPES } from '../../../src/dsl/dtypes.ts';

const TYPES: readonly NarrowFloat[] = ['f16', 'bf16', 'f8e4m3', 'f8e5m2', 'f8e4m3fnuz'];

/** Nearest finite value of the format by search, ties to the even pattern; what lies beyond the largest by half a step is out of range. */
function nearest(t: NarrowFloat, v: number): number {
  const { max, overflow, mantissa } = NARROW[t];
  const a = Math.abs(v);
  const beyond = max + 2 ** (Math.floor(Math.log2(max)) - mantissa - 1);
  if (a >= beyond) return Math.sign(v) * (overflow === 'inf' ? Infinity : max);
  const table = decodeTable(t);
  let [lo, hi] = [0, encode(t, max)];
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if ((table[mid] as number) <= a) lo = mid;
    else hi = mid;
  }
  const [x, y] = [table[lo] as number, table[hi] as number];
  const pick = a >= y || y - a < a - x || (y - a === a - x && lo % 2 === 1) ? y : x;
  return Math.sign(v) * pick;
}
const value: fc.Arbitrary<number> = fc.oneof(
  fc.double({ noNaN: true }),
  fc.double({ min: -600, max: 600, noNaN: true }),
  fc.double({ min: -0.02, max: 0.02, noNaN: true }),
  fc.float({ noNaN: true }),
);

describe.each(TYPES)('%s', (t) => {
  test('every pattern decodes to what encodes to it', () => {
    decodeTable(t).forEach((v, bits) => expect([v, Number.isNaN(v) ? NARROW[t].nan : bits]).toEqual([v, encode(t, v)]));
  });
  test('rounds to the nearest value, ties to even', () => {
    const round = rounder(t);
    fc.assert(
      fc.property(value, (v) => {
        if (!Number.isFinite(v)) return;
        const w = nearest(t, v);
        expect(round(v) === w).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
  test('ties between neighbours go to the even pattern', () => {
    const table = decodeTable(t);
    const round = rounder(t);
    for (let bits = 0; bits < encode(t, NARROW[t].max); bits++) {
      const mid = ((table[bits] as number) + (table[bits + 1] as number)) / 2;
      expect(encode(t, round(mid))).toBe(bits % 2 === 0 ? bits : bits + 1);
    }
  });
  test('the unit roundoff is the largest relative error, and reached', () => {
    const round = rounder(t);
    let worst = 0;
    for (let i = 0; i < 5000; i++) {
      const v = 1 + i / 5000;
      worst = Math.max(worst, Math.abs(round(v) - v) / v);
    }
    expect(worst).toBeLessThanOrEqual(DTYPES[t].unit);
    expect(worst).toBeGreaterThan(0.85 * DTYPES[t].unit);
  });
});

describe('ends of the ranges', () => {
  test.each([
    ['f16', 65519, 65504],
    ['f16', 65520, Infinity],
    ['f16', -Infinity, -Infinity],
    ['bf16', 3.4e38, Infinity],
    ['bf16', 3.39e38, 3.3895313892515355e38],
    ['f8e4m3', 1e9, 448],
    ['f8e4m3', -Infinity, -448],
    ['f8e5m2', 1e9, 57344],
    ['f8e5m2', Infinity, Infinity],
    ['f8e4m3fnuz', 300, 240],
    ['f8e4m3fnuz', Infinity, 240],
  ] as const)('%s: %f becomes %f', (t, v, want) => expect(rounder(t)(v)).toBe(want));
  test.each(TYPES)('%s keeps NaN', (t) => expect(rounder(t)(NaN)).toBeNaN());
  test.each(TYPES)('%s keeps the sign of zero where it has one', (t) => {
    expect(encode(t, -0)).toBe(NARROW[t].negativeZero ? 1 << (NARROW[t].bits - 1) : 0);
    expect(encode(t, -1e-60)).toBe(encode(t, -0));
  });
});

test('bf16 is the upper half of f32, rounded', () => {
  const f32 = new Float32Array(1);
  const bits = new Uint32Array(f32.buffer);
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (v) => {
      f32[0] = v;
      const b = bits[0] as number;
      expect(encode('bf16', v)).toBe((b + 0x7fff + ((b >>> 16) & 1)) >>> 16);
    }),
  );
});
test.each(TYPES)('%s: many at once are as one by one', (t) => {
  const from = Float64Array.from({ length: 200 }, (_, i) =>
    i % 2 === 0 ? rounder(t)(Math.sin(i) * 3 ** (i % 9)) : Math.sin(i),
  );
  const to = NARROW[t].bits === 16 ? new Uint16Array(200) : new Uint8Array(200);
  encodeAll(t, from, to);
  expect([...to]).toEqual([...from].map((v) => encode(t, v)));
});
