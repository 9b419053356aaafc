import { must } from '../../../src/assert.ts';
import type { Inputs } from '../../../src/backends/reference/inputs.ts';
import type { Axis, Buffer, Expr, Place, Reduce, Stage, StageGraph } from '../../../src/codegen/ir/stage.ts';
import { rounder } from '../../../src/codegen/numeric/codec.ts';
import type { Scalar, Tensor } from '../../../src/codegen/numeric/tensor.ts';
import { getAt, tensor, zeros } from '../../../src/codegen/numeric/tensor.ts';
import type { DType, ValueType } from '../../../src/dsl/dtypes.ts';
import { DTYPES, isFloat, widen } from '../../../src/dsl/dtypes.ts';
import type { Builtin } from '../../../src/dsl/typed.ts';
import { builtin, wrap } from './naive-math.ts';

/** A second evaluator, as plain as can be: a tree walk over bigint, number and boolean. It shares no code with the first but number formats. */
type Env = ReadonlyMap<string, Scalar>;
interface World {
  readonly graph: StageGraph;
  readonly dims: Inputs['dims'];
  readonly scalars: ReadonlyMap<string, Scalar>;
  readonly data: Map<string, Map<string, Scalar>>;
  /** Entry values of `inout`. */
  readonly entry: Map<string, Map<string, Scalar>>;
  /** Set to compute as a kernel might. */
  readonly kernel: Kernel | undefined;
}
/** Roundings of a kernel that computes in the declared types; each may take any choice a right kernel has. */
export interface Kernel {
  /** Result of one operation. */
  round(v: number, type: ValueType): number;
  divide(v: number, type: ValueType): number;
  fused(): boolean;
  call(fn: Builtin, args: readonly number[], type: ValueType, plain: number): number;
  near(t: DType | 'tf32', v: number): number;
  sum(terms: readonly number[], acc: DType): number;
  product(terms: readonly number[], acc: DType): number;
  variance(terms: readonly number[], acc: DType): number;
  load(v: number, t: DType): number;
}
const bits = (t: DType): number => 8 * DTYPES[t].bytes;
const key = (list: number, index: readonly number[], field = ''): string => `${list}|${index.join(',')}|${field}`;

