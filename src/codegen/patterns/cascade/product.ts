import * as b from '../../ir/build.ts';
import { ix } from '../../ir/build.ts';
import type { Axis } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { Val } from '../../ir/tile.ts';
import { lowerNodes, withUses } from '../../tile/kernel.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { loopOver, sweep } from '../../tile/loops.ts';
import { bind, branched, laneAt, nested, valueOf, withLane, withVar } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { lowerPoint } from '../../tile/stages.ts';
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
export function multiply(p: Product, next: Product | undefined, right: Packed, block: Block, s: Scope, k: KernelState): void {
  if (right.finite === undefined) return tiles(p, next, right, block, s, k);
  const fast = nested(s);
  tiles(p, next, right, block, fast, k);
  const slow = nested(s);
  loopOver(block.row, block.from, block.to, 1, slow, (one) => lowerNodes([p.plain], one, k));
  s.block.ops.push({ kind: 'if', cond: right.finite, then: fast.block.ops, else: slow.block.ops });
}

/** Scratch of a left operand in rows. */
function leftOf(p: Product, block: Block, s: Scope, k: KernelState): { readonly array: string; readonly stride: Val } {
  const rows = Math.ceil(block.rows / block.tile.m) * block.tile.m;
  const size = ix.mul(ix.add(most(p.over, s), b.int(APART)), b.int(rows));
  const depth = t.convert(valueOf(p.over.hi, s), 'i64');
  return { array: k.scratch(`${p.over.id}_left`, 'f32', size), stride: bind(s, 'stride', t.add(depth, t.int(APART))) };
}

function tiles(p: Product, next: Product | undefined, right: Packed, block: Block, s: Scope, k: KernelState): void {
  const { m, n } = block.tile;
  const left = leftOf(p, block, s, k);
  if (p.left !== undefined) fill(p, left, block, s, k);
  const fed = next === undefined ? undefined : leftOf(next, block, s, k);
  const acc = k.scratch('tile', 'f32', b.int(m * n));
  loopOver(p.cols, t.int(0), right.width, n, s, (panel, col) => {
    const stop = bind(panel, `${p.cols.name}_end`, t.call('min', [t.add(col, t.int(n)), right.width], 'i64'));
    loopOver(block.row, block.from, block.to, m, panel, (one, row) => {
      const below = bind(one, 'below', t.sub(row, block.from));
      one.block.ops.push({
        kind: 'tileDot',
        acc: { array: acc, index: t.int(0) },
        a: { array: left.array, index: t.mul(below, left.stride) },
        b: { array: right.array, index: t.mul(col, right.depth) },
        m,
        n,
        k: right.depth,
        strides: { acc: t.int(n), a: left.stride, aStep: t.int(1), b: t.int(n) },
        dtype: 'f32',
        fresh: true,
      });
      const last = bind(one, `${block.row.name}_last`, t.call('min', [t.add(row, t.int(m)), block.to], 'i64'));
      loopOver(block.row, row, last, 1, one, (point, at) => {
        const base = bind(point, 'acc_row', t.mul(t.sub(at, row), t.int(n)));
        const run = (scopes: readonly { readonly scope: Scope; readonly at: Val }[]): void => {
          const seen = scopes.map(({ scope, at: c }) => {
            const from = { array: acc, index: t.add(base, t.sub(c, col)) };
            const lanes = scope.lane?.lanes ?? 1;
            return { ...withVar(scope, 'acc', bind(scope, 'acc', t.load(from, 'f32', 'f32', lanes))), shared: scopes.length > 1 };
          });
          if (fed !== undefined && p.feeds !== undefined) {
            for (const [i, { at: c }] of scopes.entries()) {
              const scope = seen[i];
              if (scope === undefined) continue;
              const index = t.add(t.mul(t.sub(at, block.from), fed.stride), c);
              const value = t.splat(valueOf(p.feeds, scope), scope.lane?.lanes ?? 1);
              point.block.ops.push({ kind: 'store', to: { array: fed.array, index }, dtype: 'f32', value });
            }
          }
          for (const stage of p.after) lowerPoint(stage, seen.map((x) => withUses(stage, x)), undefined, false);
        };
        points(p.cols, col, stop, point, k, run);
      });
    });
  });
}

/** The left operand of a block, in rows. */
function fill(p: Product, left: { readonly array: string; readonly stride: Val }, block: Block, s: Scope, k: KernelState): void {
  if (p.left === undefined) return;
  const value = masked(p.left, p.when);
  const [, hi] = [t.int(0), t.convert(valueOf(p.over.hi, s), 'i64')];
  loopOver(block.row, block.from, block.to, 1, s, (one, row) => {
    const start = bind(one, 'left_row', t.mul(t.sub(row, block.from), left.stride));
    points(p.over, t.int(0), hi, one, k, (scopes) => {
      for (const { scope, at } of scopes) {
        const to = { array: left.array, index: t.add(start, at) };
        const v = t.splat(valueOf(value, scope), scope.lane?.lanes ?? 1);
        scope.block.ops.push({ kind: 'store', to, dtype: 'f32', value: v });
      }
    });
  });
}

/** Vectors along an axis, then what is left one by one. */
function points(
  axis: Axis,
  lo: Val,
  hi: Val,
  s: Scope,
  k: KernelState,
  run: (scopes: readonly { readonly scope: Scope; readonly at: Val }[]) => void,
): void {
  const lanes = Math.max(1, k.schedule.bytes / 4);
  const unroll = 2;
  if (lanes === 1) return loopOver(axis, lo, hi, 1, s, (inner, at) => run([{ scope: inner, at }]));
  const step = (inner: Scope, pos: Val, count: number): void =>
    run(
      Array.from({ length: count }, (_, u) => {
        const lane = laneAt(axis.id, lanes, pos, u, false);
        return { scope: { ...withLane(branched(inner), lane), registers: new Map(inner.registers) }, at: lane.base };
      }),
    );
  return sweep(axis, lo, hi, lanes, unroll, s, step, (inner) => run([{ scope: inner, at: axisValue(axis, inner) }]));
}
const axisValue = (axis: Axis, s: Scope): Val => s.axes.get(axis.id) ?? t.int(0);
