import { join } from 'node:path';
import fc from 'fast-check';
import { must } from '../assert.ts';
import type { Arch, Backend } from '../backends/backend.ts';
import { evaluate } from '../backends/reference/evaluate.ts';
import type { StageGraph } from '../codegen/ir/stage.ts';
import type { Placement } from '../measure/protocol.ts';
import type { Runner } from '../measure/runner-client.ts';
import { describeFault } from '../measure/install.ts';
import type { Tol } from '../dsl/ast.ts';
import { arbitraryCase, NO_SIZES } from './arbitrary.ts';
import { showCase } from './case.ts';
import type { Case, Style } from './case.ts';
import { compareOutputs, isVacuous } from './compare.ts';
import type { Mismatch } from './compare.ts';
import { caseData } from './data.ts';
import type { CaseData } from './data.ts';
import { execute, executeAll } from './execute.ts';
import type { Execution } from './execute.ts';
import { checkProperties, NO_PROPERTIES } from './properties/trial.ts';
import type { Properties, PropertyProblem, Seen } from './properties/trial.ts';
import { neededRoom, referenceInputs } from './sampled.ts';
import { resolveSizes } from './sizes.ts';
import type { Sizes } from './sizes.ts';
import { countCase, newTally, tiersOf } from './tally.ts';
import type { Tiers } from './tally.ts';
import { chooseVariants } from './variants.ts';
import type { Variant } from './variants.ts';

