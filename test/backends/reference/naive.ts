import { must } from '../../../src/assert.ts';
import type { Inputs } from '../../../src/backends/reference/inputs.ts';
import type { Buffer, Place, Stage, StageGraph } from '../../../src/codegen/ir/stage.ts';
import type { Scalar, Tensor } from '../../../src/codegen/numeric/tensor.ts';
import { getAt, zeros } from '../../../src/codegen/numeric/tensor.ts';
import type { DType } from '../../../src/dsl/dtypes.ts';
import { DTYPES, isFloat, widen } from '../../../src/dsl/dtypes.ts';
import {
  above,
  bind,
  find,
  cast,
  combine,
  elem,
  holds,
  identity,
  key,
  loop,
  result,
  round,
  unflatten,
  up,
  value,
} from './naive-values.ts';
import type { Env, Kernel, World } from './naive-values.ts';

/** Runs every stage of a graph point by point; yields a look-up of what was stored. */
export function naive(
  graph: StageGraph,
  inputs: Inputs,
  kernel?: Kernel,
): (buf: string, list: number, index: readonly number[], field?: string) => Scalar | undefined {
  const w: World = {
    graph,
    dims: { ...inputs.dims },
    scalars: new Map(graph.scalars.map((s) => [s.name, round(s.dtype, inputs.scalars?.[s.name] ?? s.default ?? 0)])),
    data: new Map(graph.buffers.map((b) => [b.id, new Map()])),
    entry: new Map(),
    kernel,
  };
  const dims: Record<string, number | readonly number[]> = { ...inputs.dims };
  Object.assign(w, { dims });
  for (const d of graph.dims) if (d.derived !== undefined) dims[d.id] = Number(value(w, undefined, d.derived));
  // Offsets first: other shapes read them.
  for (const b of [...graph.buffers].sort(
    (x, y) => Number(y.offsetsOf !== undefined) - Number(x.offsetsOf !== undefined),
  )) {
    const given = inputs.buffers[b.id];
    if (given !== undefined) load(w, b, Array.isArray(given) ? given : [given as Tensor]);
    if (b.role === 'inout') w.entry.set(b.id, new Map(w.data.get(b.id)));
  }
  for (const s of graph.stages) run(w, s, undefined);
  return (buf, list, index, field) => w.data.get(buf)?.get(key(list, index, field));
}
function load(w: World, b: Buffer, list: readonly Tensor[]): void {
  const cells = must(w.data.get(b.id), b.id);
  list.forEach((t, l) => {
    if (b.row !== undefined) return loadRows(w, b, t, l, cells);
    const shape = b.shape.map((e) => Number(value(w, elem(b, l), e)));
    for (let i = 0; i < t.data.length; i++) cells.set(key(l, unflatten(i, shape)), up(b.dtype, getAt(t, i)));
  });
}
function loadRows(w: World, b: Buffer, t: Tensor, l: number, cells: Map<string, Scalar>): void {
  const bytes = t.data as Uint8Array;
  const fields = (b.row ?? []).map((f) => ({ ...f, extents: f.shape.map((e) => Number(value(w, elem(b, l), e))) }));
  for (let at = 0, row = 0; at < bytes.length; row++)
    for (const f of fields) {
      const n = f.extents.reduce((p, q) => p * q, 1);
      for (let i = 0; i < n; i++) {
        const one = zeros(f.dtype, [1]);
        new Uint8Array(one.data.buffer).set(bytes.subarray(at, at + DTYPES[f.dtype].bytes));
        cells.set(key(l, [row, ...unflatten(i, f.extents)], f.name), up(f.dtype, getAt(one, 0)));
        at += DTYPES[f.dtype].bytes;
      }
    }
}
type Cells = Map<string, Scalar>;
/** `next` holds the cells of states, which become visible at the end of a step. */
function run(w: World, s: Stage, env: Env, next: ReadonlyMap<string, Cells> = new Map()): void {
  const target = (p: Place): DType => {
    const b = must(
      w.graph.buffers.find((x) => x.id === p.buf),
      p.buf,
    );
    return p.field === undefined
      ? b.dtype
      : must(
          b.row?.find((f) => f.name === p.field),
          p.field,
        ).dtype;
  };
  const put = (e: Env, p: Place, v: Scalar): void => {
    const cells = must(next.get(p.buf) ?? w.data.get(p.buf), p.buf);
    cells.set(
      key(
        p.list === undefined ? 0 : Number(value(w, e, p.list)),
        p.index.map((i) => Number(value(w, e, i))),
        p.field,
      ),
      cast(target(p), v),
    );
  };
  const points = (f: (e: Env) => void): void => loop(w, s.axes, env, (e) => void (holds(w, e, s.where) && f(e)));
  switch (s.kind) {
    case 'map':
    case 'reduce':
      if (w.graph.buffers.find((b) => b.id === s.out.buf)?.virtual === true) return;
      return points((e) => put(e, s.out, result(w, e, s)));
    case 'scan':
      return points((e) => {
        const at = BigInt(find(e, s.at));
        const terms: Scalar[] = [];
        loop(w, [s.along], e, (i) => {
          const j = BigInt(find(i, s.along.id));
          if (
            holds(w, i, s.when) &&
            (s.compare === 'le' ? j <= at : s.compare === 'lt' ? j < at : s.compare === 'ge' ? j >= at : j > at)
          )
            terms.push(value(w, i, s.body));
        });
        const summed = w.kernel !== undefined && isFloat(s.acc) && s.monoid === 'add';
        put(
          e,
          s.out,
          summed
            ? must(w.kernel, 'kernel').sum(terms.map(Number), s.acc)
            : terms.reduce((a, t) => combine(s.monoid, s.acc, a, t), identity(s.monoid, s.acc)),
        );
      });
    case 'scatter':
      return scatter(w, s, env, target(s.out));
    case 'offsets': {
      const cells = must(w.data.get(s.out), s.out);
      const { list } = must(
        w.graph.buffers.find((b) => b.id === s.out),
        s.out,
      );
      const count = list === undefined ? 1 : Number(value(w, env, list.count));
      for (let l = 0; l < count; l++) cells.set(key(l, [0]), 0n);
      const rows = new Map<number, number>();
      loop(w, s.axes, env, (e) => {
        const l = s.list === undefined ? 0 : Number(value(w, e, s.list));
        const r = rows.get(l) ?? 0;
        const size = holds(w, e, s.where) ? BigInt(value(w, e, s.size)) : 0n;
        const before = BigInt(cells.get(key(l, [r])) ?? 0n);
        cells.set(key(l, [r]), before);
        cells.set(key(l, [r + 1]), before + (size > 0n ? size : 0n));
        rows.set(l, r + 1);
      });
      return;
    }
    case 'pack': {
      let [r, n] = [0, 0];
      const off = must(w.data.get(s.offsets), s.offsets);
      off.set(key(0, [0]), 0n);
      loop(w, s.axes, env, (e) => {
        loop(w, [s.from], e, (i) => {
          if (!holds(w, i, s.where) || !holds(w, i, s.when)) return;
          for (const o of s.outs)
            must(w.data.get(o.buf), o.buf).set(
              key(0, [n]),
              cast(target({ buf: o.buf, index: [] }), value(w, i, o.value)),
            );
          n++;
        });
        off.set(key(0, [++r]), BigInt(n));
      });
      return;
    }
    case 'select':
      return points((e) => {
        const keys: { v: Scalar; i: bigint }[] = [];
        loop(w, [s.along], e, (i) => void keys.push({ v: value(w, i, s.body), i: BigInt(find(i, s.along.id)) }));
        keys.sort((a, b) =>
          above(a.v, b.v) ? (s.descending ? -1 : 1) : above(b.v, a.v) ? (s.descending ? 1 : -1) : 0,
        );
        loop(w, [s.slot], e, (i) => {
          const k = keys[Number(BigInt(find(i, s.slot.id)) - BigInt(value(w, e, s.slot.lo)))];
          if (s.values !== undefined) put(i, s.values, k?.v ?? identity('max', s.body.type));
          if (s.indices !== undefined) put(i, s.indices, k?.i ?? -1n);
        });
      });
    case 'recur': {
      const [lo, hi] = [BigInt(value(w, env, s.step.lo)), BigInt(value(w, env, s.step.hi))];
      for (let t = lo; t < hi; t++) {
        const fresh = new Map(s.states.map((id) => [id, new Map(w.data.get(id))]));
        for (const b of s.body) run(w, b, bind(undefined, s.step.id, t), fresh);
        for (const [id, cells] of fresh) w.data.set(id, cells);
      }
    }
  }
}
function scatter(w: World, s: Extract<Stage, { kind: 'scatter' }>, env: Env, t: DType): void {
  const b = must(
    w.graph.buffers.find((x) => x.id === s.out.buf),
    s.out.buf,
  );
  const shape = b.shape.map((e) => Number(value(w, env, e)));
  const cells = must(w.data.get(b.id), b.id);
  const n = shape.reduce((p, q) => p * q, 1);
  for (let i = 0; i < n; i++) cells.set(key(0, unflatten(i, shape)), cast(t, value(w, env, s.init)));
  loop(w, s.axes, env, (e) => {
    if (!holds(w, e, s.where)) return;
    const at = s.out.index.map((i) => Number(value(w, e, i)));
    if (!at.every((i, d) => i >= 0 && i < must(shape[d], 'extent'))) return;
    const k = key(0, at);
    const v = value(w, e, s.value);
    const next = s.op === 'unique' ? cast(t, v) : combine(s.op, isFloat(t) ? 'f64' : t, must(cells.get(k), k), v);
    cells.set(k, w.kernel !== undefined && typeof next === 'number' ? w.kernel.round(next, widen(t)) : next);
  });
  for (const [k, v] of cells) cells.set(k, cast(t, v));
}
