import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/backends/reference/evaluate.ts';
import { tensor, valuesOf } from '../../../src/codegen/numeric/tensor.ts';
import { must } from '../../../src/assert.ts';
import { matmul, pooledEmbedding, rmsnorm } from '../../fixtures/graphs.ts';

type Given = Parameters<typeof evaluate>;
function outputOf(name: string, ...given: Given): readonly unknown[] {
  const r = evaluate(...given);
  if (!r.ok) throw new Error(r.problems.map((p) => p.text).join('; '));
  return valuesOf(must(r.outputs[name]?.[0], name).tensor);
}

describe('map and reduce', () => {
  test('rmsnorm in bf16', () => {
    const y = outputOf('y', rmsnorm(), { dims: { B: 2, D: 3 }, buffers: { x: tensor('bf16', [2, 3], [1, 2, 3, -4, 0, 4]), w: tensor('bf16', [3], [1, 1, 2]) } });
    expect(y).toEqual([0.462890625, 0.92578125, 2.78125, -1.2265625, 0, 2.453125]);
  });
  test('matmul', () => {
    expect(outputOf('y', matmul(), { dims: { M: 2, N: 2, K: 2 }, buffers: { a: tensor('f32', [2, 2], [1, 2, 3, 4]), b: tensor('f32', [2, 2], [5, 6, 7, 8]) } })).toEqual([17, 23, 39, 53]);
  });
  test('a gather over ragged rows', () => {
    const buffers = { w: tensor('f32', [3, 2], [1, 2, 3, 4, 5, 6]), ids: tensor('i64', [3], [0n, 2n, -5n]), off: tensor('i64', [3], [0n, 2n, 3n]) };
    expect(outputOf('y', pooledEmbedding(), { dims: { V: 3, D: 2, B: 2 }, buffers })).toEqual([6, 8, 1, 2]);
  });
});
