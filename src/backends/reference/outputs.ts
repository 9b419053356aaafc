import type { BufId, Buffer } from '../../codegen/ir/stage.ts';
import { encode } from '../../codegen/numeric/codec.ts';
import { isNarrowFloat } from '../../codegen/numeric/formats.ts';
import type { Tensor } from '../../codegen/numeric/tensor.ts';
import { elements, zeros } from '../../codegen/numeric/tensor.ts';
import { isFloat } from '../../dsl/dtypes.ts';
import type { Memory } from './memory.ts';
import type { Run } from './run.ts';
import { memoryOf } from './run.ts';

/** One result. */
export interface Output {
  /** The values in their storage type. */
  readonly tensor: Tensor;
  /** Floats before the last rounding to f32, where nothing narrower is stored. */
  readonly values?: Float64Array;
  /** A right kernel's element is within this of the value; absent: all elements are exact. */
  readonly bound?: Float64Array;
  /** MARK bits of each element; absent: none is marked. */
  readonly marks?: Uint8Array;
  /** Ragged results: items needed, which may be more than the caller's capacity. */
  readonly needed?: number;
}

/** The bound says nothing: infinite, or above a tenth of the value and a twentieth of what is usual in its row. */
export const MARK_VACUOUS = 1;
/** An integer or boolean that hangs on a rounding, comparison or choice within the bounds: any value within the bound is right. */
export const MARK_UNSTABLE = 2;

export function collect(run: Run, capacities: Readonly<Record<string, number>>): Readonly<Record<BufId, readonly Output[]>> {
  const out: Record<BufId, readonly Output[]> = {};
  for (const b of run.graph.buffers) {
    if (b.role !== 'out' && b.role !== 'inout') continue;
    const m = memoryOf(run, b.id, 'write');
    out[b.id] = m.shapes.map((shape, l) => output(b, m, l, shape, b.capacity === undefined ? undefined : capacities[b.capacity.ragged]));
  }
  return out;
}

function output(b: Buffer, m: Memory, l: number, whole: readonly number[], capacity: number | undefined): Output {
  const needed = whole[0] ?? 1;
  const shape = capacity === undefined || needed <= capacity ? whole : [capacity, ...whole.slice(1)];
  const n = elements(shape);
  const data = m.data[l];
  if (data === undefined) throw new Error(`internal: element ${l} of ${m.id}`);
  const tensor = zeros(b.dtype, shape);
  if (m.layout === 'wide') new Int32Array(tensor.data.buffer).set((data as Int32Array).subarray(0, 2 * n));
  else if (isNarrowFloat(b.dtype)) for (let i = 0; i < n; i++) tensor.data[i] = encode(b.dtype, data[i] as number);
  else (tensor.data as Float64Array).set((data as Float64Array).subarray(0, n));
  const err = m.err?.[l]?.subarray(0, n);
  const bound = err !== undefined && err.some((e) => e !== 0) ? widened(err) : undefined;
  const values = isFloat(b.dtype) ? (data as Float64Array).subarray(0, n) : undefined;
  const marks = bound === undefined ? undefined : values === undefined ? unstable(bound) : vacuous(values, bound, shape.at(-1) ?? 1);
  return {
    tensor,
    ...(values === undefined ? {} : { values }),
    ...(bound === undefined ? {} : { bound }),
    ...(marks === undefined ? {} : { marks }),
    ...(b.capacity === undefined ? {} : { needed }),
  };
}

/** Second-order terms of the recurrences, which they leave out, are covered by a part in a thousand. */
function widened(err: Float64Array): Float64Array {
  return err.map((e) => e * 1.001);
}
function unstable(bound: Float64Array): Uint8Array | undefined {
  return bound.some((e) => e > 0) ? Uint8Array.from(bound, (e) => (e > 0 ? MARK_UNSTABLE : 0)) : undefined;
}

const MIN_ROW = 8;
/** Sums near 0 have a bound of many times their value and still catch wrong kernels: what is usual in the row counts as well. */
function vacuous(values: Float64Array, bound: Float64Array, row: number): Uint8Array | undefined {
  const marks = new Uint8Array(values.length);
  const width = row >= MIN_ROW ? row : Math.max(values.length, 1);
  let any = false;
  for (let start = 0; start < values.length; start += width) {
    const end = Math.min(start + width, values.length);
    let [sum, n] = [0, 0];
    for (let i = start; i < end; i++) {
      const v = values[i] as number;
      if (Number.isFinite(v) && (bound[i] as number) < Infinity) {
        sum += v * v;
        n++;
      }
    }
    const usual = n === 0 ? 0 : Math.sqrt(sum / n) / 20;
    for (let i = start; i < end; i++) {
      const e = bound[i] as number;
      if (e === 0 || (e < Infinity && (e <= 0.1 * Math.abs(values[i] as number) || e <= usual || e <= 2 ** -100))) continue;
      marks[i] = MARK_VACUOUS;
      any = true;
    }
  }
  return any ? marks : undefined;
}
