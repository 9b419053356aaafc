import * as fc from 'fast-check';
import * as b from '../../../src/codegen/ir/build.ts';
import type { Expr } from '../../../src/codegen/ir/stage.ts';
import type { DType, ValueType } from '../../../src/dsl/dtypes.ts';
import { widen } from '../../../src/dsl/dtypes.ts';
import type { Builtin, TBinary } from '../../../src/dsl/typed.ts';

export const STORED: readonly DType[] = [
  'f64',
  'f32',
  'f16',
  'bf16',
  'f8e4m3',
  'f8e5m2',
  'f8e4m3fnuz',
  'i8',
  'i16',
  'i32',
  'i64',
  'u8',
  'u16',
  'u32',
  'u64',
  'bool',
];
type Whole = 'i32' | 'u32' | 'i64' | 'u64';
const WHOLES: readonly Whole[] = ['i32', 'u32', 'i64', 'u64'];
const limits: Readonly<Record<Whole, readonly [bigint, bigint]>> = {
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};

const near = (t: Whole): fc.Arbitrary<bigint> => {
  const [lo, hi] = limits[t];
  return fc.oneof(
    fc.bigInt({ min: lo < -9n ? -9n : lo, max: 70n }),
    fc.bigInt({ min: lo, max: hi }),
    fc.constantFrom(lo, hi, lo + 1n, hi - 1n, ...[31n, 32n, 53n, 63n].map((k) => 2n ** k).filter((v) => v <= hi)),
  );
};
const at = [b.axisRef('n')];
const leaf = (type: ValueType): fc.Arbitrary<Expr> => {
  const reads = STORED.filter((t) => widen(t) === type).map((t) => fc.constant(b.read(`x_${t}`, t, at)));
  if (type === 'bool') return fc.oneof(...reads, fc.boolean().map(b.bool));
  if (type === 'f32' || type === 'f64')
    return fc.oneof(
      ...reads,
      fc.constantFrom(0, 1, -1, 0.5, 2, 3.25, -7, 1e-3, 100).map((v) => b.float(v, type)),
    );
  const literal = near(type).map((v) => b.int(v, type));
  return fc.oneof(...reads, literal, ...(type === 'i64' ? [fc.constant(b.axisRef('n'))] : []));
};