export function naive(graph: StageGraph, inputs: Inputs, kernel?: Kernel): (buf: string, list: number, index: readonly number[], field?: string) => Scalar | undefined {
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
  for (const d of graph.dims) if (d.derived !== undefined) dims[d.id] = Number(value(w, new Map(), d.derived));
  // Offsets first: other shapes read them.
  for (const b of [...graph.buffers].sort((x, y) => Number(y.offsetsOf !== undefined) - Number(x.offsetsOf !== undefined))) {
    const given = inputs.buffers[b.id];
    if (given !== undefined) load(w, b, Array.isArray(given) ? given : [given as Tensor]);
    if (b.role === 'inout') w.entry.set(b.id, new Map(w.data.get(b.id)));
  }
  for (const s of graph.stages) run(w, s, new Map());
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
const elem = (b: Buffer, l: number): Env => (b.list === undefined ? new Map() : new Map<string, Scalar>([[b.list.elem, BigInt(l)], ['/elem', BigInt(l)]]));
const up = (t: DType, v: Scalar): Scalar => (DTYPES[t].group === 'int' ? BigInt(v) : v);
function unflatten(i: number, shape: readonly number[]): readonly number[] {
  const out: number[] = [];
  let rest = i;
  for (const n of [...shape].reverse()) {
    out.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return out;
}
export const round = (t: DType, v: Scalar): Scalar => (isFloat(t) ? rounder(t)(Number(v)) : t === 'bool' ? Number(v) !== 0 : wrap(bits(t), DTYPES[t].signed, BigInt(v)));

export function value(w: World, env: Env, e: Expr): Scalar {
  const go = (x: Expr): Scalar => value(w, env, x);
  switch (e.kind) {
    case 'int':
      return isFloat(e.type) ? Number(e.value) : e.value;
    case 'float':
      return e.type === 'f32' ? Math.fround(e.value) : e.value;
    case 'bool':
      return e.value;
    case 'dim': {
      const d = must(w.dims[e.id], e.id);
      return BigInt(typeof d === 'number' ? d : must(d[Number(e.list === undefined ? env.get('/elem') : go(e.list))], e.id));
    }
    case 'scalar': {
      const v = must(w.scalars.get(e.name), e.name);
      return DTYPES[e.dtype].group === 'int' ? BigInt(v) : v;
    }
    case 'axis':
      return must(env.get(e.id), e.id);
    case 'var':
      return must(env.get(`$${e.id}`), e.id);
    case 'let':
      return value(w, new Map([...env, [`$${e.id}`, go(e.value)]]), e.body);
    case 'read':
      return read(w, env, e);
    case 'unary': {
      const a = go(e.a);
      if (e.op === 'not') return a !== true;
      if (e.op === 'bitnot') return wrapType(e.type, ~BigInt(a));
      return typeof a === 'bigint' ? wrapType(e.type, -a) : -a;
    }
    case 'binary': {
      const fuse = w.kernel?.fused() === true && (e.op === 'add' || e.op === 'sub') && e.a.kind === 'binary' && e.a.op === 'mul' && isFloat(e.type);
      const a = fuse && e.a.kind === 'binary' ? Number(go(e.a.a)) * Number(go(e.a.b)) : go(e.a);
      if (e.op === 'and') return a === true && go(e.b) === true;
      if (e.op === 'or') return a === true || go(e.b) === true;
      if (w.kernel !== undefined && isFloat(e.type)) return operation(w.kernel, e, Number(a), Number(go(e.b)));
      return binary(e.op, e.a.type, a, go(e.b));
    }
    case 'call':
      {
        const args = e.args.map(go);
        const plain = builtin(e.fn, args, must(e.args[0], e.fn).type, e.type);
        return w.kernel !== undefined && typeof plain === 'number' ? w.kernel.call(e.fn, args.map(Number), e.type, plain) : plain;
      }
    case 'bitcast': {
      const from = tensor(e.a.kind === 'cast' && e.a.to !== 'tf32' ? e.a.to : (e.a.type as DType), [1], [go(e.a)]);
      const to = zeros(e.to, [1]);
      new Uint8Array(to.data.buffer).set(new Uint8Array(from.data.buffer).subarray(0, DTYPES[e.to].bytes));
      return up(e.to, getAt(to, 0));
    }
    case 'cast':
      return e.mode === 'near' ? (w.kernel?.near(e.to, Number(go(e.a))) ?? go(e.a)) : cast(e.to as DType, go(e.a));
    case 'convert':
      return cast(e.type, go(e.a));
    case 'select':
      return go(e.cond) === true ? go(e.then) : go(e.else);
    case 'strict':
      return go(e.a);
    case 'reduce': {
      const acc = fold(w, env, e.reduce);
      return e.post === undefined ? acc : value(w, new Map([...env, ['$acc', acc]]), e.post);
    }
  }
}
/** + - * / in a kernel; a product that is added may not be rounded on its own. */
function operation(k: Kernel, e: Extract<Expr, { kind: 'binary' }>, a: number, b: number): number {
  if (e.op === 'mul') return k.round(a * b, e.type);
  if (e.op === 'div') return k.divide(a / b, e.type);
  return k.round(e.op === 'add' ? a + b : a - b, e.type);
}
const wrapType = (t: ValueType, v: bigint): bigint => wrap(bits(t), DTYPES[t].signed, v);
export function cast(t: DType, v: Scalar): Scalar {
  if (isFloat(t)) return typeof v === 'bigint' && t === 'f32' ? roundBig(v) : typeof v === 'bigint' && t !== 'f64' ? rounder(t)(roundBig(v)) : round(t, v);
  if (t === 'bool') return typeof v === 'bigint' ? v !== 0n : v !== 0 && v !== false;
  if (typeof v !== 'number') return wrap(bits(t), DTYPES[t].signed, BigInt(v));
  if (Number.isNaN(v)) return 0n;
  const [lo, hi] = DTYPES[t].signed ? [-(2n ** BigInt(bits(t) - 1)), 2n ** BigInt(bits(t) - 1) - 1n] : [0n, 2n ** BigInt(bits(t)) - 1n];
  if (v === Infinity) return hi;
  if (v === -Infinity) return lo;
  const n = BigInt(Math.trunc(v));
  return n < lo ? lo : n > hi ? hi : n;
}
/** Nearest f32 to an integer, ties to even, in integers. */
function roundBig(v: bigint): number {
  const a = v < 0n ? -v : v;
  const shift = BigInt(Math.max(0, a.toString(2).length - 24));
  const q = a >> shift;
  const rest = a - (q << shift);
  const half = shift === 0n ? 1n : 1n << (shift - 1n);
  const up1 = rest > half || (rest === half && shift > 0n && (q & 1n) === 1n) ? 1n : 0n;
  return Number((q + up1) << shift) * (v < 0n ? -1 : 1);
}
function binary(op: string, t: ValueType, a: Scalar, b: Scalar): Scalar {
  switch (op) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'lt':
      return a < b;
    case 'le':
      return a <= b;
    case 'gt':
      return a > b;
    case 'ge':
      return a >= b;
  }
  if (typeof a === 'number' && typeof b === 'number') return op === 'add' ? a + b : op === 'sub' ? a - b : op === 'mul' ? a * b : a / b;
  if (typeof a === 'boolean') return op === 'bitand' ? a && b === true : op === 'bitor' ? a || b === true : a !== b;
  return wrapType(t, integers(op, bits(t), BigInt(a), BigInt(b)));
}
function integers(op: string, width: number, a: bigint, b: bigint): bigint {
  const n = BigInt.asUintN(width === 64 ? 6 : 5, b);
  const q = b === 0n ? 0n : (a - (((a % b) + b) % b)) / b;
  const table: Readonly<Record<string, () => bigint>> = {
    add: () => a + b,
    sub: () => a - b,
    mul: () => a * b,
    floordiv: () => q,
    mod: () => (b === 0n ? 0n : a - q * b),
    bitand: () => a & b,
    bitor: () => a | b,
    bitxor: () => a ^ b,
    shl: () => a << n,
    shr: () => a >> n,
  };
  return must(table[op], op)();
}

function read(w: World, env: Env, e: Extract<Expr, { kind: 'read' }>): Scalar {
  const b = must(w.graph.buffers.find((x) => x.id === e.buf), e.buf);
  const l = e.list === undefined ? 0 : Number(value(w, env, e.list));
  const index = e.index.map((i) => Number(value(w, env, i)));
  if (b.virtual === true) return recompute(w, b, index);
  const cells = must(w.entry.get(b.id) ?? w.data.get(b.id), b.id);
  const v = must(cells.get(key(l, index, e.field)), `${e.buf}[${index.join(', ')}]`);
  return w.kernel !== undefined && typeof v === 'number' ? w.kernel.load(v, e.dtype) : v;
}
/** A temporary without storage: whichever stage covers the index. */
function recompute(w: World, b: Buffer, index: readonly number[]): Scalar {
  for (const s of w.graph.stages) {
    if ((s.kind !== 'map' && s.kind !== 'reduce') || s.out.buf !== b.id) continue;
    const env = new Map<string, Scalar>();
    s.out.index.forEach((e, d) => void (e.kind === 'axis' && env.set(e.id, BigInt(must(index[d], 'index')))));
    const inside = s.axes.every((a) => must(env.get(a.id), a.id) >= value(w, env, a.lo) && must(env.get(a.id), a.id) < value(w, env, a.hi));
    const literal = s.out.index.every((e, d) => e.kind !== 'int' || Number(e.value) === index[d]);
    if (inside && literal && (s.where === undefined || value(w, env, s.where) === true)) return cast(b.dtype, result(w, env, s));
  }
  throw new Error(`nothing writes ${b.id}[${index.join(', ')}]`);
}

function loop(w: World, axes: readonly Axis[], env: Env, f: (env: Env) => void): void {
  const [a, ...rest] = axes;
  if (a === undefined) return f(env);
  const [lo, hi] = [BigInt(value(w, env, a.lo)), BigInt(value(w, env, a.hi))];
  for (let i = lo; i < hi; i++) loop(w, rest, new Map([...env, [a.id, i]]), f);
}
const holds = (w: World, env: Env, e: Expr | undefined): boolean => e === undefined || value(w, env, e) === true;
const above = (a: Scalar, b: Scalar): boolean => a > b || (Number.isNaN(a) && !Number.isNaN(b));

export function combine(op: string, t: DType, a: Scalar, b: Scalar): Scalar {
  if (typeof a === 'boolean') return op === 'or' || op === 'max' || op === 'add' ? a || b === true : a && b === true;
  if (typeof a === 'number' && typeof b === 'number') return op === 'add' ? a + b : op === 'mul' ? a * b : op === 'max' ? Math.max(a, b) : Math.min(a, b);
  const [x, y] = [BigInt(a), BigInt(b)];
  const v = op === 'add' ? x + y : op === 'mul' ? x * y : op === 'max' ? (x > y ? x : y) : op === 'min' ? (x < y ? x : y) : op === 'and' ? x & y : x | y;
  return wrap(bits(t), DTYPES[t].signed, v);
}
function identity(op: string, t: DType): Scalar {
  if (t === 'bool') return op === 'and' || op === 'mul' || op === 'min';
  const one = isFloat(t) ? 1 : 1n;
  if (op === 'mul') return one;
  if (op === 'max') return isFloat(t) ? -Infinity : DTYPES[t].signed ? -(2n ** BigInt(bits(t) - 1)) : 0n;
  if (op === 'min') return isFloat(t) ? Infinity : DTYPES[t].signed ? 2n ** BigInt(bits(t) - 1) - 1n : 2n ** BigInt(bits(t)) - 1n;
  return op === 'and' ? wrap(bits(t), DTYPES[t].signed, -1n) : isFloat(t) ? 0 : 0n;
}

export function fold(w: World, env: Env, r: Reduce): Scalar {
  const terms: Scalar[] = [];
  const at: bigint[] = [];
  loop(w, r.over, env, (e) => {
    if (!holds(w, e, r.when)) return;
    terms.push(value(w, e, r.body));
    at.push(r.over.reduce((p, a, k) => (k === 0 ? 0n : p * (BigInt(value(w, e, a.hi)) - BigInt(value(w, e, a.lo)))) + BigInt(must(e.get(a.id), a.id)) - (k === 0 ? 0n : BigInt(value(w, e, a.lo))), 0n));
  });
  if (w.kernel !== undefined && isFloat(r.acc)) {
    const numbers = terms.map(Number);
    if (r.op === 'add') return w.kernel.sum(numbers, r.acc);
    if (r.op === 'mul') return w.kernel.product(numbers, r.acc);
    if (r.op === 'mean') return terms.length === 0 ? 0 : w.kernel.divide(w.kernel.sum(numbers, r.acc) / terms.length, widen(r.acc));
    if (r.op === 'var') return w.kernel.variance(numbers, r.acc);
  }
  switch (r.op) {
    case 'count':
      return BigInt(terms.filter((t) => t === true).length);
    case 'first': {
      const i = terms.indexOf(true);
      return i < 0 ? -1n : must(at[i], 'position');
    }
    case 'argmax':
    case 'argmin': {
      if (terms.length === 0) return -1n;
      let best = 0;
      terms.forEach((t, i) => void ((r.op === 'argmax' ? above(t, must(terms[best], 'term')) : above(must(terms[best], 'term'), t)) && (best = i)));
      return must(at[best], 'position');
    }
    case 'mean':
      return terms.length === 0 ? 0 : terms.reduce<number>((s, t) => s + Number(t), 0) / terms.length;
    case 'var': {
      const mean = terms.reduce<number>((s, t) => s + Number(t), 0) / terms.length;
      return terms.length === 0 ? 0 : terms.reduce<number>((s, t) => s + (Number(t) - mean) ** 2, 0) / terms.length;
    }
    case 'lower':
    case 'upper': {
      const v = value(w, env, must(r.value, 'value'));
      return BigInt(terms.filter((t) => (r.op === 'lower' ? t < v : t <= v)).length);
    }
    default:
      return terms.reduce((a, t) => combine(r.op, r.acc, a, cast(r.acc === 'bool' ? 'bool' : widen(r.acc), t)), identity(r.op, r.acc));
  }
}
function result(w: World, env: Env, s: Extract<Stage, { kind: 'map' | 'reduce' }>): Scalar {
  if (s.kind === 'map') return value(w, env, s.value);
  const acc = fold(w, env, s.reduce);
  return s.post === undefined ? acc : value(w, new Map([...env, ['$acc', acc]]), s.post);
}

type Cells = Map<string, Scalar>;
/** `next` holds the cells of states, which become visible at the end of a step. */
function run(w: World, s: Stage, env: Env, next: ReadonlyMap<string, Cells> = new Map()): void {
  const target = (p: Place): DType => {
    const b = must(w.graph.buffers.find((x) => x.id === p.buf), p.buf);
    return p.field === undefined ? b.dtype : must(b.row?.find((f) => f.name === p.field), p.field).dtype;
  };
  const put = (e: Env, p: Place, v: Scalar): void => {
    const cells = must(next.get(p.buf) ?? w.data.get(p.buf), p.buf);
    cells.set(key(p.list === undefined ? 0 : Number(value(w, e, p.list)), p.index.map((i) => Number(value(w, e, i))), p.field), cast(target(p), v));
  };
  const points = (f: (e: Env) => void): void => loop(w, s.axes, env, (e) => void (holds(w, e, s.where) && f(e)));
  switch (s.kind) {
    case 'map':
    case 'reduce':
      if (w.graph.buffers.find((b) => b.id === s.out.buf)?.virtual === true) return;
      return points((e) => put(e, s.out, result(w, e, s)));
    case 'scan':
      return points((e) => {
        const at = BigInt(must(e.get(s.at), s.at));
        const terms: Scalar[] = [];
        loop(w, [s.along], e, (i) => {
          const j = BigInt(must(i.get(s.along.id), s.along.id));
          if (holds(w, i, s.when) && (s.compare === 'le' ? j <= at : s.compare === 'lt' ? j < at : s.compare === 'ge' ? j >= at : j > at)) terms.push(value(w, i, s.body));
        });
        const summed = w.kernel !== undefined && isFloat(s.acc) && s.monoid === 'add';
        put(e, s.out, summed ? must(w.kernel, 'kernel').sum(terms.map(Number), s.acc) : terms.reduce((a, t) => combine(s.monoid, s.acc, a, t), identity(s.monoid, s.acc)));
      });
    case 'scatter':
      return scatter(w, s, env, target(s.out));
    case 'offsets': {
      const cells = must(w.data.get(s.out), s.out);
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
          for (const o of s.outs) must(w.data.get(o.buf), o.buf).set(key(0, [n]), cast(target({ buf: o.buf, index: [] }), value(w, i, o.value)));
          n++;
        });
        off.set(key(0, [++r]), BigInt(n));
      });
      return;
    }
    case 'select':
      return points((e) => {
        const keys: { v: Scalar; i: bigint }[] = [];
        loop(w, [s.along], e, (i) => void keys.push({ v: value(w, i, s.body), i: BigInt(must(i.get(s.along.id), s.along.id)) }));
        keys.sort((a, b) => (above(a.v, b.v) ? (s.descending ? -1 : 1) : above(b.v, a.v) ? (s.descending ? 1 : -1) : 0));
        loop(w, [s.slot], e, (i) => {
          const k = keys[Number(BigInt(must(i.get(s.slot.id), s.slot.id)) - BigInt(value(w, e, s.slot.lo)))];
          if (s.values !== undefined) put(i, s.values, k?.v ?? identity('max', s.body.type));
          if (s.indices !== undefined) put(i, s.indices, k?.i ?? -1n);
        });
      });
    case 'recur': {
      const [lo, hi] = [BigInt(value(w, env, s.step.lo)), BigInt(value(w, env, s.step.hi))];
      for (let t = lo; t < hi; t++) {
        const fresh = new Map(s.states.map((id) => [id, new Map(w.data.get(id))]));
        for (const b of s.body) run(w, b, new Map([[s.step.id, t]]), fresh);
        for (const [id, cells] of fresh) w.data.set(id, cells);
      }
    }
  }
}
function scatter(w: World, s: Extract<Stage, { kind: 'scatter' }>, env: Env, t: DType): void {
  const b = must(w.graph.buffers.find((x) => x.id === s.out.buf), s.out.buf);
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
