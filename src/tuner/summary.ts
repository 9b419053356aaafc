import { z } from 'zod';

const config = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));
const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });

/** Result of a study as it is kept and shown. Configs are diffs from the default, times nanoseconds, speed-ups relative to the default. */
export const summarySchema = z.object({
  winner: z.object({
    id: z.string(),
    config,
    proposer: z.string(),
    ns: z.number(),
    /** Median time in the final with its interval; absent where there was no final. */
    time: interval.optional(),
    speedup: interval,
    /** Checked again in a fresh process between guard pages. */
    confirmed: z.boolean(),
    verdict: z.string(),
  }),
  defaultNs: z.number().optional(),
  /** How far two measurements of one kernel were apart in the final, as a share. */
  noise: z.number().optional(),
  /** True if nothing beat the default beyond doubt, so the default won. */
  tie: z.boolean(),
  standings: z.array(z.object({ id: z.string(), config, ns: z.number(), speedup: interval })),
  stop: z.enum(['evals', 'seconds', 'exhausted', 'stalled', 'interrupted', 'broken']),
  /** Configs compiled and run, or tried; of them failed, by kind. */
  evals: z.number(),
  failed: z.record(z.string(), z.number()),
  /** Configs that were dropped after one slow call; their numbers are compared only where others had given the same ones. */
  pruned: z.number(),
  /** Configs whose code equals that of another one. */
  duplicates: z.number(),
  seconds: z.number(),
  cache: z.enum(['cold', 'warm']),
  /** Useful bytes and operations of one call of the winner. */
  bytes: z.number().optional(),
  flops: z.number().optional(),
});
export type Summary = z.infer<typeof summarySchema>;
export type Stop = Summary['stop'];
