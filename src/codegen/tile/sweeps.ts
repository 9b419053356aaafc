import { must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { Axis, BufId, Expr, Place, Stage } from '../ir/stage.ts';
import * as b from '../ir/build.ts';
import { keyOf } from '../ir/rewrite.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';
import { lowerStore, storedAs } from './access.ts';
import { combine } from './fold.ts';
import { boundsOf, guarded, loop, loopOver, loops } from './loops.ts';
import { assign, bind, declare, indexOf, nested, valueOf, withAxis } from './scope.ts';
import type { Scope } from './scope.ts';
import { castTo, identity } from './values.ts';

type Of<K extends Stage['kind']> = Stage & { readonly kind: K };
const ZERO = t.int(0);
const ONE = t.int(1);

/** Prefix fold of one row: a running accumulator, stored before or after it takes the element in. */
export function lowerScan(stage: Of<'scan'>, s: Scope): void {
  const at = must(
    stage.axes.find((a) => a.id === stage.at),
    'scanned axis',
  );
  const type = widen(stage.acc);
  const acc = declare(s, 'acc', identity(stage.monoid, type));
  const dtype = storedAs(stage.out, s);
  const forward = stage.compare === 'le' || stage.compare === 'lt';
  const inclusive = stage.compare === 'le' || stage.compare === 'ge';
  const [lo, hi] = boundsOf(at, s);
  const [from, to] = boundsOf(stage.along, s);
  const id = s.fresh(`${at.name}_step`);
  const inner = nested(s);
  // Backward walks count upwards too and mirror the position.
  const pos = bind(inner, at.name, forward ? t.name(id) : t.sub(t.sub(t.add(lo, hi), ONE), t.name(id)));
  const here = withAxis(withAxis(inner, stage.at, pos), stage.along.id, pos);
  const covers = keyOf(at.lo) === keyOf(stage.along.lo) && keyOf(at.hi) === keyOf(stage.along.hi);
  const step = (g: Scope): void => {
    const next = combine(stage.monoid, acc, t.convert(valueOf(stage.body, g), type));
    assign(g, acc, stage.acc === type ? next : castTo(next, stage.acc));
  };
  const take = (): void => {
    if (covers) return guarded(stage.when, here, step);
    const inRow = nested(here);
    guarded(stage.when, inRow, step);
    here.block.ops.push({
      kind: 'if',
      cond: must(t.and(t.binary('ge', pos, from), t.lt(pos, to)), 'range'),
      then: inRow.block.ops,
      else: [],
    });
  };
  if (inclusive) take();
  guarded(stage.where, here, (g) => lowerStore(stage.out, dtype, acc, g));
  if (!inclusive) take();
  if (!covers) {
    // Elements before the first position qualify from the start.
    const [first, last] = forward ? [from, t.call('min', [lo, to], 'i64')] : [t.call('max', [hi, from], 'i64'), to];
    loopOver(stage.along, first, last, 1, s, (lead) => guarded(stage.when, lead, step));
  }
  s.block.ops.push({ kind: 'loop', id, level: { kind: 'serial' }, lo, hi, step: 1, body: inner.block.ops });
}

/** First the whole target, then the updates in order. */
export function lowerScatter(stage: Of<'scatter'>, s: Scope): void {
  const target = s.cx.buffer(stage.out.buf);
  fill(target.id, stage.init, s);
  loops(stage.axes, s, (inner) =>
    guarded(stage.where, inner, (g) => {
      const index = stage.out.index.map((e) => bind(g, 'to', t.convert(valueOf(e, g), 'i64')));
      const extents = target.shape.map((e) => t.convert(valueOf(e, g), 'i64'));
      const held = nested(g);
      const place = pinned(stage.out, index, held);
      const value = valueOf(stage.value, place.scope);
      if (stage.op === 'unique') lowerStore(place.place, target.dtype, value, place.scope);
      else {
        const old = valueOf(
          { kind: 'read', type: widen(target.dtype), dtype: target.dtype, ...place.place },
          place.scope,
        );
        lowerStore(
          place.place,
          target.dtype,
          combine(stage.op, old, t.convert(value, widen(target.dtype))),
          place.scope,
        );
      }
      const within = stage.drop
        ? t.and(...index.flatMap((i, k) => [t.binary('ge', i, ZERO), t.lt(i, must(extents[k], 'extent'))]))
        : undefined;
      if (within === undefined) g.block.ops.push(...held.block.ops);
      else g.block.ops.push({ kind: 'if', cond: within, then: held.block.ops, else: [] });
    }),
  );
}
/** A place whose index is held in locals. */
function pinned(p: Place, index: readonly Val[], s: Scope): { readonly place: Place; readonly scope: Scope } {
  const vars = new Map(s.vars);
  index.forEach((v, k) => vars.set(`to of ${k}`, v));
  return { place: { ...p, index: index.map((_, k) => b.variable(`to of ${k}`, 'i64')) }, scope: { ...s, vars } };
}
function fill(buf: BufId, value: Expr, s: Scope): void {
  const target = s.cx.buffer(buf);
  const init = bind(s, 'init', valueOf(value, s));
  const axes = target.shape.map((hi, k): Axis => ({ id: `fill ${buf} ${k}`, name: 'i', lo: b.int(0), hi }));
  loops(axes, s, (inner) => lowerStore({ buf, index: axes.map((a) => b.axisRef(a.id)) }, target.dtype, init, inner));
}

/** Exclusive prefix sum of row sizes, rows in row-major order; one sum for each element of a list. */
export function lowerOffsets(stage: Of<'offsets'>, s: Scope): void {
  const { list } = stage;
  const outer = stage.axes.find((a) => list?.kind === 'axis' && a.id === list.id);
  const rows = stage.axes.filter((a) => a !== outer);
  if (outer === undefined) prefixSum(stage, rows, s);
  else loop(outer, s, (inner) => prefixSum(stage, rows, inner));
}
function prefixSum(stage: Of<'offsets'>, rows: readonly Axis[], s: Scope): void {
  const sum = declare(s, 'sum', ZERO);
  const row = declare(s, 'row', ZERO);
  const scope = { ...s, vars: new Map(s.vars).set('row of offsets', row) };
  const place: Place = {
    buf: stage.out,
    index: [b.variable('row of offsets', 'i64')],
    ...(stage.list ? { list: stage.list } : {}),
  };
  const dtype = s.cx.buffer(stage.out).dtype;
  loops(rows, scope, (inner) => {
    lowerStore(place, dtype, sum, inner);
    guarded(stage.where, inner, (g) =>
      assign(g, sum, t.add(sum, t.call('max', [indexOf(stage.size, g), ZERO], 'i64'))),
    );
    assign(inner, row, t.add(row, ONE));
  });
  lowerStore(place, dtype, sum, scope);
}

/** The items of each row that qualify, one behind the other. */
export function lowerPack(stage: Of<'pack'>, s: Scope): void {
  const next = declare(s, 'next', ZERO);
  const row = declare(s, 'row', ZERO);
  const vars = new Map(s.vars).set('row of pack', row).set('next of pack', next);
  const scope = { ...s, vars };
  const offsets: Place = { buf: stage.offsets, index: [b.variable('row of pack', 'i64')] };
  const dtype = s.cx.buffer(stage.offsets).dtype;
  loops(stage.axes, scope, (inner) => {
    lowerStore(offsets, dtype, next, inner);
    guarded(stage.where, inner, (g) =>
      loop(stage.from, g, (item) =>
        guarded(stage.when, item, (hit) => {
          for (const o of stage.outs)
            lowerStore(
              { buf: o.buf, index: [b.variable('next of pack', 'i64')] },
              hit.cx.buffer(o.buf).dtype,
              valueOf(o.value, hit),
              hit,
            );
          assign(hit, next, t.add(next, ONE));
        }),
      ),
    );
    assign(inner, row, t.add(row, ONE));
  });
  lowerStore(offsets, dtype, next, scope);
}

/** Keys of one row into scratch, a stable sort of their positions, then the wanted ones. */
export function lowerSelect(
  stage: Of<'select'>,
  s: Scope,
  scratch: { readonly keys: string; readonly order: string; readonly spare: string },
): void {
  const type = stage.body.type;
  const [lo, hi] = boundsOf(stage.along, s);
  const count = bind(s, 'count', t.call('max', [t.sub(hi, lo), ZERO], 'i64'));
  loop(stage.along, s, (inner) => {
    const at = t.sub(must(inner.axes.get(stage.along.id), 'axis'), lo);
    inner.block.ops.push({
      kind: 'store',
      to: { array: scratch.keys, index: at },
      dtype: type,
      value: valueOf(stage.body, inner),
    });
  });
  const ref = (array: string): { readonly array: string; readonly index: Val } => ({ array, index: ZERO });
  s.block.ops.push({
    kind: 'sortTile',
    keys: ref(scratch.keys),
    order: ref(scratch.order),
    scratch: ref(scratch.spare),
    dtype: type,
    count,
    descending: stage.descending,
  });
  loop(stage.slot, s, (inner) => {
    const slot = must(inner.axes.get(stage.slot.id), 'slot');
    const found = t.lt(slot, count);
    const from = bind(
      inner,
      'from',
      t.select(found, t.load({ array: scratch.order, index: slot }, 'i64', 'i64', 1), t.int(-1)),
    );
    // Slots beyond the number of keys hold the least value in either order.
    const worst = identity('max', type);
    guarded(stage.where, inner, (g) => {
      if (stage.values)
        lowerStore(
          stage.values,
          storedAs(stage.values, g),
          t.select(found, t.load({ array: scratch.keys, index: from }, type, type, 1), worst),
          g,
        );
      if (stage.indices)
        lowerStore(stage.indices, storedAs(stage.indices, g), t.select(found, t.add(from, lo), t.int(-1)), g);
    });
  });
}
