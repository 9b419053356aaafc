import type { Stage, StageGraph } from '../../ir/stage.ts';
import { keyOf } from '../../ir/rewrite.ts';
import { stageReads } from '../../ir/walk.ts';
import { dependsOn } from '../../tile/affine.ts';
import { laneable } from '../../tile/vectorise.ts';
import type { Claim, Pattern } from '../pattern.ts';
import { lowerScatterRows } from './lower.ts';

export type Scatter = Stage & { readonly kind: 'scatter' };

/**
 * Updates of an array at computed rows: gradients of embeddings, histograms, inverse permutations. Parts share the rows of the target, not the updates:
 * each looks at all updates and makes those of its rows, in the order of the program, so that no two write one element and results repeat bit for bit.
 * Where an update covers a run of the target's last axis, the run is updated in vectors.
 */
export const scatter: Pattern = {
  name: 'scatter',
  claim(kernel, graph): Claim | undefined {
    if (kernel.root.kind !== 'leaf' || kernel.root.stage.kind !== 'scatter') return undefined;
    const { stage } = kernel.root;
    const target = graph.buffers.find((b) => b.id === stage.out.buf);
    if (target === undefined || target.shape.length === 0) return undefined;
    // Entries of lists, packed rows and results of unknown room have no rows to share.
    if (target.list !== undefined || target.row !== undefined || target.capacity !== undefined) return undefined;
    // A value that is read from the target belongs to one order of updates.
    if (stageReads(stage).some((r) => r.buf === stage.out.buf)) return undefined;
    const run = runs(stage, graph);
    return {
      pattern: 'scatter',
      split: true,
      params: () => [
        {
          name: 'share',
          help: 'parts share the rows that are updated; off: one part makes all updates',
          kind: 'bool',
          default: true,
        },
      ],
      lower: (config) =>
        config['share'] === false ? undefined : (s, k, outer) => lowerScatterRows(stage, run, s, k, outer),
    };
  },
};

/** True if the innermost axis walks the target's last axis, all of it, and nothing else of the update's place. */
function runs(stage: Scatter, graph: StageGraph): boolean {
  const axis = stage.axes.at(-1);
  const last = stage.out.index.at(-1);
  const extent = graph.buffers.find((b) => b.id === stage.out.buf)?.shape.at(-1);
  if (axis === undefined || extent === undefined || stage.out.index.length < 2) return false;
  if (last?.kind !== 'axis' || last.id !== axis.id || keyOf(axis.hi) !== keyOf(extent)) return false;
  if (axis.lo.kind !== 'int' || axis.lo.value !== 0n) return false;
  const others = [...stage.out.index.slice(0, -1), ...(stage.where === undefined ? [] : [stage.where])];
  return !others.some((e) => dependsOn(e, axis.id)) && laneable(stage.value, axis.id);
}
