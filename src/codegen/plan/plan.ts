import type { Axis, BufId, Stage, StageGraph } from '../ir/stage.ts';

/**
 * Loops around stages. A stage's remaining inner loops (reduced axes, the scanned axis) belong to the stage itself.
 * Stages below one loop run one after the other in each of its iterations.
 */
export type PlanNode =
  | { readonly kind: 'loop'; readonly axis: Axis; readonly body: readonly PlanNode[] }
  | { readonly kind: 'leaf'; readonly stage: Stage }
  /** Sequential steps; states keep their entry value until the end of a step. */
  | {
      readonly kind: 'recur';
      readonly step: Axis;
      readonly states: readonly BufId[];
      readonly body: readonly PlanNode[];
    };

/** Where a temporary lives: `keep` names the index positions that the loops around all its uses do not fix. */
export type Home =
  | { readonly kind: 'workspace' }
  | { readonly kind: 'part'; readonly keep: readonly number[] }
  | { readonly kind: 'register' };

export interface KernelPlan {
  readonly name: string;
  /** Values without axes that every part computes for itself before the loops. */
  readonly prologue: readonly Stage[];
  readonly root: PlanNode;
  readonly homes: ReadonlyMap<BufId, Home>;
  /** True if the iterations of the outermost loop are independent. */
  readonly split: boolean;
}

/** A way to group the stages of a graph into kernels. */
export interface Plan {
  readonly name: string;
  /** The graph after inlining, with axis ids that are unique in it. */
  readonly graph: StageGraph;
  readonly kernels: readonly KernelPlan[];
}

/** Stages below a node in execution order. */
export function stagesOf(node: PlanNode): readonly Stage[] {
  return node.kind === 'leaf' ? [node.stage] : node.body.flatMap(stagesOf);
}
