import type { BufId, Stage, StageGraph } from '../../codegen/ir/stage.ts';
import type { Fault } from './compile.ts';
import { instantiate, newEmitter } from './compile.ts';
import { emitPointwise } from './emit/stage.ts';
import type { Inputs, Problem } from './inputs.ts';
import { prepare } from './inputs.ts';
import type { Output } from './outputs.ts';
import { collect } from './outputs.ts';
import type { Run } from './run.ts';
import { surroundings } from './run.ts';

/** `bounds`: carry error bounds (default true). */
export interface Options {
  readonly bounds?: boolean;
}
export type Evaluation =
  | { readonly ok: true; readonly outputs: Readonly<Record<BufId, readonly Output[]>>; readonly faults: readonly Fault[]; readonly faultCount: number }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * The definition of an operator's meaning: every stage in order, floats in f64 with error bounds, integers exact.
 * Outputs are those of roles `out` and `inout`, one per list element. Inputs that do not fit are problems, accesses out of range are faults.
 */
export function evaluate(graph: StageGraph, inputs: Inputs, options: Options = {}): Evaluation {
  const { run, problems } = prepare(graph, inputs, options.bounds ?? true);
  if (problems.length > 0) return { ok: false, problems };
  for (const s of graph.stages) if (hasStorage(run, s)) runStage(run, s);
  return { ok: true, outputs: collect(run, inputs.capacities ?? {}), faults: run.log.faults, faultCount: run.log.count };
}
const hasStorage = (run: Run, s: Stage): boolean => !((s.kind === 'map' || s.kind === 'reduce') && run.buffers.get(s.out.buf)?.virtual === true);

function runStage(run: Run, s: Stage): void {
  const em = newEmitter(surroundings(run), s.name, run.bounds);
  switch (s.kind) {
    case 'map':
    case 'reduce':
      emitPointwise(em, s, []);
      break;
    default:
      throw new Error(`internal: ${s.kind} stage`);
  }
  instantiate(em, [], run.log)();
}
