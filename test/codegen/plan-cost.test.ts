import { expect, test } from 'vitest';
import { printExpr } from '../../src/codegen/ir/print.ts';
import { costOf } from '../../src/codegen/plan/cost.ts';
import { evalSize } from '../../src/codegen/shapes/eval-size.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import { matmul, pooledEmbedding, rmsnorm } from '../fixtures/graphs.ts';

const dims: Readonly<Record<string, number>> = { B: 4, D: 8, V: 1000, M: 2, N: 3, K: 5 };
/** Ragged rows of ten items in all. */
const at = (e: ReturnType<typeof costOf>['bytes']): number | undefined =>
  evalSize(e, { dim: (id) => dims[id], scalar: () => undefined, read: () => 10 });
const bytes = (g: StageGraph): number | undefined => at(costOf(g).bytes);

test('every argument of a norm moves once', () => {
  expect(bytes(rmsnorm('f32'))).toBe(4 * (4 * 8 + 8 + 4 * 8));
});
test('of a table only the rows that are gathered move', () => {
  expect(bytes(pooledEmbedding())).toBe(10 * 8 * 4 + 10 * 8 + 5 * 8 + 4 * 8 * 4);
});
test('a matrix product does two operations for each product', () => {
  const { flops } = costOf(matmul());
  expect(at(flops), printExpr(flops)).toBe(2 * 2 * 3 * 5);
});
