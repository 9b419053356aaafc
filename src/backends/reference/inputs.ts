import type { BufId, Buffer, StageGraph } from '../../codegen/ir/stage.ts';
import { rounder } from '../../codegen/numeric/codec.ts';
import type { Scalar, Tensor } from '../../codegen/numeric/tensor.ts';
import { elements, getAt, zeros } from '../../codegen/numeric/tensor.ts';
import { isFloat } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { Span } from '../../diagnostics/span.ts';
import { must } from '../../assert.ts';
import type { FieldLayout, Memory, RowLayout } from './memory.ts';
import { allocate, given, numberAt } from './memory.ts';
import type { Run } from './run.ts';
import { rowsOf, shapesOf, sizeOf, writersOf } from './run.ts';

/** What an evaluation is given. Lists have one tensor, and dims of their own one value, per element. */
export interface Inputs {
  readonly dims: Readonly<Record<string, number | readonly number[]>>;
  readonly scalars?: Readonly<Record<string, Scalar>>;
  readonly buffers: Readonly<Record<BufId, Tensor | readonly Tensor[]>>;
  /** What elements of inputs may differ from their values by, one array per element of a list (of bytes for packed rows); absent: all are exact. */
  readonly bounds?: Readonly<Record<BufId, readonly (Float64Array | undefined)[]>>;
  /** Items that the caller has room for in a ragged result, by ragged axis; absent: as many as it needs. */
  readonly capacities?: Readonly<Record<string, number>>;
}

/** Why inputs do not fit the operator: a user's error. */
export interface Problem {
  readonly kind: 'missing' | 'dtype' | 'shape' | 'fact' | 'offsets';
  readonly name: string;
  readonly text: string;
  readonly span?: Span;
}

/** Binds and checks inputs: names, dtypes, shapes, conditions of the operator, offsets. */
export function prepare(
  graph: StageGraph,
  inputs: Inputs,
  bounds: boolean,
): { readonly run: Run; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const dims = new Map<string, number | readonly number[]>();
  const run: Run = {
    graph,
    bounds,
    dims,
    scalars: new Map(
      graph.scalars.map((s) => [
        s.name,
        rounded(s.dtype, inputs.scalars?.[s.name] ?? s.default ?? missing(problems, s.name)),
      ]),
    ),
    buffers: new Map(graph.buffers.map((b) => [b.id, b])),
    writers: writersOf(graph),
    reading: new Map(),
    writing: new Map(),
    log: { sites: [], faults: [], count: 0 },
  };
  for (const d of graph.dims) {
    const value = inputs.dims[d.id];
    if (value !== undefined) dims.set(d.id, value);
    else if (d.derived === undefined) dims.set(d.id, missing(problems, d.id));
    else dims.set(d.id, sizeOf(run, d.derived));
    const v = dims.get(d.id);
    if (typeof v === 'number' && !(v >= 0)) problems.push({ kind: 'shape', name: d.id, text: `dim ${d.id} is ${v}` });
  }
  const taken = graph.buffers.filter((b) => b.role === 'in' || b.role === 'inout');
  const tensors = new Map<BufId, readonly Tensor[]>();
  for (const b of taken) {
    const t = inputs.buffers[b.id];
    if (t === undefined) problems.push({ kind: 'missing', name: b.id, text: `input ${b.id} is missing`, span: b.span });
    else tensors.set(b.id, isList(t) ? t : [t]);
  }
  if (problems.length > 0) return { run, problems };
  // Offsets first: shapes of other inputs read them.
  for (const b of [...taken].sort((x, y) => Number(y.offsetsOf !== undefined) - Number(x.offsetsOf !== undefined))) {
    const list = tensors.get(b.id) ?? [];
    const found = checkTensors(run, b, list);
    problems.push(...found);
    if (found.length > 0) return { run, problems };
    const m = given(b, list, bounds);
    const doubt = inputs.bounds?.[b.id];
    if (bounds && doubt?.some((e) => e !== undefined) === true)
      m.err = list.map((t, l) => doubt[l] ?? new Float64Array(t.data.length));
    run.reading.set(b.id, m);
    if (b.role === 'inout') run.writing.set(b.id, entryCopy(run, b, list));
  }
  for (const f of graph.facts)
    if (sizeOf(run, f.cond) === 0)
      problems.push({ kind: 'fact', name: graph.name, text: `${f.text} does not hold`, span: f.span });
  return { run, problems };
}

