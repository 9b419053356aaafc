import { must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { Monoid } from '../ir/stage.ts';
import type { Ref, TileOp, TileProgram, Val } from '../ir/tile.ts';
import { getAt, setAt, view } from '../numeric/tensor.ts';
import type { Tensor } from '../numeric/tensor.ts';
import { identity } from '../tile/values.ts';
import { callScalar } from './functions.ts';
import { big, binaryScalar, bitcastScalar, castScalar, unaryScalar } from './scalar.ts';
import type { Scalar } from './scalar.ts';

/** What a run is given: parameters by the names of their buffers in the stage graph (lists have several), dims, scalars and capacities by identifier. */
export interface TileInputs {
  readonly arrays: Readonly<Record<string, readonly Tensor[]>>;
  readonly values: Readonly<Record<string, Scalar | readonly bigint[]>>;
}

type Lanes = readonly Scalar[];
type Names = Map<string, Scalar[]>;
interface Machine {
  readonly memory: ReadonlyMap<string, readonly Tensor[]>;
  readonly tables: ReadonlyMap<string, readonly bigint[]>;
}

/**
 * Runs a program in one part, element by element: what lowering is tested against without a compiler. Parameters are changed in place.
 * Loops at any level run serially; accesses outside an array are errors.
 */
export function runTile(p: TileProgram, inputs: TileInputs): void {
  const names: Names = new Map([
    ['part', [0n]],
    ['parts', [1n]],
  ]);
  const tables = new Map<string, readonly bigint[]>();
  for (const [id, v] of Object.entries(inputs.values)) {
    if (typeof v === 'object') tables.set(id, v);
    else names.set(id, [v]);
  }
  const memory = new Map<string, readonly Tensor[]>();
  for (const a of p.arrays)
    if (a.scope === 'param') memory.set(a.id, must(inputs.arrays[a.source], `array ${a.source}`));
  const m: Machine = { memory, tables };
  for (const d of p.dims) if (d.derived !== undefined) names.set(d.id, [...evaluate(d.derived, names, m)]);
  for (const a of p.arrays) {
    if (a.scope === 'param') continue;
    const n = Number(evaluate(must(a.elements, 'size'), names, m)[0] ?? 0n);
    memory.set(a.id, [{ dtype: a.dtype, shape: [n], data: view(a.dtype, new Uint8Array(n * 8).fill(0xa5), n) }]);
  }
  for (const k of p.kernels) runOps(guarded(k.fast, names, m) ?? k.body, new Map(names), m);
}
function guarded(
  fast: TileProgram['kernels'][number]['fast'],
  names: Names,
  _m: Machine,
): readonly TileOp[] | undefined {
  // Addresses do not exist here: arrays count as aligned.
  const holds = fast?.guards.every((g) => {
    if (g.kind === 'aligned') return true;
    const extent = big(names.get(g.dim)?.[0] ?? 0n);
    return g.kind === 'positive' ? extent > 0n : extent % BigInt(g.of) === 0n;
  });
  return holds === true ? fast?.body : undefined;
}

type Flow = 'next' | 'break';
function runOps(ops: readonly TileOp[], names: Names, m: Machine): Flow {
  const at = (v: Val): Lanes => evaluate(v, names, m);
  const one = (v: Val): bigint => big(must(at(v)[0], 'lane'));
  for (const op of ops) {
    switch (op.kind) {
      case 'loop': {
        for (let i = one(op.lo), hi = one(op.hi); i < hi; i += BigInt(op.step)) {
          if (runOps(op.body, scoped(names).set(op.id, [i]), m) === 'break') break;
        }
        break;
      }
      case 'while':
        while (at(op.cond)[0] === true) if (runOps(op.body, scoped(names), m) === 'break') break;
        break;
      case 'break':
        return 'break';
      case 'if':
        if (runOps(at(op.cond)[0] === true ? op.then : op.else, scoped(names), m) === 'break') return 'break';
        break;
      case 'let':
        names.set(op.id, [...at(op.value)]);
        break;
      case 'var':
        names.set(op.id, op.init ? [...at(op.init)] : Array.from({ length: op.ty.lanes }, () => NaN));
        break;
      case 'set':
        must(names.get(op.id), op.id).splice(0, Infinity, ...at(op.value));
        break;
      case 'store':
        store(
          op.to,
          op.dtype,
          op.odd ? alternate(at(op.value), at(op.odd)) : at(op.value),
          op.mask ? at(op.mask) : undefined,
          names,
          m,
        );
        break;
      case 'atomic': {
        const old = load(op.to, op.dtype, 1, undefined, names, m)[0] ?? 0;
        store(op.to, op.dtype, [combine(op.op, old, at(op.value)[0] ?? 0, widen(op.dtype))], undefined, names, m);
        break;
      }
      case 'reduceTile':
        if (op.within !== 'vector') throw new Error('internal: one lane runs at a time');
        names.set(op.id, [at(op.value).reduce((a, b) => combine(op.monoid, a, b, op.value.ty.dtype))]);
        break;
      case 'turnTile': {
        const rows = op.values.map(at);
        op.ids.forEach((id, i) =>
          names.set(
            id,
            rows.map((r) => must(r[i], 'lane')),
          ),
        );
        break;
      }
      case 'copy':
        for (let i = 0n, n = one(op.count); i < n; i++) copyElement(op.to, op.from, op.dtype, i, names, m);
        break;
      case 'sortTile':
        sortPositions(op, names, m);
        break;
      case 'note':
      case 'prefetch':
      case 'barrier':
        break;
      case 'tileDot':
        dot(op, names, m);
        break;
      case 'waveDot':
      case 'waveStore':
        throw new Error('internal: one lane runs at a time');
      case 'scanTile': {
        if (op.within !== 'vector') throw new Error('internal: one lane runs at a time');
        const lanes = op.reverse ? at(op.value).toReversed() : at(op.value);
        let acc = must(at(identity(op.monoid, op.value.ty.dtype))[0], 'lane');
        const folded = lanes.map((v) => {
          const before = acc;
          acc = combine(op.monoid, acc, v, op.value.ty.dtype);
          return op.exclusive ? before : acc;
        });
        names.set(op.id, op.reverse ? folded.toReversed() : folded);
        break;
      }
      default:
        return op satisfies never;
    }
  }
  return 'next';
}

/** Names of an inner block: variables of outer blocks stay shared, new names are its own. */
const scoped = (names: Names): Names => new Map(names);

/** a ∘ b of one lane. */
function combine(op: Monoid, a: Scalar, b: Scalar, t: ReturnType<typeof widen>): Scalar {
  if (op === 'max' || op === 'min')
    return typeof a === 'boolean' ? (op === 'max' ? a || b === true : a && b === true) : callScalar(op, [a, b], t);
  const logical = typeof a === 'boolean';
  return binaryScalar(
    op === 'and' ? (logical ? 'and' : 'bitand') : op === 'or' ? (logical ? 'or' : 'bitor') : op,
    a,
    b,
    t,
  );
}

function element(ref: Ref, lane: number, names: Names, m: Machine): { readonly tensor: Tensor; readonly at: number } {
  const pick = (v: Val): number => {
    const lanes = evaluate(v, names, m);
    return Number(big(must(lanes[lanes.length === 1 ? 0 : lane], 'index')));
  };
  const entry = ref.entry === undefined ? 0 : pick(ref.entry);
  const tensor = must(m.memory.get(ref.array)?.[entry], `array ${ref.array}`);
  return { tensor, at: pick(ref.index) + (ref.index.ty.lanes === 1 ? lane : 0) };
}
function load(ref: Ref, dtype: DType, lanes: number, mask: Lanes | undefined, names: Names, m: Machine): Lanes {
  return Array.from({ length: lanes }, (_, k) => {
    if (mask !== undefined && mask[k] !== true) return castScalar(0n, widen(dtype));
    const { tensor, at } = element(ref, k, names, m);
    return fetch(tensor, dtype, at, k);
  });
}
/** Packed rows are addressed in bytes: lane k of a run lies k elements on. */
function fetch(t: Tensor, dtype: DType, at: number, lane: number): Scalar {
  if (t.dtype === dtype) return typed(getAt(t, at), dtype);
  const bytes = new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);
  const size = view(dtype, new Uint8Array(8), 1).BYTES_PER_ELEMENT;
  const data = view(dtype, bytes.slice(at + lane * (size - 1)), 1);
  return typed(getAt({ dtype, shape: [1], data }, 0), dtype);
}
/** Integers of every width as bigint. */
const typed = (v: Scalar, dtype: DType): Scalar => (typeof v === 'number' && /^[iu]/.test(dtype) ? BigInt(v) : v);

