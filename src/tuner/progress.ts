import type { Config } from '../codegen/space/space.ts';

/** Where a tune stands; every event carries one. */
export interface Progress {
  readonly phase: 'compile' | 'measure' | 'final';
  /** Configs compiled and run so far, those of earlier runs included. */
  readonly evals: number;
  /** Of them, that failed. */
  readonly failed: number;
  /** Distinct emitted configs a minute in this run. */
  readonly perMinute: number;
  readonly defaultNs: number | undefined;
  readonly bestNs: number | undefined;
  readonly best: Config | undefined;
  readonly secondsLeft: number;
  readonly evalsLeft: number;
}

export type TuneEvent =
  | { readonly kind: 'resumed'; readonly trials: number; readonly progress: Progress }
  | { readonly kind: 'phase'; readonly progress: Progress }
  | {
      readonly kind: 'trial';
      readonly config: Config;
      readonly state: 'ok' | 'pruned' | 'failed';
      readonly ns?: number;
      readonly detail?: string;
      readonly progress: Progress;
    }
  | { readonly kind: 'best'; readonly config: Config; readonly ns: number; readonly progress: Progress };
