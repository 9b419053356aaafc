import { must } from '../../../assert.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import { reads, stageExprs } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, TileOp, Val } from '../../ir/tile.ts';
import { countUses, dependsOn, walksRow } from '../../tile/affine.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { blockLanes, loop } from '../../tile/loops.ts';
import {
  bind,
  branched,
  declare,
  laneAt,
  nested,
  valueOf,
  withAxis,
  withLane,
  withMask,
  withVar,
} from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { lowerPoint } from '../../tile/stages.ts';
import { identity } from '../../tile/values.ts';
import { inLanes, laneable } from '../../tile/vectorise.ts';
import { extentOf } from './pack.ts';
import type { Contraction } from './shape.ts';

/** How a block of lanes runs a contraction. Rows, columns and depth in elements. */
export interface BlockTiles {
  /** The tile of results of a block. */
  readonly m: number;
  readonly n: number;
  /** Terms of the sums that are staged in shared memory at a time. */
  readonly k: number;
  /** Results of a lane: `rows` times a run of `cols`. */
  readonly rows: number;
  readonly cols: number;
}
/** Lanes that a block has: one for each patch of its tile. */
export const lanesOf = (x: BlockTiles): number => (x.m / x.rows) * (x.n / x.cols);

/** Elements that are moved at a time from memory where rows allow it. */
const RUN = 4;
/** Elements between rows of a staged tile, so that the rows that lanes of a wave read lie in different banks; a multiple of a run keeps them whole. */
const APART = 4;
const BARRIER: TileOp = { kind: 'barrier', within: 'block' };

/**
 * Blocks take tiles of the results. A block stages a stretch of both operands in shared memory, its lanes multiply patches of it into sums that stay in
 * registers, and what follows runs on the sums of each lane. Axes of one side count as one, taken apart where an operand is read.
 */
export function lowerBlocks(c: Contraction, x: BlockTiles, s: Scope, k: KernelState, outer: Level | undefined): void {
  for (const stage of c.after) s.block.ops.push({ kind: 'note', text: stage.name, span: stage.span });
  const grid: Level = outer ?? { kind: 'serial' };
  const [first, ...others] = c.batch;
  const apart = first !== undefined && ![first, ...others, ...c.rows, ...c.cols].every((a) => isFixed(a.hi));
  if (!apart) return tiles(c, x, c.batch, s, k, grid);
  // Extents that hang on the batch: a block takes an item of the batch with all of its tiles.
  loop(
    must(first, 'batch axis'),
    s,
    (one) => {
      const inside = (axes: readonly Axis[], at: Scope): void => {
        const [axis, ...rest] = axes;
        if (axis === undefined) return tiles(c, x, [], at, k, { kind: 'serial' });
        loop(axis, at, (inner) => inside(rest, inner));
      };
      inside(others, one);
    },
    grid.kind === 'grid' ? { ...grid, flat: false } : grid,
  );
}
/** True for extents that hang on nothing that is read, nor on other axes. */
const isFixed = (e: Expr): boolean =>
  e.kind === 'int' || e.kind === 'dim'
    ? !(e.kind === 'dim' && e.list !== undefined)
    : e.kind === 'convert'
      ? isFixed(e.a)
      : e.kind === 'binary' && isFixed(e.a) && isFixed(e.b);

/** Axes that count as one, and how many points they have. */
interface Side {
  readonly axes: readonly Axis[];
  readonly size: Val;
}
const side = (name: string, axes: readonly Axis[], s: Scope): Side => ({
  axes,
  size: bind(s, name, t.product(axes.map((a) => extentOf(a, s)))),
});

function tiles(c: Contraction, x: BlockTiles, batch: readonly Axis[], s: Scope, k: KernelState, level: Level): void {
  const [rows, cols, depth] = [side('rows', c.rows, s), side('cols', c.cols, s), side('depth', c.over, s)];
  const items = side('items', batch, s);
  const across = bind(s, 'across', ceil(cols.size, x.n));
  const each = bind(s, 'tiles', t.mul(ceil(rows.size, x.m), across));
  const id = s.fresh('tile');
  const inner = nested(s);
  const at = t.name(id);
  const [item, tile] = batch.length === 0 ? [t.int(0), at] : split(at, each, ['item', 'tile'], inner);
  const own = apart(items, item, inner);
  const [down, right] = split(tile, across, ['down', 'right'], own);
  const row = bind(own, 'row', t.mul(down, t.int(x.m)));
  const col = bind(own, 'col', t.mul(right, t.int(x.n)));
  tileOf(c, x, { rows, cols, depth, row, col }, own, k);
  s.block.ops.push({
    kind: 'loop',
    id,
    level: level.kind === 'grid' ? { ...level, flat: false } : level,
    lo: t.int(0),
    hi: bind(s, 'all', t.mul(items.size, each)),
    step: 1,
    body: inner.block.ops,
  });
}
/** Quotient and rest of numbers that are not negative. */
function split(v: Val, by: Val, [quotient, rest]: readonly [string, string], s: Scope): readonly [Val, Val] {
  const q = bind(s, quotient, t.binary('div', v, by));
  return [q, bind(s, rest, t.sub(v, t.mul(q, by)))];
}
const ceil = (v: Val, n: number): Val => t.binary('div', t.add(v, t.int(n - 1)), t.int(n));

