import { z } from 'zod';
import type { Config, Param } from '../codegen/space/space.ts';

const value = z.union([z.number(), z.string(), z.boolean()]);
const base = {
  name: z.string(),
  help: z.string(),
  when: z.object({ param: z.string(), in: z.array(value) }).optional(),
};
const param = z.discriminatedUnion('kind', [
  z.object({ ...base, kind: z.literal('pow2'), lo: z.number(), hi: z.number(), default: z.number() }),
  z.object({ ...base, kind: z.literal('int'), lo: z.number(), hi: z.number(), step: z.number(), default: z.number() }),
  z.object({ ...base, kind: z.literal('enum'), values: z.array(value), default: value }),
  z.object({ ...base, kind: z.literal('bool'), default: z.boolean() }),
]);

export const paramsSchema = z.array(param).transform((ps) => ps.map(withoutAbsent));

/** What a study is about, as far as reports, exports and transfer need it: configs are kept as differences from the defaults in `params`. */
export const aboutSchema = z.object({
  types: z.record(z.string(), z.string()),
  sizes: z.record(z.string(), z.number()),
  /** Text of the operator; empty where the caller had none. */
  source: z.string(),
  /** Hash of what the operator computes without its epilogue: operators that share it are likely to share good configs. */
  structure: z.string(),
  params: paramsSchema,
  /** Full configs that the target proposes by formula, tried before any search. */
  seeds: z.array(z.record(z.string(), value)).default([]),
  /** Configs of other studies that were tried first, as differences from the defaults. */
  transfer: z.array(z.record(z.string(), value)).default([]),
});
export interface About {
  readonly types: Readonly<Record<string, string>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly source: string;
  readonly structure: string;
  readonly params: readonly Param[];
  readonly seeds: readonly Config[];
  readonly transfer: readonly Config[];
}

/** An absent condition is no field at all. */
function withoutAbsent({ when, ...rest }: z.infer<typeof param>): Param {
  return when === undefined ? rest : { ...rest, when };
}

const ceiling = z.object({ value: z.number(), unit: z.string() });
/** What came of a study beyond its summary. */
export const outcomeSchema = z.object({
  roofline: z
    .object({
      gbPerS: z.number(),
      gflopPerS: z.number(),
      fraction: z.number(),
      bound: z.enum(['memory', 'compute']),
      ceiling: ceiling.extend({ name: z.string() }),
    })
    .nullable(),
  /** What the machine reached by the runner's own loops. */
  ceilings: z.record(z.string(), ceiling),
  /** The winner's code; null where there is no winner. */
  kernel: z.object({ text: z.string(), extension: z.string() }).nullable(),
  /** Messages of the run, as people read them. */
  messages: z.array(z.string()),
});
export type StudyOutcome = z.infer<typeof outcomeSchema>;
