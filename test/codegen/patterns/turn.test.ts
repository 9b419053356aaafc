import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { turnedOf } from '../../../src/codegen/patterns/turn/shape.ts';
import { turn } from '../../../src/codegen/patterns/turn/turn.ts';
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
const shapeOf = (text: string): ReturnType<typeof turnedOf> => {
  const plan = planNamed(graphOf(text), 'fused');
  return turnedOf(must(plan.kernels[0], 'kernel'), plan.graph);
};

const TRANSPOSE = 'op a(x: f32[N, M]) -> (y: f32[M, N]) { y[m, n] = x[n, m]; }';
const NARROW = 'op a(x: bf16[N, M]) -> (y: bf16[M, N]) { y[m, n] = x[n, m] as bf16; }';
const PERMUTE = 'op a(x: f32[A, B, C, D]) -> (y: f32[D, A, C, B]) { y[d, a, c, b] = x[a, b, c, d]; }';
const BOTH = 'op a(x: f32[N, N]) -> (y: f32[N, N]) { y[i, j] = x[i, j] + x[j, i]; }';
const MIXED = 'op a(x: f32[N, M], z: f32[M, N], b: f32[N]) -> (y: f32[M, N]) { y[m, n] = x[n, m] + z[m, n] * b[n]; }';

describe('what is turned', () => {
  test.each([
    ['a transpose', TRANSPOSE, 'n', 'm', 1],
    ['a permutation of axes', PERMUTE, 'b', 'd', 1],
    ['a matrix and its transpose', BOTH, 'j', 'i', 1],
    ['an operand among others', MIXED, 'n', 'm', 1],
  ])('%s', (_, text, col, row, reads) => {
    const shape = must(shapeOf(text), 'shape');
    expect([shape.col.name, shape.row.name, shape.reads.length]).toEqual([col, row, reads]);
  });
  test.each([
    ['a copy', 'op a(x: f32[N, M]) -> (y: f32[N, M]) { y[n, m] = x[n, m]; }'],
    ['a broadcast along the results', 'op a(x: f32[M], z: f32[M, N]) -> (y: f32[M, N]) { y[m, n] = x[m] + z[m, n]; }'],
    [
      'an operand that only some results want',
      'op a(x: f32[N, M], k: f32[M, N]) -> (y: f32[M, N]) { y[m, n] = if k[m, n] > 0 then x[n, m] else 0; }',
    ],
  ])('not %s', (_, text) => expect(shapeOf(text)).toBeUndefined());
});

function programOf(graph: StageGraph, vectors: number): TileProgram {
  const plan = planNamed(graph, 'fused');
  const machine = { vectorBytes: 16, registers: 16, cache: { l1: 1, l2: 1, l3: 1 }, dims: {} };
  return lowerProgram(plan, {
    outer: { kind: 'part' },
    schedule: () => ({ bytes: 16, unroll: 2, accumulators: 2, stream: false, prefetch: 0, ahead: 0, halves: false }),
    facts: (w) => ({ ...w }),
    claimed(k) {
      const lowered = turn.claim(k, plan.graph)?.lower({ turn: vectors, turn_ahead: 16, vector: 16 }, machine);
      return lowered && { pattern: 'turn', lower: lowered };
    },
  });
}

test.each([
  ['transpose', TRANSPOSE],
  ['narrow', NARROW],
  ['permutation', PERMUTE],
  ['both', BOTH],
  ['mixed', MIXED],
])('%s, interpreted: agrees with the reference', (_, text) => {
  const graph = graphOf(text);
  const programs = [programOf(graph, 1), programOf(graph, 2)];
  for (const p of programs) {
    expect(p.kernels.map((k) => k.pattern)).toEqual(['turn']);
    expect(verifyTile(p), printTile(p)).toEqual([]);
  }
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