/** The scope in which the axes of a side stand at a point of it. */
function apart(x: Side, at: Val, s: Scope): Scope {
  let [inner, rest] = [s, at];
  for (const [k, axis] of [...x.axes.entries()].toReversed()) {
    const extent = extentOf(axis, s);
    const [next, value] = k === 0 ? [rest, rest] : split(rest, extent, ['rest', axis.name], inner);
    rest = next;
    inner = withAxis(inner, axis.id, value);
  }
  return inner;
}

interface Tile {
  readonly rows: Side;
  readonly cols: Side;
  readonly depth: Side;
  /** First row and column of the tile. */
  readonly row: Val;
  readonly col: Val;
}

function tileOf(c: Contraction, x: BlockTiles, tile: Tile, s: Scope, k: KernelState): void {
  const lane = t.name('lane');
  const patches = x.n / x.cols;
  const [y0, x0] = [
    bind(s, 'i', t.mul(t.binary('div', lane, t.int(patches)), t.int(x.rows))),
    bind(s, 'j', t.mul(t.binary('mod', lane, t.int(patches)), t.int(x.cols))),
  ];
  const left: Staged = { array: k.shared('left', c.acc, x.m * (x.k + APART)), across: 'depth', stride: x.k + APART };
  const right: Staged = { array: k.shared('right', c.acc, x.k * (x.n + APART)), across: 'run', stride: x.n + APART };
  const sums = Array.from({ length: x.rows }, () => declare(s, 'sum', t.splat(identity('add', c.acc), x.cols)));
  const [stop, step] = [tile.depth.size, nested(s)];
  const id = step.fresh('from');
  const from = t.name(id);
  stage(c.left, { x: tile.rows, at: tile.row, count: x.m }, { x: tile.depth, at: from, count: x.k }, left, step, c);
  stage(c.right, { x: tile.cols, at: tile.col, count: x.n }, { x: tile.depth, at: from, count: x.k }, right, step, c);
  step.block.ops.push(BARRIER, dot(c, x, left, right, sums, y0, x0, step), BARRIER);
  s.block.ops.push({
    kind: 'loop',
    id,
    level: { kind: 'serial' },
    lo: t.int(0),
    hi: stop,
    step: x.k,
    body: step.block.ops,
  });
  const [row, col] = [bind(s, 'row', t.add(tile.row, y0)), bind(s, 'col', t.add(tile.col, x0))];
  sums.forEach((sum, n) => {
    const at = n === 0 ? row : t.add(row, t.int(n));
    const inner = nested(s);
    finish(c, x, tile, { sum, row: at, col }, inner, k);
    s.block.ops.push({ kind: 'if', cond: t.binary('lt', at, tile.rows.size), then: inner.block.ops, else: [] });
  });
}

/** A stretch of an operand in shared memory; consecutive elements run along the depth or along the operand's other side. */
interface Staged {
  readonly array: string;
  readonly across: 'depth' | 'run';
  readonly stride: number;
}
interface Stretch {
  readonly x: Side;
  readonly at: Val;
  readonly count: number;
}

/** All lanes bring in a stretch of an operand, 0 where it ends; neighbours in memory go to neighbouring lanes, or to runs of one lane. */
function stage(e: Expr, run: Stretch, depth: Stretch, to: Staged, s: Scope, c: Contraction): void {
  const walks = (axis: Axis | undefined): boolean =>
    axis !== undefined && reads(e).some((r) => walksRow(r, axis.id, s.cx.buffer));
  const along = walks(depth.x.axes.at(-1)) || !walks(run.x.axes.at(-1)) ? depth : run;
  const other = along === depth ? run : depth;
  const axis = along.x.axes.at(-1);
  const lanes = axis === undefined ? 1 : runOf(e, axis, s);
  const units = along.count / lanes;
  const id = s.fresh('unit');
  const inner = nested(s);
  const unit = t.name(id);
  const p = bind(inner, 'p', t.binary('div', unit, t.int(units)));
  const q = bind(
    inner,
    'q',
    lanes === 1 ? t.binary('mod', unit, t.int(units)) : t.mul(t.binary('mod', unit, t.int(units)), t.int(lanes)),
  );
  const [far, near] = [bind(inner, 'far', t.add(other.at, p)), bind(inner, 'near', t.add(along.at, q))];
  const here = nested(inner);
  const point = apart(along.x, near, apart(other.x, far, here));
  const view =
    lanes === 1 || axis === undefined
      ? point
      : withLane(branched(point), laneAt(axis.id, lanes, must(point.axes.get(axis.id), 'axis'), 0, false));
  const zero = t.splat(identity('add', c.acc), lanes);
  const value = declare(inner, 'v', zero);
  here.block.ops.push({ kind: 'set', id: value.id, value: t.splat(valueOf(e, view), lanes) });
  inner.block.ops.push({
    kind: 'if',
    cond: must(t.and(t.binary('lt', far, other.x.size), t.binary('lt', near, along.x.size)), 'condition'),
    then: here.block.ops,
    else: [],
  });
  const [k, r] = along === depth ? [q, p] : [p, q];
  const [line, place] = to.across === 'depth' ? [r, k] : [k, r];
  const index = t.add(t.mul(line, t.int(to.stride)), place);
  const straight = (to.across === 'depth') === (along === depth);
  inner.block.ops.push({
    kind: 'store',
    to: {
      array: to.array,
      index:
        lanes === 1 || straight
          ? index
          : t.add(t.splat(index, lanes), t.mul(t.iota(lanes), t.splat(t.int(to.stride), lanes))),
    },
    dtype: c.acc,
    value,
  });
  s.block.ops.push({
    kind: 'loop',
    id,
    level: { kind: 'lane' },
    lo: t.int(0),
    hi: t.int(units * other.count),
    step: 1,
    body: inner.block.ops,
  });
}

