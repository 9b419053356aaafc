import { assertNever, must } from '../../../src/assert.ts';
import type { Inputs } from '../../../src/backends/reference/inputs.ts';
import type { Axis, Buffer, Expr, Reduce, Stage, StageGraph } from '../../../src/codegen/ir/stage.ts';
import { rounder } from '../../../src/codegen/numeric/codec.ts';
import type { Scalar } from '../../../src/codegen/numeric/tensor.ts';
import { getAt, tensor, zeros } from '../../../src/codegen/numeric/tensor.ts';
import type { DType, ValueType } from '../../../src/dsl/dtypes.ts';
import { DTYPES, isFloat, widen } from '../../../src/dsl/dtypes.ts';
import type { Builtin } from '../../../src/dsl/typed.ts';
import { builtin, wrap } from './naive-math.ts';

/** A second evaluator, as plain as can be: a tree walk over bigint, number and boolean. It shares no code with the first but number formats. */
/** Axes and names in scope, innermost first. */
export type Env = { readonly id: string; readonly v: Scalar; readonly outer: Env } | undefined;
export const bind = (env: Env, id: string, v: Scalar): Env => ({ id, v, outer: env });
export function find(env: Env, id: string): Scalar {
  let e = env;
  while (e !== undefined && e.id !== id) e = e.outer;
  return must(e, id).v;
}
export interface World {
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
export const bits = (t: DType): number => 8 * DTYPES[t].bytes;
export const key = (list: number, index: readonly number[], field = ''): string =>
  `${list}|${index.join(',')}|${field}`;

export const elem = (b: Buffer, l: number): Env =>
  b.list === undefined ? undefined : bind(bind(undefined, b.list.elem, BigInt(l)), '/elem', BigInt(l));
export const up = (t: DType, v: Scalar): Scalar => (DTYPES[t].group === 'int' ? BigInt(v) : v);
export function unflatten(i: number, shape: readonly number[]): readonly number[] {
  const out: number[] = [];
  let rest = i;
  for (const n of [...shape].reverse()) {
    out.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return out;
}
export const round = (t: DType, v: Scalar): Scalar =>
  isFloat(t) ? rounder(t)(Number(v)) : t === 'bool' ? Number(v) !== 0 : wrap(bits(t), DTYPES[t].signed, BigInt(v));

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
      return BigInt(
        typeof d === 'number' ? d : must(d[Number(e.list === undefined ? find(env, '/elem') : go(e.list))], e.id),
      );
    }
    case 'scalar': {
      const v = must(w.scalars.get(e.name), e.name);
      return DTYPES[e.dtype].group === 'int' ? BigInt(v) : v;
    }
    case 'axis':
      return find(env, e.id);
    case 'var':
      return find(env, `$${e.id}`);
    case 'let':
      return value(w, bind(env, `$${e.id}`, go(e.value)), e.body);
    case 'read':
      return read(w, env, e);
    case 'unary': {
      const a = go(e.a);
      if (e.op === 'not') return a !== true;
      if (e.op === 'bitnot') return wrapType(e.type, ~BigInt(a));
      return typeof a === 'bigint' ? wrapType(e.type, -a) : -Number(a);
    }
    case 'binary': {
      const fuse =
        w.kernel?.fused() === true &&
        (e.op === 'add' || e.op === 'sub') &&
        e.a.kind === 'binary' &&
        e.a.op === 'mul' &&
        isFloat(e.type);
      const a = fuse && e.a.kind === 'binary' ? Number(go(e.a.a)) * Number(go(e.a.b)) : go(e.a);
      if (e.op === 'and') return a === true && go(e.b) === true;
      if (e.op === 'or') return a === true || go(e.b) === true;
      if (w.kernel !== undefined && isFloat(e.type)) return operation(w.kernel, e, Number(a), Number(go(e.b)));
      return binary(e.op, e.a.type, a, go(e.b));
    }
    case 'call': {
      const args = e.args.map(go);
      const plain = builtin(e.fn, args, must(e.args[0], e.fn).type, e.type);
      return w.kernel !== undefined && typeof plain === 'number'
        ? w.kernel.call(e.fn, args.map(Number), e.type, plain)
        : plain;
    }
    case 'bitcast': {
      const from = tensor(e.a.kind === 'cast' && e.a.to !== 'tf32' ? e.a.to : e.a.type, [1], [go(e.a)]);
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
      return e.post === undefined ? acc : value(w, bind(env, '$acc', acc), e.post);
    }
    default:
      return assertNever(e, 'the plain evaluator');
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
  if (isFloat(t))
    return typeof v === 'bigint' && t === 'f32'
      ? roundBig(v)
      : typeof v === 'bigint' && t !== 'f64'
        ? rounder(t)(roundBig(v))
        : round(t, v);
  if (t === 'bool') return typeof v === 'bigint' ? v !== 0n : v !== 0 && v !== false;
  if (typeof v !== 'number') return wrap(bits(t), DTYPES[t].signed, BigInt(v));
  if (Number.isNaN(v)) return 0n;
  const [lo, hi] = DTYPES[t].signed
    ? [-(2n ** BigInt(bits(t) - 1)), 2n ** BigInt(bits(t) - 1) - 1n]
    : [0n, 2n ** BigInt(bits(t)) - 1n];
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
  if (typeof a === 'number' && typeof b === 'number')
    return op === 'add' ? a + b : op === 'sub' ? a - b : op === 'mul' ? a * b : a / b;
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
  const b = must(
    w.graph.buffers.find((x) => x.id === e.buf),
    e.buf,
  );
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
    let env: Env;
    s.out.index.forEach((e, d) => {
      if (e.kind === 'axis') env = bind(env, e.id, BigInt(must(index[d], 'index')));
    });
    const inside = s.axes.every((a) => find(env, a.id) >= value(w, env, a.lo) && find(env, a.id) < value(w, env, a.hi));
    const literal = s.out.index.every((e, d) => e.kind !== 'int' || Number(e.value) === index[d]);
    if (inside && literal && (s.where === undefined || value(w, env, s.where) === true))
      return cast(b.dtype, result(w, env, s));
  }
  throw new Error(`nothing writes ${b.id}[${index.join(', ')}]`);
}

