import { printGraph } from '../codegen/ir/print.ts';
import { printTile } from '../codegen/ir/tile-print.ts';
import type { TileProgram } from '../codegen/ir/tile.ts';
import { printPlan } from '../codegen/plan/print.ts';
import { planNamed } from '../codegen/plan/planner.ts';
import type { Config } from '../codegen/space/space.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { parse } from '../dsl/parse.ts';
import { print } from '../dsl/print.ts';
import { EXIT } from './exit.ts';
import type { Target } from './host.ts';
import type { Chosen } from './subject.ts';
import { UserError } from './user-error.ts';

/** The stages whose result can be printed, in the order of the pipeline. */
export const DUMPS = ['parse', 'lower', 'plan', 'schedule', 'render'] as const;
export type Dump = (typeof DUMPS)[number];

/** What a stage of the pipeline makes of an operator, as text: source, stage graph, plan, tile IR or kernel. */
export function dumpAfter(stage: Dump, chosen: Chosen, target: Target, config: Config): string {
  const { graph } = chosen;
  if (stage === 'parse') return print(parse(chosen.loaded.text, chosen.loaded.file).module);
  if (stage === 'lower') return printGraph(graph);
  if (stage === 'plan') return printPlan(planNamed(graph, String(config['plan'])));
  let scheduled: TileProgram | undefined;
  const keep = (p: TileProgram): TileProgram => (scheduled = p);
  const result = target.backend.emit(
    graph,
    target.arch,
    config,
    { dims: chosen.sizes },
    `ktune_${chosen.op.name}`,
    keep,
  );
  if (!result.ok) {
    const reasons = result.reasons.map((r) => r.message).join('; ');
    throw new UserError(diagnostic('emit-refused', { target: target.name, reasons }), EXIT.usage);
  }
  return stage === 'schedule' && scheduled !== undefined ? printTile(scheduled) : result.emitted.text;
}
