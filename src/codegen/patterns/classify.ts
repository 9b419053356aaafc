import type { Axis } from '../ir/stage.ts';
import { stagesOf } from '../plan/plan.ts';
import type { KernelPlan } from '../plan/plan.ts';
import { gatheredRows } from '../tile/prefetch.ts';
import { isWholeScan } from '../tile/scan.ts';

/**
 * What a kernel that runs as loops is, in the terms that users know: the loops vectorise all of these. `loops` is what has no name, and runs
 * without a technique of its own.
 */
export type LoopPattern = 'pointwise' | 'gather' | 'reduction' | 'row' | 'segment' | 'scan' | 'loops';

/** The name of the structure of a kernel. */
export function classify(kernel: KernelPlan): LoopPattern {
  const stages = stagesOf(kernel.root);
  const folds = stages.flatMap((s) => (s.kind === 'reduce' ? [s] : []));
  const others = stages.filter((s) => s.kind !== 'map' && s.kind !== 'reduce');
  if (others.length > 0) return others.every((s) => s.kind === 'scan' && isWholeScan(s)) ? 'scan' : 'loops';
  if (folds.some((s) => s.reduce.over.some(isRagged))) return 'segment';
  if (folds.some((s) => s.reduce.over.some((a) => gatheredRows(s.reduce.body, a.id).length > 0))) return 'gather';
  if (folds.length === 0) return 'pointwise';
  return folds.length === 1 && stages.length === 1 ? 'reduction' : 'row';
}

/** The length of a row of offsets. */
const isRagged = (a: Axis): boolean =>
  a.hi.kind === 'binary' && a.hi.op === 'sub' && a.hi.a.kind === 'read' && a.hi.b.kind === 'read';