export interface VerifyOptions {
  readonly cases: number;
  /** Random configs besides the default and one for each plan. */
  readonly configs: number;
  readonly seed: number;
  /** Bound on the loop iterations of a case. */
  readonly work: number;
  readonly styles?: readonly Style[];
  readonly fixed?: Readonly<Record<string, number | string | boolean>>;
  readonly tolerances: Readonly<Record<string, Tol>>;
  /** Properties that each case is to show; none if absent. */
  readonly properties?: Properties;
  readonly scratch: string;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Everything needed to run one comparison again. */
export interface Trial {
  readonly case: Case;
  readonly place: Placement;
  readonly parts: number;
  /** Share of the room that ragged results need; 1 is exactly enough. */
  readonly room: number;
}
/** Why a kernel is refused. */
export interface Failure {
  readonly trial: Trial;
  readonly config: Variant['config'];
  readonly label: string;
  readonly shown: string;
  readonly problem:
    | { readonly kind: 'mismatch'; readonly mismatch: Mismatch }
    | { readonly kind: 'fault'; readonly detail: string }
    | PropertyProblem;
  readonly shrinks: number;
}
export interface VerifyReport {
  readonly verdict: 'pass' | 'fail';
  readonly failure?: Failure;
  readonly cases: number;
  readonly variants: number;
  /** Cases drawn again because more than 1 % of their elements were marked. */
  readonly redrawn: number;
  readonly elements: number;
  readonly marked: number;
  /** Largest share of the tolerance that a right element used. */
  readonly used: number;
  readonly patterns: readonly string[];
  readonly tiers: Tiers;
}
export type Verified =
  | { readonly ok: true; readonly report: VerifyReport }
  | {
      readonly ok: false;
      readonly stage: 'emit' | 'compile' | 'load';
      readonly kind: 'error' | 'timeout' | 'missing';
      readonly detail: string;
    };

/** What loaded variants of one graph are checked with. */
export interface Bench {
  readonly runner: Runner;
  readonly graph: StageGraph;
  readonly lib: string;
  readonly tolerances: Readonly<Record<string, Tol>>;
  readonly properties?: Properties;
  readonly scratch: string;
  /** Longest run of one call, in ms. */
  readonly limitMs?: number;
}

/** Emits, compiles, loads and checks variants of a graph on generated cases; a failure is shrunk. */
export async function verify(
  backend: Backend,
  graph: StageGraph,
  arch: Arch,
  runner: Runner,
  options: VerifyOptions,
): Promise<Verified> {
  const chosen = chooseVariants(backend, graph, arch, { dims: {} }, options);
  if (!chosen.ok)
    return { ok: false, stage: 'emit', kind: 'error', detail: chosen.reasons.map((r) => r.message).join('; ') };
  const { variants } = chosen;
  const built = await backend.compile(
    arch,
    variants.map((v) => v.emitted),
    join(options.scratch, 'lib'),
    options.signal,
  );
  if (!built.ok) return { ok: false, stage: 'compile', kind: built.kind, detail: built.log };
  const lib = `${graph.name}-verify`;
  const loaded = await runner.request({ op: 'load', lib, path: built.compiled.path, entries: built.compiled.entries });
  if (!loaded.ok) return { ok: false, stage: 'load', kind: 'error', detail: describeFault(loaded.fault) };
  const report = await check(
    {
      runner,
      graph,
      lib,
      tolerances: options.tolerances,
      properties: options.properties ?? NO_PROPERTIES,
      scratch: options.scratch,
    },
    variants,
    options,
  );
  await runner.request({ op: 'unload', lib });
  return { ok: true, report };
}

async function check(bench: Bench, variants: readonly Variant[], options: VerifyOptions): Promise<VerifyReport> {
  const { declared, automatic } = bench.properties ?? NO_PROPERTIES;
  const tally = newTally([
    ...declared.map((d) => ({ name: d.property.name, origin: 'declared' as const })),
    ...automatic.map((a) => ({ name: a.name, origin: 'automatic' as const })),
  ]);
  const found: { failure?: Failure } = {};
  const edges = [
    ...new Set(
      variants.flatMap((v) => Object.values(v.config)).filter((n) => typeof n === 'number' && n > 1 && n <= 8192),
    ),
  ] as number[];
  const trial = arbitraryTrial(bench.graph, {
    work: options.work,
    edges,
    fits: distinctFits(variants),
    ...(options.styles === undefined ? {} : { styles: options.styles }),
    ...(options.fixed === undefined ? {} : { fixed: options.fixed }),
  });
  const which = fc.nat(variants.length - 1);
  let failing = false;
  const property = fc.asyncProperty(trial, which, async (t, k) => {
    const variant = variants[k] as Variant;
    const outcome = await runTrial(bench, variant, t);
    if (outcome.kind === 'vacuous') {
      tally.redrawn += failing ? 0 : 1;
      fc.pre(false);
    }
    if (!failing && outcome.kind === 'right') {
      countCase(tally, t.case.style, outcome);
      options.onProgress?.(tally.cases);
    }
    if (outcome.kind === 'wrong') {
      failing = true;
      found.failure = {
        trial: t,
        config: variant.config,
        label: variant.label,
        shown: showCase(bench.graph, t.case),
        problem: outcome.problem,
        shrinks: 0,
      };
      throw new Error('wrong');
    }
    if (options.signal?.aborted === true) fc.pre(false);
  });
  const how = { numRuns: options.cases, seed: options.seed, maxSkipsPerRun: 20, interruptAfterTimeLimit: 600_000 };
  // Where no sizes are within the bound on the work there are no cases, and the report says so.
  const run = await fc.check(property, how).catch((error: unknown) => {
    if (error instanceof Error && error.cause === NO_SIZES) return { errorInstance: undefined, numShrinks: 0 };
    throw error;
  });
  const { errorInstance } = run;
  if (errorInstance instanceof Error && found.failure === undefined) throw errorInstance;
  const failure = found.failure === undefined ? undefined : { ...found.failure, shrinks: run.numShrinks };
  return {
    verdict: failure === undefined ? 'pass' : 'fail',
    ...(failure === undefined ? {} : { failure }),
    cases: tally.cases,
    variants: variants.length,
    redrawn: tally.redrawn,
    elements: tally.elements,
    marked: tally.marked,
    used: tally.used,
    patterns: [...new Set(variants.flatMap((v) => v.emitted.patterns))],
    tiers: tiersOf(tally),
  };
}

/** Sizes that the guarded code of some variant is for, each once. */
export function distinctFits(variants: readonly Variant[]): readonly Readonly<Record<string, number>>[] {
  const fits = new Map(variants.flatMap((v) => v.emitted.guards).map((g) => [JSON.stringify(g), g]));
  return [...fits.values()];
}

/** Cases with the ways to run them; `edges` are sizes worth a visit. */
export const arbitraryTrial = (graph: StageGraph, options: Parameters<typeof arbitraryCase>[1]): fc.Arbitrary<Trial> =>
  fc.record({
    case: arbitraryCase(graph, options),
    place: fc.constantFrom<Placement>('end', 'start'),
    parts: fc.constantFrom(1, 1, 2, 3),
    room: fc.constantFrom(1, 1, 1, 0.5),
  });

export type TrialOutcome =
  | {
      readonly kind: 'right';
      readonly elements: number;
      readonly marked: number;
      readonly used: number;
      /** What the properties showed. */
      readonly seen: readonly Seen[];
    }
  /** Too much of the case is marked to prove anything. */
  | { readonly kind: 'vacuous' }
  | { readonly kind: 'wrong'; readonly problem: Failure['problem'] };

/** One case on one variant. */
export async function runTrial(bench: Bench, variant: Variant, t: Trial): Promise<TrialOutcome> {
  const [only] = await runTrials(bench, [variant], t);
  return must(only, 'an outcome');
}

/** One case on several variants of the graph, the reference evaluated once; outcomes in their order. */
export async function runTrials(
  bench: Bench,
  variants: readonly Variant[],
  t: Trial,
): Promise<readonly TrialOutcome[]> {
  const { graph } = bench;
  const sizes = resolveSizes(graph, t.case);
  if (typeof sizes === 'string') throw new Error(`internal: ${sizes}`);
  const data = caseData(graph, t.case, sizes);
  const inputs = referenceInputs(graph, sizes, data);
  let expected = evaluate(graph, inputs);
  if (!expected.ok) throw new Error(`internal: ${expected.problems.map((p) => p.text).join('; ')}`);
  if (expected.faultCount > 0) {
    const detail = `the reference: ${JSON.stringify(expected.faults[0])}`;
    return variants.map(() => ({ kind: 'wrong', problem: { kind: 'fault', detail } }));
  }
  const capacities = neededRoom(graph, expected.outputs, t.room);
  if (t.room < 1 && Object.keys(capacities).length > 0) {
    expected = evaluate(graph, { ...inputs, capacities });
    if (!expected.ok) throw new Error(`internal: ${expected.problems.map((p) => p.text).join('; ')}`);
  }
  const { outputs } = expected;
  const kernels = variants.map((v) => ({ lib: bench.lib, abi: v.emitted.abi }));
  const how = { scratch: bench.scratch, place: t.place, parts: t.parts, limitMs: bench.limitMs ?? 10_000 };
  const results = await executeAll(bench.runner, graph, kernels, sizes, data, { ...how, capacities });
  // With too little room for ragged results there is nothing that a property could be read from.
  const properties = Object.values(capacities).some((n) => n > 0) && t.room < 1 ? undefined : bench.properties;
  const outcomes: TrialOutcome[] = [];
  for (const [k, result] of results.entries()) {
    const outcome = judge(outputs, result, bench.tolerances);
    const kernel = kernels[k];
    if (outcome.kind !== 'right' || !result.ok || kernel === undefined || properties === undefined) {
      outcomes.push(outcome);
      continue;
    }
    const run = async (s: Sizes, d: CaseData): Promise<Execution> =>
      execute(bench.runner, graph, kernel, s, d, { ...how, capacities: {} });
    const { tolerances } = bench;
    const done = await checkProperties(
      properties,
      { case: t.case, graph, sizes, data, expected: outputs, tolerances, run },
      result,
    );
    outcomes.push(
      done.problem === undefined ? { ...outcome, seen: done.seen } : { kind: 'wrong', problem: done.problem },
    );
  }
  return outcomes;
}

/** What the comparison with the reference says of one run. */
function judge(
  expected: Parameters<typeof compareOutputs>[0],
  result: Execution,
  tolerances: Bench['tolerances'],
): TrialOutcome {
  if (!result.ok) return { kind: 'wrong', problem: { kind: 'fault', detail: describeFault(result.fault) } };
  const comparison = compareOutputs(expected, result.outputs, result.again, tolerances);
  if (comparison.mismatch !== undefined)
    return { kind: 'wrong', problem: { kind: 'mismatch', mismatch: comparison.mismatch } };
  if (isVacuous(comparison)) return { kind: 'vacuous' };
  const { elements, marked, used } = comparison;
  return { kind: 'right', elements, marked, used, seen: [] };
}
