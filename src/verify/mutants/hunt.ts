import { join } from 'node:path';
import fc from 'fast-check';
import type { Arch, Backend, ShapeHint } from '../../backends/backend.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { TileProgram } from '../../codegen/ir/tile.ts';
import type { Config } from '../../codegen/space/space.ts';
import { verifyTile } from '../../codegen/ir/tile-verify.ts';
import type { Tol } from '../../dsl/ast.ts';
import { describeFault } from '../../measure/install.ts';
import type { Runner } from '../../measure/runner-client.ts';
import { must } from '../../assert.ts';
import type { Properties } from '../properties/trial.ts';
import type { Variant } from '../variants.ts';
import { arbitraryTrial, distinctFits, runTrials } from '../verify.ts';
import type { TrialOutcome } from '../verify.ts';
import type { MutantClass } from './classes.ts';
import { difference, plant } from './plant.ts';
import type { Site } from './plant.ts';

/** A bug to plant. */
export interface Mutant {
  readonly kind: MutantClass;
  readonly site: Site;
}
export interface HuntOptions {
  readonly cases: number;
  readonly seed: number;
  readonly work: number;
  readonly scratch: string;
  readonly limitMs: number;
  readonly fixed?: Readonly<Record<string, number | string | boolean>>;
  readonly tolerances: Readonly<Record<string, Tol>>;
  readonly properties: Properties;
}
/** What became of a mutant. */
export interface Fate {
  readonly mutant: Mutant;
  readonly change: string;
  /**
   * killed: a case refused it (how, and after how many cases). stillborn: no program by the rules of the tile IR, or none that compiles.
   * equal: the compiler makes the same code of it. survived: every case accepted it.
   */
  readonly end:
    | { readonly kind: 'killed'; readonly after: number; readonly by: string }
    | { readonly kind: 'stillborn' | 'equal' | 'survived' };
}
export type Hunt =
  | { readonly ok: true; readonly fates: readonly Fate[] }
  | { readonly ok: false; readonly stage: 'compile' | 'run'; readonly detail: string };

/** Programs in one translation unit. */
const BATCH = 24;

/** Plants each bug in the program of a config and sees whether verification finds it; the sound program runs along and must pass every case. */
export async function hunt(
  backend: Backend,
  graph: StageGraph,
  arch: Arch,
  config: Config,
  runner: Runner,
  mutants: readonly Mutant[],
  options: HuntOptions,
): Promise<Hunt> {
  const fates: Fate[] = [];
  for (let at = 0; at < mutants.length; at += BATCH) {
    const found = await compiled(backend, graph, arch, config, runner, mutants.slice(at, at + BATCH), options);
    if (!found.ok) return found;
    fates.push(...found.fates);
  }
  return { ok: true, fates };
}

/** One batch, in halves where the compiler refuses it; a mutant that is refused alone is stillborn. */
async function compiled(...args: Parameters<typeof batch>): Promise<Hunt> {
  const [backend, graph, arch, config, runner, mutants, options] = args;
  const found = await batch(...args);
  if (found.ok || found.stage !== 'compile') return found;
  if (mutants.length <= 1) {
    const fates = mutants.map((mutant): Fate => ({ mutant, change: found.detail, end: { kind: 'stillborn' } }));
    return { ok: true, fates };
  }
  const half = mutants.length >> 1;
  const fates: Fate[] = [];
  for (const part of [mutants.slice(0, half), mutants.slice(half)]) {
    const of = await compiled(backend, graph, arch, config, runner, part, options);
    if (!of.ok) return of;
    fates.push(...of.fates);
  }
  return { ok: true, fates };
}

const NOWHERE: ShapeHint = { dims: {} };

