import type { BufId, Buffer } from '../../codegen/ir/stage.ts';
import { encodeAll } from '../../codegen/numeric/codec.ts';
import { isNarrowFloat } from '../../codegen/numeric/formats.ts';
import type { Tensor, TypedArray } from '../../codegen/numeric/tensor.ts';
import { elements, zeros } from '../../codegen/numeric/tensor.ts';
import { isFloat } from '../../dsl/dtypes.ts';
import { must } from '../../assert.ts';
import type { Memory, RowLayout } from './memory.ts';
import type { Run } from './run.ts';
import { memoryOf, rowsOf } from './run.ts';

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
  /** Packed rows: their fields, each as a result of shape [rows…, field…]; `tensor` holds the bytes. */
  readonly fields?: Readonly<Record<string, Output>>;
  /** Set when sampled: the flat ranges that were evaluated; nothing else is known. */
  readonly covered?: readonly Range[];
  /** Ragged results: items needed, which may be more than the caller's capacity. */
  readonly needed?: number;
}

/** Flat elements start..end. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The bound says nothing: infinite, or above a tenth of the value and a twentieth of what is usual in its row. */
export const MARK_VACUOUS = 1;
/** An integer or boolean that hangs on a rounding, comparison or choice within the bounds: any value within the bound is right. */
export const MARK_UNSTABLE = 2;

export function collect(
  run: Run,
  capacities: Readonly<Record<string, number>>,
  covered: ReadonlyMap<BufId, readonly Range[]> = new Map(),
): Readonly<Record<BufId, readonly Output[]>> {
  const out: Record<BufId, readonly Output[]> = {};
  for (const b of run.graph.buffers) {
    if (b.role !== 'out' && b.role !== 'inout') continue;
    const m = memoryOf(run, b.id, 'write');
    const row = rowsOf(run, b);
    out[b.id] = m.shapes.map((shape, l) =>
      row !== undefined
        ? packed(m, row, l, shape)
        : output(
            b,
            m,
            l,
            shape,
            b.capacity === undefined ? undefined : capacities[b.capacity.ragged],
            covered.get(b.id),
          ),
    );
  }
  return out;
}

function output(
  b: Buffer,
  m: Memory,
  l: number,
  whole: readonly number[],
  capacity: number | undefined,
  covered: readonly Range[] | undefined,
): Output {
  const needed = whole[0] ?? 1;
  const shape = capacity === undefined || needed <= capacity ? whole : [capacity, ...whole.slice(1)];
  const n = elements(shape);
  const data = m.data[l];
  if (data === undefined) throw new Error(`internal: element ${l} of ${m.id}`);
  const tensor = zeros(b.dtype, shape);
  const ranges = covered ?? [{ start: 0, end: n }];
  for (const r of ranges) store(b, m.layout, data, tensor, r);
  const err = m.err?.[l]?.subarray(0, n);
  const values = isFloat(b.dtype) ? (data as Float64Array).subarray(0, n) : undefined;
  const bound = err !== undefined && ranges.map((r) => widen(err, r)).some((any) => any) ? err : undefined;
  const marks = bound === undefined ? undefined : marksOf(values, bound, shape.at(-1) ?? 1, ranges);
  return {
    tensor,
    ...(values === undefined ? {} : { values }),
    ...(bound === undefined ? {} : { bound }),
    ...(marks === undefined ? {} : { marks }),
    ...(covered === undefined ? {} : { covered }),
    ...(b.capacity === undefined ? {} : { needed }),
  };
}
/** Fields put together again into rows of bytes. */
function packed(m: Memory, row: RowLayout, l: number, shape: readonly number[]): Output {
  const tensor = zeros('u8', [...shape, row.bytes]);
  const to = tensor.data as Uint8Array;
  const fields: Record<string, Output> = {};
  const rows = elements(shape);
  for (const f of row.fields) {
    const part = must(m.fields?.get(f.name), f.name);
    const out = output(part.buffer, part, l, [...shape, ...f.shape], undefined, undefined);
    fields[f.name] = out;
    const from = new Uint8Array(out.tensor.data.buffer);
    const n = rows === 0 ? 0 : from.length / rows;
    for (let r = 0; r < rows; r++) to.set(from.subarray(r * n, (r + 1) * n), r * row.bytes + f.at);
  }
  return { tensor, fields };
}
function store(b: Buffer, layout: Memory['layout'], data: TypedArray, tensor: Tensor, { start, end }: Range): void {
  if (layout === 'wide')
    new Int32Array(tensor.data.buffer, 8 * start, 2 * (end - start)).set(
      (data as Int32Array).subarray(2 * start, 2 * end),
    );
  else if (isNarrowFloat(b.dtype))
    encodeAll(
      b.dtype,
      (data as Float64Array).subarray(start, end),
      (tensor.data as Uint16Array | Uint8Array).subarray(start, end),
    );
  else (tensor.data as Float64Array).set((data as Float64Array).subarray(start, end), start);
}
function marksOf(
  values: Float64Array | undefined,
  bound: Float64Array,
  row: number,
  ranges: readonly Range[],
): Uint8Array | undefined {
  const marks = new Uint8Array(bound.length);
  const found = ranges.map((r) =>
    values === undefined ? unstable(bound, marks, r) : vacuous(values, bound, marks, row, r),
  );
  return found.some((any) => any) ? marks : undefined;
}

/** Second-order terms of the recurrences, which they leave out, are covered by a part in a thousand. False if all is exact. */
function widen(err: Float64Array, { start, end }: Range): boolean {
  let any = false;
  for (let i = start; i < end; i++) {
    const e = err[i] as number;
    if (e === 0) continue;
    err[i] = e * 1.001;
    any = true;
  }
  return any;
}
function unstable(bound: Float64Array, marks: Uint8Array, { start, end }: Range): boolean {
  let any = false;
  for (let i = start; i < end; i++) {
    if (!((bound[i] as number) > 0)) continue;
    marks[i] = MARK_UNSTABLE;
    any = true;
  }
  return any;
}

const MIN_ROW = 8;
/** Sums near 0 have a bound of many times their value and still catch wrong kernels: what is usual in the row counts as well. */
function vacuous(
  values: Float64Array,
  bound: Float64Array,
  marks: Uint8Array,
  row: number,
  { start, end: last }: Range,
): boolean {
  let any = false;
  const width = row >= MIN_ROW ? row : Math.max(last - start, 1);
  for (let from = start; from < last; from += width) {
    const end = Math.min(from + width, last);
    let usual = -1;
    for (let i = from; i < end; i++) {
      const e = bound[i] as number;
      if (e <= 0.1 * Math.abs(values[i] as number) || e <= 2 ** -100) {
        if (e < Infinity) continue;
      } else if (e < Infinity) {
        if (usual < 0) usual = usualIn(values, bound, from, end);
        if (e <= usual / 20) continue;
      }
      marks[i] = MARK_VACUOUS;
      any = true;
    }
  }
  return any;
}
/** Root mean square of the elements that something is known of. */
function usualIn(values: Float64Array, bound: Float64Array, start: number, end: number): number {
  let [sum, n] = [0, 0];
  for (let i = start; i < end; i++) {
    const v = values[i] as number;
    if (!(Math.abs(v) < Infinity && (bound[i] as number) < Infinity)) continue;
    sum += v * v;
    n++;
  }
  return n === 0 ? 0 : Math.sqrt(sum / n);
}
