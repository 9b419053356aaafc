import * as t from '../../codegen/ir/tile-build.ts';
import { withParts } from '../../codegen/ir/tile-map.ts';
import type { Ref, TileOp, Val } from '../../codegen/ir/tile.ts';
import type { Dialect, Print } from '../../codegen/render/dialect.ts';
import { combine } from '../../codegen/tile/fold.ts';
import { identity } from '../../codegen/tile/values.ts';
import { at } from '../clike/dialect.ts';
import { isNarrowFloat } from '../clike/prelude/codecs.ts';
import { localType } from '../clike/prelude/types.ts';
import type { SimtCollector } from './collector.ts';
import { loadRun, storeRun } from './runs.ts';

type Load = Val & { readonly kind: 'load' };
/** Index of the element in statements over all elements of a value. */
const EACH = t.name('each');

/**
 * Values of several lanes as arrays that a thread holds in registers: statements run over their elements, unrolled. Runs of elements in memory are moved
 * in one piece where `whole` says that their address allows it.
 */
export function wideStatements(
  c: SimtCollector,
  base: Dialect,
  whole: (at: Ref, lanes: number) => boolean,
): NonNullable<Dialect['wide']> {
  let count = 0;
  const each = (n: number): string => {
    c.add('KT_EACH', () => '#define KT_EACH(n) _Pragma("unroll") for (int each = 0; each < n; ++each)');
    return `KT_EACH(${n})`;
  };
  const type = (v: Val): string => localType(c, { dtype: v.ty.dtype, lanes: 1 });
  /** Lines that fill the array `id` with a run of memory. */
  const loaded = (v: Load, id: string, p: Print): readonly string[] => {
    const { lanes } = v.ty;
    const declared = `${type(v)} ${id}[${lanes}];`;
    if (whole(v.from, lanes)) return [declared, `${loadRun(c, v.dtype, lanes)}(${id}, ${at(v.from, p)});`];
    return [declared, `${each(lanes)} ${id}[each] = ${p.val(element(v))};`];
  };
  /** A value whose runs of memory have been loaded before; those that only one side of a condition of all lanes wants, under that condition. */
  const prepared = (v: Val, p: Print): { readonly lines: readonly string[]; readonly value: Val } => {
    const lines: string[] = [];
    const go = (x: Val, when: Val | undefined): Val => {
      if (x.kind === 'select' && x.cond.ty.lanes === 1) {
        const cond = go(x.cond, when);
        const side = (part: Val, wanted: Val): Val => go(part, t.and(when, wanted));
        return { ...x, cond, then: side(x.then, cond), else: side(x.else, negated(cond)) };
      }
      const inner = withParts(x, (part) => go(part, when));
      if (inner.kind !== 'load' || inner.ty.lanes === 1) return inner;
      const { mask, ...open } = inner;
      if (mask !== undefined) return t.select(mask, open, t.splat(identity('add', inner.ty.dtype), inner.ty.lanes));
      if (inner.from.index.ty.lanes > 1) return inner;
      const id = `${inner.from.array}__${++count}`;
      const [declared = '', fill = ''] = loaded(inner, id, p);
      lines.push(declared, when === undefined ? fill : `if (${p.val(when)}) ${fill}`);
      return t.name(id, inner.ty);
    };
    return { lines, value: go(v, undefined) };
  };
  /** A value as the name of an array. */
  const held = (v: Val, p: Print): { readonly lines: readonly string[]; readonly id: string } => {
    if (v.kind === 'name') return { lines: [], id: v.id };
    const { lines, value } = prepared(v, p);
    if (value.kind === 'name') return { lines, id: value.id };
    const id = `v__${++count}`;
    return {
      lines: [
        ...lines,
        `${type(v)} ${id}[${v.ty.lanes}];`,
        `${each(v.ty.lanes)} ${id}[each] = ${p.val(element(value))};`,
      ],
      id,
    };
  };
  const assigned = (id: string, v: Val, p: Print): readonly string[] => {
    const { lines, value } = prepared(v, p);
    return [...lines, `${each(v.ty.lanes)} ${id}[each] = ${p.val(element(value))};`];
  };
  return (op, p) => {
    switch (op.kind) {
      case 'let':
        if (op.value.ty.lanes === 1) return undefined;
        if (op.value.kind === 'load' && op.value.mask === undefined && op.value.from.index.ty.lanes === 1)
          return loaded(op.value, op.id, p);
        return [`${type(op.value)} ${op.id}[${op.value.ty.lanes}];`, ...assigned(op.id, op.value, p)];
      case 'var': {
        if (op.ty.lanes === 1) return undefined;
        const declared = `${localType(c, { dtype: op.ty.dtype, lanes: 1 })} ${op.id}[${op.ty.lanes}];`;
        return op.init === undefined ? [declared] : [declared, ...assigned(op.id, op.init, p)];
      }
      case 'set':
        return op.value.ty.lanes === 1 ? undefined : assigned(op.id, op.value, p);
      case 'store':
        return op.value.ty.lanes === 1 ? undefined : stored(op, p);
      case 'reduceTile': {
        if (op.within !== 'vector') return undefined;
        const { lines, id } = held(op.value, p);
        const ty = { dtype: op.value.ty.dtype, lanes: 1 };
        const folded = combine(op.monoid, t.name(op.id, ty), t.name(`${id}[each]`, ty));
        return [
          ...lines,
          `${type(op.value)} ${op.id} = ${p.val(identity(op.monoid, ty.dtype))};`,
          `${each(op.value.ty.lanes)} ${op.id} = ${p.val(folded)};`,
        ];
      }
      default:
        return undefined;
    }
  };

  function stored(op: TileOp & { readonly kind: 'store' }, p: Print): readonly string[] {
    const { lanes } = op.value.ty;
    const contiguous = op.to.index.ty.lanes === 1;
    if (contiguous && op.mask === undefined && whole(op.to, lanes)) {
      const { value } = op;
      // Storing rounds narrow floats itself.
      const strips =
        isNarrowFloat(op.dtype) && value.kind === 'round' && value.to === op.dtype && value.a.ty.dtype === 'f32';
      const inner = strips ? value.a : value;
      const { lines, id } = held(inner, p);
      return [...lines, `${storeRun(c, op.dtype, lanes)}(${at(op.to, p)}, ${id});`];
    }
    const { lines, value } = prepared(op.value, p);
    const index = contiguous ? t.add(op.to.index, EACH) : element(op.to.index);
    const one = base.store({ kind: 'store', to: { ...op.to, index }, dtype: op.dtype, value: element(value) }, p);
    const mask = op.mask === undefined ? undefined : prepared(op.mask, p);
    const when = mask === undefined ? '' : ` if (${p.val(element(mask.value))})`;
    return [...lines, ...(mask?.lines ?? []), `${each(lanes)}${when} ${one.join(' ')}`];
  }
}

/** Differs where the other is equal, NaN included; comparisons by size have no such opposite. */
const negated = (v: Val): Val => (v.kind === 'binary' && v.op === 'eq' ? { ...v, op: 'ne' } : t.unary('not', v));

/** The element `each` of a value of several lanes. */
function element(v: Val): Val {
  if (v.ty.lanes === 1) return v;
  const ty = { dtype: v.ty.dtype, lanes: 1 };
  switch (v.kind) {
    case 'name':
      return t.name(`${v.id}[each]`, ty);
    case 'iota':
      return EACH;
    case 'splat':
      return v.a;
    case 'load': {
      const index = v.from.index.ty.lanes === 1 ? t.add(v.from.index, EACH) : element(v.from.index);
      const entry = v.from.entry === undefined ? {} : { entry: element(v.from.entry) };
      return t.load({ ...v.from, index, ...entry }, v.dtype, v.ty.dtype, 1);
    }
    default:
      return { ...withParts(v, element), ty };
  }
}
