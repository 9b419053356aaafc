import { must } from '../../../assert.ts';
import { DTYPES, widen } from '../../../dsl/dtypes.ts';
import type { ValueType } from '../../../dsl/dtypes.ts';
import type { Axis, Monoid } from '../../ir/stage.ts';
import * as b from '../../ir/build.ts';
import { stageExprs } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, TileOp, Val } from '../../ir/tile.ts';
import { address, lowerStore } from '../../tile/access.ts';
import { countUses } from '../../tile/affine.ts';
import { combine } from '../../tile/fold.ts';
import { partRange } from '../../tile/kernel.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { boundsOf, loop, loopOver, loops, sweep, wholeSteps } from '../../tile/loops.ts';
import { bind, block, branched, laneAt, valueOf, withAxis, withLane, withVar } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { identity } from '../../tile/values.ts';
import type { Columns } from './shape.ts';

/** Columns of a strip, rows that are folded together, lanes of a vector and vectors of one step. */
export interface ColumnConfig {
  readonly strip: number;
  readonly rows: number;
  readonly lanes: number;
  readonly unroll: number;
  /** Columns that rows are asked for in advance; 0: not at all. */
  readonly ahead: number;
}

/**
 * Strips of columns whose results stay in a nearby cache while all rows pass by, several rows at a time: these are folded with each other first, then
 * into the result, so that each row is read once and in its order, and results are touched once for several rows.
 */
export function lowerColumns(p: Columns, c: ColumnConfig, s: Scope, k: KernelState, outer: Level | undefined): void {
  const enter = (depth: number, at: Scope): void => {
    const level = depth === 0 ? outer : undefined;
    const axis = p.outer[depth];
    if (axis === undefined) return strips(p, c, at, k, level);
    const body = (inner: Scope): void => enter(depth + 1, inner);
    if (level?.kind !== 'part') return loop(axis, at, body, level);
    const [lo, hi] = partRange(axis, ...boundsOf(axis, at), 1, at);
    return loopOver(axis, lo, hi, 1, at, body, level);
  };
  enter(0, s);
}

/** The results of a strip while they grow: column x lies at x - from. */
interface Strip {
  readonly array: string;
  readonly from: Val;
  readonly to: Val;
  readonly type: ValueType;
}

function strips(p: Columns, c: ColumnConfig, s: Scope, k: KernelState, level: Level | undefined): void {
  const type = widen(p.stage.reduce.acc);
  const array = k.scratch(`${p.stage.out.buf}_strip`, type, b.int(c.strip));
  const bounds = boundsOf(p.col, s);
  const [lo, hi] = level?.kind === 'part' ? partRange(p.col, ...bounds, c.lanes * c.unroll, s) : bounds;
  loopOver(
    p.col,
    lo,
    hi,
    c.strip,
    s,
    (inner, from) => {
      const to = bind(inner, `${p.col.name}_end`, t.call('min', [t.add(from, t.int(c.strip)), hi], 'i64'));
      const strip: Strip = { array, from, to, type };
      along(p, c, strip, inner, (scopes, places, lanes) => {
        const init = t.splat(identity(p.op, type), lanes);
        scopes.forEach((x, u) => x.block.ops.push(put(strip, must(places[u], 'place'), init)));
      });
      rows(p, c, strip, inner);
      along(p, c, strip, inner, (scopes, places, lanes) => {
        scopes.forEach((x, u) => finish(p, load(strip, must(places[u], 'place'), lanes), x));
      });
    },
    level,
  );
}

const put = (strip: Strip, place: Val, value: Val): TileOp => ({
  kind: 'store',
  to: { array: strip.array, index: place },
  dtype: strip.type,
  value,
});
const load = (strip: Strip, place: Val, lanes: number): Val =>
  t.load({ array: strip.array, index: place }, strip.type, strip.type, lanes);

