import { join } from 'node:path';
import fc from 'fast-check';
import type { Arch, Backend } from '../../src/backends/backend.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import { verifyGraph } from '../../src/codegen/ir/verify.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { hasErrors } from '../../src/diagnostics/diagnostic.ts';
import { check } from '../../src/dsl/check.ts';
import type { Tol } from '../../src/dsl/ast.ts';
import { parse } from '../../src/dsl/parse.ts';
import { format } from '../../src/dsl/print.ts';
import type { Runner } from '../../src/measure/runner-client.ts';
import { describeFault } from '../../src/measure/install.ts';
import type { Placement } from '../../src/measure/protocol.ts';
import { arbitraryCase } from '../../src/verify/arbitrary.ts';
import { showCase } from '../../src/verify/case.ts';
import { describeProblem } from '../../src/verify/counterexample.ts';
import { chooseVariants } from '../../src/verify/variants.ts';
import type { Variant } from '../../src/verify/variants.ts';
import { runTrials } from '../../src/verify/verify.ts';
import type { Trial } from '../../src/verify/verify.ts';
import { constructs, count, stageKinds } from './coverage.ts';
import type { Coverage } from './coverage.ts';

/** What programs are compiled and run with. */
export interface Rig {
  readonly backend: Backend;
  readonly arch: Arch;
  readonly runner: Runner;
  readonly scratch: string;
  /** Cases of each instance that must be compared, as far as their marks allow. */
  readonly cases: number;
  /** Random configs besides the default of each plan. */
  readonly configs: number;
  /** Bound on the loop iterations of a case. */
  readonly work: number;
}
export interface Problem {
  /** Where it showed: problems of one stage count as one failure while shrinking. */
  readonly stage:
    'format' | 'check' | 'lower' | 'emit' | 'compile' | 'load' | 'reference' | 'fault' | 'mismatch' | 'property';
  readonly detail: string;
}
/** An instance of a program, ready to be compiled. */
interface Instance {
  readonly graph: StageGraph;
  readonly tolerances: Readonly<Record<string, Tol>>;
  readonly variants: readonly Variant[];
}
export interface Program {
  readonly source: string;
  readonly seed: number;
  readonly instances: readonly Instance[];
}
export interface Outcome {
  readonly problem?: Problem;
  /** Cases that were compared with the reference, times variants. */
  readonly comparisons: number;
  /** Cases that say too little. */
  readonly vacuous: number;
}

const failed = (stage: Problem['stage'], detail: string): { readonly problem: Problem } => ({
  problem: { stage, detail: detail.slice(0, 3000) },
});
const said = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** Everything up to the texts: formats, checks, lowers, and emits the default of every plan and some random configs. */
export function prepare(
  rig: Rig,
  source: string,
  seed: number,
  coverage?: Coverage,
): { readonly program: Program } | { readonly problem: Problem } {
  let stage: Problem['stage'] = 'format';
  try {
    const canonical = format(source, 'random.ktune').text;
    if (canonical === undefined) return failed('format', 'is not formatted');
    if (format(canonical, 'random.ktune').text !== canonical) return failed('format', `formats twice:\n${canonical}`);
    const parsed = parse(canonical, 'random.ktune');
    stage = 'check';
    const checked = check(parsed.module);
    const all = [...parsed.diagnostics, ...checked.diagnostics];
    if (hasErrors(all))
      return failed(
        'check',
        all
          .filter((d) => d.severity === 'error')
          .map((d) => `${d.code}: ${d.message}`)
          .join('; '),
      );
    const seen = new Set<string>(constructs(parsed.module));
    const instances: Instance[] = [];
    for (const op of checked.ops[0]?.instances ?? []) {
      stage = 'lower';
      const lowered = lower(op);
      if (!lowered.ok) return failed('lower', lowered.refusals.map((d) => d.message).join('; '));
      const broken = verifyGraph(lowered.graph);
      if (broken.length > 0) return failed('lower', `stage graph: ${JSON.stringify(broken[0])}`);
      stage = 'emit';
      const name = `${lowered.graph.name}${instances.length === 0 ? '' : `i${instances.length}`}`;
      const graph = { ...lowered.graph, name };
      const chosen = chooseVariants(rig.backend, graph, rig.arch, { dims: {} }, { configs: rig.configs, seed });
      if (!chosen.ok) return failed('emit', chosen.reasons.map((r) => r.message).join('; '));
      const { variants } = chosen;
      const plans = new Set(variants.map((v) => String(v.config['plan'])));
      for (const k of [
        ...stageKinds(graph),
        ...[...plans].map((p) => `plan ${p}`),
        `plans ${plans.size}`,
        ...variants.flatMap((v) => v.emitted.patterns.map((p) => `pattern ${p}`)),
      ])
        seen.add(k);
      instances.push({ graph, tolerances: op.tolerances, variants });
    }
    if (instances.length === 0) return failed('check', 'no operator');
    if (coverage !== undefined) count(coverage, seen);
    return { program: { source, seed, instances } };
  } catch (error) {
    return failed(stage, said(error));
  }
}

