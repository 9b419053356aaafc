import { isFloat, isInt } from '../../dsl/dtypes.ts';
import type { TBinary } from '../../dsl/typed.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import type { TileOp, Val } from '../../codegen/ir/tile.ts';

/** A kind of bug that code generators have: how one operation or value of a program looks with it. Undefined where it does not apply. */
export interface MutantClass {
  readonly name: string;
  readonly what: string;
  readonly op?: (op: TileOp) => readonly TileOp[] | undefined;
  readonly val?: (v: Val) => Val | undefined;
}

const ONE = t.int(1);
const loop = (
  change: (op: TileOp & { readonly kind: 'loop' }) => TileOp,
): ((op: TileOp) => readonly TileOp[] | undefined) => {
  return (op) => (op.kind === 'loop' ? [change(op)] : undefined);
};
const floats = (v: Val): boolean => v.ty.dtype === 'f32' || v.ty.dtype === 'f64';
const isPart = (v: Val): boolean => v.kind === 'name' && v.id === 'part';
/** The value without its lower 16 bits. */
function cutOff(v: Val): Val {
  const bits: Val = { kind: 'bitcast', from: 'f32', to: 'u32', a: v, ty: { dtype: 'u32', lanes: v.ty.lanes } };
  const upper = t.binary('bitand', bits, t.splat(t.int(0xffff0000, 'u32'), v.ty.lanes));
  return { kind: 'bitcast', from: 'u32', to: 'f32', a: upper, ty: v.ty };
}
const isIndex = (v: Val): boolean => v.ty.dtype === 'i64' && v.ty.lanes === 1;

/** Comparison at the other side of equality. */
const NEAR: Partial<Record<TBinary, TBinary>> = { lt: 'le', le: 'lt', gt: 'ge', ge: 'gt', eq: 'ne', ne: 'eq' };
/** An operator of the same types that a slip of the hand gives. */
const OTHER: Partial<Record<TBinary, TBinary>> = {
  add: 'sub',
  sub: 'add',
  mul: 'add',
  div: 'mul',
  bitand: 'bitor',
  bitor: 'bitxor',
  bitxor: 'bitor',
  shl: 'shr',
  shr: 'shl',
};
const ORDERED: ReadonlySet<TBinary> = new Set<TBinary>(['sub', 'div', 'floordiv', 'mod', 'lt', 'le', 'gt', 'ge']);
const MONOIDS = { add: 'max', mul: 'add', max: 'min', min: 'max', and: 'or', or: 'and' } as const;

