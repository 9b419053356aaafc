import { createHash } from 'node:crypto';
import { printStage } from '../codegen/ir/print.ts';
import type { Stage, StageGraph } from '../codegen/ir/stage.ts';
import { stageReads, stageWrites } from '../codegen/ir/walk.ts';

/**
 * Hash of what an operator computes without its epilogue: the stages that folds, scans, sorts and scatters need, under names by their order of
 * appearance. Operators of equal structure are likely to share good configs. What is pointwise throughout is one structure for each number of loops.
 */
export function structureHash(graph: StageGraph): string {
  const kept = core(graph.stages);
  const text =
    kept.length > 0
      ? anonymous(kept.map((s) => printStage(s)).join(''))
      : `pointwise ${Math.max(0, ...graph.stages.map((s) => s.axes.length))}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

/** The last stage that is no map and everything before it that the stages which are no maps need; none if all are maps. */
function core(stages: readonly Stage[]): readonly Stage[] {
  const needed = new Set<string>();
  const kept: Stage[] = [];
  for (const s of stages.toReversed()) {
    if (s.kind === 'map' && !stageWrites(s).some((b) => needed.has(b))) continue;
    kept.unshift(s);
    for (const r of stageReads(s)) needed.add(r.buf);
  }
  return kept;
}

/** What follows a fold in its own stage, and every name, are no structure. */
const anonymous = (text: string): string => {
  const names = new Map<string, string>();
  return text.replaceAll(/^\s*then .*\n/gm, '').replaceAll(/[A-Za-z_][\w.$]*(?!\w*[<(])/g, (name) => {
    if (WORDS.has(name)) return name;
    const known = names.get(name) ?? `n${names.size}`;
    names.set(name, known);
    return known;
  });
};
/** Words of the printed form that are not names. */
const WORDS: ReadonlySet<string> = new Set(
  'map reduce scan scatter offsets pack select recur where then init size from by states drop first of ascending descending'.split(
    ' ',
  ),
);
