import type { AxisId, BufId, Expr, Place, Stage } from '../ir/stage.ts';
import { stageReads, stageWrites } from '../ir/walk.ts';
import { keyOf } from '../ir/rewrite.ts';

/** One way in which a stage touches a buffer; without an index the whole buffer may be touched. */
export interface Touch {
  readonly buf: BufId;
  readonly write: boolean;
  readonly index?: readonly Expr[];
  readonly list?: Expr;
}
const touch = (p: Place, write: boolean): Touch => ({
  buf: p.buf,
  write,
  index: p.index,
  ...(p.list ? { list: p.list } : {}),
});

/** Everything a stage reads and writes. */
export function touches(s: Stage): readonly Touch[] {
  const reads = stageReads(s).map((r): Touch => ({
    buf: r.buf,
    write: false,
    index: r.index,
    ...(r.list ? { list: r.list } : {}),
  }));
  switch (s.kind) {
    case 'map':
    case 'reduce':
      return [...reads, touch(s.out, true)];
    // The innermost axis is walked inside the stage; the rest of the index stands still meanwhile.
    case 'scan':
      return [...reads, touch(s.out, true)];
    case 'select':
      return [...reads, ...[s.values, s.indices].flatMap((p) => (p ? [touch(p, true)] : []))];
    default:
      return [...reads, ...stageWrites(s).map((buf): Touch => ({ buf, write: true }))];
  }
}

/** How an index is tied to a loop: it is the loop's axis, or lies in the ragged row that the axis names. */
function pin(e: Expr | undefined, axis: AxisId): string | undefined {
  if (e === undefined) return undefined;
  if (e.kind === 'axis') return e.id === axis ? 'axis' : undefined;
  if (e.kind === 'binary' && e.op === 'add') {
    const row = e.a;
    if (row.kind === 'read' && row.index.length === 1 && row.index[0]?.kind === 'axis' && row.index[0].id === axis)
      return keyOf(row);
  }
  return undefined;
}

/** Positions of the index at which every access stands at the loop's axis itself. */
export function fixedPositions(all: readonly Touch[], axis: AxisId): readonly number[] {
  const rank = all[0]?.index?.length ?? 0;
  const at: number[] = [];
  for (let p = 0; p < rank; p++) if (all.every((x) => pin(x.index?.[p], axis) === 'axis')) at.push(p);
  return at;
}

/** True if accesses of different iterations of the loop never meet in one element. */
function separated(all: readonly Touch[], axis: AxisId): boolean {
  if (all.every((x) => pin(x.list, axis) === 'axis')) return true;
  const rank = Math.max(...all.map((x) => x.index?.length ?? 0));
  for (let p = 0; p < rank; p++) {
    const first = pin(all[0]?.index?.[p], axis);
    if (first !== undefined && all.every((x) => pin(x.index?.[p], axis) === first)) return true;
  }
  return false;
}

/** Buffers that both touch and at least one of them writes. */
function shared(a: readonly Touch[], b: readonly Touch[]): readonly BufId[] {
  const written = (ts: readonly Touch[]): ReadonlySet<BufId> => new Set(ts.filter((t) => t.write).map((t) => t.buf));
  const [wa, wb] = [written(a), written(b)];
  const inA = new Set(a.map((t) => t.buf));
  return [...new Set(b.map((t) => t.buf))].filter((buf) => inA.has(buf) && (wa.has(buf) || wb.has(buf)));
}

/** True if the second stage must stay behind the first. */
export const dependent = (a: readonly Touch[], b: readonly Touch[]): boolean => shared(a, b).length > 0;

/** True if two stages may run in the same iterations of a loop over `axis`: what they share, they share within an iteration. */
export function sharesIteration(a: readonly Touch[], b: readonly Touch[], axis: AxisId): boolean {
  return shared(a, b).every((buf) =>
    separated(
      [...a, ...b].filter((t) => t.buf === buf),
      axis,
    ),
  );
}