export function loop(w: World, axes: readonly Axis[], env: Env, f: (env: Env) => void): void {
  const [a, ...rest] = axes;
  if (a === undefined) return f(env);
  const [lo, hi] = [BigInt(value(w, env, a.lo)), BigInt(value(w, env, a.hi))];
  for (let i = lo; i < hi; i++) loop(w, rest, bind(env, a.id, i), f);
}
export const holds = (w: World, env: Env, e: Expr | undefined): boolean => e === undefined || value(w, env, e) === true;
export const above = (a: Scalar, b: Scalar): boolean => a > b || (Number.isNaN(a) && !Number.isNaN(b));

export function combine(op: string, t: DType, a: Scalar, b: Scalar): Scalar {
  if (typeof a === 'boolean') return op === 'or' || op === 'max' || op === 'add' ? a || b === true : a && b === true;
  if (typeof a === 'number' && typeof b === 'number')
    return op === 'add' ? a + b : op === 'mul' ? a * b : op === 'max' ? Math.max(a, b) : Math.min(a, b);
  const [x, y] = [BigInt(a), BigInt(b)];
  const v =
    op === 'add'
      ? x + y
      : op === 'mul'
        ? x * y
        : op === 'max'
          ? x > y
            ? x
            : y
          : op === 'min'
            ? x < y
              ? x
              : y
            : op === 'and'
              ? x & y
              : x | y;
  return wrap(bits(t), DTYPES[t].signed, v);
}
export function identity(op: string, t: DType): Scalar {
  if (t === 'bool') return op === 'and' || op === 'mul' || op === 'min';
  const one = isFloat(t) ? 1 : 1n;
  if (op === 'mul') return one;
  if (op === 'max') return isFloat(t) ? -Infinity : DTYPES[t].signed ? -(2n ** BigInt(bits(t) - 1)) : 0n;
  if (op === 'min')
    return isFloat(t) ? Infinity : DTYPES[t].signed ? 2n ** BigInt(bits(t) - 1) - 1n : 2n ** BigInt(bits(t)) - 1n;
  return op === 'and' ? wrap(bits(t), DTYPES[t].signed, -1n) : isFloat(t) ? 0 : 0n;
}

export function fold(w: World, env: Env, r: Reduce): Scalar {
  const terms: Scalar[] = [];
  const at: bigint[] = [];
  loop(w, r.over, env, (e) => {
    if (!holds(w, e, r.when)) return;
    terms.push(value(w, e, r.body));
    at.push(
      r.over.reduce(
        (p, a, k) =>
          (k === 0 ? 0n : p * (BigInt(value(w, e, a.hi)) - BigInt(value(w, e, a.lo)))) +
          BigInt(find(e, a.id)) -
          (k === 0 ? 0n : BigInt(value(w, e, a.lo))),
        0n,
      ),
    );
  });
  if (w.kernel !== undefined && isFloat(r.acc)) {
    const numbers = terms.map(Number);
    if (r.op === 'add') return w.kernel.sum(numbers, r.acc);
    if (r.op === 'mul') return w.kernel.product(numbers, r.acc);
    if (r.op === 'mean')
      return terms.length === 0 ? 0 : w.kernel.divide(w.kernel.sum(numbers, r.acc) / terms.length, widen(r.acc));
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
      terms.forEach(
        (t, i) =>
          void (
            (r.op === 'argmax' ? above(t, must(terms[best], 'term')) : above(must(terms[best], 'term'), t)) &&
            (best = i)
          ),
      );
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
      return terms.reduce(
        (a, t) => combine(r.op, r.acc, a, cast(r.acc === 'bool' ? 'bool' : widen(r.acc), t)),
        identity(r.op, r.acc),
      );
  }
}
export function result(w: World, env: Env, s: Extract<Stage, { kind: 'map' | 'reduce' }>): Scalar {
  if (s.kind === 'map') return value(w, env, s.value);
  const acc = fold(w, env, s.reduce);
  return s.post === undefined ? acc : value(w, bind(env, '$acc', acc), s.post);
}
