import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import type { Machine } from '../../../src/codegen/patterns/pattern.ts';
import { cascade } from '../../../src/codegen/patterns/cascade/cascade.ts';
import { successorsOf } from '../../../src/codegen/patterns/cascade/reuse.ts';
import { cascadeOf } from '../../../src/codegen/patterns/cascade/shape.ts';
import { planNamed } from '../../../src/codegen/plan/planner.ts';
import { lowerProgram } from '../../../src/codegen/tile/program.ts';
import { arbitraryCase } from '../../../src/verify/arbitrary.ts';
import { wrongElement } from '../../fixtures/interpreted.ts';
import { compile, smallConsts } from '../../fixtures/programs.ts';

/** The first operator of a text, in its fused plan. */
function graphOf(text: string): StageGraph {
  const op = must(compile(text)[0], 'operator');
  const lowered = lower(op, smallConsts(op));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  return lowered.graph;
}
const shapeOf = (text: string): ReturnType<typeof cascadeOf> => {
  const graph = graphOf(text);
  const plan = planNamed(graph, 'fused');
  return plan.kernels.length === 1 ? cascadeOf(must(plan.kernels[0], 'kernel'), plan.graph) : undefined;
};

const SIGNATURE = 'q: f32[B, M, D], k: f32[B, N, D], v: f32[B, N, E]';
const attention = (where: string): string =>
  `op a(${SIGNATURE}) -> (o: f32[B, M, E]) {
     let s[b, m, n] ${where} = sum[d](q[b, m, d] * k[b, n, d]);
     o[b, m, e] = sum[n](softmax[n](s[b, m, n]) * v[b, n, e]);
   }`;
const CAUSAL = attention('where n <= m + N - M');
const WINDOW = attention('where n <= m && n + 3 > m');
const NESTED = `op a(${SIGNATURE}) -> (o: f32[B, M, E]) {
  o[b, m, e] = sum[n](relu(sum[d](q[b, m, d] * k[b, n, d])) * v[b, n, e]);
}`;
const RAGGED = `op a(q: f32[B, ~L(off), D], k: f32[B, ~L(off), D], v: f32[B, ~L(off), E], off: i64[B+1]) -> (o: f32[B, ~L(off), E]) {
  let s[b, i, j] where j <= i = sum[d](q[b, i, d] * k[b, j, d]);
  o[b, i, e] = sum[j](s[b, i, j] * v[b, j, e]);
}`;
const NETWORK = `op a(x: f32[B, D], w: f32[D, H], u: f32[H, E]) -> (y: f32[B, E]) {
  let h[b, j] = relu(sum[d](x[b, d] * w[d, j]));
  y[b, e] = sum[j](h[b, j] * u[j, e]);
}`;

describe('scratch that is used again', () => {
  const reused = (text: string): Record<string, string> => {
    const { graph } = planNamed(graphOf(text), 'fused');
    const buffer = (id: string): StageGraph['buffers'][number] =>
      must(
        graph.buffers.find((x) => x.id === id),
        id,
      );
    return Object.fromEntries(successorsOf(must(shapeOf(text), 'cascade'), buffer));
  };
  test('exponentials stand where the scores were', () => {
    expect(Object.values(reused(CAUSAL))).toEqual(['s']);
  });
  test('not while somebody still reads the scores', () => {
    const text = CAUSAL.replace('softmax[n](s[b, m, n])', '(softmax[n](s[b, m, n]) + s[b, m, n])');
    expect(reused(text)).toEqual({});
  });
});

describe('what is a cascade', () => {
  test.each([
    ['attention', attention(''), 'product rows rows rows product'],
    ['causal attention', CAUSAL, 'product rows rows rows product'],
    ['a product of a function of a product', NESTED, 'product product'],
    ['the same over ragged rows', RAGGED, 'product product'],
    ['two layers of a network', NETWORK, 'product product'],
  ])('%s', (_, text, steps) => {
    expect(
      shapeOf(text)
        ?.steps.map((s) => s.kind)
        .join(' '),
    ).toBe(steps);
  });
  test('the row is the loop that the right operands do not know', () => {
    expect(shapeOf(CAUSAL)?.row.name).toBe('m');
    expect(shapeOf(RAGGED)?.row.name).toBe('i');
    expect(shapeOf(NETWORK)?.batch).toEqual([]);
  });

  test.each([
    ['one product', 'op a(x: f32[M, K], w: f32[K, N]) -> (y: f32[M, N]) { y[m, n] = sum[k](x[m, k] * w[k, n]); }'],
    [
      'a right operand that moves with the row',
      `op a(x: f32[M, K], w: f32[M, K, N], u: f32[M, N, E]) -> (y: f32[M, E]) {
       let h[m, n] = relu(sum[k](x[m, k] * w[m, k, n]));
       y[m, e] = sum[n](h[m, n] * u[m, n, e]);
     }`,
    ],
    [
      'maxima instead of sums',
      `op a(x: f32[M, K], w: f32[K, N], u: f32[N, E]) -> (y: f32[M, E]) {
       let h[m, n] = max[k](x[m, k] * w[k, n]);
       y[m, e] = max[n](h[m, n] * u[n, e]);
     }`,
    ],
    [
      'sums instead of products',
      `op a(x: f32[M, K], w: f32[K, N], u: f32[N, E]) -> (y: f32[M, E]) {
       let h[m, n] = sum[k](x[m, k] + w[k, n]);
       y[m, e] = sum[n](h[m, n] + u[n, e]);
     }`,
    ],
    [
      'sums in f64',
      `op a(x: f64[M, K], w: f64[K, N], u: f64[N, E]) -> (y: f64[M, E]) {
       let h[m, n] = sum[k](x[m, k] * w[k, n]);
       y[m, e] = sum[n](h[m, n] * u[n, e]);
     }`,
    ],
  ])('not %s', (_, text) => {
    expect(shapeOf(text)).toBeUndefined();
  });
});

/** Micro-tiles and blocks so small that every edge is met. */
function programOf(graph: StageGraph, bytes: number, rows: number, tile: string): TileProgram {
  const machine: Machine = { vectorBytes: 16, registers: 16, cache: { l1: 1, l2: 1, l3: 1 }, dims: {} };
  const plan = planNamed(graph, 'fused');
  return lowerProgram(plan, {
    outer: { kind: 'part' },
    schedule: () => ({ bytes, unroll: 2, accumulators: 2, stream: false, prefetch: 0, ahead: 0, halves: false }),
    facts: (w) => ({ ...w }),
    claimed(k) {
      const lowered = cascade.claim(k, plan.graph)?.lower({ tile, block_rows: rows }, machine);
      return lowered && { pattern: 'cascade', lower: lowered };
    },
  });
}

describe('cascades, interpreted', () => {
  test.each([
    ['plain', attention('')],
    ['causal', CAUSAL],
    ['windowed', WINDOW],
    ['nested', NESTED],
    ['ragged', RAGGED],
    ['network', NETWORK],
  ])('%s: agrees with the reference', (_, text) => {
    const graph = graphOf(text);
    const programs = [programOf(graph, 16, 4, '2x2'), programOf(graph, 16, 2, '1x1'), programOf(graph, 0, 3, '3x2')];
    for (const p of programs) {
      expect(p.kernels.map((k) => k.pattern)).toEqual(['cascade']);
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
      { numRuns: 25, seed: 11 },
    );
  });
});
