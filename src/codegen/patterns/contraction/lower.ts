import { must } from '../../../assert.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import * as b from '../../ir/build.ts';
import { ix } from '../../ir/build.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import { freeAxes, reads } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, Ref, Val } from '../../ir/tile.ts';
import { partRange } from '../../tile/kernel.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { boundsOf, loop, loopOver } from '../../tile/loops.ts';
import { bind, nested } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { directRows } from './direct.ts';
import { finish } from './finish.ts';
import { extentOf, packPanel, packRows } from './pack.ts';
import type { Depth } from './pack.ts';
import type { Contraction } from './shape.ts';

/** How a contraction runs. Rows and columns in elements. */
export interface Blocks {
  /** The micro-tile, whose sums stay in registers. */
  readonly m: number;
  readonly n: number;
  readonly lanes: number;
  /** Rows and columns of packed blocks: multiples of m and n. */
  readonly mc: number;
  readonly nc: number;
  /** Elements of the first reduced axis in a block; 0: all. */
  readonly kc: number;
  /** How tiles find the left operand: copied to rows, to panels of a micro-tile's rows, or where it lies. */
  readonly left: 'rows' | 'panels' | 'direct';
  /** Consecutive reduced elements that one instruction takes. */
  readonly group: 1 | 2;
  /** The axis whose range parts share. */
  readonly share: string;
}

/** Elements between the ends of packed rows, so that rows of a power of two do not fall on the same sets of the cache. */
const APART = 16;

/**
 * The right operand is packed by blocks of columns into panels as wide as a micro-tile, the left one by blocks of rows; each pair of a panel and some rows is
 * one micro-tile, and what follows at its points runs while its sums are in the nearest cache.
 */
export function lowerContraction(c: Contraction, x: Blocks, s: Scope, k: KernelState, outer: Level | undefined): void {
  for (const stage of c.after) s.block.ops.push({ kind: 'note', text: stage.name, span: stage.span });
  const inside = (axes: readonly Axis[], scope: Scope, body: (inner: Scope) => void): void => {
    const [axis, ...rest] = axes;
    if (axis === undefined) return body(scope);
    const next = (inner: Scope): void => inside(rest, inner, body);
    if (outer?.kind !== 'part' || axis.id !== x.share) return loop(axis, scope, next);
    const [lo, hi] = partRange(axis, ...boundsOf(axis, scope), 1, scope);
    loopOver(axis, lo, hi, 1, scope, next, outer);
  };
  const range = (axis: Axis, step: number, scope: Scope): readonly [Val, Val, Level | undefined] => {
    const [lo, hi] = boundsOf(axis, scope);
    if (outer?.kind !== 'part' || axis.id !== x.share) return [lo, hi, undefined];
    return [...partRange(axis, lo, hi, step, scope), outer];
  };
  const row = must(c.rows.at(-1), 'row axis');
  const col = must(c.cols.at(-1), 'column axis');
  inside([...c.batch, ...c.cols.slice(0, -1)], s, (at) => {
    const [lo, hi, level] = range(col, x.n, at);
    loopOver(
      col,
      lo,
      hi,
      x.nc,
      at,
      (block, from) => {
        const columns = {
          axis: col,
          at: from,
          end: bind(block, `${col.name}_end`, t.call('min', [t.add(from, t.int(x.nc)), hi], 'i64')),
        };
        const right = packRight(c, x, columns, block, k);
        inside(c.rows.slice(0, -1), block, (one) => {
          const [first, last, share] = range(row, x.m, one);
          loopOver(
            row,
            first,
            last,
            x.mc,
            one,
            (rows, r) => {
              const end = bind(rows, `${row.name}_end`, t.call('min', [t.add(r, t.int(x.mc)), last], 'i64'));
              rowBlock(c, x, { axis: row, at: r, end }, columns, right, rows, k);
            },
            share,
          );
        });
      },
      level,
    );
  });
}

/** The right operand of a block of columns, all of its depth: panel after panel. */
interface Right {
  readonly array: string;
  readonly dtype: DType;
  /** Elements of the whole depth, rounded to groups, and of all reduced axes but the first. */
  readonly depth: Val;
  readonly inner: Val;
}
interface Run {
  readonly axis: Axis;
  readonly at: Val;
  readonly end: Val;
}