/** Elements of an operand that can be taken at once along an axis: a run where its rows are made of runs. Asks for that to hold. */
function runOf(e: Expr, axis: Axis, s: Scope): number {
  if (!laneable(e, axis.id) || !reads(e).every((r) => !dependsOn(r, axis.id) || walksRow(r, axis.id, s.cx.buffer)))
    return 1;
  return blockLanes(axis, RUN, s, [e]);
}

/** A lane's share of the products of a staged stretch. */
function dot(
  c: Contraction,
  x: BlockTiles,
  left: Staged,
  right: Staged,
  sums: readonly (Val & { readonly kind: 'name' })[],
  y0: Val,
  x0: Val,
  s: Scope,
): TileOp {
  const inner = nested(s);
  const id = inner.fresh('k');
  const at = t.name(id);
  const b = bind(
    inner,
    'b',
    t.load({ array: right.array, index: t.add(t.mul(at, t.int(right.stride)), x0) }, c.acc, c.acc, x.cols),
  );
  sums.forEach((sum, n) => {
    const index = t.add(t.mul(t.add(y0, t.int(n)), t.int(left.stride)), at);
    const a = bind(inner, 'a', t.load({ array: left.array, index }, c.acc, c.acc, 1));
    inner.block.ops.push({ kind: 'set', id: sum.id, value: t.add(sum, t.mul(t.splat(a, x.cols), b)) });
  });
  return { kind: 'loop', id, level: { kind: 'serial' }, lo: t.int(0), hi: t.int(x.k), step: 1, body: inner.block.ops };
}

interface Patch {
  readonly sum: Val & { readonly kind: 'name' };
  readonly row: Val;
  readonly col: Val;
}
/** What follows at the points of one row of a patch: side by side where the columns are an axis that lanes can run along, else by way of shared memory. */
function finish(c: Contraction, x: BlockTiles, tile: Tile, at: Patch, s: Scope, k: KernelState): void {
  const col = must(c.cols.at(-1), 'column axis');
  const here = apart(tile.rows, at.row, s);
  const stages = (scope: Scope, acc: Val): void => {
    const inner = withVar(scope, 'acc', acc);
    for (const stage of c.after)
      lowerPoint(stage, [{ ...inner, uses: countUses(stageExprs(stage), inner.cx.intern) }], undefined, false);
  };
  if (c.cols.length === 1 && c.after.every((stage) => inLanes(stage, col.id, s.cx.buffer))) {
    const outs = c.after.map((stage) => stage.out);
    const whole = blockLanes(col, x.cols, s, [], outs) === x.cols;
    const view = withLane(branched(withAxis(here, col.id, at.col)), laneAt(col.id, x.cols, at.col, 0, false));
    if (whole) {
      const inner = nested(view);
      stages(inner, at.sum);
      s.block.ops.push({ kind: 'if', cond: t.binary('lt', at.col, tile.cols.size), then: inner.block.ops, else: [] });
      return;
    }
    const places = t.add(t.splat(at.col, x.cols), t.iota(x.cols));
    return stages(withMask(view, bind(view, 'm', t.binary('lt', places, t.splat(tile.cols.size, x.cols)))), at.sum);
  }
  // Each lane writes and reads its own place: nobody waits.
  const room = k.shared('patch', c.acc, lanesOf(x) * x.cols);
  const own = bind(s, 'own', t.mul(t.name('lane'), t.int(x.cols)));
  s.block.ops.push({ kind: 'store', to: { array: room, index: own }, dtype: c.acc, value: at.sum });
  const end = t.call('min', [t.int(x.cols), t.sub(tile.cols.size, at.col)], 'i64');
  const last = bind(s, 'end', end);
  const inner = nested(here);
  const id = inner.fresh('n');
  const n = t.name(id);
  const point = apart(tile.cols, bind(inner, 'point', t.add(at.col, n)), inner);
  stages(point, bind(inner, 'acc', t.load({ array: room, index: t.add(own, n) }, c.acc, c.acc, 1)));
  s.block.ops.push({
    kind: 'loop',
    id,
    level: { kind: 'serial' },
    lo: t.int(0),
    hi: last,
    step: 1,
    body: inner.block.ops,
  });
}
