import { must } from '../../../assert.ts';
import * as b from '../../ir/build.ts';
import { ix } from '../../ir/build.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { Val } from '../../ir/tile.ts';
import { lowerNodes, withUses } from '../../tile/kernel.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { boundsOf, loopOver, sweep } from '../../tile/loops.ts';
import { bind, branched, laneAt, moved, nested, valueOf, withAxis, withLane, withVar } from '../../tile/scope.ts';
import type { Lane, Scope } from '../../tile/scope.ts';
import { lowerPoint } from '../../tile/stages.ts';
import { coefOf, express } from '../../lower/linear.ts';
import { boundsIn, tighten } from '../../tile/tighten.ts';
import { most } from './pack.ts';
import type { Packed } from './pack.ts';
import { masked } from './shape.ts';
import type { Product } from './shape.ts';

/** Rows from .. to of one block, at most `rows`. */
export interface Block {
  readonly row: Axis;
  readonly from: Val;
  readonly to: Val;
  readonly rows: number;
  readonly tile: { readonly m: number; readonly n: number };
}

/** Elements between rows of scratch: rows that lie a multiple of 4096 bytes apart would crowd few cache sets. */
const APART = 16;

/** acc = left · right for a block of rows, tile by tile, and what follows at each point. `next` takes the result as its left operand where it is fed. */
export function multiply(
  p: Product,
  next: Product | undefined,
  right: Packed,
  block: Block,
  s: Scope,
  k: KernelState,
): void {
  if (right.finite === undefined) return tiles(p, next, right, block, s, k);
  const fast = nested(s);
  tiles(p, next, right, block, fast, k);
  const slow = nested(s);
  loopOver(block.row, block.from, block.to, 1, slow, (one) => lowerNodes([p.plain], one, k));
  s.block.ops.push({ kind: 'if', cond: right.finite, then: fast.block.ops, else: slow.block.ops });
}

/** Scratch of a left operand in rows. */
interface Rows {
  readonly array: string;
  readonly stride: Val;
}
function leftOf(p: Product, block: Block, s: Scope, k: KernelState): Rows {
  const rows = Math.ceil(block.rows / block.tile.m) * block.tile.m;
  const size = ix.mul(ix.add(most(p.over, s), b.int(APART)), b.int(rows));
  const depth = t.convert(valueOf(p.over.hi, s), 'i64');
  return { array: k.scratch(`${p.over.id}_left`, 'f32', size), stride: bind(s, 'stride', t.add(depth, t.int(APART))) };
}

function tiles(p: Product, next: Product | undefined, right: Packed, block: Block, s: Scope, k: KernelState): void {
  const { m, n } = block.tile;
  const across = spanOf(p.cols, p.wanted, right.width, n, block, s);
  const along = spanOf(p.over, p.when, right.depth, 1, block, s);
  const left = leftOf(p, block, s, k);
  if (p.left !== undefined) fill(p, left, along, block, s, k);
  const fed = next === undefined ? undefined : leftOf(next, block, s, k);
  const acc = k.scratch('tile', 'f32', b.int(m * n));
  loopOver(p.cols, across.lo, across.hi, n, s, (panel, col) => {
    loopOver(block.row, block.from, block.to, m, panel, (one, row) => {
      const below = bind(one, 'below', t.sub(row, block.from));
      one.block.ops.push({
        kind: 'tileDot',
        acc: { array: acc, index: t.int(0) },
        a: { array: left.array, index: t.add(t.mul(below, left.stride), along.lo) },
        b: { array: right.array, index: t.add(t.mul(col, right.depth), t.mul(along.lo, t.int(n))) },
        m,
        n,
        k: t.sub(along.hi, along.lo),
        lanes: lanesOf(k),
        strides: { acc: t.int(n), a: left.stride, aStep: t.int(1), b: t.int(n) },
        types: { a: 'f32', b: 'f32', acc: 'f32' },
        group: 1,
        fresh: true,
      });
      const last = bind(one, `${block.row.name}_last`, t.call('min', [t.add(row, t.int(m)), block.to], 'i64'));
      const finish = (open: Scope, whole: boolean): void =>
        loopOver(block.row, row, last, 1, open, (point, at) => {
          const base = bind(point, 'acc_row', t.mul(t.sub(at, row), t.int(n)));
          const run = (vectors: readonly Vector[]): void => {
            const seen = vectors.map((x): Vector => {
              const from = { array: acc, index: t.add(base, t.sub(x.at, col)) };
              const value = bind(x.scope, 'acc', t.load(from, 'f32', 'f32', x.scope.lane?.lanes ?? 1));
              return { ...x, scope: { ...withVar(x.scope, 'acc', value), shared: vectors.length > 1 } };
            });
            if (fed !== undefined && p.feeds !== undefined)
              put(p.feeds, fed.array, t.mul(t.sub(at, block.from), fed.stride), seen);
            const scopes = seen.map((x) => x.scope);
            for (const stage of p.after)
              lowerPoint(
                stage,
                scopes.map((x) => withUses(stage, x)),
                undefined,
                false,
              );
          };
          if (whole) run(vectorsAt(p.cols, point, col, n, k));
          else points(p.cols, col, right.width, 1, point, k, run);
        });
      const [full, rest] = [nested(one), nested(one)];
      finish(full, true);
      finish(rest, false);
      const cond = t.binary('le', t.add(col, t.int(n)), right.width);
      one.block.ops.push({ kind: 'if', cond, then: full.block.ops, else: rest.block.ops });
    });
  });
}

