import type { MatrixUnit } from '../../ir/matrix-unit.ts';
import * as t from '../../ir/tile-build.ts';
import type { Axis } from '../../ir/stage.ts';
import type { TileOp, Val } from '../../ir/tile.ts';
import { bind, withAxis } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { extentOf } from './pack.ts';

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
  /** Set where matrix units multiply; `rows` and `cols` then only say how many lanes a block has. */
  readonly waves?: WaveTiles;
}
/** Lanes that a block has: one for each patch of its tile. */
export const lanesOf = (x: BlockTiles): number => (x.m / x.rows) * (x.n / x.cols);

/** How the waves of a block share its tile of results. */
export interface WaveTiles {
  readonly unit: MatrixUnit;
  /** Lanes of a wave. */
  readonly lanes: number;
  /** Waves one below the other; the rest stand side by side. */
  readonly down: number;
}
export const BARRIER: TileOp = { kind: 'barrier', within: 'block' };

/** Axes that count as one, and how many points they have. */
export interface Side {
  readonly axes: readonly Axis[];
  readonly size: Val;
}
export interface Tile {
  readonly rows: Side;
  readonly cols: Side;
  readonly depth: Side;
  /** First row and column of the tile. */
  readonly row: Val;
  readonly col: Val;
}

/** Quotient and rest of numbers that are not negative. */
export function split(v: Val, by: Val, [quotient, rest]: readonly [string, string], s: Scope): readonly [Val, Val] {
  const q = bind(s, quotient, t.binary('div', v, by));
  return [q, bind(s, rest, t.sub(v, t.mul(q, by)))];
}
/** The scope in which the axes of a side stand at a point of it. */
export function apart(x: Side, at: Val, s: Scope): Scope {
  let [inner, rest] = [s, at];
  for (const [k, axis] of [...x.axes.entries()].toReversed()) {
    const extent = extentOf(axis, s);
    const [next, value] = k === 0 ? [rest, rest] : split(rest, extent, ['rest', axis.name], inner);
    rest = next;
    inner = withAxis(inner, axis.id, value);
  }
  return inner;
}
