import type { Rng } from '../codegen/space/random.ts';
import type { Config, Reason, Space } from '../codegen/space/space.ts';
import type { Guide } from './guide.ts';

/** What became of a proposed config. */
export type Outcome = { readonly config: Config } &
  /** Compiled, verified and timed. */
  (
    | { readonly state: 'ok'; readonly ns: number }
    /** So slow that it was dropped after its first call, whose time this is. */
    | { readonly state: 'pruned'; readonly ns: number }
    /** Did not compile, crashed, hung or gave wrong numbers. */
    | { readonly state: 'failed'; readonly detail: string }
    /** Not a config of this space: nothing was spent on it. */
    | { readonly state: 'invalid'; readonly reasons: readonly Reason[] }
  );

export interface Feedback {
  /** One per proposal, in the order of the proposals; known configs are answered from memory. */
  readonly outcomes: readonly Outcome[];
  /** Earlier configs that were timed again: later values are better ones. */
  readonly revised: readonly Outcome[];
}

/** What a strategy may know and use. */
export interface Asked {
  readonly space: Space;
  /** The only source of chance: equal seeds and equal outcomes give equal questions. */
  readonly rng: Rng;
  /** As many proposals at a time as are worth making; more are cut into several rounds, fewer waste compile time. */
  readonly batch: number;
  /** The default and the seeds, already measured. */
  readonly initial: readonly Outcome[];
  /** Those of them that records of other shapes, targets or operators proposed: they may mislead. */
  readonly foreign?: readonly Outcome[];
  /** Proposals from outside, where the user has set that up. */
  readonly guide?: Guide;
}

/** Configs to measure; with the name of the proposer where that is not the strategy itself. */
export type Question = readonly Config[] | { readonly configs: readonly Config[]; readonly proposer: string };

/**
 * A search is a generator: it yields proposals and is resumed with what became of them. It ends when it has nothing more to ask. Validity, repetition,
 * budget, faults and records are the loop's business: a file here holds only its idea.
 */
export type Search = AsyncGenerator<Question, void, Feedback>;

export interface Strategy {
  readonly name: string;
  /** One line for `--help`. */
  readonly help: string;
  search(asked: Asked): Search;
}