function store(ref: Ref, dtype: DType, value: Lanes, mask: Lanes | undefined, names: Names, m: Machine): void {
  value.forEach((v, k) => {
    if (mask !== undefined && mask[k] !== true) return;
    const { tensor, at } = element(ref, k, names, m);
    const rounded = castScalar(v, dtype);
    if (tensor.dtype === dtype) {
      if (at < 0 || at >= tensor.data.length) throw new Error(`store to ${ref.array}[${at}] of ${tensor.data.length}`);
      return setAt(tensor, at, rounded);
    }
    const data = view(dtype, new Uint8Array(8), 1);
    setAt({ dtype, shape: [1], data }, 0, rounded);
    const bytes = new Uint8Array(data.buffer, 0, data.BYTES_PER_ELEMENT);
    new Uint8Array(tensor.data.buffer, tensor.data.byteOffset).set(bytes, at + k * (bytes.length - 1));
  });
}
const alternate = (even: Lanes, odd: Lanes): Lanes => even.flatMap((v, k) => [v, must(odd[k], 'lane')]);
function copyElement(to: Ref, from: Ref, dtype: DType, i: bigint, names: Names, m: Machine): void {
  const [a, b] = [element(from, 0, names, m), element(to, 0, names, m)];
  setAt(b.tensor, b.at + Number(i), fetch(a.tensor, dtype, a.at + Number(i), 0));
}

