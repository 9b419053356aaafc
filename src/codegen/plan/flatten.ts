import { axisRef, int, read } from '../ir/build.ts';
import { keyOf } from '../ir/rewrite.ts';
import type { Axis, AxisId, BufId, Expr, Stage, StageGraph } from '../ir/stage.ts';
import { mapStage, rewrite, stageExprs, visit } from '../ir/walk.ts';

/**
 * Maps over all items of all ragged rows that only use an item's place in the whole become one loop over the items: rows tile 0..total. It makes
 * long loops of many short ones.
 */
export function flattenRows(graph: StageGraph): StageGraph {
  return { ...graph, stages: graph.stages.map((s) => (s.kind === 'map' ? flattened(s, graph) : s)) };
}

function flattened(stage: Stage & { readonly kind: 'map' }, graph: StageGraph): Stage {
  for (let k = 0; k + 1 < stage.axes.length; k++) {
    const [row, item] = [stage.axes[k], stage.axes[k + 1]];
    if (row === undefined || item === undefined) continue;
    const offsets = rowOffsets(row, item);
    if (offsets === undefined || !coversAll(row, offsets, graph)) continue;
    const merged = merge(stage, row, item, offsets);
    if (merged !== undefined) return merged;
  }
  return stage;
}

/** The offsets that bound `item` within `row`: 0 .. off[row + 1] - off[row]. */
export function rowOffsets(row: Axis, item: Axis): BufId | undefined {
  const { lo, hi } = item;
  if (lo.kind !== 'int' || lo.value !== 0n || hi.kind !== 'binary' || hi.op !== 'sub') return undefined;
  const [end, start] = [hi.a, hi.b];
  if (
    end.kind !== 'read' ||
    start.kind !== 'read' ||
    end.buf !== start.buf ||
    start.list !== undefined ||
    start.index.length !== 1
  )
    return undefined;
  const [at, next] = [start.index[0], end.index[0]];
  const isRow = at?.kind === 'axis' && at.id === row.id;
  const isNext =
    next?.kind === 'binary' &&
    next.op === 'add' &&
    next.a.kind === 'axis' &&
    next.a.id === row.id &&
    next.b.kind === 'int' &&
    next.b.value === 1n;
  return isRow && isNext ? start.buf : undefined;
}

/** True if `row` runs over all rows: 0 .. n where the offsets have n + 1 entries. */
function coversAll(row: Axis, offsets: BufId, graph: StageGraph): boolean {
  const shape = graph.buffers.find((b) => b.id === offsets)?.shape[0];
  if (row.lo.kind !== 'int' || row.lo.value !== 0n || shape?.kind !== 'binary' || shape.op !== 'add') return false;
  return shape.b.kind === 'int' && shape.b.value === 1n && keyOf(shape.a) === keyOf(row.hi);
}

/** The stage over items, if it uses nothing but the item's place in the whole. */
function merge(stage: Stage & { readonly kind: 'map' }, row: Axis, item: Axis, offsets: BufId): Stage | undefined {
  const isPlace = (e: Expr): boolean =>
    e.kind === 'binary' &&
    e.op === 'add' &&
    e.a.kind === 'read' &&
    e.a.buf === offsets &&
    isAxis(e.a.index[0], row.id) &&
    isAxis(e.b, item.id);
  const axes = stage.axes.flatMap((a) =>
    a === row ? [] : a === item ? [{ ...item, hi: read(offsets, 'i64', [row.hi]), lo: int(0) }] : [a],
  );
  const moved = mapStage({ ...stage, axes: [] }, (e) => rewrite(e, (x) => (isPlace(x) ? axisRef(item.id) : x)));
  const rest = stage.axes.filter((a) => a !== row && a !== item);
  let loose = rest.some((a) => [a.lo, a.hi].some((e) => uses(e, row.id) || uses(e, item.id)));
  // The item's axis may occur as the place in the whole only: count where it stood before and where it stands now.
  const before = occurrences(stageExprs({ ...stage, axes: [] }), item.id);
  const places = stageExprs({ ...stage, axes: [] }).reduce((n, e) => n + countPlaces(e, isPlace), 0);
  loose ||= before !== places || stageExprs(moved).some((e) => uses(e, row.id));
  return loose ? undefined : { ...moved, axes };
}
const isAxis = (e: Expr | undefined, id: AxisId): boolean => e?.kind === 'axis' && e.id === id;
const uses = (e: Expr, id: AxisId): boolean => occurrences([e], id) > 0;
function occurrences(all: readonly Expr[], id: AxisId): number {
  let n = 0;
  for (const e of all) visit(e, (x) => void (x.kind === 'axis' && x.id === id && n++));
  return n;
}
function countPlaces(e: Expr, isPlace: (e: Expr) => boolean): number {
  let n = 0;
  visit(e, (x) => void (isPlace(x) && n++));
  return n;
}
