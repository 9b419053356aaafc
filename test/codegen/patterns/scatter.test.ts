import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { scatter } from '../../../src/codegen/patterns/scatter/scatter.ts';
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
function programOf(graph: StageGraph, bytes: number): TileProgram {
  const plan = planNamed(graph, 'fused');
  return lowerProgram(plan, {
    outer: { kind: 'part' },
    schedule: () => ({ bytes, unroll: 2, accumulators: 2, stream: false, prefetch: 0, ahead: 0, halves: false }),
    facts: (w) => ({ ...w }),
    claimed(k) {
      const claim = scatter.claim(k, plan.graph);
      const lowered = claim?.lower({}, { vectorBytes: 16, registers: 16, cache: { l1: 1, l2: 1, l3: 1 }, dims: {} });
      return lowered && { pattern: 'scatter', split: true, lower: lowered };
    },
  });
}

const GRADIENT = `op a(g: f32[N, D], ids: i64[N], const V: i64) -> (dw: f32[V, D]) {
  scatter add dw[drop ids[n], d] = g[n, d] init 0;
}`;
const HISTOGRAM = `op a(x: i32[N], const K: i64) -> (n: i64[K]) {
  scatter add n[clamp x[i]] = 1 init 0;
}`;
const LARGEST = `op a(x: i32[N, M], at: i64[N], const K: i64) -> (y: i32[K, M]) {
  scatter max y[drop at[n], m] = x[n, m] init -7;
}`;

describe('scatters', () => {
  test.each([
    ['gradient of an embedding', GRADIENT],
    ['histogram', HISTOGRAM],
    ['largest of each row', LARGEST],
  ])('%s: rows are shared by parts, and agree with the reference', (_, text) => {
    const graph = graphOf(text);
    const programs = [programOf(graph, 16), programOf(graph, 0)];
    for (const p of programs) {
      expect(p.kernels.map((k) => [k.pattern, k.split])).toContainEqual(['scatter', true]);
      expect(verifyTile(p), printTile(p)).toEqual([]);
    }
    fc.assert(
      fc.property(arbitraryCase(graph, { work: 1500 }), fc.nat(1), (c, k) => {
        expect(wrongElement(graph, must(programs[k], 'program'), c)).toBeUndefined();
      }),
      { numRuns: 20, seed: 5 },
    );
  });

  test('runs of the last axis are updated in vectors', () => {
    expect(printTile(programOf(graphOf(GRADIENT), 16))).toContain('f32x4 g[');
    expect(printTile(programOf(graphOf(HISTOGRAM), 16))).not.toContain('i64x');
  });
});
