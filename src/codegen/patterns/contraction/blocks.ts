import { must } from '../../../assert.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, TileOp, Val } from '../../ir/tile.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { loop } from '../../tile/loops.ts';
import { bind, declare, nested } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { identity } from '../../tile/values.ts';
import { finish } from './block-finish.ts';
import { apart, BARRIER, lanesOf, split } from './block-tiles.ts';
import type { BlockTiles, Side, Tile } from './block-tiles.ts';
import { extentOf } from './pack.ts';
import type { Contraction } from './shape.ts';
import { stage } from './staged.ts';
import type { Staged } from './staged.ts';
import { byWaves } from './waves.ts';

/** Elements between rows of a staged tile, so that the rows that lanes of a wave read lie in different banks; a multiple of a run keeps them whole. */
const APART = 4;

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
const ceil = (v: Val, n: number): Val => t.binary('div', t.add(v, t.int(n - 1)), t.int(n));

function tileOf(c: Contraction, x: BlockTiles, tile: Tile, s: Scope, k: KernelState): void {
  if (x.waves !== undefined) return byWaves(c, x, x.waves, tile, s, k);
  const lane = t.name('lane');
  const patches = x.n / x.cols;
  const [y0, x0] = [
    bind(s, 'i', t.mul(t.binary('div', lane, t.int(patches)), t.int(x.rows))),
    bind(s, 'j', t.mul(t.binary('mod', lane, t.int(patches)), t.int(x.cols))),
  ];
  const left: Staged = {
    array: k.shared('left', c.acc, x.m * (x.k + APART)),
    dtype: c.acc,
    across: 'depth',
    stride: x.k + APART,
  };
  const right: Staged = {
    array: k.shared('right', c.acc, x.k * (x.n + APART)),
    dtype: c.acc,
    across: 'run',
    stride: x.n + APART,
  };
  const sums = Array.from({ length: x.rows }, () => declare(s, 'sum', t.splat(identity('add', c.acc), x.cols)));
  const [stop, step] = [tile.depth.size, nested(s)];
  const id = step.fresh('from');
  const from = t.name(id);
  stage(c.left, { x: tile.rows, at: tile.row, count: x.m }, { x: tile.depth, at: from, count: x.k }, left, step);
  stage(c.right, { x: tile.cols, at: tile.col, count: x.n }, { x: tile.depth, at: from, count: x.k }, right, step);
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
    finish(c, { cols: x.cols, lanes: lanesOf(x) }, tile, { sum, row: at, col }, inner, k);
    s.block.ops.push({ kind: 'if', cond: t.binary('lt', at, tile.rows.size), then: inner.block.ops, else: [] });
  });
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
