import { must } from '../../../assert.ts';
import { stageExprs } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Val } from '../../ir/tile.ts';
import { countUses } from '../../tile/affine.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { blockLanes } from '../../tile/loops.ts';
import { bind, branched, laneAt, nested, withAxis, withLane, withMask, withVar } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { lowerPoint } from '../../tile/stages.ts';
import { inLanes } from '../../tile/vectorise.ts';
import { apart } from './block-tiles.ts';
import type { Tile } from './block-tiles.ts';
import type { Contraction } from './shape.ts';

interface Patch {
  readonly sum: Val;
  readonly row: Val;
  readonly col: Val;
}
/** What follows at the points of one row of a patch: side by side where the columns are an axis that lanes can run along, else by way of shared memory. */
export function finish(
  c: Contraction,
  x: { readonly cols: number; readonly lanes: number },
  tile: Tile,
  at: Patch,
  s: Scope,
  k: KernelState,
): void {
  const col = must(c.cols.at(-1), 'column axis');
  const here = apart(tile.rows, at.row, s);
  const stages = (scope: Scope, acc: Val): void => {
    const inner = withVar(scope, 'acc', acc);
    for (const stage of c.after)
      lowerPoint(stage, [{ ...inner, uses: countUses(stageExprs(stage), inner.cx.intern) }], undefined, false);
  };
  if (c.cols.length === 1 && c.after.every((stage) => inLanes(stage, col.id, s.cx.buffer))) {
    const outs = c.after.map((stage) => stage.out);
    const whole = blockLanes(col, x.cols, s, c.after.flatMap(stageExprs), outs) === x.cols;
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
  const room = k.shared('patch', c.acc, x.lanes * x.cols);
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
