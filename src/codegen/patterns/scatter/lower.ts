import { must } from '../../../assert.ts';
import { widen } from '../../../dsl/dtypes.ts';
import * as b from '../../ir/build.ts';
import type { Axis, Place } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, Val } from '../../ir/tile.ts';
import { lowerStore } from '../../tile/access.ts';
import { combine } from '../../tile/fold.ts';
import { partRange } from '../../tile/kernel.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { boundsOf, guarded, loopOver, loops, sweep } from '../../tile/loops.ts';
import { bind, branched, laneAt, nested, valueOf, withLane } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { lanesFor } from '../../tile/vectorise.ts';
import type { Scatter } from './scatter.ts';

/** Fills the rows of this part, then makes the updates that fall on them. `run`: the innermost axis covers the target's last axis. */
export function lowerScatterRows(
  stage: Scatter,
  run: boolean,
  s: Scope,
  k: KernelState,
  outer: Level | undefined,
): void {
  const target = s.cx.buffer(stage.out.buf);
  const axes = target.shape.map((hi, n): Axis => ({
    id: `fill ${target.id} ${n}`,
    name: n === 0 ? 'row' : 'i',
    lo: b.int(0),
    hi,
  }));
  const [rows, ...inner] = axes;
  const first = must(rows, 'rows');
  const bounds = boundsOf(first, s);
  const [lo, hi] = outer?.kind === 'part' ? partRange(first, ...bounds, 1, s) : bounds;
  const lanes = lanesFor([stage.value.type], k.schedule.bytes);
  const init = bind(s, 'init', valueOf(stage.init, s));
  const put = (open: Scope): void => {
    const value = t.splat(init, open.lane?.lanes ?? 1);
    lowerStore({ buf: target.id, index: axes.map((a) => b.axisRef(a.id)) }, target.dtype, value, open);
  };
  if (inner.length === 0) along(first, lo, hi, lanes, k, s, put);
  else
    loopOver(first, lo, hi, 1, s, (row) => {
      const last = must(inner.at(-1), 'axis');
      loops(inner.slice(0, -1), row, (open) => along(last, ...boundsOf(last, open), lanes, k, open, put));
    });
  loops(run ? stage.axes.slice(0, -1) : stage.axes, s, (open) =>
    guarded(stage.where, open, (g) => update(stage, run, lo, hi, lanes, g, k)),
  );
}

/** One update, or those of a run, if it falls on a row from lo to hi. */
function update(stage: Scatter, run: boolean, lo: Val, hi: Val, lanes: number, s: Scope, k: KernelState): void {
  const target = s.cx.buffer(stage.out.buf);
  const moving = run ? stage.out.index.slice(0, -1) : stage.out.index;
  const index = moving.map((e) => bind(s, 'to', t.convert(valueOf(e, s), 'i64')));
  const limits = moving.map((_, n): readonly [Val, Val] =>
    n === 0 ? [lo, hi] : [t.int(0), t.convert(valueOf(must(target.shape[n], 'extent'), s), 'i64')],
  );
  // Places outside of the target are dropped, or do not occur; those of other parts' rows always may.
  const asked = stage.drop ? index : index.slice(0, 1);
  const here = t.and(
    ...asked.flatMap((i, n) => {
      const [from, to] = must(limits[n], 'limits');
      return [t.binary('ge', i, from), t.lt(i, to)];
    }),
  );
  const held = nested(s);
  const vars = new Map(held.vars);
  index.forEach((v, n) => vars.set(`to of ${n}`, v));
  const scope = { ...held, vars };
  const place: Place = {
    ...stage.out,
    index: stage.out.index.map((e, n) => (n < index.length ? b.variable(`to of ${n}`, 'i64') : e)),
  };
  const axis = run ? stage.axes.at(-1) : undefined;
  const one = (open: Scope): void => store(stage, place, open);
  if (axis === undefined) one(scope);
  else along(axis, ...boundsOf(axis, scope), lanes, k, scope, one);
  s.block.ops.push({ kind: 'if', cond: must(here, 'condition'), then: held.block.ops, else: [] });
}

function store(stage: Scatter, place: Place, s: Scope): void {
  const { dtype } = s.cx.buffer(stage.out.buf);
  const lanes = s.lane?.lanes ?? 1;
  const value = t.splat(valueOf(stage.value, s), lanes);
  if (stage.op === 'unique') return lowerStore(place, dtype, value, s);
  const old = valueOf({ kind: 'read', type: widen(dtype), dtype, ...place }, s);
  lowerStore(place, dtype, combine(stage.op, t.splat(old, lanes), t.convert(value, widen(dtype))), s);
}

/** Vectors from lo to hi, then what is left one by one. */
function along(axis: Axis, lo: Val, hi: Val, lanes: number, k: KernelState, s: Scope, one: (s: Scope) => void): void {
  if (lanes === 1) return loopOver(axis, lo, hi, 1, s, one);
  const whole = axis.lo.kind === 'int' && lo.kind === 'int';
  // A share of the rows begins anywhere: nothing is known of its length.
  const span = whole ? axis : { ...axis, lo: b.variable('unknown', 'i64') };
  return sweep(
    span,
    lo,
    hi,
    lanes,
    Math.max(1, k.schedule.unroll),
    s,
    (inner, pos, count) => {
      for (let u = 0; u < count; u++) one(withLane(branched(inner), laneAt(axis.id, lanes, pos, u, false)));
    },
    one,
  );
}
