import type { KernelPlan, Plan, PlanNode } from '../../codegen/plan/plan.ts';
import type { Rows } from '../../codegen/tile/affine.ts';
import { isWholeScan } from '../../codegen/tile/scan.ts';
import { inLanes, isAlone, rowInLanes } from '../../codegen/tile/vectorise.ts';
import { must } from '../../assert.ts';
import type { Expr, Stage } from '../../codegen/ir/stage.ts';
import { children, stageExprs, stageReads } from '../../codegen/ir/walk.ts';

/**
 * True if a block can run an iteration of the outer loop with its lanes: what is not computed along lanes has one value for all of them, some pass runs
 * along lanes, and nothing walks a row in order.
 */
export function blockable(k: KernelPlan, buffer: Rows): boolean {
  const seen = { lanes: false };
  return k.root.kind !== 'recur' && fits(k.root, k, buffer, seen) && seen.lanes;
}

function fits(n: PlanNode, k: KernelPlan, buffer: Rows, seen: { lanes: boolean }): boolean {
  switch (n.kind) {
    case 'recur':
      return false;
    case 'leaf':
      return uniform(n.stage, k, buffer, seen);
    case 'loop': {
      const leaves = n.body.flatMap((c) => (c.kind === 'leaf' ? [c.stage] : []));
      const pointwise = leaves.every((x) => inLanes(x, n.axis.id, buffer)) || leaves.every((x) => isAlone(x, buffer));
      if (leaves.length === n.body.length && pointwise) {
        seen.lanes = true;
        return true;
      }
      return n.body.every((c) => fits(c, k, buffer, seen));
    }
    default:
      return n satisfies never;
  }
}

/** A stage outside of loops over lanes: each lane computes it, one stores it. */
function uniform(s: Stage, k: KernelPlan, buffer: Rows, seen: { lanes: boolean }): boolean {
  if (s.kind === 'scan' && isWholeScan(s)) {
    seen.lanes = true;
    return true;
  }
  if (s.kind !== 'map' && s.kind !== 'reduce') return false;
  if (k.homes.get(s.out.buf)?.kind !== 'register' && stageReads(s).some((r) => r.buf === s.out.buf)) return false;
  if (s.kind === 'reduce') {
    if (!rowInLanes(s.reduce, buffer)) return false;
    seen.lanes = true;
    return true;
  }
  return !stageExprs(s).some(folds);
}
const folds = (e: Expr): boolean => e.kind === 'reduce' || children(e).some(folds);

/** Buffers of a plan by id. */
export const buffersOf =
  (p: Plan): Rows =>
  (id) =>
    must(
      p.graph.buffers.find((b) => b.id === id),
      id,
    );
