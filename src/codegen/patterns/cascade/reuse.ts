import { keyOf } from '../../ir/rewrite.ts';
import type { BufId, Buffer, Stage } from '../../ir/stage.ts';
import { placeExprs, stageReads, stageWrites } from '../../ir/walk.ts';
import { stagesOf } from '../../plan/plan.ts';
import type { Cascade } from './shape.ts';

/**
 * Temporaries of rows that take the place of another one, which nobody reads any more: by temporary, the one before it in the same array. The stage that
 * writes it may read the other at the point that it writes. Less scratch means more rows in the cache.
 */
export function successorsOf(c: Cascade, buffer: (id: BufId) => Buffer): ReadonlyMap<BufId, BufId> {
  const stages = c.steps.flatMap((x) => stagesOf(x.kind === 'rows' ? x.node : x.product.plain));
  const found = new Map<BufId, BufId>();
  const followed = new Set<BufId>();
  for (const [buf, { at, keep }] of c.kept) {
    const first = stages.findIndex((s) => stageWrites(s).includes(buf));
    const writer = stages[first];
    if (writer === undefined || keep.length === 0) continue;
    const layout = layoutOf(buffer(buf), at, keep);
    const dead = [...c.kept].find(
      ([id, x]) =>
        id !== buf &&
        !followed.has(id) &&
        layoutOf(buffer(id), x.at, x.keep) === layout &&
        stages.some((s, n) => n < first && stageWrites(s).includes(id)) &&
        stages.every((s, n) => n < first || (n === first ? readsInPlace(s, id) : !touches(s, id))),
    );
    if (dead === undefined) continue;
    found.set(buf, dead[0]);
    followed.add(dead[0]);
  }
  return found;
}

/** What decides where a temporary has its elements. */
const layoutOf = (b: Buffer, at: number, keep: readonly number[]): string =>
  [b.dtype, at, ...keep, ...b.shape.map(keyOf)].join();
const touches = (s: Stage, id: BufId): boolean =>
  stageWrites(s).includes(id) || stageReads(s).some((r) => r.buf === id);

/** True if a pointwise stage reads `id` nowhere but where it writes. */
function readsInPlace(s: Stage, id: BufId): boolean {
  if (s.kind !== 'map') return !touches(s, id);
  const place = placeExprs(s.out).map(keyOf).join();
  return stageReads(s).every((r) => r.buf !== id || placeExprs(r).map(keyOf).join() === place);
}
