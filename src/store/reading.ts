import type { SQLInputValue } from 'node:sqlite';
import { z } from 'zod';
import { aboutSchema, outcomeSchema } from './about.ts';
import type { About, StudyOutcome } from './about.ts';
import type { Config } from '../codegen/space/space.ts';
import { callRow, configText, jsonOr, orNull, trialRow, verificationRow } from './schema.ts';
import type { CallRow, TrialRow, VerificationRow } from './schema.ts';

/** A study without its trials. */
export interface StudyHead {
  readonly id: string;
  /** Equal keys ask the same questions. */
  readonly key: string;
  readonly op: string;
  readonly target: string;
  readonly machine: string;
  readonly shape: string;
  readonly fingerprint: string;
  readonly strategy: string;
  readonly seed: string;
  readonly state: 'running' | 'stopped' | 'done';
  readonly startedAt: string;
  readonly seconds: number;
  readonly evals: number;
  readonly stop: string | undefined;
  /** The kept summary as JSON. */
  readonly summary: string | undefined;
  /** Undefined in records of format 1. */
  readonly about: About | undefined;
  readonly outcome: StudyOutcome | undefined;
}
/** Raw times of a config, and which tier of measurement they are from. Nanoseconds. */
export interface Timing {
  readonly configId: string;
  readonly tier: 'screen' | 'contend' | 'final';
  readonly medianNs: number;
  readonly samples: readonly number[];
}
/** A study with all that is kept of it. */
export interface StudyRecord extends StudyHead {
  readonly trials: readonly (TrialRow & { readonly compileMs: number | undefined })[];
  /** The time that a config is known by: that of the latest batch in which it was measured. Nanoseconds. */
  readonly labels: ReadonlyMap<string, number>;
  readonly timings: readonly Timing[];
  readonly verifications: readonly VerificationRow[];
  readonly calls: readonly CallRow[];
}
/** Kept studies, latest first. */
export interface Reading {
  heads(): readonly StudyHead[];
  /** The fastest verified configs of a study by their latest times, as differences from its defaults. */
  best(study: string, limit: number): readonly Config[];
  study(head: StudyHead): StudyRecord;
}

export type Rows = <T>(schema: z.ZodType<T>, sql: string, ...args: readonly SQLInputValue[]) => readonly T[];

const head = z
  .object({
    id: z.string(),
    key: z.string(),
    op: z.string(),
    target: z.string(),
    machine: z.string(),
    shape: z.string(),
    fingerprint: z.string(),
    strategy: z.string(),
    seed: z.string(),
    state: z.enum(['running', 'stopped', 'done']),
    started_at: z.string(),
    spent_s: z.number(),
    spent_evals: z.number(),
    stop_reason: orNull(z.string()),
    summary: orNull(z.string()),
    about: jsonOr(aboutSchema),
    outcome: jsonOr(outcomeSchema),
  })
  .transform(({ started_at, spent_s, spent_evals, stop_reason, ...rest }): StudyHead => ({
    ...rest,
    startedAt: started_at,
    seconds: spent_s,
    evals: spent_evals,
    stop: stop_reason,
  }));

const timing = z
  .object({
    config_id: z.string(),
    tier: z.enum(['screen', 'contend', 'final']),
    median_ns: z.number(),
    samples: z.string().transform((text) => z.array(z.number()).parse(JSON.parse(text))),
  })
  .transform((m): Timing => ({ configId: m.config_id, tier: m.tier, medianNs: m.median_ns, samples: m.samples }));
const trial = trialRow
  .extend({ compile_ms: orNull(z.number()) })
  .transform(({ compile_ms, ...rest }) => ({ ...rest, compileMs: compile_ms }));
const label = z.object({ config_id: z.string(), ns: z.number() });

export function createReading(rows: Rows): Reading {
  return {
    heads: () => rows(head, `SELECT * FROM study ORDER BY started_at DESC, id`),
    best: (study, limit) =>
      rows(
        z.object({ diff: configText }),
        `SELECT config.diff FROM trial JOIN config ON config.id = trial.config_id JOIN label ON label.study_id = trial.study_id AND label.config_id = trial.config_id
         WHERE trial.study_id = ?1 AND trial.state = 'ok' AND coalesce(trial.detail, '') NOT LIKE 'same code as%'
           AND label.batch = (SELECT max(batch) FROM label AS l WHERE l.study_id = ?1 AND l.config_id = trial.config_id)
         ORDER BY label.ns LIMIT ?2`,
        study,
        limit,
      ).map((r) => r.diff),
    study: (h) => ({
      ...h,
      trials: rows(
        trial,
        `SELECT trial.*, config.diff, artifact.compile_ms FROM trial JOIN config ON config.id = trial.config_id
         LEFT JOIN artifact ON artifact.id = trial.artifact_id WHERE study_id = ? ORDER BY number`,
        h.id,
      ),
      labels: new Map(
        rows(label, `SELECT config_id, ns FROM label WHERE study_id = ? ORDER BY batch`, h.id).map((l) => [
          l.config_id,
          l.ns,
        ]),
      ),
      timings: rows(
        timing,
        `SELECT config_id, tier, median_ns, samples FROM measurement WHERE study_id = ? ORDER BY id`,
        h.id,
      ),
      verifications: rows(
        verificationRow,
        `SELECT output_hash, verdict, detail FROM verification WHERE study_id = ?`,
        h.id,
      ),
      calls: rows(
        callRow,
        `SELECT number, prompt_hash, model, call FROM llm_call WHERE study_id = ? ORDER BY number`,
        h.id,
      ),
    }),
  };
}
