import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { columns } from '../../../src/codegen/patterns/columns/columns.ts';
import { lowerColumns } from '../../../src/codegen/patterns/columns/lower.ts';
import { columnsOf } from '../../../src/codegen/patterns/columns/shape.ts';
import { planNamed } from '../../../src/codegen/plan/planner.ts';
import { lowerProgram } from '../../../src/codegen/tile/program.ts';
import { arbitraryCase } from '../../../src/verify/arbitrary.ts';
import { wrongElement } from '../../fixtures/interpreted.ts';
import { compile, smallConsts } from '../../fixtures/programs.ts';

function graphOf(text: string): StageGraph {
  const op = must(compile(text)[0], 'operator');
  const lowered = lower(op, smallConsts(op));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  return lowered.graph;
}
const shapeOf = (text: string): ReturnType<typeof columnsOf> => {
  const plan = planNamed(graphOf(text), 'fused');
  return columnsOf(must(plan.kernels[0], 'kernel'), plan.graph);
};

const SUM = 'op a(x: f32[N, D]) -> (y: f32[D]) { y[d] = sum[n](x[n, d]); }';
const NARROW = 'op a(x: bf16[N, D]) -> (y: bf16[D]) { y[d] = sum[n](x[n, d]) as bf16; }';
const BATCHES = 'op a(x: f32[B, N, D]) -> (y: f32[B, D]) { y[b, d] = max[n](x[b, n, d]); }';
const WEIGHTED = 'op a(x: f32[N, D], r: f32[N]) -> (y: f32[D]) { y[d] = sum[n](x[n, d] * r[n]); }';
const TWO = 'op a(x: f32[M, N, D]) -> (y: f32[D]) { y[d] = sum[m, n](x[m, n, d]) * 0.5; }';

describe('what is folded by columns', () => {
  test.each([
    ['a sum over rows', SUM, 0, 1],
    ['in several matrices', BATCHES, 1, 1],
    ['of products with a factor of the row', WEIGHTED, 0, 1],
    ['over two axes', TWO, 0, 2],
  ])('%s', (_, text, outer, over) => {
    const shape = must(shapeOf(text), 'shape');
    expect([shape.outer.length, shape.over.length]).toEqual([outer, over]);
  });
  test.each([
    ['a sum along rows', 'op a(x: f32[N, D]) -> (y: f32[N]) { y[n] = sum[d](x[n, d]); }'],
    ['a conditional sum', 'op a(x: f32[N, D], k: bool[N, D]) -> (y: f32[D]) { y[d] = sum[n where k[n, d]](x[n, d]); }'],
    ['the place of a maximum', 'op a(x: f32[N, D]) -> (y: i64[D]) { y[d] = argmax[n](x[n, d]); }'],
  ])('not %s', (_, text) => expect(shapeOf(text)).toBeUndefined());
});

/** Strips, rows and vectors so small that every edge is met. */
function programOf(graph: StageGraph, strip: number, rows: number, unroll: number): TileProgram {
  const plan = planNamed(graph, 'fused');
  return lowerProgram(plan, {
    outer: { kind: 'part' },
    schedule: () => ({ bytes: 16, unroll, accumulators: 2, stream: false, prefetch: 0, ahead: 0, halves: false }),
    facts: (w) => ({ ...w }),
    claimed(k) {
      const shape = must(columnsOf(k, plan.graph), columns.name);
      const c = { strip, rows, lanes: 4, unroll, ahead: 16 };
      return { pattern: 'columns', lower: (s, state, outer) => lowerColumns(shape, c, s, state, outer) };
    },
  });
}

test.each([
  ['sum', SUM],
  ['narrow', NARROW],
  ['batches', BATCHES],
  ['weighted', WEIGHTED],
  ['two axes', TWO],
])('%s, interpreted: agrees with the reference', (_, text) => {
  const graph = graphOf(text);
  const programs = [programOf(graph, 8, 2, 2), programOf(graph, 16, 4, 1), programOf(graph, 4, 1, 1)];
  for (const p of programs) expect(verifyTile(p), printTile(p)).toEqual([]);
  fc.assert(
    fc.property(
      arbitraryCase(graph, { work: 1500, styles: ['integers', 'uniform', 'special'] }),
      fc.nat(programs.length - 1),
      (c, k) => {
        expect(wrongElement(graph, must(programs[k], 'program'), c)).toBeUndefined();
      },
    ),
    { numRuns: 20, seed: 7 },
  );
});
