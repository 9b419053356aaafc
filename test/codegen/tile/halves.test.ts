import { describe, expect, test } from 'vitest';
import { runTile } from '../../../src/codegen/interp/run.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { elements, tensor, valuesOf, zeros } from '../../../src/codegen/numeric/tensor.ts';
import { plans } from '../../../src/codegen/plan/planner.ts';
import { must } from '../../../src/assert.ts';
import { SCALAR } from '../../../src/codegen/tile/vectorise.ts';
import { lowerProgram } from '../../../src/codegen/tile/program.ts';
import { compileOp } from '../../fixtures/programs.ts';

function graphOf(text: string): StageGraph {
  const l = lower(compileOp(text));
  if (!l.ok) throw new Error('does not lower');
  return l.graph;
}
function program(graph: StageGraph, halves: boolean): TileProgram {
  const schedule = { ...SCALAR, bytes: 32, unroll: 2, accumulators: 4, halves };
  return lowerProgram(must(plans(graph)[0], 'plan'), { outer: { kind: 'part' }, schedule: () => schedule });
}
const dump = (text: string): string => printTile(program(graphOf(text), true));

const NORM = `op norm(x: bf16[B, D], w: bf16[D]) -> (y: bf16[B, D]) {
  let r[b] = rsqrt(mean[d](x[b, d] * x[b, d]) + 1.0);
  y[b, d] = (x[b, d] * r[b] * w[d]) as bf16;
}`;
/** The value of an index differs between the halves too. */
const RAMP = `op ramp(x: bf16[B, D]) -> (y: bf16[B, D]) { y[b, d] = (x[b, d] * (1.0 + d)) as bf16; }`;

function run(p: TileProgram, B: number, D: number): readonly unknown[] {
  const fill = (n: number, f: number): number[] => Array.from({ length: n }, (_, i) => ((i * 37 + f) % 101) / 16 - 3);
  const x = tensor('bf16', [B, D], fill(B * D, 1));
  const w = tensor('bf16', [D], fill(D, 5));
  const y = zeros('bf16', [B, D]);
  runTile(p, { arrays: { x: [x], w: [w], y: [y] }, values: { B: BigInt(B), D: BigInt(D) } });
  expect(elements(y.shape)).toBe(B * D);
  return valuesOf(y);
}

describe('halves of bf16 runs', () => {
  test.each([
    ['norm', NORM],
    ['ramp', RAMP],
  ])('%s gives the results of whole vectors', (_, text) => {
    const graph = graphOf(text);
    for (const D of [0, 1, 15, 16, 31, 32, 33, 70]) {
      const halved = run(program(graph, true), 3, D);
      const whole = run(program(graph, false), 3, D);
      halved.forEach((v, i) =>
        expect(Math.abs(Number(v) - Number(whole[i]))).toBeLessThanOrEqual(Math.abs(Number(v)) / 128),
      );
    }
  });
  test('are sound programs', () => {
    for (const text of [NORM, RAMP]) expect(verifyTile(program(graphOf(text), true))).toEqual([]);
  });
  test('are loaded and stored as such', () => {
    expect(dump(NORM)).toMatch(/even bf16.*x\[/);
    expect(dump(NORM)).toMatch(/odd bf16.*x\[/);
    expect(dump(NORM)).toContain('alternating with');
  });
  test('need bf16 throughout', () => {
    expect(dump('op f(x: bf16[N], w: f32[N]) -> (y: bf16[N]) { y[n] = (x[n] * w[n]) as bf16; }')).not.toContain('even');
    expect(dump('op f(x: bf16[N]) -> (y: f32[N]) { y[n] = x[n] * 2.0; }')).not.toContain('even');
    expect(dump('op f(x: f16[N]) -> (y: f16[N]) { y[n] = (x[n] * 2.0) as f16; }')).not.toContain('even');
  });
  test('are not for choices that differ by lane', () => {
    expect(dump('op f(x: bf16[N]) -> (y: bf16[N]) { y[n] = (if x[n] > 0 then x[n] else 0) as bf16; }')).not.toContain(
      'even',
    );
  });
});
