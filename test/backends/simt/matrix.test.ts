import { describe, expect, test } from 'vitest';
import { CUDA_ARCHS } from '../../../src/backends/cuda/arch.ts';
import { HIP_ARCHS } from '../../../src/backends/hip/arch.ts';
import { heldBy, placeOf } from '../../../src/codegen/ir/matrix-unit.ts';
import type { Fragment, MatrixUnit, Place } from '../../../src/codegen/ir/matrix-unit.ts';

/** Element `e` of a lane by the formulas of the PTX ISA, figures of mma.m16n8k16: rows and columns from groupID and threadID_in_group. */
function ptx(operand: 'a' | 'b' | 'sums', lane: number, e: number): Place {
  const [group, inGroup] = [lane >> 2, lane % 4];
  switch (operand) {
    case 'a':
      return {
        m: (0 <= e && e < 2) || (4 <= e && e < 6) ? group : group + 8,
        k: e < 4 ? inGroup * 2 + (e & 1) : inGroup * 2 + (e & 1) + 8,
      };
    case 'b':
      return { k: e < 2 ? inGroup * 2 + (e & 1) : inGroup * 2 + (e & 1) + 8, n: group };
    case 'sums':
      return { m: e < 2 ? group : group + 8, n: inGroup * 2 + (e & 1) };
    default:
      return operand satisfies never;
  }
}

/**
 * The same by the formulas of AMD's matrix instruction calculator for v_mfma_f32_16x16x16: A[i][k] in lane 16 ⌊k/4⌋ + i, element k mod 4; B[k][j] in lane
 * 16 ⌊k/4⌋ + j; D[i][j] in lane 16 ⌊i/4⌋ + j, element i mod 4. The right operand is given as A, so D is turned: its rows are our columns.
 */
function cdna(operand: 'a' | 'b' | 'sums', lane: number, e: number): Place {
  const [side, quarter] = [lane % 16, Math.floor(lane / 16)];
  if (operand === 'sums') return { m: side, n: 4 * quarter + e };
  return operand === 'a' ? { m: side, k: 4 * quarter + e } : { n: side, k: 4 * quarter + e };
}

describe.each([
  ...CUDA_ARCHS.map((a) => [`cuda:${a.name}`, a.matrix, a.wave, ptx] as const),
  ...HIP_ARCHS.map((a) => [`hip:${a.name}`, a.matrix, a.wave, cdna] as const),
])('the matrix unit of %s', (_, unit, wave, formula) => {
  const parts = ['a', 'b', 'sums'] as const;
  const held = (f: Fragment): readonly (readonly [number, number])[] =>
    Array.from({ length: wave }, (_x, lane) => Array.from({ length: heldBy(f) }, (_y, e) => [lane, e] as const)).flat();

  test.each(parts)('gives each lane the elements of %s that the maker’s formulas do', (part) => {
    for (const [lane, e] of held(unit[part]))
      expect([lane, e, placeOf(unit[part], lane, e)]).toEqual([
        lane,
        e,
        { m: 0, n: 0, k: 0, ...formula(part, lane, e) },
      ]);
  });

  test.each(parts)('gives each element of %s to one lane', (part) => {
    const places = held(unit[part]).map(([lane, e]) => JSON.stringify(placeOf(unit[part], lane, e)));
    expect(new Set(places).size).toBe(places.length);
    expect(places).toHaveLength(size(unit, part));
  });
});
const size = ({ m, n, k }: MatrixUnit, part: 'a' | 'b' | 'sums'): number => ({ a: m * k, b: k * n, sums: m * n })[part];