function sortPositions(op: TileOp & { readonly kind: 'sortTile' }, names: Names, m: Machine): void {
  const n = Number(big(evaluate(op.count, names, m)[0] ?? 0n));
  const keys = element(op.keys, 0, names, m);
  const order = element(op.order, 0, names, m);
  const key = (i: number): Scalar => getAt(keys.tensor, keys.at + i);
  const above = (a: Scalar, b: Scalar): number =>
    Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : Number.isNaN(b) ? -1 : a < b ? -1 : a > b ? 1 : 0;
  const sorted = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => (op.descending ? above(key(j), key(i)) : above(key(i), key(j))) || i - j,
  );
  sorted.forEach((i, k) => setAt(order.tensor, order.at + k, BigInt(i)));
}

/** Sums of f32 are rounded after every step, as fused multiply-add would. */
function dot(op: TileOp & { readonly kind: 'tileDot' }, names: Names, m: Machine): void {
  const one = (v: Val): number => Number(big(must(evaluate(v, names, m)[0], 'lane')));
  const [acc, a, b] = [op.acc, op.a, op.b].map((r) => element(r, 0, names, m));
  const { group, types } = op;
  const strides = {
    acc: one(op.strides.acc),
    a: one(op.strides.a),
    aStep: one(op.strides.aStep),
    b: one(op.strides.b),
  };
  const at = (from: typeof a, dtype: DType, offset: number): Scalar => {
    const { tensor, at: base } = must(from, 'operand');
    return castScalar(fetch(tensor, dtype, base + offset, 0), types.acc);
  };
  const steps = one(op.k);
  for (let i = 0; i < op.m; i++)
    for (let j = 0; j < op.n; j++) {
      let sum: Scalar = castScalar(0n, types.acc);
      for (let k = 0; k < steps; k++) {
        const step = Math.floor(k / group);
        const x = at(a, types.a, i * strides.a + step * strides.aStep + (k % group));
        const y = at(b, types.b, step * strides.b + j * group + (k % group));
        const product = types.acc === 'f32' ? Number(x) * Number(y) : binaryScalar('mul', x, y, types.acc);
        sum = castScalar(
          types.acc === 'f32' ? Number(sum) + Number(product) : binaryScalar('add', sum, product, types.acc),
          types.acc,
        );
      }
      const place = must(acc, 'accumulator');
      const to = place.at + i * strides.acc + j;
      const old = typed(getAt(place.tensor, to), types.acc);
      setAt(place.tensor, to, op.fresh ? sum : binaryScalar('add', old, sum, types.acc));
    }
}

function evaluate(v: Val, names: Names, m: Machine): Lanes {
  const of = (x: Val): Lanes => evaluate(x, names, m);
  const zip = (f: (...xs: Scalar[]) => Scalar, ...all: readonly Lanes[]): Lanes =>
    Array.from({ length: v.ty.lanes }, (_, k) => f(...all.map((xs) => must(xs[xs.length === 1 ? 0 : k], 'lane'))));
  switch (v.kind) {
    case 'int':
      return [v.ty.dtype === 'f32' || v.ty.dtype === 'f64' ? Number(v.value) : v.value];
    case 'float':
      return [v.ty.dtype === 'f32' ? Math.fround(v.value) : v.value];
    case 'bool':
      return [v.value];
    case 'name':
      return must(names.get(v.id), v.id);
    case 'dimOf':
      return [must(m.tables.get(v.id)?.[Number(big(of(v.entry)[0] ?? 0n))], v.id)];
    case 'load':
      if (v.half !== undefined)
        return load(v.from, v.dtype, 2 * v.ty.lanes, undefined, names, m).filter(
          (_, k) => (k % 2 === 0) === (v.half === 'even'),
        );
      return load(v.from, v.dtype, v.ty.lanes, v.mask ? of(v.mask) : undefined, names, m);
    case 'unary':
      return zip((a) => unaryScalar(v.op, a, v.ty.dtype), of(v.a));
    case 'binary': {
      const a = of(v.a);
      const lazy = v.ty.lanes === 1 && ((v.op === 'and' && a[0] === false) || (v.op === 'or' && a[0] === true));
      return lazy ? a : zip((x, y) => binaryScalar(v.op, x, y, v.a.ty.dtype), a, of(v.b));
    }
    case 'call':
      return zip((...xs) => callScalar(v.fn, xs, v.ty.dtype), ...v.args.map(of));
    case 'bitcast':
      return zip((a) => bitcastScalar(a, v.from, v.to), of(v.a));
    case 'round':
      return v.to === 'tf32' ? of(v.a) : zip((a) => castScalar(a, v.to === 'tf32' ? 'f32' : v.to), of(v.a));
    case 'convert':
      return zip((a) => castScalar(a, v.ty.dtype), of(v.a));
    case 'select': {
      const cond = of(v.cond);
      if (cond.length === 1) return of(cond[0] === true ? v.then : v.else);
      return zip((c, a, b) => (c === true ? a : b), cond, of(v.then), of(v.else));
    }
    case 'splat':
      return zip((a) => a, of(v.a));
    case 'iota':
      return Array.from({ length: v.ty.lanes }, (_, k) => BigInt(k));
    case 'opaque':
      return of(v.a);
    default:
      return v satisfies never;
  }
}
