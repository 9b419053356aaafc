import type { BufId, Buffer, StageGraph } from '../../codegen/ir/stage.ts';
import { rounder } from '../../codegen/numeric/codec.ts';
import type { Scalar, Tensor } from '../../codegen/numeric/tensor.ts';
import { elements, getAt } from '../../codegen/numeric/tensor.ts';
import { isFloat } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { Span } from '../../diagnostics/span.ts';
import { rowLayout } from './emit/access.ts';
import { newEmitter } from './compile.ts';
import type { Memory } from './memory.ts';
import { allocate, given, numberAt } from './memory.ts';
import type { Run } from './run.ts';
import { shapesOf, sizeOf, surroundings, writersOf } from './run.ts';

/** What an evaluation is given. Lists have one tensor, and dims of their own one value, per element. */
export interface Inputs {
  readonly dims: Readonly<Record<string, number | readonly number[]>>;
  readonly scalars?: Readonly<Record<string, Scalar>>;
  readonly buffers: Readonly<Record<BufId, Tensor | readonly Tensor[]>>;
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
export function prepare(graph: StageGraph, inputs: Inputs, bounds: boolean): { readonly run: Run; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const dims = new Map<string, number | readonly number[]>();
  const run: Run = {
    graph,
    bounds,
    dims,
    scalars: new Map(graph.scalars.map((s) => [s.name, rounded(s.dtype, inputs.scalars?.[s.name] ?? s.default ?? missing(problems, s.name))])),
    buffers: new Map(graph.buffers.map((b) => [b.id, b])),
    writers: writersOf(graph),
    reading: new Map(),
    writing: new Map(),
    log: { sites: [], faults: [], count: 0 },
  };
  for (const d of graph.dims) {
    const value = inputs.dims[d.id];
    if (value !== undefined) dims.set(d.id, value);
    else if (d.derived === undefined) dims.set(d.id, Number(missing(problems, d.id)));
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
    run.reading.set(b.id, m);
    if (b.role === 'inout') run.writing.set(b.id, entryCopy(b, m, list));
  }
  for (const f of graph.facts) if (sizeOf(run, f.cond) === 0) problems.push({ kind: 'fact', name: graph.name, text: `${f.text} does not hold`, span: f.span });
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
  const at = (kind: Problem['kind'], text: string): void => void problems.push({ kind, name: b.id, text, span: b.span });
  if (shapes.length !== list.length) at('shape', `${b.id} needs ${shapes.length} tensors, has ${list.length}`);
  if (b.row !== undefined) {
    const probe: Memory = { id: b.id, buffer: b, layout: 'row', list: b.list !== undefined, shapes, data: [], lo: 0, hi: 0, denormals: false };
    const { stride } = rowLayout(newEmitter(surroundings(run), 'rows', false), probe);
    for (const s of shapes) s.push(stride);
  }
  list.forEach((t, l) => {
    const want = shapes[l];
    if (want === undefined) return;
    if (t.dtype !== b.dtype) at('dtype', `${b.id} is ${b.dtype}, got ${t.dtype}`);
    else if (elements(t.shape) !== elements(want) || t.data.length !== elements(want)) at('shape', `${b.id} has shape [${want.join(', ')}], got [${t.shape.join(', ')}]`);
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
    for (let i = 1; i < n; i++) if (numberAt(m, l, i) < numberAt(m, l, i - 1)) return at('offsets', `${b.id} falls at ${i}: ${numberAt(m, l, i - 1)}, ${numberAt(m, l, i)}`);
  });
}

/** Stores to an `inout` go to memory of their own, which starts as the entry value. */
function entryCopy(b: Buffer, m: Memory, list: readonly Tensor[]): Memory {
  const own = allocate(b, m.shapes);
  list.forEach((t, l) => {
    const to = own.data[l];
    if (to instanceof Int32Array && own.layout === 'wide') to.set(m.data[l] as Int32Array);
    else for (let i = 0; i < t.data.length; i++) if (to !== undefined) to[i] = Number(getAt(t, i));
  });
  return own;
}
