import { widen } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import { freshNames } from '../ir/rewrite.ts';
import type { Axis, Buffer, Stage, StageGraph } from '../ir/stage.ts';
import { children } from '../ir/walk.ts';

type Fold = Stage & { readonly kind: 'reduce' };

/**
 * Variances as what they are made of: a stage for the mean, one for the mean of squared distances from it. Values stay the same; a mean that the
 * program has already can then be shared (`mergeEqual`), which saves a pass over the row.
 */
export function splitVariances(graph: StageGraph): StageGraph {
  const fresh = freshNames([...graph.buffers.map((x) => x.id), ...graph.stages.map((s) => s.id)]);
  const buffers: Buffer[] = [];
  const stages = graph.stages.flatMap((s): readonly Stage[] => {
    if (s.kind !== 'reduce' || s.reduce.op !== 'var' || !isDense(s)) return [s];
    const type = widen(s.reduce.acc);
    if (s.reduce.acc !== type || s.out.list !== undefined) return [s];
    const buf = fresh(`${s.out.buf}_mean`);
    buffers.push({ id: buf, role: 'temp', dtype: type, shape: s.axes.map((a) => a.hi), span: s.span });
    const index = s.axes.map((a) => b.axisRef(a.id));
    const { post: _, ...bare } = s;
    const mean: Fold = { ...bare, id: fresh(buf), name: buf, out: { buf, index }, reduce: { ...s.reduce, op: 'mean' } };
    const away = b.variable('away', type);
    const distance = b.sub(b.convert(type, s.reduce.body), b.read(buf, type, index));
    const body = b.letIn('away', distance, b.mul(away, away));
    return [mean, { ...s, reduce: { ...s.reduce, op: 'mean', body } }];
  });
  return buffers.length === 0 ? graph : { ...graph, stages, buffers: [...graph.buffers, ...buffers] };
}

/** Loops from 0 to an extent that no other loop moves, so that a value for each point has dense storage. */
const isDense = (s: Fold): boolean => s.axes.every(isDenseAxis);
/** True if an axis runs from 0 to an extent of dims. */
export const isDenseAxis = (a: Axis): boolean => a.lo.kind === 'int' && a.lo.value === 0n && isExtent(a.hi);
const isExtent = (e: Axis['hi']): boolean =>
  e.kind !== 'axis' && e.kind !== 'read' && e.kind !== 'var' && children(e).every(isExtent);
