import type { Config, Space } from '../codegen/space/space.ts';
import type { Outcome } from './strategy.ts';

/** What a guide is told in one round. */
export interface GuideRequest {
  readonly space: Space;
  /** Counts from 0. Equal rounds of equal studies get equal requests, so that a resumed study can be answered from its records. */
  readonly round: number;
  /** Configs worth proposing; more are cut off. */
  readonly want: number;
  /** Everything measured so far, in the order of measurement, with the latest times and the reasons of failures. */
  readonly rows: readonly Outcome[];
  /** What became of this guide's proposals of the round before; empty in round 0. */
  readonly last: readonly Outcome[];
}

/** What a guide answers. Proposals are full canonical configs of the space; the loop refuses others with reasons and spends nothing on them. */
export type GuideAnswer =
  | { readonly kind: 'proposals'; readonly configs: readonly Config[] }
  /** This round gave nothing: the provider is out of reach, refused, or wrote nonsense. The search goes on without. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** No further rounds: the guide's own budget is used up, or it has nothing left to say. */
  | { readonly kind: 'finished'; readonly detail: string };

/**
 * A source of proposals outside the search, such as a language model that reads the kernel. Asked between measurements, one round at a time; the first
 * round runs while the first configs are measured.
 */
export interface Guide {
  /** Recorded as the proposer of its trials: `llm`. */
  readonly name: string;
  /** The study in the records that the rounds belong to; told once, before the first one. What a guide answered in an earlier run of it need not be asked again. */
  begin?(study: string): void;
  /** Never rejects: what went wrong is an answer. */
  propose(request: GuideRequest): Promise<GuideAnswer>;
}
