import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import type { AxisId, Expr, Stage } from '../ir/stage.ts';
import { children, freeAxes, reads, stageReads } from '../ir/walk.ts';
import type { Read } from '../ir/walk.ts';
import { coefOf, linear } from '../lower/linear.ts';
import { keyOf, substitute } from '../ir/rewrite.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';
import { address } from './access.ts';
import { dependsOn } from './affine.ts';
import { indexOf, valueOf, withVar } from './scope.ts';
import type { Scope } from './scope.ts';

const LINE = 64;
const POS = 'position to prefetch';

/** Rows that the next iteration of a loop reads from its start: one access for each array. */
export function nextRows(stages: readonly Stage[], axis: AxisId, s: Scope): readonly Read[] {
  const found = new Map<string, Read>();
  for (const r of stages.flatMap(stageReads)) {
    const buf = s.cx.buffer(r.buf);
    if (found.has(r.buf) || buf.role === 'temp' || buf.list !== undefined || buf.row !== undefined) continue;
    const last = r.index.at(-1);
    const row = r.index.slice(0, -1);
    if (last?.kind !== 'axis' || last.id === axis || !row.some((e) => e.kind === 'axis' && e.id === axis)) continue;
    if (row.every((e) => e.kind === 'axis' && s.axes.has(e.id))) found.set(r.buf, r);
  }
  return [...found.values()];
}

/** The same code list with nothing cached: for addresses at other values of axes. */
const uncached = (s: Scope): Scope => {
  const fresh = (): Scope['block'] => ({ ops: s.block.ops, values: new Map(), parent: undefined });
  const { lane: _, across: __, mask: ___, ...rest } = s;
  return { ...rest, block: fresh(), first: fresh(), common: fresh() };
};

/** Hints for the lines of the next row that lie beside `step` elements from `pos` on. */
export function prefetchRows(rows: readonly Read[], axis: AxisId, pos: Val, step: number, s: Scope): void {
  const plain = withVar(uncached(s), POS, pos);
  const next = new Map([[axis, b.add(b.axisRef(axis), b.int(1))]]);
  for (const r of rows) {
    const bytes = DTYPES[r.dtype].bytes;
    for (let at = 0; at < step; at += LINE / bytes) {
      const last = b.ix.add(b.variable(POS, 'i64'), b.int(at));
      const index = r.index.map((e, k) => (k === r.index.length - 1 ? last : substitute(e, { axes: next })));
      s.block.ops.push({ kind: 'prefetch', at: address({ buf: r.buf, index }, plain).ref, dtype: r.dtype });
    }
  }
}

/** A read whose row is named by data that changes with an axis, and what sizes alone say about whether it is made. */
export interface Gather {
  readonly row: Read;
  readonly when: readonly Expr[];
}

/**
 * The gathers of a segment, one for each field of packed rows. Their names are read at every point, or under conditions on sizes alone: where a
 * condition hangs on the point, names of later points may be nowhere.
 */
export function gatheredRows(body: Expr, axis: AxisId): readonly Gather[] {
  const out = new Map<string, Gather>();
  const go = (e: Expr, when: readonly Expr[] | undefined): void => {
    if (e.kind === 'read' && e.list === undefined && when !== undefined) {
      const key = `${e.buf} ${e.field ?? ''}`;
      if (!out.has(key) && e.index.some((i) => reads(i).some((q) => dependsOn(q, axis)) && isEager(i)))
        out.set(key, { row: e, when });
    }
    const under = (cond: Expr): readonly Expr[] | undefined =>
      when !== undefined && freeAxes(cond).size === 0 && reads(cond).length === 0 ? [...when, cond] : undefined;
    if (e.kind === 'select') {
      go(e.cond, when);
      go(e.then, under(e.cond));
      go(e.else, under(b.not(e.cond)));
    } else if (e.kind === 'binary' && (e.op === 'and' || e.op === 'or')) {
      go(e.a, when);
      go(e.b, under(e.op === 'and' ? e.a : b.not(e.a)));
    } else children(e).forEach((c) => go(c, when));
  };
  go(body, []);
  return [...out.values()];
}
/** True where all reads of an expression are made whenever it is evaluated. */
const isEager = (e: Expr): boolean =>
  !(e.kind === 'select' || (e.kind === 'binary' && (e.op === 'and' || e.op === 'or')) || e.kind === 'reduce') &&
  children(e).every(isEager);

/**
 * Hints for the rows that are gathered `ahead` items later. Names of later items are read from where the offsets put them, beyond the segment's end
 * too, but not beyond the end of the array. `points` are the scopes of one step, which read the row's elements side by side.
 */
export function prefetchGathers(
  rows: readonly Gather[],
  axis: AxisId,
  hi: Expr,
  ahead: number,
  inner: Scope,
  points: readonly Scope[],
): void {
  const later = new Map([[axis, b.add(b.axisRef(axis), b.int(ahead))]]);
  const moved = (e: Expr): Expr => substitute(e, { axes: later });
  const namesOf = (r: Read): readonly Read[] => r.index.flatMap((i) => reads(i).filter((q) => dependsOn(q, axis)));
  const groups = Map.groupBy(rows, ({ row, when }) => [...when, ...namesOf(row)].map(keyOf).join(' '));
  for (const group of groups.values()) {
    const first = must(group[0], 'gather');
    const conds = [
      ...first.when.map((c) => valueOf(c, uncached(inner))),
      ...namesOf(first.row).map((q) => withinArray(moved(q), axis, hi, ahead, inner)),
    ];
    const ops: Scope['block']['ops'] = [];
    const block = { ops, values: new Map(), parent: undefined };
    for (const { row: r } of group) {
      const bytes = DTYPES[r.dtype].bytes;
      points.forEach((p, u) => {
        const lane = p.lane;
        if (lane === undefined || (u * lane.lanes * bytes) % LINE !== 0) return;
        if (u > 0 && !r.index.some((e) => dependsOn(e, lane.axis))) return;
        const scope = uncached({ ...p, axes: new Map(inner.axes).set(lane.axis, lane.base), fresh: inner.fresh });
        const at = { buf: r.buf, index: r.index.map(moved), field: r.field };
        const { ref } = address(at, { ...scope, block, first: block, common: block, shared: true });
        ops.push({ kind: 'prefetch', at: ref, dtype: r.dtype });
      });
    }
    const cond = t.and(...conds);
    if (ops.length > 0 && cond !== undefined) inner.block.ops.push({ kind: 'if', cond, then: ops, else: [] });
  }
}
function withinArray(q: Expr, axis: AxisId, hi: Expr, ahead: number, s: Scope): Val {
  const plain = uncached(s);
  const [only] = q.kind === 'read' && q.list === undefined && q.index.length === 1 ? q.index : [];
  // What rises with the axis is beyond the start of the array if it was at the item itself.
  if (q.kind === 'read' && only !== undefined && coefOf(linear(only), axis) > 0n) {
    const extent = must(s.cx.buffer(q.buf).shape[0], 'extent');
    return t.lt(indexOf(only, plain), indexOf(extent, plain));
  }
  return t.lt(t.add(must(s.axes.get(axis), 'axis'), t.int(ahead)), indexOf(hi, plain));
}
