import type { BufId, StageGraph } from '../ir/stage.ts';
import { reads, stageReads, stageWrites } from '../ir/walk.ts';

/** The graph without stages whose results nobody reads any more: what is recomputed where it is read may leave its operands behind. */
export function prune(graph: StageGraph): StageGraph {
  const temps = new Set(graph.buffers.flatMap((b) => (b.role === 'temp' ? [b.id] : [])));
  const read = new Set<BufId>([
    ...graph.stages.flatMap((s) => stageReads(s).map((r) => r.buf)),
    ...graph.buffers.flatMap((b) => b.shape.flatMap((e) => reads(e).map((r) => r.buf))),
    ...graph.dims.flatMap((d) => (d.derived === undefined ? [] : reads(d.derived).map((r) => r.buf))),
  ]);
  const idle = graph.stages.filter(
    (s) => s.kind !== 'recur' && stageWrites(s).every((w) => temps.has(w) && !read.has(w)),
  );
  if (idle.length === 0) return graph;
  const stages = graph.stages.filter((s) => !idle.includes(s));
  const written = new Set(stages.flatMap((s) => stageWrites(s)));
  const gone = new Set(idle.flatMap((s) => stageWrites(s)).filter((w) => !written.has(w)));
  return prune({ ...graph, stages, buffers: graph.buffers.filter((b) => !gone.has(b.id)) });
}
