import { expect } from 'vitest';
import { evaluate } from '../../src/backends/reference/evaluate.ts';
import { must } from '../../src/assert.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import type { Consts } from '../../src/codegen/lower/lower.ts';
import { DTYPES } from '../../src/dsl/dtypes.ts';
import type { DType } from '../../src/dsl/dtypes.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import type { TOp } from '../../src/dsl/typed.ts';
import { randomInputs } from '../backends/reference/random-inputs.ts';
import { interpret, load } from './interpret.ts';
import type { Value } from './numbers.ts';

/** Equal within rounding; narrow floats and quantised integers within one step. */
function close(dtype: DType, a: Value | undefined, b: Value | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  if (typeof a === 'number' && typeof b === 'number') {
    if (Object.is(a, b) || a === b) return true;
    return Math.abs(a - b) <= Math.max(1e-3, 4 * DTYPES[dtype].unit) * Math.max(1, Math.abs(a));
  }
  if (DTYPES[dtype].bytes === 1 && typeof a === 'bigint' && typeof b === 'bigint') return a - b <= 1n && b - a <= 1n;
  return a === b;
}

/** Inputs that a search needs in ascending order. */
const ASCENDING: Readonly<Record<string, string>> = { map_id: 'm', merge_bucketized_dense: 'c' };

/** Most points per try where sizes written in the program make each of them dear. */
const MOST: Readonly<Record<string, number>> = { gemm_fp8_block: 4, gemm_int4: 60, conv3d: 200, conv_transpose2d: 200 };

/** Dims of one try: zeros and ones among them, small enough to walk every point. */
function dimsOf(graph: StageGraph, t: number): Record<string, number | readonly number[]> {
  const free = graph.dims.filter((d) => d.derived === undefined);
  const dims: Record<string, number | readonly number[]> = {};
  free.forEach(
    (d, k) =>
      (dims[d.id] =
        d.perElement === undefined
          ? t === k
            ? 0
            : t === k + free.length
              ? 1
              : 1 + ((t * (k + 1) + k) % 4)
          : [3, 0, 2, 5, 1, 4, 2, 3]),
  );
  if (graph.name === 'batch_event_truncate') dims['T'] = 200;
  return dims;
}

/** Runs the operator both ways on inputs whose dims satisfy its conditions; yields how many elements were compared. */
export function compare(op: TOp, consts: Consts, cases = 6): number {
  const lowered = lower(op, consts);
  if (!lowered.ok) throw new Error(lowered.refusals.map((r) => r.message).join('; '));
  const { graph } = lowered;
  let compared = 0;
  for (let t = 0, done = 0; t < 60 && done < cases; t++) {
    const dims = dimsOf(graph, t);
    if (
      Object.values(dims).reduce<number>((n, v) => n * (typeof v === 'number' ? Math.max(v, 1) : 3), 1) >
      (MOST[op.name] ?? 700)
    )
      continue;
    const inputs = randomInputs(graph, dims, 11 + t);
    const sorted = inputs.buffers[ASCENDING[op.name] ?? ''];
    if (sorted !== undefined && 'dtype' in sorted) sorted.data.sort();
    const result = evaluate(graph, inputs, { bounds: false });
    if (!result.ok) continue;
    done++;
    expect(result.faults.filter((f) => !f.stage.includes('not unique'))).toEqual([]);
    const cells = interpret(op, consts, inputs);
    for (const [name, outputs] of Object.entries(result.outputs)) {
      const { type, list } = must(
        [...op.results, ...op.params].find((r) => r.name === name),
        name,
      );
      const found = new Map<string, Value>();
      outputs.forEach((o, k) => load(type, o.tensor, list === undefined ? '' : `${k}:`, found));
      const wanted = must(cells.get(name), name);
      const dtype = (key: string): DType =>
        type.elem.kind === 'scalar'
          ? type.elem.dtype
          : must(
              type.elem.fields.find((f) => f.name === key.split('.')[1]),
              key,
            ).dtype;
      const wrong = [...wanted].filter(([k, v]) => !close(dtype(k), v, found.get(k)));
      // Random targets are not the permutation that `unique` promises.
      if (op.name !== 'invert_permute')
        expect([name, dims, wrong.slice(0, 4).map(([k, v]) => [k, v, found.get(k)])]).toEqual([name, dims, []]);
      compared += wanted.size;
    }
  }
  return compared;
}
