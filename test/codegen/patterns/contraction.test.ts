import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { lowerContraction } from '../../../src/codegen/patterns/contraction/lower.ts';
import type { Blocks } from '../../../src/codegen/patterns/contraction/lower.ts';
import { contractionOf } from '../../../src/codegen/patterns/contraction/shape.ts';
import type { Contraction } from '../../../src/codegen/patterns/contraction/shape.ts';
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
function shapeOf(text: string): Contraction | undefined {
  const plan = planNamed(graphOf(text), 'fused');
  return contractionOf(must(plan.kernels[0], 'kernel'));
}

const PLAIN = 'op a(x: f32[M, K], w: f32[K, N]) -> (y: f32[M, N]) { y[m, n] = sum[k](x[m, k] * w[k, n]); }';
const TURNED = 'op a(x: bf16[K, M], w: bf16[N, K]) -> (y: bf16[M, N]) { y[m, n] = sum[k](x[k, m] * w[n, k]) as bf16; }';
const BATCHES =
  'op a(x: f32[B, M, K], w: f32[B, K, N]) -> (y: f32[B, M, N]) { y[b, m, n] = sum[k](x[b, m, k] * w[b, k, n]); }';
const BYTES = 'op a(x: i8[M, K], w: u8[K, N]) -> (y: i32[M, N]) { y[m, n] = sum[k](x[m, k] * w[k, n]); }';
const LAYER =
  'op a(x: f32[M, K], w: f32[N, K], s: f32[K], c: f32[N]) -> (y: f32[M, N]) { let t[m, n] = sum[k](x[m, k] * s[k] * w[n, k]) + c[n]; y[m, n] = relu(t[m, n]); }';
const CONV =
  'op a(x: f32[N, C, L], w: f32[K, C, 3]) -> (y: f32[N, K, L]) { y[n, k, l] = sum[c, r]((x[n, c, l + r - 1] ?? 0) * w[k, c, r]); }';

describe('what is a contraction', () => {
  test.each([
    ['a product of matrices', PLAIN, 'batch  rows m cols n over k'],
    ['of transposed ones', TURNED, 'batch  rows m cols n over k'],
    ['of several pairs', BATCHES, 'batch b rows m cols n over k'],
    ['with a factor of the reduced axis', LAYER, 'batch  rows m cols n over k'],
    ['a convolution', CONV, 'batch  rows k cols n l over c r'],
  ])('%s', (_, text, expected) => {
    const c = must(shapeOf(text), 'contraction');
    const names = (axes: Contraction['rows']): string => axes.map((a) => a.name).join(' ');
    expect(`batch ${names(c.batch)} rows ${names(c.rows)} cols ${names(c.cols)} over ${names(c.over)}`).toBe(expected);
  });
  test.each([
    ['a matrix by a vector', 'op a(x: f32[M, K], w: f32[K]) -> (y: f32[M]) { y[m] = sum[k](x[m, k] * w[k]); }'],
    [
      'a sum of differences',
      'op a(x: f32[M, K], w: f32[N, K]) -> (y: f32[M, N]) { y[m, n] = sum[k](abs(x[m, k] - w[n, k])); }',
    ],
    [
      'a conditional sum',
      'op a(x: f32[M, K], w: f32[K, N], p: bool[K]) -> (y: f32[M, N]) { y[m, n] = sum[k where p[k]](x[m, k] * w[k, n]); }',
    ],
    [
      'a largest product',
      'op a(x: f32[M, K], w: f32[K, N]) -> (y: f32[M, N]) { y[m, n] = max[k](x[m, k] * w[k, n]); }',
    ],
    [
      'a convolution of each channel',
      'op a(x: f32[C, L], w: f32[C, 3]) -> (y: f32[C, L]) { y[c, l] = sum[r]((x[c, l + r - 1] ?? 0) * w[c, r]); }',
    ],
  ])('not %s', (_, text) => expect(shapeOf(text)).toBeUndefined());
});

/** Tiles and blocks so small that every edge is met. */
function programOf(graph: StageGraph, blocks: Omit<Blocks, 'share'>): TileProgram {
  const plan = planNamed(graph, 'fused');
  return lowerProgram(plan, {
    outer: { kind: 'part' },
    schedule: () => ({ bytes: 16, unroll: 1, accumulators: 1, stream: false, prefetch: 0, ahead: 0, halves: false }),
    claimed(k) {
      const c = must(contractionOf(k), 'contraction');
      const x = { ...blocks, share: must(c.rows.at(-1), 'row').id };
      return { pattern: 'contraction', lower: (s, state, outer) => lowerContraction(c, x, s, state, outer) };
    },
  });
}
const ROWS = { m: 2, n: 4, lanes: 4, mc: 4, nc: 8, kc: 0, left: 'rows', group: 1 } as const;
const PANELS = { m: 3, n: 8, lanes: 4, mc: 3, nc: 8, kc: 2, left: 'panels', group: 1 } as const;
const DIRECT = { ...ROWS, left: 'direct', kc: 4 } as const;
const PAIRS = { ...ROWS, group: 2, kc: 4 } as const;

test.each([
  ['plain', PLAIN, [ROWS, PANELS, DIRECT]],
  ['turned', TURNED, [ROWS, PANELS, DIRECT]],
  ['batches', BATCHES, [ROWS, PANELS]],
  ['bytes', BYTES, [PAIRS, { ...PAIRS, left: 'panels' } as const]],
  ['layer', LAYER, [ROWS, PANELS]],
  ['convolution', CONV, [ROWS, PANELS]],
])('%s, interpreted: agrees with the reference', (_, text, all) => {
  const graph = graphOf(text);
  const programs = all.map((blocks) => programOf(graph, blocks));
  for (const p of programs) expect(verifyTile(p), printTile(p)).toEqual([]);
  fc.assert(
    fc.property(
      arbitraryCase(graph, { work: 1000, styles: ['integers', 'uniform'] }),
      fc.nat(programs.length - 1),
      (c, k) => {
        expect(wrongElement(graph, must(programs[k], 'program'), c)).toBeUndefined();
      },
    ),
    { numRuns: 12, seed: 7 },
  );
});

test('operands that lie along the depth are turned in registers instead of gathered', () => {
  const turns = (text: string): boolean => printTile(programOf(graphOf(text), ROWS)).includes(' = turn ');
  expect([turns(LAYER), turns(TURNED), turns(PLAIN), turns(BATCHES)]).toEqual([true, true, false, false]);
});
