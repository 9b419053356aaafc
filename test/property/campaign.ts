import { rmSync } from 'node:fs';
import { choicesFrom } from './choices.ts';
import type { Coverage } from './coverage.ts';
import { count } from './coverage.ts';
import { compare, compile, examine, prepare } from './fuzz.ts';
import type { Library, Problem, Program, Rig } from './fuzz.ts';
import { decodeOp, drawChoices, randomOp } from './random-op.ts';
import { shrink } from './shrink.ts';

export interface CampaignOptions {
  readonly seed: number;
  /** Programs `from` up to `to` of the seed: a run that was cut short goes on where it stopped. */
  readonly from: number;
  readonly to: number;
  /** Programs of one translation unit. */
  readonly batch: number;
  /** Programs that are tried to make one failure smaller. */
  readonly shrinks: number;
  /** Milliseconds after which no further batch is begun. */
  readonly limitMs: number;
  readonly onProgress?: (done: number, failures: readonly Failure[]) => void;
  readonly onFailure?: (failure: Failure) => void;
}
export interface Failure {
  readonly index: number;
  readonly problem: Problem;
  /** The smallest program that fails in the same stage. */
  readonly source: string;
  readonly original: string;
  readonly tried: number;
}
export interface Campaign {
  readonly programs: number;
  readonly comparisons: number;
  /** Programs none of whose cases could be compared. */
  readonly unseen: number;
  readonly vacuous: number;
  readonly failures: readonly Failure[];
  readonly coverage: Coverage;
  /** The program to go on with. */
  readonly next: number;
}

/** Checks programs of a seed batch by batch; the next batch is compiled while one is compared. */
export async function campaign(rig: Rig, options: CampaignOptions): Promise<Campaign> {
  const coverage: Coverage = new Map();
  const failures: Failure[] = [];
  let [programs, comparisons, unseen, vacuous] = [0, 0, 0, 0];
  const started = performance.now();
  const report = async (index: number, problem: Problem): Promise<void> => {
    const failure = await smallest(rig, options, index, problem);
    failures.push(failure);
    options.onFailure?.(failure);
  };
  const draw = (from: number): Batch => {
    const to = Math.min(options.to, from + options.batch);
    const indices = Array.from({ length: Math.max(0, to - from) }, (_, k) => from + k);
    const made = indices.map((index) => {
      const name = `op${index}`;
      return {
        index,
        ...prepare(rig, randomOp(drawChoices(options.seed, index), name), options.seed + index, coverage),
      };
    });
    const good = made.flatMap((m) => ('program' in m ? [m.program] : []));
    return { made, next: to, library: good.length === 0 ? undefined : compile(rig, good) };
  };
  let batch = draw(options.from);
  while (batch.made.length > 0) {
    const late = performance.now() - started > options.limitMs;
    const following: Batch = late ? { made: [], next: batch.next, library: undefined } : draw(batch.next);
    const library = await batch.library;
    for (const m of batch.made) {
      programs++;
      if ('problem' in m) {
        await report(m.index, m.problem);
        continue;
      }
      const own: Library = library === undefined || 'problem' in library ? await compile(rig, [m.program]) : library;
      const outcome = await compare(rig, own, m.program);
      comparisons += outcome.comparisons;
      vacuous += outcome.vacuous;
      if (outcome.comparisons === 0) unseen++;
      if (outcome.problem !== undefined) await report(m.index, outcome.problem);
    }
    options.onProgress?.(batch.next, failures);
    // Objects are kept by content; a run of thousands would fill the disk.
    if (library !== undefined && 'path' in library) rmSync(library.path, { force: true });
    batch = following;
  }
  count(coverage, []);
  return { programs, comparisons, unseen, vacuous, failures, coverage, next: batch.next };
}
interface Batch {
  readonly made: readonly ({ readonly index: number } & (
    { readonly program: Program } | { readonly problem: Problem }
  ))[];
  readonly next: number;
  readonly library: Promise<Library> | undefined;
}

async function smallest(rig: Rig, options: CampaignOptions, index: number, problem: Problem): Promise<Failure> {
  const seed = options.seed + index;
  const list = drawChoices(options.seed, index);
  const name = `op${index}`;
  let last = problem;
  const fails = async (l: readonly number[]): Promise<boolean> => {
    const found = await examine(rig, randomOp(l, name), seed);
    if (found?.stage !== problem.stage) return false;
    last = found;
    return true;
  };
  const { list: best, tried } = await shrink(list, (c) => decodeOp(c, name), fails, options.shrinks);
  const source = decodeOp(choicesFrom(best), name);
  return { index, problem: last, source, original: randomOp(list, name), tried };
}
