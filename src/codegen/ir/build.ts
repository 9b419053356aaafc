import type { DType, ValueType } from '../../dsl/dtypes.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { Builtin, TBinary, TUnary } from '../../dsl/typed.ts';
import type { Axis, AxisId, Expr, Place, Reduce } from './stage.ts';

/** Integer literal; i64 unless told otherwise. */
export const int = (value: bigint | number, type: ValueType = 'i64'): Expr => ({
  kind: 'int',
  type,
  value: BigInt(value),
});
export const float = (value: number, type: ValueType = 'f32'): Expr => ({ kind: 'float', type, value });
export const bool = (value: boolean): Expr => ({ kind: 'bool', type: 'bool', value });
/** A run-time extent (i64); `list` picks the element for dims that have one value per list element. */
export const dim = (id: string, list?: Expr): Expr =>
  list === undefined ? { kind: 'dim', type: 'i64', id } : { kind: 'dim', type: 'i64', id, list };
export const axisRef = (id: AxisId): Expr => ({ kind: 'axis', type: 'i64', id });
export const scalar = (name: string, dtype: DType): Expr => ({ kind: 'scalar', type: widen(dtype), name, dtype });
/** A bound value: of a `let`, or the folded value `acc` of a post expression. */
export const variable = (id: string, type: ValueType): Expr => ({ kind: 'var', type, id });
export const acc = (type: ValueType): Expr => variable('acc', type);

/** Where a read or place goes beyond buffer and index. */
export interface AccessOptions {
  readonly list?: Expr | undefined;
  readonly field?: string | undefined;
  readonly unchecked?: boolean | undefined;
}
export function read(buf: string, dtype: DType, index: readonly Expr[], options: AccessOptions = {}): Expr {
  return {
    kind: 'read',
    type: widen(dtype),
    buf,
    index,
    dtype,
    ...(options.list === undefined ? {} : { list: options.list }),
    ...(options.field === undefined ? {} : { field: options.field }),
    ...(options.unchecked === true ? { unchecked: true } : {}),
  };
}
export function place(buf: string, index: readonly Expr[], options: AccessOptions = {}): Place {
  return {
    buf,
    index,
    ...(options.list === undefined ? {} : { list: options.list }),
    ...(options.field === undefined ? {} : { field: options.field }),
  };
}
/** A loop over 0 ≤ id < hi, named as its id unless told otherwise. */
export const axis = (id: AxisId, hi: Expr, lo: Expr = int(0), name: string = id): Axis => ({ id, name, lo, hi });

/** Operators whose result is a bool whatever their operands are. */
export const isLogical = (op: TBinary): boolean => op === 'or' || op === 'and' || isComparison(op);
export const isComparison = (op: TBinary): boolean =>
  op === 'eq' || op === 'ne' || op === 'lt' || op === 'le' || op === 'gt' || op === 'ge';

/** Operands must have one type (shift counts aside). */
export function binary(op: TBinary, a: Expr, b: Expr): Expr {
  if (a.type !== b.type && op !== 'shl' && op !== 'shr') throw new Error(`internal: ${op} of ${a.type} and ${b.type}`);
  return { kind: 'binary', type: isLogical(op) ? 'bool' : a.type, op, a, b };
}
const of =
  (op: TBinary) =>
  (a: Expr, b: Expr): Expr =>
    binary(op, a, b);
export const add = of('add');
export const sub = of('sub');
export const mul = of('mul');
export const div = of('div');
export const floordiv = of('floordiv');
export const mod = of('mod');
export const lt = of('lt');
export const le = of('le');
export const gt = of('gt');
export const ge = of('ge');
export const eq = of('eq');
export const ne = of('ne');
export const or = of('or');
export const unary = (op: TUnary, a: Expr): Expr => ({ kind: 'unary', type: a.type, op, a });
export const call = (fn: Builtin, args: readonly Expr[], type: ValueType): Expr => ({ kind: 'call', type, fn, args });
export const cast = (mode: 'as' | 'near', to: DType | 'tf32', a: Expr): Expr => ({
  kind: 'cast',
  type: to === 'tf32' ? 'f32' : widen(to),
  mode,
  to,
  a,
});
export const convert = (type: ValueType, a: Expr): Expr => (a.type === type ? a : { kind: 'convert', type, a });
export const letIn = (id: string, value: Expr, body: Expr): Expr => ({ kind: 'let', type: body.type, id, value, body });
export function select(cond: Expr, then: Expr, other: Expr): Expr {
  if (then.type !== other.type) throw new Error(`internal: select of ${then.type} and ${other.type}`);
  if (cond.kind === 'bool') return cond.value ? then : other;
  return { kind: 'select', type: then.type, cond, then, else: other };
}
export const reduceExpr = (reduce: Reduce, type: ValueType, post?: Expr): Expr =>
  post === undefined ? { kind: 'reduce', type, reduce } : { kind: 'reduce', type, reduce, post };

/** Conjunction that drops literal truths. */
export function and(a: Expr, b: Expr): Expr {
  if (a.kind === 'bool') return a.value ? b : a;
  if (b.kind === 'bool' && b.value) return a;
  return binary('and', a, b);
}
export const all = (conds: readonly Expr[]): Expr => conds.reduce(and, bool(true));
export function not(a: Expr): Expr {
  if (a.kind === 'bool') return bool(!a.value);
  return a.kind === 'unary' && a.op === 'not' ? a.a : unary('not', a);
}

const literal = (e: Expr): bigint | undefined => (e.kind === 'int' ? e.value : undefined);
/** Index arithmetic on i64: literals fold, neutral elements vanish. Exact because i64 wraps. */
export const ix = {
  add(a: Expr, b: Expr): Expr {
    const [x, y] = [literal(a), literal(b)];
    if (x !== undefined && y !== undefined) return int(BigInt.asIntN(64, x + y));
    if (x === 0n) return b;
    return y === 0n ? a : add(a, b);
  },
  sub(a: Expr, b: Expr): Expr {
    const [x, y] = [literal(a), literal(b)];
    if (x !== undefined && y !== undefined) return int(BigInt.asIntN(64, x - y));
    return y === 0n ? a : sub(a, b);
  },
  mul(a: Expr, b: Expr): Expr {
    const [x, y] = [literal(a), literal(b)];
    if (x !== undefined && y !== undefined) return int(BigInt.asIntN(64, x * y));
    if (x === 0n || y === 1n) return a;
    return y === 0n || x === 1n ? b : mul(a, b);
  },
  /** Row-major position of `index` in `extents` (the first extent is not needed). */
  flat(index: readonly Expr[], extents: readonly Expr[]): Expr {
    return index.reduce((sum, part, k) => (k === 0 ? part : ix.add(ix.mul(sum, extents[k] ?? int(1)), part)), int(0));
  },
  product(extents: readonly Expr[]): Expr {
    return extents.reduce((a, b) => ix.mul(a, b), int(1));
  },
};
