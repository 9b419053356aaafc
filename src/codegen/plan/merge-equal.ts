import type { Buffer, BufId, Stage, StageGraph } from '../ir/stage.ts';
import { mapStage, rewrite, stageReads, stageWrites } from '../ir/walk.ts';
import { normalKey } from '../ir/normal.ts';

type Fold = Stage & { readonly kind: 'reduce' };

/** Folds that compute the same as an earlier one into a temporary are dropped: their readers read the earlier result. */
export function mergeEqual(graph: StageGraph): StageGraph {
  const buffers = new Map(graph.buffers.map((b) => [b.id, b]));
  const known = new Map<string, Fold>();
  const renamed = new Map<BufId, BufId>();
  const stages: Stage[] = [];
  for (const original of graph.stages) {
    const s = mapStage(original, (e) =>
      rewrite(e, (x) => (x.kind === 'read' && renamed.has(x.buf) ? { ...x, buf: renamed.get(x.buf) ?? x.buf } : x)),
    );
    for (const buf of stageWrites(s)) forget(buf, known);
    if (s.kind !== 'reduce' || !isPlain(s)) {
      stages.push(s);
      continue;
    }
    const key = keyOfFold(s);
    const first = known.get(key);
    const own = buffers.get(s.out.buf);
    if (first !== undefined && own !== undefined && replaceable(own, buffers.get(first.out.buf), graph))
      renamed.set(own.id, first.out.buf);
    else {
      stages.push(s);
      if (first === undefined) known.set(key, s);
    }
  }
  if (renamed.size === 0) return graph;
  return { ...graph, stages, buffers: graph.buffers.filter((b) => !renamed.has(b.id)) };
}

const keyOfFold = (s: Fold): string =>
  normalKey({ axes: s.axes, where: s.where, reduce: s.reduce, post: s.post }, undefined);

/** True if the result stands at the loops' own point. */
const isPlain = (s: Fold): boolean =>
  s.out.list === undefined &&
  s.out.field === undefined &&
  s.out.index.length === s.axes.length &&
  s.out.index.every((e, k) => e.kind === 'axis' && e.id === s.axes[k]?.id);

function replaceable(own: Buffer, first: Buffer | undefined, graph: StageGraph): boolean {
  const writers = graph.stages.filter((s) => stageWrites(s).includes(own.id));
  return (
    own.role === 'temp' &&
    own.list === undefined &&
    writers.length === 1 &&
    first?.dtype === own.dtype &&
    first.role !== 'inout'
  );
}

/** What reads or holds a buffer that is written again is no longer what it was. */
function forget(buf: BufId, known: Map<string, Fold>): void {
  for (const [key, s] of known) if (s.out.buf === buf || stageReads(s).some((r) => r.buf === buf)) known.delete(key);
}