/** The kinds of bugs that are planted, in terms of every target: what they change is the scheduled program, before it becomes text. */
export const CLASSES: readonly MutantClass[] = [
  {
    name: 'late-start',
    what: 'a loop leaves out its first step',
    op: loop((l) => ({ ...l, lo: t.add(l.lo, t.int(l.step)) })),
  },
  {
    name: 'early-end',
    what: 'a loop leaves out its last step',
    op: loop((l) => ({ ...l, hi: t.sub(l.hi, t.int(l.step)) })),
  },
  {
    name: 'overrun',
    what: 'a loop runs one step too far',
    op: loop((l) => ({ ...l, hi: t.add(l.hi, t.int(l.step)) })),
  },
  { name: 'wide-step', what: 'a loop takes every second step only', op: loop((l) => ({ ...l, step: l.step * 2 })) },
  {
    name: 'load-beside',
    what: 'a load is off by one element',
    val: (v) =>
      v.kind === 'load' && isIndex(v.from.index)
        ? { ...v, from: { ...v.from, index: t.add(v.from.index, ONE) } }
        : undefined,
  },
  {
    name: 'store-beside',
    what: 'a store is off by one element',
    op: (op) =>
      op.kind === 'store' && isIndex(op.to.index)
        ? [{ ...op, to: { ...op.to, index: t.add(op.to.index, ONE) } }]
        : undefined,
  },
  { name: 'lost-store', what: 'a store is missing', op: (op) => (op.kind === 'store' ? [] : undefined) },
  {
    name: 'lost-mask',
    what: 'lanes beyond the end are loaded or stored, or a condition is not asked',
    op(op) {
      if (op.kind === 'if' && op.then.length > 0) return op.then;
      if (op.kind !== 'store' || op.mask === undefined) return undefined;
      const { mask: _mask, ...rest } = op;
      return [rest];
    },
    val(v) {
      if (v.kind !== 'load' || v.mask === undefined) return undefined;
      const { mask: _mask, ...rest } = v;
      return rest;
    },
  },
  {
    name: 'wrong-bound',
    what: 'a comparison decides equality the other way',
    val(v) {
      const op = v.kind === 'binary' ? NEAR[v.op] : undefined;
      return v.kind === 'binary' && op !== undefined ? { ...v, op } : undefined;
    },
  },
  {
    name: 'wrong-identity',
    what: 'an accumulator starts from another value',
    op(op) {
      if (op.kind !== 'var' || op.init === undefined || op.ty.dtype === 'bool') return undefined;
      const start = isFloat(op.ty.dtype) ? t.float(1, op.ty.dtype) : t.int(1, op.ty.dtype);
      return [{ ...op, init: t.splat(start, op.ty.lanes) }];
    },
  },
  { name: 'lost-update', what: 'a variable keeps its old value', op: (op) => (op.kind === 'set' ? [] : undefined) },
  {
    name: 'wrong-operator',
    what: 'another operator',
    val(v) {
      const op = v.kind === 'binary' && v.ty.dtype !== 'bool' ? OTHER[v.op] : undefined;
      if (v.kind === 'binary' && op !== undefined) return { ...v, op };
      return v.kind === 'call' && (v.fn === 'max' || v.fn === 'min')
        ? { ...v, fn: v.fn === 'max' ? 'min' : 'max' }
        : undefined;
    },
  },
  {
    name: 'swapped-operands',
    what: 'left and right are exchanged',
    val: (v) => (v.kind === 'binary' && ORDERED.has(v.op) ? { ...v, a: v.b, b: v.a } : undefined),
  },
  {
    name: 'swapped-sides',
    what: 'a choice takes the other side',
    val: (v) => (v.kind === 'select' ? { ...v, then: v.else, else: v.then } : undefined),
    op: (op) => (op.kind === 'if' && op.else.length > 0 ? [{ ...op, then: op.else, else: op.then }] : undefined),
  },
  {
    name: 'wrong-rounding',
    what: 'a result of 16 bits is cut off instead of rounded',
    val: (v) =>
      v.kind === 'round' && v.to === 'bf16' && v.ty.dtype === 'f32' ? cutOff(t.convert(v.a, 'f32')) : undefined,
  },
  {
    name: 'narrow-accumulator',
    what: 'a running sum is rounded to 16 bits in each step',
    op: (op) =>
      op.kind === 'set' && floats(op.value)
        ? [{ ...op, value: t.round(op.value, 'bf16', op.value.ty.dtype) }]
        : undefined,
  },
  {
    name: 'wrong-constant',
    what: 'a constant is a little off',
    val(v) {
      if (v.kind === 'int') return { ...v, value: v.value + 1n };
      return v.kind === 'float' && Number.isFinite(v.value)
        ? { ...v, value: v.value === 0 ? 0.5 : v.value * 1.0625 }
        : undefined;
    },
  },
  {
    name: 'wrong-stride',
    what: 'rows lie one element further apart than they do',
    val: (v) =>
      v.kind === 'binary' && v.op === 'mul' && isIndex(v) && v.b.kind === 'name'
        ? { ...v, b: t.add(v.b, ONE) }
        : undefined,
  },
  {
    name: 'wrong-fold',
    what: 'the lanes of a vector are folded by another operation',
    op: (op) => (op.kind === 'reduceTile' ? [{ ...op, monoid: MONOIDS[op.monoid] }] : undefined),
  },
  {
    name: 'wrong-share',
    what: 'the share of a part begins late, or ends where it begins',
    val(v) {
      if (v.kind !== 'binary') return undefined;
      if (v.op === 'add' && isPart(v.a)) return v.a;
      return v.op === 'mul' && isPart(v.b) ? { ...v, b: t.add(v.b, ONE) } : undefined;
    },
  },
  {
    name: 'wrong-format',
    what: 'a result is rounded to another format of the same width',
    op(op) {
      if (op.kind !== 'store') return undefined;
      const other = op.dtype === 'bf16' ? 'f16' : op.dtype === 'f16' ? 'bf16' : undefined;
      if (other !== undefined) return [{ ...op, value: t.round(op.value, other, op.value.ty.dtype) }];
      // What was loaded from 16 bits has no more to lose.
      const exact = op.value.kind === 'load' && op.value.dtype !== 'f32';
      return op.dtype === 'f32' && !exact ? [{ ...op, value: t.round(op.value, 'bf16', 'f32') }] : undefined;
    },
  },
  {
    name: 'wrong-sign',
    what: 'a value is negated',
    val: (v) =>
      v.kind === 'load' && v.ty.dtype !== 'bool' && !isIndex(v) && (floats(v) || isInt(v.ty.dtype))
        ? t.unary('neg', v)
        : undefined,
  },
];
