import type { StageGraph } from '../codegen/ir/stage.ts';
import { plans } from '../codegen/plan/planner.ts';
import { defineSpace } from '../codegen/space/config.ts';
import type { Config, Param, Space } from '../codegen/space/space.ts';
import type { Arch, ShapeHint } from './backend.ts';

/** The tunable that every target has: which plan of the graph is run. */
export function planParam(graph: StageGraph): Param & { readonly kind: 'enum' } {
  const names = plans(graph).map((p) => p.name);
  return {
    name: 'plan',
    help: 'how stages are grouped into kernels, and what is recomputed',
    kind: 'enum',
    values: names,
    default: names[0] ?? 'fused',
  };
}

/** Spaces are remembered, by graph and what else they hang on: a search emits many configs of one graph. */
export function remembered<Rest extends readonly unknown[]>(
  make: (graph: StageGraph, ...rest: Rest) => Space,
  keyOf: (...rest: Rest) => string,
): (graph: StageGraph, ...rest: Rest) => Space {
  const known = new WeakMap<StageGraph, Map<string, Space>>();
  return (graph, ...rest) => {
    const spaces = known.get(graph) ?? new Map<string, Space>();
    known.set(graph, spaces);
    const key = keyOf(...rest);
    const space = spaces.get(key) ?? make(graph, ...rest);
    spaces.set(key, space);
    return space;
  };
}
/** The key of a space that hangs on the architecture and on the sizes that a search is for. */
export const archAndHint = (arch: Arch, hint: ShapeHint): string => `${arch.name} ${JSON.stringify(hint)}`;

/** The space of a target that has no other tunables. */
export const planSpace = remembered(
  (graph) => {
    const plan = planParam(graph);
    const seeds: readonly Config[] = [{}, ...plan.values.slice(1).map((name) => ({ plan: name }))];
    return defineSpace({ params: [plan], constraints: [], seeds });
  },
  () => '',
);