const isList = (t: Tensor | readonly Tensor[]): t is readonly Tensor[] => Array.isArray(t);
function missing(problems: Problem[], name: string): number {
  problems.push({ kind: 'missing', name, text: `${name} has no value` });
  return 0;
}
const rounded = (t: DType, v: Scalar): Scalar => (isFloat(t) ? rounder(t)(Number(v)) : v);

function checkTensors(run: Run, b: Buffer, list: readonly Tensor[]): readonly Problem[] {
  const problems: Problem[] = [];
  const shapes = shapesOf(run, b).map((s) => [...s]);
  const at = (kind: Problem['kind'], text: string): void =>
    void problems.push({ kind, name: b.id, text, span: b.span });
  if (shapes.length !== list.length) at('shape', `${b.id} needs ${shapes.length} tensors, has ${list.length}`);
  const row = rowsOf(run, b);
  if (row !== undefined) for (const s of shapes) s.push(row.bytes);
  list.forEach((t, l) => {
    const want = shapes[l];
    if (want === undefined) return;
    if (t.dtype !== b.dtype) at('dtype', `${b.id} is ${b.dtype}, got ${t.dtype}`);
    else if (elements(t.shape) !== elements(want) || t.data.length !== elements(want))
      at('shape', `${b.id} has shape [${want.join(', ')}], got [${t.shape.join(', ')}]`);
  });
  if (problems.length === 0 && b.offsetsOf !== undefined) checkOffsets(b, list, at);
  return problems;
}
/** Offsets start at 0 and never fall. */
function checkOffsets(b: Buffer, list: readonly Tensor[], at: (kind: Problem['kind'], text: string) => void): void {
  const m = given(b, list, false);
  list.forEach((t, l) => {
    const n = t.data.length;
    if (n > 0 && numberAt(m, l, 0) !== 0) at('offsets', `${b.id} starts at ${numberAt(m, l, 0)}, not 0`);
    for (let i = 1; i < n; i++)
      if (numberAt(m, l, i) < numberAt(m, l, i - 1))
        return at('offsets', `${b.id} falls at ${i}: ${numberAt(m, l, i - 1)}, ${numberAt(m, l, i)}`);
  });
}

/** Stores to an `inout` go to memory of their own, which starts as the entry value. */
function entryCopy(run: Run, b: Buffer, list: readonly Tensor[]): Memory {
  const row = rowsOf(run, b);
  const own = allocate(b, shapesOf(run, b), row);
  list.forEach((t, l) => {
    if (row === undefined) enter(own, l, t);
    else for (const f of row.fields) enter(must(own.fields?.get(f.name), f.name), l, unpack(t, row, f));
  });
  return own;
}
function enter(own: Memory, l: number, t: Tensor): void {
  const to = must(own.data[l], own.id);
  if (own.layout === 'wide')
    (to as Int32Array).set(new Int32Array(t.data.buffer, t.data.byteOffset, 2 * t.data.length));
  else for (let i = 0; i < t.data.length; i++) to[i] = Number(getAt(t, i));
}
/** One field of packed rows as a tensor of its own. */
function unpack(t: Tensor, row: RowLayout, f: FieldLayout): Tensor {
  const rows = row.bytes === 0 ? 0 : t.data.length / row.bytes;
  const out = zeros(f.dtype, [rows, ...f.shape]);
  const n = rows === 0 ? 0 : out.data.byteLength / rows;
  const [from, to] = [new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.length), new Uint8Array(out.data.buffer)];
  for (let r = 0; r < rows; r++) to.set(from.subarray(r * row.bytes + f.at, r * row.bytes + f.at + n), r * n);
  return out;
}