/** The part of an axis that some row of a block needs. */
interface Span {
  readonly lo: Val;
  readonly hi: Val;
}
/**
 * Conditions that bound the axis by something that grows with the row: the last row of the block says where it ends, the first where it begins, down to
 * a multiple of `step`.
 */
function spanOf(axis: Axis, when: Expr | undefined, extent: Val, step: number, block: Block, s: Scope): Span {
  let [lo, hi]: [Val, Val] = [t.int(0), extent];
  const limits = when === undefined ? [] : boundsIn(when, axis.id, (id) => s.axes.has(id) || id === block.row.id);
  for (const { side, at } of limits) {
    if (coefOf(at, block.row.id) < 0n) continue;
    const row = side === 'hi' ? t.sub(block.to, t.int(1)) : block.from;
    const value = valueOf(express(at), withAxis(moved(s), block.row.id, row));
    if (side === 'hi') hi = t.call('min', [hi, value], 'i64');
    else lo = t.call('max', [lo, value], 'i64');
  }
  if (lo.kind !== 'int') {
    const capped = bind(s, `${axis.name}_from`, t.call('min', [lo, extent], 'i64'));
    lo = step === 1 ? capped : bind(s, `${axis.name}_from`, t.sub(capped, t.binary('mod', capped, t.int(step))));
  }
  return { lo, hi: hi === extent ? hi : bind(s, `${axis.name}_to`, t.call('max', [hi, lo], 'i64')) };
}
/** A view of some lanes of an axis, and the position of the first. */
interface Vector {
  readonly scope: Scope;
  readonly at: Val;
}
/** Stores an expression of f32 at `start` plus the position along the axis. */
function put(e: Expr, array: string, start: Val, vectors: readonly Vector[]): void {
  for (const { scope, at } of vectors) {
    const value = t.splat(valueOf(e, scope), scope.lane?.lanes ?? 1);
    scope.block.ops.push({ kind: 'store', to: { array, index: t.add(start, at) }, dtype: 'f32', value });
  }
}

/** The left operand of a block, in rows; 0 at points that do not count. */
function fill(p: Product, left: Rows, along: Span, block: Block, s: Scope, k: KernelState): void {
  if (p.left === undefined) return;
  const inside = tighten(p.over, p.when, (id) => id !== p.over.id);
  const value = masked(p.left, inside.when);
  loopOver(block.row, block.from, block.to, 1, s, (one, row) => {
    const start = bind(one, 'left_row', t.mul(t.sub(row, block.from), left.stride));
    const store = (e: Expr, lo: Val, hi: Val): void =>
      points(inside.axis, lo, hi, UNROLL, one, k, (vectors) => put(e, left.array, start, vectors));
    if (p.when === undefined) return store(value, along.lo, along.hi);
    // What the condition leaves of this row, and nothing beside it.
    const clip = (at: Val): Val => t.call('max', [along.lo, t.call('min', [at, along.hi], 'i64')], 'i64');
    const [lo, hi] = boundsOf(inside.axis, one);
    const first = bind(one, `${p.over.name}_first`, clip(lo));
    const last = bind(one, `${p.over.name}_last`, t.call('max', [first, clip(hi)], 'i64'));
    if (inside.axis.lo !== p.over.lo) store(ZERO, along.lo, first);
    store(value, first, last);
    store(ZERO, last, along.hi);
  });
}
const ZERO = b.float(0);
const UNROLL = 2;

/** Elements of f32 in a vector. */
export const lanesOf = (k: KernelState): number => Math.max(1, Math.floor(k.schedule.bytes / 4));
const vectorOf = (s: Scope, lane: Lane): Vector => ({
  scope: { ...withLane(branched(s), lane), registers: new Map(s.registers) },
  at: lane.base,
});
/** All of a panel of `n` columns from `at` on. */
function vectorsAt(axis: Axis, s: Scope, at: Val, n: number, k: KernelState): readonly Vector[] {
  const lanes = lanesOf(k);
  return Array.from({ length: n / lanes }, (_, u) => {
    if (lanes > 1) return vectorOf(s, laneAt(axis.id, lanes, at, u, false));
    const here = t.add(at, t.int(u));
    return { scope: withAxis({ ...moved(s), registers: new Map(s.registers) }, axis.id, here), at: here };
  });
}
/** Vectors from `lo` to `hi`, then what is left one by one. */
function points(
  axis: Axis,
  lo: Val,
  hi: Val,
  unroll: number,
  s: Scope,
  k: KernelState,
  run: (vectors: readonly Vector[]) => void,
): void {
  const lanes = lanesOf(k);
  if (lanes === 1) return loopOver(axis, lo, hi, 1, s, (inner, at) => run([{ scope: inner, at }]));
  const step = (inner: Scope, pos: Val, count: number): void =>
    run(Array.from({ length: count }, (_, u) => vectorOf(inner, laneAt(axis.id, lanes, pos, u, false))));
  const single = (inner: Scope): void => run([{ scope: inner, at: must(inner.axes.get(axis.id), 'position') }]);
  return sweep(axis, lo, hi, lanes, unroll, s, step, single);
}
