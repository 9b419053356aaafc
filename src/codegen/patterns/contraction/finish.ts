import { must } from '../../../assert.ts';
import type { Axis } from '../../ir/stage.ts';
import { stageExprs } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Val } from '../../ir/tile.ts';
import { countUses } from '../../tile/affine.ts';
import { loopOver } from '../../tile/loops.ts';
import { bind, branched, laneAt, nested, withAxis, withLane, withVar } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { lowerPoint } from '../../tile/stages.ts';
import { inLanes } from '../../tile/vectorise.ts';
import type { Contraction } from './shape.ts';

/** A tile of sums in memory, and the part of the result it belongs to. */
export interface Sums {
  readonly array: string;
  readonly start: Val;
  readonly m: number;
  readonly n: number;
  readonly lanes: number;
  readonly row: Val;
  readonly rowEnd: Val;
  readonly col: Val;
  readonly colEnd: Val;
}

/** What follows at each point of a tile: in vectors where the tile is whole. */
export function finish(c: Contraction, x: Sums, s: Scope): void {
  const row = must(c.rows.at(-1), 'row axis');
  const col = must(c.cols.at(-1), 'column axis');
  const vectors = x.lanes > 1 && c.after.every((stage) => inLanes(stage, col.id, s.cx.buffer));
  const last = bind(s, `${row.name}_last`, t.call('min', [t.add(x.row, t.int(x.m)), x.rowEnd], 'i64'));
  const rows = (open: Scope, each: (one: Scope, sums: Val) => void): void =>
    loopOver(row, x.row, last, 1, open, (one, at) =>
      each(one, bind(one, 'sums', t.add(x.start, t.mul(t.sub(at, x.row), t.int(x.n))))),
    );
  const single = (one: Scope, sums: Val): void => {
    const stop = bind(one, `${col.name}_last`, t.call('min', [t.add(x.col, t.int(x.n)), x.colEnd], 'i64'));
    loopOver(col, x.col, stop, 1, one, (point, at) => points(c, x, [point], [t.add(sums, t.sub(at, x.col))], 1));
  };
  if (!vectors) return rows(s, single);
  const [whole, rest] = [nested(s), nested(s)];
  rows(whole, (one, sums) => {
    const count = x.n / x.lanes;
    const scopes = Array.from({ length: count }, (_, v) =>
      vectorAt(col, one, t.add(x.col, t.int(v * x.lanes)), x.lanes),
    );
    points(
      c,
      x,
      scopes,
      scopes.map((_, v) => t.add(sums, t.int(v * x.lanes))),
      x.lanes,
    );
  });
  rows(rest, single);
  const fits = t.binary('le', t.add(x.col, t.int(x.n)), x.colEnd);
  s.block.ops.push({ kind: 'if', cond: fits, then: whole.block.ops, else: rest.block.ops });
}

const vectorAt = (axis: Axis, s: Scope, at: Val, lanes: number): Scope => ({
  ...withLane(branched(withAxis(s, axis.id, at)), laneAt(axis.id, lanes, at, 0, false)),
  registers: new Map(s.registers),
  shared: true,
});

/** The stages at one point, or at several vectors of points whose code goes side by side. */
function points(c: Contraction, x: Sums, scopes: readonly Scope[], sums: readonly Val[], lanes: number): void {
  const seen = scopes.map((scope, k) => {
    const from = { array: x.array, index: must(sums[k], 'place') };
    return withVar(scope, 'acc', bind(scope, 'acc', t.load(from, c.acc, c.acc, lanes)));
  });
  for (const stage of c.after)
    lowerPoint(
      stage,
      seen.map((scope) => ({ ...scope, uses: countUses(stageExprs(stage), scope.cx.intern) })),
      undefined,
      false,
    );
}