function packRight(c: Contraction, x: Blocks, columns: Run, s: Scope, k: KernelState): Right {
  const [first, ...others] = c.over.map((a) => extentOf(a, s));
  const inner = bind(s, 'inner', t.product(others));
  const length = must(first, 'extent');
  const all = bind(s, 'whole', t.mul(length, inner));
  const depth = x.group === 1 ? all : bind(s, 'depth', t.add(all, t.binary('mod', all, t.int(x.group))));
  const dtype: DType = x.group === 2 ? 'i16' : c.acc;
  const size = ix.mul(most(columns.axis, x.nc, x.n), ix.add(depthOf(c), b.int(x.group - 1)));
  const array = k.scratch('right', dtype, size);
  loopOver(columns.axis, columns.at, columns.end, x.n, s, (panel, j) => {
    const start = bind(panel, 'panel', t.mul(t.sub(j, columns.at), depth));
    const d: Depth = { over: c.over, from: t.int(0), to: length, inner };
    packPanel(c.right, { ...columns, at: j }, d, { array, start, dtype, width: x.n, group: x.group }, x.lanes, panel);
  });
  return { array, dtype, depth, inner };
}
const depthOf = (c: Contraction): Expr => ix.product(c.over.map((a) => a.hi));
/** The most elements of an axis that a block can hold, in whole tiles; what only the run can tell counts as a whole block. */
function most(axis: Axis, block: number, tile: number): Expr {
  if (freeAxes(axis.hi).size > 0 || reads(axis.hi).length > 0) return b.int(block);
  const whole = ix.mul(b.floordiv(ix.add(axis.hi, b.int(tile - 1)), b.int(tile)), b.int(tile));
  return b.call('min', [b.int(block), whole], 'i64');
}

/** A block of rows against a block of columns. */
function rowBlock(c: Contraction, x: Blocks, rows: Run, columns: Run, right: Right, s: Scope, k: KernelState): void {
  const first = must(c.over[0], 'reduced axis');
  const length = extentOf(first, s);
  if (x.kc === 0) {
    const d: Depth = { over: c.over, from: t.int(0), to: length, inner: right.inner };
    return tiles(c, x, rows, columns, right, d, 'whole', s, k);
  }
  // A sum over nothing is one block that is empty.
  const stop = bind(s, `${first.name}_stop`, t.call('max', [length, t.int(1)], 'i64'));
  loopOver(first, t.int(0), stop, x.kc, s, (one, from) => {
    const to = bind(one, `${first.name}_end`, t.call('min', [t.add(from, t.int(x.kc)), length], 'i64'));
    tiles(c, x, rows, columns, right, { over: c.over, from, to, inner: right.inner }, stop, one, k);
  });
}

/** The left operand of a block: its first element for a row, and the steps to the next row and the next group. */
interface Left {
  readonly dtype: DType;
  readonly at: (row: Val, s: Scope) => Ref;
  readonly row: Val;
  readonly step: Val;
}
function leftOf(c: Contraction, x: Blocks, rows: Run, d: Depth, s: Scope, k: KernelState): Left {
  if (x.left === 'direct') return must(directRows(c, d.from, s), 'left operand in place');
  const dtype: DType = x.group === 2 ? 'i16' : c.acc;
  const deep = x.kc === 0 ? depthOf(c) : ix.mul(b.int(x.kc), ix.product(c.over.slice(1).map((a) => a.hi)));
  const size = ix.mul(most(rows.axis, x.mc, x.m), ix.add(deep, b.int(APART)));
  const array = k.scratch('left', dtype, size);
  const count = bind(s, 'depth', t.mul(t.sub(d.to, d.from), d.inner));
  if (x.left === 'rows') {
    const stride = bind(s, 'apart', t.add(count, t.int(APART)));
    const whole = t.mul(t.binary('div', t.add(t.sub(rows.end, rows.at), t.int(x.m - 1)), t.int(x.m)), t.int(x.m));
    packRows(c.left, rows, bind(s, 'rows', whole), d, { array, dtype, stride, group: x.group }, x.lanes, s);
    return {
      dtype,
      at: (r) => ({ array, index: t.mul(t.sub(r, rows.at), stride) }),
      row: stride,
      step: t.int(x.group),
    };
  }
  const deepest = x.group === 1 ? count : bind(s, 'depth', t.add(count, t.binary('mod', count, t.int(x.group))));
  loopOver(rows.axis, rows.at, rows.end, x.m, s, (panel, r) => {
    const start = bind(panel, 'panel', t.mul(t.sub(r, rows.at), deepest));
    packPanel(c.left, { ...rows, at: r }, d, { array, start, dtype, width: x.m, group: x.group }, x.lanes, panel);
  });
  return {
    dtype,
    at: (r) => ({ array, index: t.mul(t.sub(r, rows.at), deepest) }),
    row: t.int(x.group),
    step: t.int(x.m * x.group),
  };
}

