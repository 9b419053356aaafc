import { must } from '../../assert.ts';
import type { Axis, AxisId, Expr } from '../ir/stage.ts';
import { reads } from '../ir/walk.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';
import { dependsOn, walksRow } from '../tile/affine.ts';
import type { Rows } from '../tile/affine.ts';
import { bind, branched, laneAt, valueOf, withAxis, withLane } from '../tile/scope.ts';
import type { Scope } from '../tile/scope.ts';
import { laneable } from '../tile/vectorise.ts';

/**
 * True if an operand that is packed in vectors of `across` lies in memory along `along` instead: lanes of `across` would be gathered one by one, squares of
 * both are loaded in vectors and turned in registers.
 */
export function liesAlong(e: Expr, along: AxisId, across: AxisId, buffer: Rows): boolean {
  const moving = reads(e).filter((r) => dependsOn(r, across) || dependsOn(r, along));
  return (
    moving.length > 0 &&
    moving.every((r) => walksRow(r, along, buffer) && dependsOn(r, across) && !walksRow(r, across, buffer)) &&
    laneable(e, along)
  );
}

/** A square of an operand: vector i has the lanes `to` and on of `across` at element `from` + i of `along`. */
export function turnedSquare(
  e: Expr,
  along: { readonly axis: Axis; readonly from: Val },
  across: { readonly axis: Axis; readonly to: Val },
  lanes: number,
  s: Scope,
): readonly Val[] {
  const values = Array.from({ length: lanes }, (_, j) => {
    const at = bind(s, across.axis.name, t.add(across.to, t.int(j)));
    const view = withLane(
      branched(withAxis(s, across.axis.id, at)),
      laneAt(along.axis.id, lanes, along.from, 0, false),
    );
    return t.splat(valueOf(e, { ...view, registers: new Map(s.registers) }), lanes);
  });
  const ids = values.map(() => s.fresh('turned'));
  s.block.ops.push({ kind: 'turnTile', ids, values });
  const { ty } = must(values[0], 'row');
  return ids.map((id) => t.name(id, ty));
}
