import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/backends/reference/evaluate.ts';
import type { Evaluation } from '../../../src/backends/reference/evaluate.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { reads } from '../../../src/codegen/ir/walk.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import type { TOp } from '../../../src/dsl/typed.ts';
import { compile, examplesText, languageText, smallConsts } from '../../fixtures/programs.ts';
import { getAt } from '../../../src/codegen/numeric/tensor.ts';
import type { Output } from '../../../src/backends/reference/outputs.ts';
import { naive } from './naive.ts';
import { randomInputs } from './random-inputs.ts';

const titled = (ops: readonly TOp[]): readonly [string, TOp][] => ops.map((o) => [`${o.name} ${Object.values(o.types).join(' ')}`.trim(), o]);

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
      if (t !== undefined && 'data' in t && graph.buffers.find((b) => b.id === r.buf)?.offsetsOf === undefined) t.data.sort();
    }
  }
}
/** Dims that satisfy the conditions of a program, by trial. */
function fitting(graph: StageGraph, seed: number): { readonly inputs: ReturnType<typeof randomInputs>; readonly result: Extract<Evaluation, { ok: true }> } {
  let last = '';
  for (let t = 0; t < 60; t++) {
    const base = t < 3 ? 4 : 2 + ((t * 7 + seed) % 6);
    const dims = Object.fromEntries(graph.dims.filter((d) => d.derived === undefined).map((d, k) => [d.id, d.perElement === undefined ? base + ((t * (k + 1)) % 4) : [3, 1, 4, 2].map((x) => x + base)]));
    // T is one more than the number of inner rows, which only the outer offsets tell: room enough.
    if (graph.name === 'batch_event_truncate') Object.assign(dims, { T: 200 });
    const inputs = randomInputs(graph, dims, seed + t);
    sortSearched(graph, inputs);
    const result = evaluate(graph, inputs);
    if (result.ok) return { inputs, result };
    last = result.problems.map((p) => p.text).join('; ');
  }
  throw new Error(`no dims fit: ${last}`);
}

/** Every element is the naive evaluator's, floats within the bound and a little rounding in f64. */
function agrees(id: string, list: number, out: Output, want: ReturnType<typeof naive>, field?: string): void {
  for (const [name, f] of Object.entries(out.fields ?? {})) agrees(id, list, f, want, name);
  if (out.fields !== undefined) return;
  const { shape } = out.tensor;
  for (let i = 0; i < out.tensor.data.length; i++) {
    const index = shape.reduceRight<{ rest: number; at: number[] }>(({ rest, at }, n) => ({ rest: Math.floor(rest / n), at: [rest % n, ...at] }), { rest: i, at: [] }).at;
    const expected = want(id, list, index, field);
    const found = out.values?.[i] ?? getAt(out.tensor, i);
    const slack = Math.max(out.bound?.[i] ?? 0, 1e-9 * Math.abs(Number(expected)));
    const same = typeof expected === 'number' ? Math.abs(Number(found) - expected) <= slack || Object.is(Number(found), expected) : BigInt(found) === BigInt(expected ?? 0) && expected !== undefined;
    if (!same) expect([id, list, index, found]).toEqual([id, list, index, expected]);
  }
}

describe('every program runs, with bounds, without, and sampled', () => {
  test.each([...titled(compile(examplesText)), ...titled(compile(languageText))])('%s', (_, op) => {
    const graph = graphOf(op);
    const { inputs, result } = fitting(graph, 1);
    expect(result.faults).toEqual([]);
    const plain = evaluate(graph, inputs, { bounds: false });
    const sampled = evaluate(graph, inputs, { sample: { count: 1000000, seed: 1 } });
    if (!plain.ok || !sampled.ok) throw new Error('problems');
    const want = naive(graph, inputs);
    for (const [id, outputs] of Object.entries(result.outputs)) {
      expect(plain.outputs[id]?.map((o) => o.tensor)).toEqual(outputs.map((o) => o.tensor));
      expect(sampled.outputs[id]?.map((o) => o.tensor)).toEqual(outputs.map((o) => o.tensor));
      outputs.forEach((o, l) => agrees(id, l, o, want));
      for (const o of outputs) expect([id, o.tensor.data.length > 0 && o.bound !== undefined ? o.bound.some((e) => e < Infinity) : true]).toEqual([id, true]);
    }
  });
});
