import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/backends/reference/evaluate.ts';
import type { Evaluation } from '../../../src/backends/reference/evaluate.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { reads } from '../../../src/codegen/ir/walk.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import type { TOp } from '../../../src/dsl/typed.ts';
import { compile, examplesText, languageText, smallConsts } from '../../fixtures/programs.ts';
import { expectAgreement } from './agreement.ts';
import { randomKernel } from './kernel.ts';
import { naive } from './naive.ts';
import { random, randomInputs } from './random-inputs.ts';

const titled = (ops: readonly TOp[]): readonly [string, TOp][] =>
  ops.map((o) => [`${o.name} ${Object.values(o.types).join(' ')}`.trim(), o]);

function graphOf(op: TOp): StageGraph {
  const lowered = lower(op, smallConsts(op));
  if (!lowered.ok) throw new Error(lowered.refusals.map((r) => r.message).join('; '));
  return lowered.graph;
}
/** Searches need ascending data. */
function sortSearched(graph: StageGraph, inputs: ReturnType<typeof randomInputs>): void {
  for (const s of graph.stages) {
    if (s.kind !== 'reduce' || (s.reduce.op !== 'lower' && s.reduce.op !== 'upper')) continue;
    for (const r of reads(s.reduce.body)) {
      const t = inputs.buffers[r.buf];
      if (t !== undefined && 'data' in t && graph.buffers.find((b) => b.id === r.buf)?.offsetsOf === undefined)
        t.data.sort();
    }
  }
}
/** Dims that satisfy the conditions of a program, by trial. */
function fitting(
  graph: StageGraph,
  seed: number,
): { readonly inputs: ReturnType<typeof randomInputs>; readonly result: Extract<Evaluation, { ok: true }> } {
  let last = '';
  for (let t = 0; t < 60; t++) {
    const base = t < 3 ? 4 : 2 + ((t * 7 + seed) % 6);
    const dims = Object.fromEntries(
      graph.dims
        .filter((d) => d.derived === undefined)
        .map((d, k) => [
          d.id,
          d.perElement === undefined ? base + ((t * (k + 1)) % 4) : [3, 1, 4, 2].map((x) => x + base),
        ]),
    );
    // T is one more than the number of inner rows, which only the outer offsets tell: room enough.
    if (graph.name === 'batch_event_truncate') Object.assign(dims, { T: 200 });
    // Blocks of 128 are enough work as they are.
    if (graph.name === 'gemm_fp8_block') Object.assign(dims, { M: 2, NB: 1, KB: 2 });
    const inputs = randomInputs(graph, dims, seed + t);
    sortSearched(graph, inputs);
    const result = evaluate(graph, inputs);
    if (result.ok) return { inputs, result };
    last = result.problems.map((p) => p.text).join('; ');
  }
  throw new Error(`no dims fit: ${last}`);
}

describe('every program runs, with bounds, without, and sampled', () => {
  test.each([...titled(compile(examplesText)), ...titled(compile(languageText))])('%s', (_, op) => {
    const graph = graphOf(op);
    const { inputs, result } = fitting(graph, 1);
    expect(result.faults).toEqual([]);
    const plain = evaluate(graph, inputs, { bounds: false });
    const sampled = evaluate(graph, inputs, { sample: { count: 1000000, seed: 1 } });
    if (!plain.ok || !sampled.ok) throw new Error('problems');
    expectAgreement(result.outputs, naive(graph, inputs));
    for (const [id, outputs] of Object.entries(result.outputs)) {
      expect(plain.outputs[id]?.map((o) => o.tensor)).toEqual(outputs.map((o) => o.tensor));
      expect(sampled.outputs[id]?.map((o) => o.tensor)).toEqual(outputs.map((o) => o.tensor));
      for (const o of outputs)
        expect([
          id,
          o.tensor.data.length > 0 && o.bound !== undefined ? o.bound.some((e) => e < Infinity) : true,
        ]).toEqual([id, true]);
    }
  });
});

describe('a right kernel stays within the bound, whatever its roundings', () => {
  test.each([...titled(compile(examplesText)), ...titled(compile(languageText))])('%s', (_, op) => {
    const graph = graphOf(op);
    for (let seed = 1; seed <= 2; seed++) {
      const { inputs, result } = fitting(graph, 10 * seed);
      expectAgreement(result.outputs, naive(graph, inputs, randomKernel(random(seed))), 0);
    }
  });
});

describe('empty and single extents are nothing special', () => {
  test.each([...titled(compile(examplesText)), ...titled(compile(languageText))])('%s', (_, op) => {
    const graph = graphOf(op);
    const own = graph.dims.filter((d) => d.derived === undefined);
    // All 0, all 1, and each of them 0 among 1s.
    for (let k = -2; k < own.length; k++) {
      const dims = Object.fromEntries(
        own.map((d, i) => [d.id, d.perElement === undefined ? (k === -2 ? 0 : k === i ? 0 : 1) : [1, 0, 2, 1]]),
      );
      const inputs = randomInputs(graph, dims, 3, 1);
      const result = evaluate(graph, inputs);
      if (!result.ok) continue;
      expect([dims, result.faults]).toEqual([dims, []]);
      expectAgreement(result.outputs, naive(graph, inputs));
    }
  });
});
