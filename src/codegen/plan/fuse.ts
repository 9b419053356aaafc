import { keyOf } from '../ir/rewrite.ts';
import type { Axis, Stage } from '../ir/stage.ts';
import { mapStage } from '../ir/walk.ts';
import { dependent, sharesIteration } from './access.ts';
import type { Touch } from './access.ts';
import type { PlanNode } from './plan.ts';
import { renameAxis } from './unique.ts';

/** The loops that stand around a stage; scans and selections walk their last axis themselves. */
function outerAxes(s: Stage): readonly Axis[] {
  switch (s.kind) {
    case 'map':
    case 'reduce':
    case 'select':
      return s.axes;
    case 'scan':
      return s.axes.filter((a) => a.id !== s.at);
    default:
      return [];
  }
}

/** What a stage reads and writes. */
export type Touches = (s: Stage) => readonly Touch[];

type LoopGroup = { readonly axis: Axis; readonly stages: Stage[] };
type Group = LoopGroup | { readonly node: PlanNode; readonly stage: Stage };
const members = (g: Group): readonly Stage[] => ('axis' in g ? g.stages : [g.stage]);

/**
 * Loop nests for stages in order. With `merge`, a stage joins the loop of an earlier one where bounds agree and what they share is shared
 * within an iteration; it may move up over stages it does not depend on.
 */
export function nest(stages: readonly Stage[], merge: boolean, touches: Touches, depth = 0): readonly PlanNode[] {
  const groups: Group[] = [];
  for (const stage of stages) {
    const axis = outerAxes(stage)[depth];
    if (axis === undefined) {
      groups.push({ node: leaf(stage, merge, touches), stage });
      continue;
    }
    const target = merge ? joinable(groups, stage, axis, touches) : undefined;
    if (target === undefined) groups.push({ axis, stages: [stage] });
    else target.stages.push(renameAxis(stage, axis.id, target.axis.id, mapStage));
  }
  return groups.map((g) =>
    'axis' in g ? { kind: 'loop', axis: g.axis, body: nest(g.stages, merge, touches, depth + 1) } : g.node,
  );
}

function leaf(s: Stage, merge: boolean, touches: Touches): PlanNode {
  return s.kind === 'recur'
    ? { kind: 'recur', step: s.step, states: s.states, body: nest(s.body, merge, touches) }
    : { kind: 'leaf', stage: s };
}

function joinable(groups: readonly Group[], s: Stage, axis: Axis, touches: Touches): LoopGroup | undefined {
  const own = touches(s);
  for (const g of [...groups].reverse()) {
    if ('axis' in g && keyOf(g.axis.lo) === keyOf(axis.lo) && keyOf(g.axis.hi) === keyOf(axis.hi)) {
      const renamed = touches(renameAxis(s, axis.id, g.axis.id, mapStage));
      if (g.stages.every((m) => sharesIteration(touches(m), renamed, g.axis.id))) return g;
    }
    if (members(g).some((m) => dependent(touches(m), own))) return undefined;
  }
  return undefined;
}
