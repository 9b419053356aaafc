import { must } from '../../../assert.ts';
import { DTYPES } from '../../../dsl/dtypes.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import * as b from '../../ir/build.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { TileOp, Val } from '../../ir/tile.ts';
import { loopOver, sweep } from '../../tile/loops.ts';
import { bind, branched, laneAt, nested, valueOf, withAxis, withLane } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { laneable } from '../../tile/vectorise.ts';
import { liesAlong, turnedSquare } from '../turned.ts';

/** The reduced axes of one block: the first of them runs over from..to, the others over their extents. */
export interface Depth {
  readonly over: readonly Axis[];
  readonly from: Val;
  readonly to: Val;
  /** Elements that the others have together. */
  readonly inner: Val;
}

/** A run along one axis from `at` on, as far as `end`. */
export interface Run {
  readonly axis: Axis;
  readonly at: Val;
  readonly end: Val;
}

/** Loops over the reduced axes; `body` gets the place among all elements of the block. The last axis is left to `body` where `but` says so. */
export function overDepth(d: Depth, s: Scope, but: 'all' | 'last', body: (inner: Scope, at: Val) => void): void {
  const axes = but === 'all' ? d.over : d.over.slice(0, -1);
  const go = (k: number, at: Val, scope: Scope): void => {
    const axis = axes[k];
    if (axis === undefined) return body(scope, at);
    const [lo, hi] = k === 0 ? [d.from, d.to] : [t.int(0), extentOf(axis, scope)];
    loopOver(axis, lo, hi, 1, scope, (inner, x) => {
      const rest = d.over[k + 1];
      const place = t.add(at, k === 0 ? t.sub(x, d.from) : x);
      go(k + 1, rest === undefined ? place : bind(inner, 'depth', t.mul(place, extentOf(rest, inner))), inner);
    });
  };
  go(0, t.int(0), s);
}
export const extentOf = (a: Axis, s: Scope): Val => t.convert(valueOf(a.hi, s), 'i64');

/** Where a packed operand goes: element k of position q lies at start + ⌊k/group⌋·step + q·group + k mod group. */
export interface Panel {
  readonly array: string;
  readonly start: Val;
  readonly dtype: DType;
  readonly width: number;
  readonly group: 1 | 2;
}
const put = (p: Panel, at: Val, value: Val): TileOp => ({
  kind: 'store',
  to: { array: p.array, index: t.add(p.start, at) },
  dtype: p.dtype,
  value,
});

/** Packs one panel: `width` positions of `run`, those beyond its end 0, for all elements of the depth. */
export function packPanel(e: Expr, run: Run, d: Depth, p: Panel, lanes: number, s: Scope): void {
  const inLanes = lanes > 1 && p.group === 1 && p.width % lanes === 0 && laneable(e, run.axis.id);
  const [whole, rest] = [nested(s), nested(s)];
  const vectors = (inner: Scope, k: Val): void => {
    for (let q = 0; q < p.width; q += lanes) {
      const view = withLane(branched(inner), laneAt(run.axis.id, lanes, t.add(run.at, t.int(q)), 0, false));
      const value = t.splat(valueOf(e, view), lanes);
      inner.block.ops.push(put(p, t.add(t.mul(k, t.int(p.width)), t.int(q)), value));
    }
  };
  const along = d.over.at(-1);
  if (inLanes && along !== undefined && liesAlong(e, along.id, run.axis.id, s.cx.buffer))
    overDepth(d, whole, 'last', (inner, k) => squares(e, along, run, d, p, k, lanes, inner, vectors));
  else overDepth(d, whole, 'all', (inner, k) => (inLanes ? vectors(inner, k) : positions(e, run, p, k, inner, false)));
  overDepth(d, rest, 'all', (inner, k) => positions(e, run, p, k, inner, true));
  const fits = t.binary('le', t.add(run.at, t.int(p.width)), run.end);
  s.block.ops.push({ kind: 'if', cond: fits, then: whole.block.ops, else: rest.block.ops });
  if (p.group === 2) padGroup(d, p, s);
}

/** Squares of as many reduced elements as a vector has lanes, the elements that are left one by one. */
function squares(
  e: Expr,
  along: Axis,
  run: Run,
  d: Depth,
  p: Panel,
  k: Val,
  lanes: number,
  s: Scope,
  single: (inner: Scope, k: Val) => void,
): void {
  const [lo, hi] = d.over.length === 1 ? [d.from, d.to] : [t.int(0), extentOf(along, s)];
  const place = (x: Val): Val => t.add(k, t.sub(x, lo));
  const step = (at: Scope, pos: Val, count: number): void => {
    for (let u = 0; u < count; u++) {
      const from = t.add(pos, t.int(u * lanes));
      const start = bind(at, 'at', t.mul(place(from), t.int(p.width)));
      for (let q = 0; q < p.width; q += lanes) {
        const turned = turnedSquare(
          e,
          { axis: along, from },
          { axis: run.axis, to: t.add(run.at, t.int(q)) },
          lanes,
          at,
        );
        turned.forEach((v, i) => at.block.ops.push(put(p, t.add(start, t.int(i * p.width + q)), v)));
      }
    }
  };
  sweep(along, lo, hi, lanes, 1, s, step, (at) => single(at, place(must(at.axes.get(along.id), 'position'))));
}