/** A library for several programs, or what is wrong with it. */
export type Library = { readonly path: string; readonly entries: readonly string[] } | { readonly problem: Problem };
export async function compile(rig: Rig, programs: readonly Program[]): Promise<Library> {
  const emitted = programs.flatMap((p) => p.instances.flatMap((i) => i.variants.map((v) => v.emitted)));
  try {
    const built = await rig.backend.compile(rig.arch, emitted, join(rig.scratch, 'lib'));
    return built.ok ? built.compiled : failed('compile', built.log);
  } catch (error) {
    return failed('compile', said(error));
  }
}

const trialOf = (graph: StageGraph, work: number, edges: readonly number[]): fc.Arbitrary<Trial> =>
  fc.record({
    case: arbitraryCase(graph, { work, edges }),
    place: fc.constantFrom<Placement>('end', 'start'),
    parts: fc.constantFrom(1, 1, 2, 3),
    room: fc.constantFrom(1, 1, 1, 0.5),
  });

/** Runs every variant of every instance on the same cases. The library must hold them. */
export async function compare(rig: Rig, library: Library, program: Program): Promise<Outcome> {
  let [comparisons, vacuous] = [0, 0];
  if ('problem' in library) return { problem: library.problem, comparisons, vacuous };
  const lib = 'fuzz';
  const entries = program.instances.flatMap((i) => i.variants.map((v) => `${v.emitted.entry}_call`));
  const loaded = await rig.runner.request({ op: 'load', lib, path: library.path, entries });
  if (!loaded.ok) return { ...failed('load', describeFault(loaded.fault)), comparisons, vacuous };
  try {
    for (const { graph, tolerances, variants } of program.instances) {
      const steps = variants.flatMap((v) => Object.values(v.config));
      const edges = [...new Set(steps)].filter((n) => typeof n === 'number').filter((n) => n > 1 && n <= 1024);
      const bench = { runner: rig.runner, graph, lib, tolerances, scratch: rig.scratch };
      const trials = fc.sample(trialOf(graph, rig.work, edges), { numRuns: 3 * rig.cases, seed: program.seed });
      let compared = 0;
      for (const t of trials) {
        if (compared >= rig.cases) break;
        const outcomes = await runTrials(bench, variants, t);
        for (const [k, o] of outcomes.entries()) {
          if (o.kind !== 'wrong') continue;
          const detail = `${describeProblem(o.problem)} — ${showCase(graph, t.case)} parts=${t.parts} place=${t.place} room=${t.room} — ${variants[k]?.label ?? ''}`;
          return { ...failed(o.problem.kind, detail), comparisons, vacuous };
        }
        const right = outcomes.filter((o) => o.kind === 'right').length;
        comparisons += right;
        if (right === outcomes.length) compared++;
        else vacuous++;
      }
    }
  } catch (error) {
    return { ...failed('reference', said(error)), comparisons, vacuous };
  } finally {
    await rig.runner.request({ op: 'unload', lib });
  }
  return { comparisons, vacuous };
}

/** One program by itself, as shrinking does it. */
export async function examine(rig: Rig, source: string, seed: number): Promise<Problem | undefined> {
  const made = prepare(rig, source, seed);
  if ('problem' in made) return made.problem;
  return (await compare(rig, await compile(rig, [made.program]), made.program)).problem;
}
