import * as t from '../../codegen/ir/tile-build.ts';
import type { Val } from '../../codegen/ir/tile.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { must } from '../../assert.ts';
import { axesOf, join, LANE, meets, ROW, within } from './axes.ts';
import type { Axes } from './axes.ts';
import { isStored, loadOf } from './dot.ts';
import type { Dot } from './dot.ts';
import type { Loop } from './nest.ts';
import { printTyped, printValue } from './print.ts';
import { knownIn, most } from './context.ts';
import type { KernelCx, Place } from './context.ts';
import type { Guard, PrintCx } from './text.ts';

const TYPES: Readonly<Partial<Record<DType, string>>> = {
  f16: 'tl.float16',
  bf16: 'tl.bfloat16',
  i8: 'tl.int8',
  f32: 'tl.float32',
  f64: 'tl.float64',
};

/**
 * A sum of products as products of blocks. Beyond the end of the sum both operands are 0. Where rows end in different places, what a row does not ask for
 * is multiplied by 0, which hides nothing that is infinite or NaN: then the terms are added one by one, by `serially`.
 */
export function dotLines(
  op: Loop,
  dot: Dot,
  k: KernelCx,
  at: Place,
  serially: (part: Loop, inner: Place) => void,
): void {
  const { size, rowSize, depth } = must(k.block, 'block');
  const first = k.fresh(`${op.id}_0`);
  const inner: Place = { ...at, depth: at.depth + 1, known: knownIn(k.mutable, at.known) };
  const emit = (text: string, deeper = 1): void => void k.lines.push({ text, depth: at.depth + deeper });
  const outer = context(k, at, k.env.locals, at.guards, k.shape, at.depth);
  const lo = printValue(op.lo, outer);
  const hi = printTyped(op.hi, outer);
  const end = dot.end === 0 ? hi : most(hi, at.guards);
  emit(`for ${first} in range(${lo}, ${end}, ${depth}):`, 0);
  const [acrossId, downId] = [k.fresh(op.id), k.fresh(op.id)];
  emit(`${acrossId} = ${first} + across`);
  emit(`${downId} = ${first} + down`);
  const inAcross = k.fresh(`in_${acrossId}`);
  const inDown = k.fresh(`in_${downId}`);
  const last = dot.end === 0 ? hi : k.fresh('last');
  if (dot.end !== 0) emit(`${last} = ${end}`);
  emit(`${inAcross} = ${acrossId} < ${hi}`);
  emit(`${inDown} = ${downId} < ${last}`);
  const side = (v: Val, step: string, mask: Guard, own: Axes, shape: (a: Axes) => string): string => {
    const locals = new Map(k.env.locals).set(op.id, without(own));
    const guards = at.guards.filter((g) => g.axes !== 0).map((g) => onto(g, own, emit, k));
    const named: KernelCx = { ...k, name: (id) => (id === op.id ? step : k.name(id)) };
    const load = loadOf(v);
    const narrow = dot.as !== dot.sum && load?.kind === 'load' ? { raw: load } : {};
    const cx: PrintCx = { ...context(named, inner, locals, [...guards, mask], shape, at.depth + 1), ...narrow };
    const text = printTyped(v, cx);
    const value = isStored(v) ? text : `tl.where(${mask.text}, ${text}, 0.0)`;
    const full = join(axesOf(v, { ...k.env, locals }, 0), mask.axes);
    const whole = within(join(ROW, LANE), full) ? value : `tl.broadcast_to(${value}, ${shape(join(ROW, LANE))})`;
    const typed = v.kind === 'select' && dot.as !== dot.sum ? `(${whole}).to(${TYPES[dot.as] ?? ''})` : whole;
    if (/^[A-Za-z_]\w*$/.test(typed)) return typed;
    const id = k.fresh(own === ROW ? 'left' : 'right');
    emit(`${id} = ${typed}`);
    return id;
  };
  const across: Guard = { text: inAcross, axes: join(LANE, dot.end), loop: true };
  const a = side(dot.left, acrossId, across, ROW, (x) => extents(x, rowSize, depth));
  const b = side(dot.right, downId, { text: inDown, axes: ROW, loop: true }, LANE, (x) => extents(x, depth, size));
  const acc = k.name(dot.acc);
  const out = dot.sum === 'f32' ? '' : `, out_dtype=${dot.sum === 'f64' ? 'tl.float64' : 'tl.int32'}`;
  const product = `${acc} = tl.dot(${a}, ${b}, ${acc}, input_precision="ieee"${out})`;
  if (dot.end === 0) return emit(product);
  const wide = dot.as === dot.sum ? b : `${b}.to(tl.float32)`;
  const bad = k.fresh('unbounded');
  emit(`${bad} = tl.max((${wide} - ${wide} != 0).to(tl.int32)) > 0`);
  emit(`if ${bad}:`);
  const part: Loop = {
    ...op,
    lo: t.name(first),
    hi: t.call('min', [op.hi, t.add(t.name(first), t.name(depth))], 'i64'),
  };
  serially(part, { ...inner, depth: inner.depth + 1 });
  emit('else:');
  emit(product, 2);
}

const without = (own: Axes): Axes => (own === ROW ? LANE : ROW);
const extents = (a: Axes, rows: string, cols: string): string =>
  a === 0 ? '()' : `(${meets(a, ROW) ? rows : '1'}, ${meets(a, LANE) ? cols : '1'})`;

/** A condition as it is seen along one axis: it holds where it does anywhere along the other. */
function onto(g: Guard, own: Axes, emit: (line: string) => void, k: KernelCx): Guard {
  if (within(g.axes, own)) return g;
  if (!meets(g.axes, own)) return { ...g, text: 'True', axes: 0 };
  const id = k.fresh(g.text);
  emit(`${id} = tl.max(${g.text}.to(tl.int32), axis=${own === ROW ? 1 : 0}, keep_dims=True) != 0`);
  return { ...g, text: id, axes: own };
}

function context(
  k: KernelCx,
  at: Place,
  locals: Map<string, Axes>,
  guards: readonly Guard[],
  shape: (a: Axes) => string,
  depth: number,
): PrintCx {
  const env = { ...k.env, locals };
  const conditions = join(...guards.filter((g) => !g.loop).map((g) => g.axes));
  return {
    ...k,
    shape,
    guards,
    known: at.known,
    axes: (v) => axesOf(v, env, conditions),
    before: (text) => void k.lines.push({ text, depth }),
  };
}
