import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Arch, Backend, CompileResult } from '../../src/backends/backend.ts';
import type { Chosen } from '../../src/cli/subject.ts';
import { describeFault } from '../../src/measure/install.ts';
import type { Runner } from '../../src/measure/runner-client.ts';
import { showCase } from '../../src/verify/case.ts';
import { describeProblem } from '../../src/verify/counterexample.ts';
import { propertiesOf } from '../../src/verify/properties/trial.ts';
import { emitVariants } from '../../src/verify/variants.ts';
import type { Variant } from '../../src/verify/variants.ts';
import { arbitraryTrial, distinctFits, runTrials } from '../../src/verify/verify.ts';
import type { Bench, Trial } from '../../src/verify/verify.ts';
import { cover } from './cover.ts';

/** How much each cell of the matrix is tried. */
export interface Effort {
  /** Cases of each seed. */
  readonly cases: number;
  readonly seeds: number;
  /** Least number of configs. */
  readonly configs: number;
  /** Configs that each case runs on, in turn. */
  readonly width: number;
  /** Bound on the loop iterations of a case. */
  readonly work: number;
}

/** One operator under one binding of its types, on one architecture. */
export interface CellResult {
  readonly key: string;
  readonly operator: string;
  readonly types: string;
  readonly arch: string;
  readonly verdict: 'pass' | 'fail' | 'refused';
  /** What is wrong, if something is. */
  readonly problem?: string;
  readonly cases: number;
  readonly runs: number;
  readonly seeds: number;
  /** Configs tried, and how many different texts they are. */
  readonly configs: number;
  readonly texts: number;
  readonly plans: number;
  /** Values of tunables that were executed, of all there are; and those that were not. */
  readonly covered: number;
  readonly values: number;
  readonly missing: readonly string[];
  /** What lowered the kernels of the default config, and of all configs. */
  readonly patterns: readonly string[];
  readonly everyPattern: readonly string[];
  /** What the vendor's compiler says of the default config, for targets that have one: bytes that its kernels spill, or why it refuses. */
  readonly accepted?: { readonly ok: true; readonly spillBytes: number } | { readonly ok: false; readonly log: string };
  readonly elements: number;
  readonly marked: number;
  readonly redrawn: number;
  /** Largest share of the tolerance that a right element used. */
  readonly used: number;
  readonly seconds: number;
}

/** A cell whose kernels are emitted, and perhaps compiled. */
export interface Prepared {
  readonly chosen: Chosen;
  readonly arch: Arch;
  readonly key: string;
  readonly variants: readonly Variant[];
  readonly base: Omit<
    CellResult,
    'verdict' | 'problem' | 'accepted' | 'cases' | 'runs' | 'elements' | 'marked' | 'redrawn' | 'used' | 'seconds'
  >;
  readonly refused?: string;
}

/** Chooses and emits the configs of a cell. The key changes with every text and with the effort. */
export function prepare(backend: Backend, chosen: Chosen, arch: Arch, effort: Effort): Prepared {
  const hint = { dims: {} };
  const space = backend.space(chosen.graph, arch, hint);
  const covering = cover(space, effort.configs, 1);
  const emitted = emitVariants(backend, chosen.graph, arch, hint, space, covering.configs);
  const variants = emitted.ok ? emitted.variants : [];
  const hash = createHash('sha256').update(JSON.stringify(effort)).update(chosen.loaded.text);
  for (const v of variants) hash.update(v.emitted.text);
  const plans = new Set(covering.configs.map((c) => c['plan']));
  const key = hash.digest('hex').slice(0, 16);
  return {
    chosen,
    arch,
    key,
    variants,
    base: {
      key,
      operator: chosen.op.name,
      types: Object.values(chosen.op.types).join(' '),
      arch: arch.name,
      seeds: effort.seeds,
      configs: covering.configs.length,
      texts: variants.length,
      plans: plans.size,
      covered: covering.covered.length,
      values: covering.covered.length + covering.missing.length,
      missing: covering.missing,
      patterns: variants[0]?.emitted.patterns ?? [],
      everyPattern: [...new Set(variants.flatMap((v) => v.emitted.patterns))].sort(),
    },
    ...(emitted.ok ? {} : { refused: emitted.reasons.map((r) => r.message).join('; ') }),
  };
}

/** Variants compiled together: few enough that one file stays within the compiler's time. */
const BATCH = 12;

