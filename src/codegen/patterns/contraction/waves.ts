import { must } from '../../../assert.ts';
import * as t from '../../ir/tile-build.ts';
import type { Expr } from '../../ir/stage.ts';
import type { Val } from '../../ir/tile.ts';
import { heldBy } from '../../ir/matrix-unit.ts';
import type { MatrixUnit } from '../../ir/matrix-unit.ts';
import { DTYPES } from '../../../dsl/dtypes.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { bind, declare, nested } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { finish } from './block-finish.ts';
import { BARRIER, lanesOf } from './block-tiles.ts';
import type { BlockTiles, Tile, WaveTiles } from './block-tiles.ts';
import type { Contraction } from './shape.ts';
import { runsAlongDepth, stage } from './staged.ts';
import type { Staged } from './staged.ts';

/** The type of both operands where they are arrays of halves, which a matrix unit multiplies exactly; undefined where they are not. */
export function halvesOf(c: Contraction): 'f16' | 'bf16' | undefined {
  const [a, b] = [storedAs(c.left), storedAs(c.right)];
  return c.acc === 'f32' && a === b && (a === 'f16' || a === 'bf16') ? a : undefined;
}
const storedAs = (e: Expr): DType | undefined => (e.kind === 'read' ? e.dtype : undefined);

/** The split of a tile among so many waves whose shares are as square as can be; undefined where the tile is too small for it. */
export function waveTiles(x: BlockTiles, unit: MatrixUnit, lanes: number): WaveTiles | undefined {
  const waves = lanesOf(x) / lanes;
  const fits = [1, 2, 4, 8, 16].filter((down) => {
    const beside = waves / down;
    return Number.isInteger(beside) && x.m % (down * unit.m) === 0 && x.n % (beside * unit.n) === 0;
  });
  const odds = (down: number): number => Math.abs(Math.log2((x.m / down) * (waves / down)) - Math.log2(x.n));
  const down = fits.toSorted((a, b) => odds(a) - odds(b))[0];
  return down === undefined || x.k % unit.k !== 0 ? undefined : { unit, lanes, down };
}

/** Elements between rows of staged halves: rows that the lanes of a wave read together lie in different banks, runs of 16 bytes stay whole. */
const APART = 8;
/** The same for rows of sums. */
const SUMS_APART = 4;

/** Elements from row to row in shared memory: of halves staged along the depth, of a right operand staged along its columns, and of sums. */
const pitches = (x: BlockTiles): { readonly deep: number; readonly long: number; readonly wide: number } => ({
  deep: x.k + APART,
  long: x.n + APART,
  wide: x.n + SUMS_APART,
});
/** Bytes of shared memory that a block uses: both staged operands, the right one whichever way it lies, then the sums on their way to what follows. */
export function sharedBytes(x: BlockTiles): number {
  const { deep, long, wide } = pitches(x);
  return 2 * (x.m * deep + Math.max(x.n * deep, x.k * long)) + 4 * x.m * wide;
}

/**
 * The tile of a block by the matrix units of its waves: operands are staged as they are stored, each wave multiplies its share into sums in registers, and the
 * sums go by way of shared memory to lanes that take runs of rows through what follows.
 */
export function byWaves(c: Contraction, x: BlockTiles, w: WaveTiles, tile: Tile, s: Scope, k: KernelState): void {
  const { unit, down } = w;
  const dtype = must(halvesOf(c), 'halves');
  const beside = lanesOf(x) / w.lanes / down;
  const [rows, cols] = [x.m / down, x.n / beside];
  const tiles = { m: rows / unit.m, n: cols / unit.n };
  const wave = bind(s, 'wave', t.binary('div', t.name('lane'), t.int(w.lanes)));
  const y0 = bind(s, 'i', t.mul(t.binary('div', wave, t.int(beside)), t.int(rows)));
  const x0 = bind(s, 'j', t.mul(t.binary('mod', wave, t.int(beside)), t.int(cols)));

  const { deep, long, wide } = pitches(x);
  const left: Staged = { array: k.shared('left', dtype, x.m * deep), dtype, across: 'depth', stride: deep };
  const turned = runsAlongDepth(c.right, tile.cols, tile.depth, s);
  const right: Staged = turned
    ? { array: k.shared('right', dtype, x.n * deep), dtype, across: 'depth', stride: deep }
    : { array: k.shared('right', dtype, x.k * long), dtype, across: 'run', stride: long };
  const strides = {
    a: { row: deep, step: 1 },
    b: turned ? { row: deep, step: 1 } : { row: 1, step: long },
  };
  const sums = declare(s, 'sums', t.splat(t.float(0), tiles.m * tiles.n * heldBy(unit.sums))).id;
  const step = nested(s);
  const id = step.fresh('from');
  const from = t.name(id);
  stage(c.left, { x: tile.rows, at: tile.row, count: x.m }, { x: tile.depth, at: from, count: x.k }, left, step);
  stage(c.right, { x: tile.cols, at: tile.col, count: x.n }, { x: tile.depth, at: from, count: x.k }, right, step);
  step.block.ops.push(BARRIER);
  for (let n = 0; n < x.k; n += unit.k) {
    const place = (at: Val, by: { readonly row: number; readonly step: number }): Val =>
      t.add(t.mul(at, t.int(by.row)), t.int(n * by.step));
    const a = { array: left.array, index: place(y0, strides.a) };
    const b = { array: right.array, index: place(x0, strides.b) };
    step.block.ops.push({ kind: 'waveDot', sums, a, b, strides, dtype, tiles, unit });
  }
  step.block.ops.push(BARRIER);
  const level = { kind: 'serial' } as const;
  s.block.ops.push({ kind: 'loop', id, level, lo: t.int(0), hi: tile.depth.size, step: x.k, body: step.block.ops });

  const room = k.shared('sums', 'f32', x.m * wide);
  const to = { array: room, index: t.add(t.mul(y0, t.int(wide)), x0) };
  s.block.ops.push({ kind: 'waveStore', sums, to, row: wide, tiles, unit }, BARRIER);
  const stored = c.after.map((stage) => s.cx.buffer(stage.out.buf)).filter((b) => b.role !== 'temp');
  const run = stored.every((b) => DTYPES[b.dtype].bytes <= 2) ? 8 : 4;
  const inner = nested(s);
  const unitId = inner.fresh('unit');
  const each = x.n / run;
  const p = bind(inner, 'p', t.binary('div', t.name(unitId), t.int(each)));
  const q = bind(inner, 'q', t.mul(t.binary('mod', t.name(unitId), t.int(each)), t.int(run)));
  const [y, z] = [bind(inner, 'row', t.add(tile.row, p)), bind(inner, 'col', t.add(tile.col, q))];
  const here = nested(inner);
  const sum = bind(here, 'sum', t.load({ array: room, index: t.add(t.mul(p, t.int(wide)), q) }, 'f32', 'f32', run));
  finish(c, { cols: run, lanes: lanesOf(x) }, tile, { sum, row: y, col: z }, here, k);
  inner.block.ops.push({ kind: 'if', cond: t.binary('lt', y, tile.rows.size), then: here.block.ops, else: [] });
  s.block.ops.push(
    {
      kind: 'loop',
      id: unitId,
      level: { kind: 'lane' },
      lo: t.int(0),
      hi: t.int(x.m * each),
      step: 1,
      body: inner.block.ops,
    },
    // The sums of the next tile come after all of these were read.
    BARRIER,
  );
}
