import type { StageGraph } from '../codegen/ir/stage.ts';
import { plans } from '../codegen/plan/planner.ts';
import { defineSpace } from '../codegen/space/config.ts';
import type { Config, Param, Space } from '../codegen/space/space.ts';

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

const known = new WeakMap<StageGraph, Space>();
/** The space of a target that has no other tunables, remembered: a search emits many configs of one graph. */
export function planSpace(graph: StageGraph): Space {
  const found = known.get(graph);
  if (found !== undefined) return found;
  const plan = planParam(graph);
  const seeds: readonly Config[] = [{}, ...plan.values.slice(1).map((name) => ({ plan: name }))];
  const space = defineSpace({ params: [plan], constraints: [], seeds });
  known.set(graph, space);
  return space;
}