async function batch(
  backend: Backend,
  graph: StageGraph,
  arch: Arch,
  config: Config,
  runner: Runner,
  mutants: readonly Mutant[],
  options: HuntOptions,
): Promise<Hunt> {
  const sound = emitAs(backend, graph, arch, config, `${graph.name}_sound`);
  if (sound === undefined) return { ok: false, stage: 'run', detail: 'the sound program is refused' };
  const planted = mutants.map((mutant, n) => {
    let change = '';
    let legal = true;
    const variant = emitAs(backend, graph, arch, config, `${graph.name}_bug${n}`, (p) => {
      const bad = plant(p, mutant.kind, mutant.site);
      change = difference(p, bad);
      legal = verifyTile(bad).length === 0;
      return bad;
    });
    return { mutant, change, variant: legal ? variant : undefined };
  });
  const born = planted.flatMap((x) => (x.variant === undefined ? [] : [{ ...x, variant: x.variant }]));
  const lib = `${graph.name}-mutants`;
  const opened = await open(backend, arch, runner, [sound, ...born.map((x) => x.variant)], lib, options);
  if (!opened.ok) return opened;
  const ends = new Map<(typeof born)[number], Fate['end']>();
  const bench = {
    runner,
    graph,
    lib,
    scratch: options.scratch,
    tolerances: options.tolerances,
    properties: options.properties,
    limitMs: options.limitMs,
  };
  const edges = Object.values(config).filter((v): v is number => typeof v === 'number' && v > 1 && v <= 8192);
  const trials = fc.sample(
    arbitraryTrial(graph, {
      work: options.work,
      edges,
      fits: distinctFits([sound]),
      ...(options.fixed ? { fixed: options.fixed } : {}),
    }),
    {
      numRuns: options.cases,
      seed: options.seed,
    },
  );
  for (const [n, trial] of trials.entries()) {
    const alive = born.filter((x) => !ends.has(x));
    if (alive.length === 0) break;
    const [first, ...others] = await runTrials(bench, [sound, ...alive.map((x) => x.variant)], trial);
    if (first?.kind === 'wrong') return { ok: false, stage: 'run', detail: `the sound program fails: ${tell(first)}` };
    if (first?.kind !== 'right') continue;
    for (const [k, outcome] of others.entries()) {
      if (outcome.kind === 'wrong')
        ends.set(must(alive[k], 'mutant'), { kind: 'killed', after: n + 1, by: tell(outcome) });
    }
  }
  await runner.request({ op: 'unload', lib });
  return {
    ok: true,
    fates: planted.map(({ mutant, change, variant }): Fate => {
      const end = born.find((x) => x.mutant === mutant);
      return {
        mutant,
        change,
        end:
          variant === undefined || end === undefined ? { kind: 'stillborn' } : (ends.get(end) ?? { kind: 'survived' }),
      };
    }),
  };
}

function tell(outcome: TrialOutcome & { readonly kind: 'wrong' }): string {
  const { problem } = outcome;
  return problem.kind === 'fault' ? `fault: ${problem.detail}` : problem.kind;
}

function emitAs(
  backend: Backend,
  graph: StageGraph,
  arch: Arch,
  config: Config,
  entry: string,
  change?: (p: TileProgram) => TileProgram,
): Variant | undefined {
  const result = backend.emit(graph, arch, config, NOWHERE, entry, change);
  return result.ok ? { config, label: entry, emitted: result.emitted } : undefined;
}

async function open(
  backend: Backend,
  arch: Arch,
  runner: Runner,
  variants: readonly Variant[],
  lib: string,
  options: HuntOptions,
): Promise<{ readonly ok: true } | Exclude<Hunt, { readonly ok: true }>> {
  const emitted = variants.map((v) => v.emitted);
  const built = await backend.compile(arch, emitted, join(options.scratch, 'lib'));
  if (!built.ok) return { ok: false, stage: 'compile', detail: built.log };
  const { path, entries } = built.compiled;
  const loaded = await runner.request({ op: 'load', lib, path, entries });
  return loaded.ok ? { ok: true } : { ok: false, stage: 'run', detail: describeFault(loaded.fault) };
}
