import { must } from '../../assert.ts';
import type { Builtin, TBinary, TUnary } from '../../dsl/typed.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import { scalar } from './tile.ts';
import type { Half, Ref, Ty, Val } from './tile.ts';

/** Constructors of tile values: operands get a common lane count, index arithmetic on constants is folded. */
export const int = (value: bigint | number, dtype: ValueType = 'i64'): Val => ({
  kind: 'int',
  value: BigInt(value),
  ty: scalar(dtype),
});
export const float = (value: number, dtype: ValueType = 'f32'): Val => ({ kind: 'float', value, ty: scalar(dtype) });
export const bool = (value: boolean): Val => ({ kind: 'bool', value, ty: scalar('bool') });
export const name = (id: string, ty: Ty = scalar('i64')): Val => ({ kind: 'name', id, ty });
export const iota = (lanes: number): Val => ({ kind: 'iota', ty: { dtype: 'i64', lanes } });

/** `a` in every lane; `a` itself if it has that many already. */
export function splat(a: Val, lanes: number): Val {
  if (a.ty.lanes === lanes) return a;
  if (a.ty.lanes !== 1) throw new Error(`internal: ${a.ty.lanes} lanes where ${lanes} are needed`);
  return { kind: 'splat', a, ty: { dtype: a.ty.dtype, lanes } };
}

const widest = (...vs: readonly Val[]): number => Math.max(...vs.map((v) => v.ty.lanes));
const isInt = (v: Val, n: bigint): boolean => v.kind === 'int' && v.value === n;

export const unary = (op: TUnary, a: Val): Val => ({ kind: 'unary', op, a, ty: a.ty });

const COMPARE: ReadonlySet<TBinary> = new Set<TBinary>(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

function folded(op: TBinary, a: Val, b: Val): Val | undefined {
  const { dtype } = a.ty;
  if (a.ty.lanes !== 1 || b.ty.lanes !== 1) return undefined;
  if (op === 'and' || op === 'or') {
    if (a.kind === 'bool') return a.value === (op === 'and') ? b : a;
    return b.kind === 'bool' && b.value === (op === 'and') ? a : undefined;
  }
  if (dtype !== 'i64') return undefined;
  if (a.kind === 'int' && b.kind === 'int') {
    if (op === 'add') return int(BigInt.asIntN(64, a.value + b.value));
    if (op === 'sub') return int(BigInt.asIntN(64, a.value - b.value));
    if (op === 'mul') return int(BigInt.asIntN(64, a.value * b.value));
  }
  if (op === 'add') return isInt(a, 0n) ? b : isInt(b, 0n) ? a : undefined;
  if (op === 'sub') return isInt(b, 0n) ? a : undefined;
  if (op === 'mul') {
    if (isInt(a, 0n) || isInt(b, 1n)) return a;
    return isInt(b, 0n) || isInt(a, 1n) ? b : undefined;
  }
  return undefined;
}

export function binary(op: TBinary, a: Val, b: Val): Val {
  const simple = folded(op, a, b);
  if (simple !== undefined) return simple;
  const lanes = widest(a, b);
  const dtype = COMPARE.has(op) ? 'bool' : a.ty.dtype;
  return { kind: 'binary', op, a: splat(a, lanes), b: splat(b, lanes), ty: { dtype, lanes } };
}
export const add = (a: Val, b: Val): Val => binary('add', a, b);
export const sub = (a: Val, b: Val): Val => binary('sub', a, b);
export const mul = (a: Val, b: Val): Val => binary('mul', a, b);
export const lt = (a: Val, b: Val): Val => binary('lt', a, b);
export const and = (...all: readonly (Val | undefined)[]): Val | undefined => {
  const present = all.filter((v) => v !== undefined);
  return present.length === 0 ? undefined : present.reduce((a, b) => binary('and', a, b));
};

export function call(fn: Builtin, args: readonly Val[], dtype: ValueType): Val {
  const lanes = widest(...args);
  return { kind: 'call', fn, args: args.map((a) => splat(a, lanes)), ty: { dtype, lanes } };
}

export function select(cond: Val, then: Val, other: Val): Val {
  if (cond.kind === 'bool') return cond.value ? then : other;
  const lanes = widest(cond, then, other);
  const ty = { dtype: then.ty.dtype, lanes };
  // A scalar condition picks between whole vectors.
  return { kind: 'select', cond, then: splat(then, lanes), else: splat(other, lanes), ty };
}

export function convert(a: Val, dtype: ValueType): Val {
  if (a.ty.dtype === dtype) return a;
  if (a.kind === 'int' && (dtype === 'i64' || dtype === 'i32'))
    return int(BigInt.asIntN(dtype === 'i64' ? 64 : 32, a.value), dtype);
  return { kind: 'convert', a, ty: { dtype, lanes: a.ty.lanes } };
}

export const round = (a: Val, to: DType | 'tf32', dtype: ValueType): Val => ({
  kind: 'round',
  to,
  a,
  ty: { dtype, lanes: a.ty.lanes },
});

export function load(from: Ref, dtype: DType, value: ValueType, lanes: number, mask?: Val, half?: Half): Val {
  return {
    kind: 'load',
    from,
    dtype,
    ty: { dtype: value, lanes },
    ...(mask === undefined ? {} : { mask: splat(mask, lanes) }),
    ...(half === undefined ? {} : { half }),
  };
}

/** Row-major flat index of `index` in `shape`. */
export function flatIndex(index: readonly Val[], shape: readonly Val[]): Val {
  return index.reduce<Val>((acc, i, k) => (k === 0 ? i : add(mul(acc, must(shape[k], 'extent')), i)), int(0));
}

/** Product of extents. */
export const product = (vs: readonly Val[]): Val => vs.reduce(mul, int(1));
