import { defineSpace } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { plans } from '../../codegen/plan/planner.ts';

/** Parameters of the SIMT targets for a graph. */
export function simtSpace(graph: StageGraph): Space {
  const names = plans(graph).map((p) => p.name);
  const params: readonly Param[] = [
    {
      name: 'plan',
      help: 'how stages are grouped into kernels, and what is recomputed',
      kind: 'enum',
      values: names,
      default: names[0] ?? 'fused',
    },
  ];
  const seeds: readonly Config[] = [{}, ...names.slice(1).map((plan) => ({ plan }))];
  return defineSpace({ params, constraints: [], seeds });
}
