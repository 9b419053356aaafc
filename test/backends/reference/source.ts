import { must } from '../../../src/assert.ts';
import { evaluate } from '../../../src/backends/reference/evaluate.ts';
import type { Evaluation, Options } from '../../../src/backends/reference/evaluate.ts';
import type { Inputs } from '../../../src/backends/reference/inputs.ts';
import type { Output } from '../../../src/backends/reference/outputs.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import type { Consts } from '../../../src/codegen/lower/lower.ts';
import { tensor, valuesOf } from '../../../src/codegen/numeric/tensor.ts';
import type { Scalar, Tensor } from '../../../src/codegen/numeric/tensor.ts';
import type { DType } from '../../../src/dsl/dtypes.ts';
import { compileOp } from '../../fixtures/programs.ts';

/** Values of an input: nested arrays, whose nesting is the shape. */
export type Nested = Scalar | readonly Nested[];

export function graphOf(source: string, consts: Consts = {}): StageGraph {
  const lowered = lower(compileOp(source), consts);
  if (!lowered.ok) throw new Error(lowered.refusals.map((r) => r.message).join('; '));
  return lowered.graph;
}
const flat = (v: Nested): readonly Scalar[] => (typeof v === 'object' ? v.flatMap(flat) : [v]);
export function tensorOf(dtype: DType, v: Nested): Tensor {
  const shape: number[] = [];
  for (let x = v; typeof x === 'object'; x = x[0] ?? 0) shape.push(x.length);
  return tensor(dtype, shape, flat(v));
}
/** Evaluates source on nested arrays; dims come from bare axes of inputs, others must be given. */
export function runSource(
  source: string,
  data: Readonly<Record<string, Nested>>,
  more: {
    readonly dims?: Inputs['dims'];
    readonly consts?: Consts;
    readonly scalars?: Inputs['scalars'];
    readonly capacities?: Inputs['capacities'];
    readonly options?: Options;
  } = {},
): Extract<Evaluation, { ok: true }> {
  const graph = graphOf(source, more.consts);
  const buffers: Record<string, Tensor> = {};
  const dims: Record<string, number | readonly number[]> = { ...more.dims };
  for (const b of graph.buffers) {
    const v = data[b.id];
    if (v === undefined) continue;
    const t = tensorOf(b.dtype, v);
    buffers[b.id] = t;
    b.shape.forEach((e, d) => void (e.kind === 'dim' && (dims[e.id] ??= t.shape[d] ?? 0)));
  }
  const r = evaluate(
    graph,
    {
      dims,
      buffers,
      ...(more.scalars === undefined ? {} : { scalars: more.scalars }),
      ...(more.capacities === undefined ? {} : { capacities: more.capacities }),
    },
    more.options,
  );
  if (!r.ok) throw new Error(r.problems.map((p) => p.text).join('; '));
  return r;
}
export const outputOf = (r: Extract<Evaluation, { ok: true }>, id: string, l = 0): Output =>
  must(r.outputs[id]?.[l], id);
/** Values of result `id`. */
export const run = (id: string, ...given: Parameters<typeof runSource>): readonly Scalar[] =>
  valuesOf(outputOf(runSource(...given), id).tensor);
