import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import type { TileProgram } from '../../../src/codegen/ir/tile.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { plans } from '../../../src/codegen/plan/planner.ts';
import { lowerProgram } from '../../../src/codegen/tile/program.ts';
import type { Schedule } from '../../../src/codegen/tile/vectorise.ts';
import { arbitraryCase } from '../../../src/verify/arbitrary.ts';
import { wrongElement } from '../../fixtures/interpreted.ts';
import { compile, examplesText, languageText, smallConsts } from '../../fixtures/programs.ts';

const SCHEDULES: readonly Schedule[] = [
  { bytes: 0, unroll: 1, accumulators: 1, stream: false, prefetch: 0, ahead: 0, halves: false },
  { bytes: 16, unroll: 2, accumulators: 2, stream: true, prefetch: 64, ahead: 2, halves: true },
];
const PROGRAMS = [
  'rmsnorm',
  'log_softmax',
  'cumsum',
  'argmax_middle',
  'sort_rows',
  'jagged_softmax',
  'flip_truncate',
  'map_id',
  'sigrid_hash',
  'quantize_packed',
  'calibration_bins',
  'lstm_layer2',
  'clip_grad_norm',
  'dropout',
  'bucketize_sparse',
  'masked_cumsum',
  'moe_gate',
  'tbe_int8',
  'conv_transpose1d',
];

const operators = [...compile(examplesText), ...compile(languageText)];
function graphOf(name: string): StageGraph {
  const op = must(
    operators.find((o) => o.name === name),
    name,
  );
  const lowered = lower(op, smallConsts(op));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  return lowered.graph;
}
/** Every plan under every schedule, with and without facts. */
function programsOf(graph: StageGraph): readonly TileProgram[] {
  return plans(graph).flatMap((plan) =>
    SCHEDULES.map((schedule) =>
      lowerProgram(plan, {
        outer: { kind: 'part' },
        schedule: () => schedule,
        facts: (w) => ({ ...w }),
      }),
    ),
  );
}

describe('lowering to tile IR, interpreted', () => {
  test.each(PROGRAMS)('%s: every plan and schedule is sound and agrees with the reference', (name) => {
    const graph = graphOf(name);
    const programs = programsOf(graph);
    for (const p of programs) expect(verifyTile(p), printTile(p)).toEqual([]);
    fc.assert(
      fc.property(
        arbitraryCase(graph, { work: 3000, styles: ['integers', 'uniform'] }),
        fc.nat(programs.length - 1),
        (c, k) => {
          expect(wrongElement(graph, must(programs[k], 'program'), c)).toBeUndefined();
        },
      ),
      { numRuns: 12, seed: 7 },
    );
  });
});

describe('the verifier', () => {
  const program = must(programsOf(graphOf('rmsnorm'))[0], 'program');
  const kernel = must(program.kernels[0], 'kernel');
  const broken = (body: TileProgram['kernels'][number]['body']): readonly string[] =>
    verifyTile({ ...program, kernels: [{ ...kernel, body }] });
  const one = { kind: 'int', value: 1n, ty: { dtype: 'i64', lanes: 1 } } as const;

  test('finds an unknown name', () => {
    expect(broken([{ kind: 'let', id: 'a', value: { kind: 'name', id: 'nowhere', ty: one.ty } }])).toHaveLength(1);
  });
  test('finds a name declared twice and a constant that is set', () => {
    expect(
      broken([
        { kind: 'let', id: 'a', value: one },
        { kind: 'let', id: 'a', value: one },
        { kind: 'set', id: 'a', value: one },
      ]),
    ).toHaveLength(2);
  });
  test('finds operands of different lanes', () => {
    const two = { kind: 'iota', ty: { dtype: 'i64', lanes: 2 } } as const;
    expect(
      broken([{ kind: 'let', id: 'a', value: { kind: 'binary', op: 'add', a: one, b: two, ty: two.ty } }]),
    ).not.toEqual([]);
  });
  test('finds a barrier that not all lanes reach', () => {
    const lanes = {
      ...kernel,
      lanes: 32,
      body: [
        {
          kind: 'loop',
          id: 'i',
          level: { kind: 'lane' },
          lo: one,
          hi: one,
          step: 1,
          body: [{ kind: 'barrier', within: 'block' }],
        },
      ],
    } as const;
    expect(verifyTile({ ...program, kernels: [lanes] })).toEqual([expect.stringContaining('barrier')]);
  });
});