/** A sweep over the columns of a strip; `body` gets the views of one step and their places in the strip. */
function along(
  p: Columns,
  c: ColumnConfig,
  strip: Strip,
  s: Scope,
  body: (scopes: readonly Scope[], places: readonly Val[], lanes: number) => void,
): void {
  const step = (inner: Scope, pos: Val, count: number): void => {
    const scopes = Array.from({ length: count }, (_, u) =>
      withLane(apart(inner), laneAt(p.col.id, c.lanes, pos, u, false)),
    );
    const place = t.sub(pos, strip.from);
    body(
      scopes,
      scopes.map((_, u) => t.add(place, t.int(u * c.lanes))),
      c.lanes,
    );
  };
  const single = (inner: Scope): void =>
    body([inner], [t.sub(must(inner.axes.get(p.col.id), 'column'), strip.from)], 1);
  const { axis, lo, hi } = { axis: p.col, lo: strip.from, hi: strip.to };
  sweep(within(axis), lo, hi, c.lanes, c.unroll, s, step, single);
}
/** Strips end anywhere: what the extent is a multiple of says nothing about them. */
const within = (a: Axis): Axis => ({ ...a, lo: b.int(1) });

/** All rows, `c.rows` at a time and then one by one. */
function rows(p: Columns, c: ColumnConfig, strip: Strip, s: Scope): void {
  const row = must(p.over.at(-1), 'folded axis');
  loops(p.over.slice(0, -1), s, (inner) => {
    const [lo, hi] = boundsOf(row, inner);
    const whole = c.rows === 1 ? lo : bind(inner, `${row.name}_end`, wholeSteps(lo, hi, c.rows));
    const several =
      (count: number) =>
      (one: Scope, at: Val): void =>
        along(p, c, strip, one, (scopes, places, lanes) => {
          scopes.forEach((x, u) => {
            if (count > 1 && lanes > 1) ask(p, c, row, at, u, x);
            const values = Array.from({ length: count }, (_, r) => bodyAt(p, row, t.add(at, t.int(r)), x, lanes));
            const place = must(places[u], 'place');
            x.block.ops.push(put(strip, place, combine(p.op, load(strip, place, lanes), tree(p.op, values))));
          });
        });
    if (c.rows > 1) loopOver(row, lo, whole, c.rows, inner, several(c.rows));
    loopOver(row, whole, hi, 1, inner, several(1));
  });
}

const LINE = 64;
/** Asks for the lines of all rows that a later step reads; vectors within a line ask once. */
function ask(p: Columns, c: ColumnConfig, row: Axis, at: Val, vector: number, s: Scope): void {
  if (c.ahead === 0) return;
  for (const read of p.streamed) {
    if ((vector * c.lanes * DTYPES[read.dtype].bytes) % LINE !== 0) continue;
    for (let r = 0; r < c.rows; r++) {
      const { ref, contiguous } = address(read, withAxis(apart(s), row.id, t.add(at, t.int(r))));
      if (!contiguous) continue;
      const far = { ...ref, index: t.add(ref.index, t.int(c.ahead)) };
      s.block.ops.push({ kind: 'prefetch', at: far, dtype: read.dtype });
    }
  }
}

function bodyAt(p: Columns, row: Axis, at: Val, s: Scope, lanes: number): Val {
  const { body, acc } = p.stage.reduce;
  const view = withAxis(apart(s), row.id, at);
  const value = valueOf(body, { ...view, uses: countUses([body], s.cx.intern) });
  return t.splat(t.convert(value, widen(acc)), lanes);
}

function finish(p: Columns, acc: Val, s: Scope): void {
  const { post, out } = p.stage;
  const own = { ...s, uses: countUses(stageExprs(p.stage), s.cx.intern) };
  const value = post === undefined ? acc : valueOf(post, withVar(own, 'acc', bind(own, 'acc', acc)));
  lowerStore(out, s.cx.buffer(out.buf).dtype, value, own);
}

function tree(op: Monoid, vs: readonly Val[]): Val {
  if (vs.length === 1) return must(vs[0], 'row');
  const half = vs.length >> 1;
  return combine(op, tree(op, vs.slice(0, half)), tree(op, vs.slice(half)));
}

/** The same place with caches of its own: what was computed for other rows is not seen. */
function apart(s: Scope): Scope {
  const own = branched(s);
  return { ...own, common: { ...block(s.common), ops: s.block.ops }, registers: new Map(s.registers) };
}
