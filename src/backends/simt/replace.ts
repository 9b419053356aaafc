import { mapVal } from '../../codegen/ir/tile-map.ts';
import type { Val } from '../../codegen/ir/tile.ts';

/** The value with names replaced by what they stand for. */
export const replaceNames = (v: Val, values: ReadonlyMap<string, Val>): Val =>
  mapVal(v, {
    op: (op) => [op],
    val: (x) => (x.kind === 'name' ? (values.get(x.id) ?? x) : x),
  });
