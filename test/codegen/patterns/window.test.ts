import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import type { Claim, Machine } from '../../../src/codegen/patterns/pattern.ts';
import { window } from '../../../src/codegen/patterns/window.ts';
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
const claimOf = (text: string): Claim | undefined => {
  const plan = planNamed(graphOf(text), 'fused');
  return window.claim(must(plan.kernels[0], 'kernel'), plan.graph);
};

const DEPTHWISE = `op a(x: f32[C, H, W], w: f32[C, 3, 3]) -> (y: f32[C, H, W]) {
  y[c, i, j] = sum[r in 0..3, q in 0..3]((x[c, i + r - 1, j + q - 1] ?? 0) * w[c, r, q]);
}`;
const STEPS = `op a(x: f32[C, H, W]) -> (y: f32[C, OH, OW]) dim OH = (H + 1)//2; dim OW = (W + 1)//2; {
  y[c, i, j] = max[r in 0..3, q in 0..2](x[c, 2*i + r - 1, 2*j + q - 1] ?? -inf);
}`;
const LINES = `op a(x: f32[N, W]) -> (y: f32[N, W]) { y[n, j] = sum[q in 0..5](x[n, j + q - 2] ?? 1); }`;

describe('what is a window', () => {
  test.each([
    ['a filter for each channel', DEPTHWISE],
    ['maxima at steps', STEPS],
    ['along rows only', LINES],
  ])('%s', (_, text) => expect(claimOf(text)?.pattern).toBe('window'));
  test.each([
    [
      'a window without borders',
      'op a(x: f32[N, W]) -> (y: f32[N, W]) { y[n, j] = sum[q in 0..4](x[n, j] * (q as f32)); }',
    ],
    [
      'a window as long as the row',
      'op a(x: f32[N, W]) -> (y: f32[N, W]) { y[n, j] = sum[q in 0..W](x[n, j + q] ?? 0); }',
    ],
  ])('not %s', (_, text) => expect(claimOf(text)).toBeUndefined());
});

const KIB = 1024;
const MACHINE: Machine = {
  vectorBytes: 16,
  registers: 16,
  cache: { l1: 32 * KIB, l2: 512 * KIB, l3: 16 * KIB * KIB },
  dims: {},
};
function programOf(graph: StageGraph, unroll: number): TileProgram {
  const plan = planNamed(graph, 'fused');
  return lowerProgram(plan, {
    outer: { kind: 'part' },
    schedule: () => ({ bytes: 16, unroll, accumulators: 2, stream: false, prefetch: 0, ahead: 0, halves: false }),
    facts: (w) => ({ ...w }),
    claimed(k) {
      const claim = must(window.claim(k, plan.graph), 'claim');
      const run = must(claim.lower({ interior: true, vector: 16 }, MACHINE), 'lowering');
      return { pattern: claim.pattern, lower: run };
    },
  });
}

test.each([
  ['a filter for each channel', DEPTHWISE],
  ['maxima at steps', STEPS],
  ['along rows only', LINES],
])('%s, interpreted: agrees with the reference', (_, text) => {
  const graph = graphOf(text);
  const programs = [programOf(graph, 1), programOf(graph, 2)];
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