/** One element for each position, one after the other. */
function positions(e: Expr, run: Run, p: Panel, k: Val, s: Scope, edge: boolean): void {
  const q: Axis = b.axis(`${run.axis.id} position`, b.int(p.width), b.int(0), 'q');
  const row = bind(s, 'at', t.mul(p.group === 1 ? k : t.binary('div', k, t.int(p.group)), t.int(p.width * p.group)));
  const within = p.group === 1 ? row : t.add(row, t.binary('mod', k, t.int(p.group)));
  loopOver(q, t.int(0), t.int(p.width), 1, s, (one, i) => {
    const place = t.add(within, t.mul(i, t.int(p.group)));
    const position = t.add(run.at, i);
    const inner = withAxis(nested(one), run.axis.id, position);
    const value = valueOf(e, inner);
    inner.block.ops.push(put(p, place, value));
    if (!edge) return void one.block.ops.push(...inner.block.ops);
    const zero = put(p, place, e.type === 'f32' || e.type === 'f64' ? t.float(0, e.type) : t.int(0, e.type));
    one.block.ops.push({ kind: 'if', cond: t.lt(position, run.end), then: inner.block.ops, else: [zero] });
  });
}

/** The odd element of a last pair that is not there. */
function padGroup(d: Depth, p: Panel, s: Scope): void {
  const k = bind(s, 'depth', t.mul(t.sub(d.to, d.from), d.inner));
  const pad = nested(s);
  const q: Axis = b.axis('pad position', b.int(p.width), b.int(0), 'q');
  const last = bind(pad, 'at', t.add(t.mul(t.binary('div', k, t.int(2)), t.int(2 * p.width)), t.int(1)));
  loopOver(q, t.int(0), t.int(p.width), 1, pad, (one, i) => {
    one.block.ops.push(put(p, t.add(last, t.mul(i, t.int(2))), t.int(0, 'i32')));
  });
  s.block.ops.push({
    kind: 'if',
    cond: t.binary('ne', t.binary('mod', k, t.int(2)), t.int(0)),
    then: pad.block.ops,
    else: [],
  });
}

/** Copies rows as they are, `stride` elements from one to the next: the last reduced axis runs in vectors. Rows beyond the end are 0. */
export function packRows(
  e: Expr,
  run: Run,
  rows: Val,
  d: Depth,
  to: { readonly array: string; readonly dtype: DType; readonly stride: Val; readonly group: number },
  lanes: number,
  s: Scope,
): void {
  const axis = must(d.over.at(-1), 'reduced axis');
  const depth = bind(s, 'depth', t.mul(t.sub(d.to, d.from), d.inner));
  const store = (at: Val, value: Val): TileOp => ({
    kind: 'store',
    to: { array: to.array, index: at },
    dtype: to.dtype,
    value,
  });
  const zeroOf = (count: number): Val =>
    t.splat(e.type === 'f32' || e.type === 'f64' ? t.float(0, e.type) : t.int(0, e.type), count);
  loopOver(run.axis, run.at, run.end, 1, s, (one, row) => {
    const start = bind(one, 'row', t.mul(t.sub(row, run.at), to.stride));
    overDepth(d, one, 'last', (inner, k) => {
      const base = bind(inner, 'at', t.add(start, k));
      const [lo, hi] = d.over.length === 1 ? [d.from, d.to] : [t.int(0), extentOf(axis, inner)];
      const place = (x: Val): Val => t.add(base, t.sub(x, lo));
      const step = (at: Scope, pos: Val, count: number): void => {
        for (let u = 0; u < count; u++) {
          const lane = laneAt(axis.id, lanes, pos, u, false);
          const value = t.splat(valueOf(e, withLane(branched(at), lane)), lanes);
          at.block.ops.push(store(place(lane.base), value));
        }
      };
      const single = (at: Scope): void => {
        const x = must(at.axes.get(axis.id), 'position');
        at.block.ops.push(store(place(x), valueOf(e, at)));
      };
      if (lanes > 1) sweep(axis, lo, hi, lanes, 2, inner, step, single);
      else loopOver(axis, lo, hi, 1, inner, single);
    });
    if (to.group === 2)
      one.block.ops.push({
        kind: 'if',
        cond: t.binary('ne', t.binary('mod', depth, t.int(2)), t.int(0)),
        then: [store(t.add(start, depth), zeroOf(1))],
        else: [],
      });
  });
  // Whole tiles are multiplied: rows that are not there count as 0.
  const gap: Axis = b.axis('missing row', b.int(0), b.int(0), 'missing');
  loopOver(gap, t.sub(run.end, run.at), rows, 1, s, (one, row) => {
    const start = bind(one, 'row', t.mul(row, to.stride));
    const all: Axis = b.axis('missing element', b.int(0), b.int(0), 'k');
    loopOver(
      all,
      t.int(0),
      to.group === 2 ? t.add(depth, t.binary('mod', depth, t.int(2))) : depth,
      1,
      one,
      (at, k) => {
        at.block.ops.push(store(t.add(start, k), zeroOf(1)));
      },
    );
  });
}
export const bytesOf = (t0: DType): number => DTYPES[t0].bytes;