/** All micro-tiles of a block for a stretch of the depth. `stop`: where the depth ends, if sums of several stretches are added up. */
function tiles(
  c: Contraction,
  x: Blocks,
  rows: Run,
  columns: Run,
  right: Right,
  d: Depth,
  stop: Val | 'whole',
  s: Scope,
  k: KernelState,
): void {
  const left = leftOf(c, x, rows, d, s, k);
  const parted = stop !== 'whole';
  const sums = k.scratch('sums', c.acc, b.int(parted ? x.mc * x.nc : x.m * x.n));
  const count = bind(s, 'depth', t.mul(t.sub(d.to, d.from), d.inner));
  const steps = x.group === 1 ? count : bind(s, 'steps', t.add(count, t.binary('mod', count, t.int(x.group))));
  const skipped = bind(s, 'skipped', t.mul(t.mul(d.from, d.inner), t.int(x.n)));
  loopOver(columns.axis, columns.at, columns.end, x.n, s, (panel, j) => {
    const from = bind(panel, 'panel', t.add(t.mul(t.sub(j, columns.at), right.depth), skipped));
    loopOver(rows.axis, rows.at, rows.end, x.m, panel, (one, i) => {
      const start = parted
        ? bind(one, 'sum', t.add(t.mul(t.sub(i, rows.at), t.int(x.nc)), t.mul(t.sub(j, columns.at), t.int(x.m))))
        : t.int(0);
      const dot = (scope: Scope, m: number, row: Val, to: Val): void => {
        const multiply = (open: Scope, fresh: boolean): void =>
          void open.block.ops.push({
            kind: 'tileDot',
            acc: { array: sums, index: to },
            a: left.at(row, open),
            b: { array: right.array, index: from },
            m,
            n: x.n,
            k: steps,
            group: x.group,
            fresh,
            strides: { acc: t.int(x.n), a: left.row, aStep: left.step, b: t.int(x.n * x.group) },
            types: { a: left.dtype, b: right.dtype, acc: c.acc },
            lanes: x.lanes,
          });
        if (!parted) return multiply(scope, true);
        const [begin, go] = [nested(scope), nested(scope)];
        multiply(begin, true);
        multiply(go, false);
        scope.block.ops.push({
          kind: 'if',
          cond: t.binary('eq', d.from, t.int(0)),
          then: begin.block.ops,
          else: go.block.ops,
        });
      };
      if (x.left === 'direct' && x.m > 1) {
        const [whole, rest] = [nested(one), nested(one)];
        dot(whole, x.m, i, start);
        loopOver(rows.axis, i, rows.end, 1, rest, (single, r) =>
          dot(single, 1, r, t.add(start, t.mul(t.sub(r, i), t.int(x.n)))),
        );
        one.block.ops.push({
          kind: 'if',
          cond: t.binary('le', t.add(i, t.int(x.m)), rows.end),
          then: whole.block.ops,
          else: rest.block.ops,
        });
      } else dot(one, x.m, i, start);
      const open = parted ? nested(one) : one;
      finish(
        c,
        { array: sums, start, m: x.m, n: x.n, lanes: x.lanes, row: i, rowEnd: rows.end, col: j, colEnd: columns.end },
        open,
      );
      if (parted)
        one.block.ops.push({
          kind: 'if',
          cond: t.binary('ge', t.add(d.from, t.int(x.kc)), stop),
          then: open.block.ops,
          else: [],
        });
    });
  });
}
