import * as b from '../../ir/build.ts';
import { ix } from '../../ir/build.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { Val } from '../../ir/tile.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { boundsOf, loopOver } from '../../tile/loops.ts';
import {
  assign,
  bind,
  branched,
  declare,
  laneAt,
  moved,
  nested,
  valueOf,
  withLane,
  withMask,
} from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { liesAlong, turnedSquare } from '../turned.ts';
import type { Product } from './shape.ts';

/** A right operand in panels of `n` columns: element (k, col) at (col - col % n) · depth + k · n + col % n. */
export interface Packed {
  readonly array: string;
  /** Extents of k and of the columns. */
  readonly depth: Val;
  readonly width: Val;
  /** Present where the product must not be used unless all of the operand is finite. */
  readonly finite?: Val;
}

/** An extent that is known before the loops around run: the length of a ragged row becomes that of all rows. */
export function most(a: Axis, s: Scope): Expr {
  const { hi } = a;
  if (hi.kind !== 'binary' || hi.op !== 'sub' || hi.a.kind !== 'read') return hi;
  const last = s.cx.buffer(hi.a.buf).shape[0];
  return last === undefined ? hi : b.read(hi.a.buf, hi.a.dtype, [ix.sub(last, b.int(1))]);
}

const LANES_OF_F32 = 4;
/** Packs the operand of the loops that are open in `s`; columns beyond the last are 0. */
export function packRight(p: Product, n: number, s: Scope, k: KernelState): Packed {
  const [, depth] = boundsOf(p.over, s);
  const [, width] = boundsOf(p.cols, s);
  const columns = ix.mul(b.floordiv(ix.add(most(p.cols, s), b.int(n - 1)), b.int(n)), b.int(n));
  const array = k.scratch(`${p.cols.id}_panels`, 'f32', ix.mul(columns, most(p.over, s)));
  const lanes = Math.max(1, Math.min(n, k.schedule.bytes / LANES_OF_F32));
  const sum = p.when === undefined ? undefined : declare(s, 'spoilt', t.splat(t.float(0), lanes));
  loopOver(p.cols, t.int(0), width, n, s, (panel, col) => {
    const start = bind(panel, 'panel', t.mul(col, depth));
    const rows = (open: Scope, edge: boolean, from = t.int(0)): void =>
      loopOver(p.over, from, depth, 1, open, (one, at) => {
        for (let v = 0; v < n / lanes; v++) {
          const lane = lanes === 1 ? undefined : laneAt(p.cols.id, lanes, col, v, false);
          const position = t.add(col, t.int(v * lanes));
          const here =
            lane === undefined
              ? { ...moved(one), axes: new Map(one.axes).set(p.cols.id, position) }
              : withLane(branched(one), lane);
          const value = t.splat(edge ? within(p, here, position, width, lanes) : valueOf(p.right, here), lanes);
          const named = bind(here, 'w', value);
          const to = { array, index: t.add(t.add(start, t.mul(at, t.int(n))), t.int(v * lanes)) };
          one.block.ops.push({ kind: 'store', to, dtype: 'f32', value: named });
          if (sum !== undefined) assign(one, sum, t.add(sum, t.mul(named, t.splat(t.float(0), lanes))));
        }
      });
    const whole = nested(panel);
    if (lanes > 1 && sum === undefined && liesAlong(p.right, p.over.id, p.cols.id, s.cx.buffer))
      squares(p, { array, start, n, lanes, col }, depth, whole, (open, lo) => rows(open, false, lo));
    else rows(whole, false);
    const rest = nested(panel);
    rows(rest, true);
    const cond = t.binary('le', t.add(col, t.int(n)), width);
    panel.block.ops.push({ kind: 'if', cond, then: whole.block.ops, else: rest.block.ops });
  });
  if (sum === undefined) return { array, depth, width };
  return { array, depth, width, finite: bind(s, 'finite', t.binary('eq', folded(sum, s), t.float(0))) };
}

/** A panel of an operand that lies along the reduced axis, in squares; `rest` packs from the first element that is in no square. */
function squares(
  p: Product,
  to: { readonly array: string; readonly start: Val; readonly n: number; readonly lanes: number; readonly col: Val },
  depth: Val,
  s: Scope,
  rest: (s: Scope, from: Val) => void,
): void {
  const { n, lanes } = to;
  const end = bind(s, `${p.over.name}_end`, t.sub(depth, t.binary('mod', depth, t.int(lanes))));
  loopOver(p.over, t.int(0), end, lanes, s, (one, from) => {
    const at = bind(one, 'at', t.add(to.start, t.mul(from, t.int(n))));
    for (let q = 0; q < n; q += lanes) {
      const across = { axis: p.cols, to: t.add(to.col, t.int(q)) };
      turnedSquare(p.right, { axis: p.over, from }, across, lanes, one).forEach((value, i) => {
        const place = { array: to.array, index: t.add(at, t.int(i * n + q)) };
        one.block.ops.push({ kind: 'store', to: place, dtype: 'f32', value });
      });
    }
  });
  rest(s, end);
}

/** The sum of the lanes. */
function folded(sum: Val, s: Scope): Val {
  if (sum.ty.lanes === 1) return sum;
  const id = s.fresh('spoilt');
  s.block.ops.push({ kind: 'reduceTile', id, monoid: 'add', value: sum, within: 'vector' });
  return t.name(id, { dtype: 'f32', lanes: 1 });
}

/** The operand where the column exists, 0 elsewhere. */
function within(p: Product, s: Scope, position: Val, width: Val, lanes: number): Val {
  if (lanes === 1) return t.select(t.lt(position, width), valueOf(p.right, s), t.float(0));
  const cols = t.add(t.splat(position, lanes), t.iota(lanes));
  const inside = bind(s, 'inside', t.lt(cols, t.splat(width, lanes)));
  // Lanes of the last panel go beyond the end of the axis.
  const open = { ...withMask(s, inside), ends: new Map([...s.ends].filter(([id]) => id !== p.cols.id)) };
  return t.select(inside, t.splat(valueOf(p.right, open), lanes), t.splat(t.float(0), lanes));
}