const ARITH: readonly TBinary[] = ['add', 'sub', 'mul', 'floordiv', 'mod', 'bitand', 'bitor', 'bitxor'];
const COMPARE: readonly TBinary[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'];
const INT_CALLS: readonly Builtin[] = [
  'abs',
  'sign',
  'relu',
  'max',
  'min',
  'clip',
  'rotl',
  'rotr',
  'mulhi',
  'popcount',
  'clz',
];
const SMOOTH: readonly Builtin[] = [
  'exp',
  'exp2',
  'expm1',
  'log',
  'log2',
  'log1p',
  'rsqrt',
  'sin',
  'cos',
  'tanh',
  'erf',
  'sigmoid',
  'silu',
  'softplus',
  'gelu',
  'gelu_tanh',
  'pow',
];
const FLOAT_CALLS: readonly Builtin[] = [
  'abs',
  'sign',
  'relu',
  'sqrt',
  'floor',
  'ceil',
  'round',
  'trunc',
  'max',
  'min',
  'fmax',
  'fmin',
  'clip',
  'fma',
];
const arity = (fn: Builtin): number =>
  fn === 'clip' || fn === 'fma'
    ? 3
    : ['max', 'min', 'fmax', 'fmin', 'pow', 'rotl', 'rotr', 'mulhi'].includes(fn)
      ? 2
      : 1;
const TYPES: readonly ValueType[] = ['f64', 'f32', ...WHOLES, 'bool'];

/** Well-typed expressions over the inputs x_T[n], one of each storage type; with transcendental functions if `smooth`. */
export function arbitraryExpr(type: ValueType, depth: number, smooth = false): fc.Arbitrary<Expr> {
  if (depth === 0) return leaf(type);
  const sub = (t: ValueType): fc.Arbitrary<Expr> => arbitraryExpr(t, depth - 1, smooth);
  const choice = fc.tuple(sub('bool'), sub(type), sub(type)).map(([c, x, y]) => b.select(c, x, y));
  const named = fc
    .tuple(sub(type), fc.constantFrom(...(type === 'bool' ? (['eq'] as const) : (['add', 'sub'] as const))))
    .map(([x, op]) =>
      b.letIn(`t${depth}`, x, b.binary(op, b.variable(`t${depth}`, type), b.variable(`t${depth}`, type))),
    );
  const shared = [leaf(type), choice, ...(type === 'bool' ? [] : [named])];
  if (type === 'bool') {
    const compared = fc
      .constantFrom(...TYPES.filter((t) => t !== 'bool'))
      .chain((t) => fc.tuple(fc.constantFrom(...COMPARE), sub(t), sub(t)).map(([op, x, y]) => b.binary(op, x, y)));
    const tested = fc
      .tuple(fc.constantFrom<Builtin>('isnan', 'isinf'), sub('f32'))
      .map(([fn, x]) => b.call(fn, [x], 'bool'));
    const logical = fc
      .tuple(fc.constantFrom<TBinary>('and', 'or'), sub('bool'), sub('bool'))
      .map(([op, x, y]) => b.binary(op, x, y));
    return fc.oneof(...shared, compared, logical, tested, sub('bool').map(b.not));
  }
  const casts = fc
    .constantFrom(...TYPES)
    .chain((t) => sub(t).map((x) => (x.type === type ? x : b.cast('as', type, x))));
  const stored = STORED.filter((t) => widen(t) === type);
  const narrowed = fc
    .tuple(fc.constantFrom(...stored), fc.constantFrom(...TYPES).chain(sub))
    .map(([t, x]) => b.cast('as', t, x));
  if (type === 'f32' || type === 'f64') {
    const arith = fc
      .tuple(fc.constantFrom<TBinary>('add', 'sub', 'mul', 'div'), sub(type), sub(type))
      .map(([op, x, y]) => b.binary(op, x, y));
    const calls = fc
      .constantFrom(...FLOAT_CALLS, ...(smooth ? SMOOTH : []))
      .chain((fn) =>
        fc.array(sub(type), { minLength: arity(fn), maxLength: arity(fn) }).map((xs) => b.call(fn, xs, type)),
      );
    return fc.oneof(
      ...shared,
      arith,
      arith,
      calls,
      casts,
      narrowed,
      sub(type).map((x) => b.unary('neg', x)),
    );
  }
  const arith = fc.tuple(fc.constantFrom(...ARITH), sub(type), sub(type)).map(([op, x, y]) => b.binary(op, x, y));
  const shift = fc
    .tuple(
      fc.constantFrom<TBinary>('shl', 'shr'),
      sub(type),
      fc.oneof(
        fc.integer({ min: -3, max: 70 }).map((n) => b.int(n, 'i32')),
        sub('i32'),
      ),
    )
    .map(([op, x, n]) => b.binary(op, x, n));
  const calls = fc
    .constantFrom(...INT_CALLS)
    .chain((fn) =>
      fc.array(sub(type), { minLength: arity(fn), maxLength: arity(fn) }).map((xs) => b.call(fn, xs, type)),
    );
  const random = fc.tuple(sub('u64'), sub('u64'), sub('i32')).map((xs) => b.call('philox', xs, 'u32'));
  return fc.oneof(
    ...shared,
    arith,
    arith,
    arith,
    shift,
    calls,
    casts,
    narrowed,
    fc.tuple(fc.constantFrom('neg' as const, 'bitnot' as const), sub(type)).map(([op, x]) => b.unary(op, x)),
    ...(type === 'u32' ? [random] : []),
  );
}