/** Compiles the variants of a cell in several objects. */
export async function compileCell(
  backend: Backend,
  p: Prepared,
  dir: string,
): Promise<readonly (readonly [CompileResult, readonly Variant[]])[]> {
  const out: (readonly [CompileResult, readonly Variant[]])[] = [];
  for (let at = 0; at < p.variants.length; at += BATCH) {
    const some = p.variants.slice(at, at + BATCH);
    const built = await backend.compile(
      p.arch,
      some.map((v) => v.emitted),
      dir,
    );
    out.push([built, some]);
  }
  return out;
}

/** The vendor's compiler on the default config of a cell; undefined for targets that have none. */
export async function acceptCell(backend: Backend, p: Prepared, dir: string): Promise<CellResult['accepted']> {
  const [first] = p.variants;
  if (backend.accept === undefined || first === undefined) return undefined;
  const taken = await backend.accept(p.arch, first.emitted, dir);
  if (!taken.ok) return { ok: false, log: taken.log };
  return { ok: true, spillBytes: taken.metrics.reduce((n, m) => n + (m.spillBytes ?? 0), 0) };
}

/** Runs the cases of all seeds on the compiled variants of a cell, each case on a few of them in turn; stops at the first failure. */
export async function runCell(
  p: Prepared,
  built: Awaited<ReturnType<typeof compileCell>>,
  accepted: CellResult['accepted'],
  runner: Runner,
  scratch: string,
  effort: Effort,
): Promise<CellResult> {
  const started = performance.now();
  const tally = { cases: 0, runs: 0, elements: 0, marked: 0, redrawn: 0, used: 0 };
  const end = (verdict: CellResult['verdict'], problem?: string): CellResult => ({
    ...p.base,
    ...tally,
    ...(accepted === undefined ? {} : { accepted }),
    verdict,
    ...(problem === undefined ? {} : { problem }),
    seconds: (performance.now() - started) / 1000,
  });
  if (p.refused !== undefined) return end('refused', p.refused);
  if (accepted?.ok === false) return end('refused', `the vendor's compiler: ${accepted.log.slice(0, 300)}`);
  const benches: (readonly [Bench, readonly Variant[]])[] = [];
  const { graph, op, consts } = p.chosen;
  try {
    for (const [k, [object, variants]] of built.entries()) {
      if (!object.ok) return end('refused', `the compiler: ${object.log.slice(0, 300)}`);
      const lib = `${graph.name}-${k}`;
      const { path, entries } = object.compiled;
      const loaded = await runner.request({ op: 'load', lib, path, entries });
      if (!loaded.ok) return end('refused', describeFault(loaded.fault));
      const properties = propertiesOf(op, graph, consts);
      benches.push([{ runner, graph, lib, tolerances: op.tolerances, properties, scratch }, variants]);
    }
    let turn = 0;
    for (let seed = 1; seed <= effort.seeds; seed++) {
      const enough = tally.cases + effort.cases;
      for (const t of trials(p, effort, seed)) {
        if (tally.cases === enough) break;
        const [bench, variants] = benches[turn % benches.length] ?? fail();
        const from = Math.floor(turn / benches.length) * effort.width;
        const some = Array.from(
          { length: Math.min(effort.width, variants.length) },
          (_, i) => variants[(from + i) % variants.length] ?? fail(),
        );
        turn++;
        const outcomes = await runTrials(bench, some, t);
        if (outcomes.some((o) => o.kind === 'vacuous')) tally.redrawn++;
        else tally.cases++;
        for (const [i, o] of outcomes.entries()) {
          if (o.kind === 'wrong')
            return end('fail', `${describeProblem(o.problem)} · ${some[i]?.label ?? ''} · ${showCase(graph, t.case)}`);
          if (o.kind !== 'right') continue;
          tally.runs++;
          tally.elements += o.elements;
          tally.marked += o.marked;
          tally.used = Math.max(tally.used, o.used);
        }
      }
    }
    return tally.elements === 0 ? end('fail', 'no case had an element') : end('pass');
  } finally {
    for (const [bench] of benches) await runner.request({ op: 'unload', lib: bench.lib });
  }
}
const fail = (): never => {
  throw new Error('internal: a cell without variants');
};

/** The cases of one seed, and as many again in case some say too little. */
function trials(p: Prepared, effort: Effort, seed: number): readonly Trial[] {
  const trial = arbitraryTrial(p.chosen.graph, {
    work: effort.work,
    edges: [...new Set(p.variants.flatMap((v) => Object.values(v.config)))].filter(
      (n): n is number => typeof n === 'number' && n > 1 && n <= 8192,
    ),
    fits: distinctFits(p.variants),
    ...(p.chosen.fromDoc ? { fixed: p.chosen.scalars } : {}),
  });
  return fc.sample(trial, { numRuns: 2 * effort.cases, seed });
}
