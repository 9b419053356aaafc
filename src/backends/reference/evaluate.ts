import type { BufId, StageGraph } from '../../codegen/ir/stage.ts';
import type { Fault } from './compile.ts';
import type { Inputs, Problem } from './inputs.ts';
import { prepare } from './inputs.ts';
import type { Output, Range } from './outputs.ts';
import { collect } from './outputs.ts';
import type { Run } from './run.ts';
import { runSampled } from './sample.ts';
import { runStage } from './stages.ts';

/** How to evaluate. */
export interface Options {
  /** Carry error bounds (the default). */
  readonly bounds?: boolean;
  /** For large shapes: evaluate about `count` rows of each result, and of temporaries what those need. */
  readonly sample?: { readonly count: number; readonly seed: number };
}
export type Evaluation =
  | {
      readonly ok: true;
      readonly outputs: Readonly<Record<BufId, readonly Output[]>>;
      readonly faults: readonly Fault[];
      readonly faultCount: number;
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * The definition of an operator's meaning: every stage in order, floats in f64 with error bounds, integers exact.
 * Outputs are those of roles `out` and `inout`, one per list element. Inputs that do not fit are problems, accesses out of range are faults.
 */
export function evaluate(graph: StageGraph, inputs: Inputs, options: Options = {}): Evaluation {
  const { run, problems } = prepare(graph, inputs, options.bounds ?? true);
  if (problems.length > 0) return { ok: false, problems };
  const covered =
    options.sample === undefined ? runAll(run) : runSampled(run, options.sample.count, options.sample.seed);
  return {
    ok: true,
    outputs: collect(run, inputs.capacities ?? {}, covered),
    faults: run.log.faults,
    faultCount: run.log.count,
  };
}
function runAll(run: Run): ReadonlyMap<BufId, readonly Range[]> {
  for (const s of run.graph.stages) runStage(run, s);
  return new Map();
}
