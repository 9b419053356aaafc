import { z } from 'zod';
import { aboutSchema } from './about.ts';

/** Format of the database; written to `user_version`. A later format adds a step to `MIGRATIONS`. */
export const FORMAT = 2;

/** SQL that brings a database from format i to i + 1. Measurements and labels are append-only; everything else is written once and then at most finished. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE study (
     id TEXT PRIMARY KEY, key TEXT NOT NULL, op TEXT NOT NULL, target TEXT NOT NULL, machine TEXT NOT NULL, shape TEXT NOT NULL,
     fingerprint TEXT NOT NULL, strategy TEXT NOT NULL, seed TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('running', 'stopped', 'done')),
     owner TEXT NOT NULL, started_at TEXT NOT NULL, spent_s REAL NOT NULL DEFAULT 0, spent_evals INTEGER NOT NULL DEFAULT 0,
     stop_reason TEXT, summary TEXT) STRICT;
   CREATE INDEX study_key ON study (key, started_at);
   CREATE TABLE config (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, diff TEXT NOT NULL) STRICT;
   CREATE TABLE artifact (id TEXT PRIMARY KEY, status TEXT NOT NULL, compile_ms REAL, compiler TEXT, flags TEXT, log TEXT) STRICT;
   CREATE TABLE trial (
     study_id TEXT NOT NULL REFERENCES study (id), number INTEGER NOT NULL, config_id TEXT NOT NULL REFERENCES config (id), artifact_id TEXT,
     proposer TEXT NOT NULL, batch INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('ok', 'pruned', 'failed')), invalidity TEXT, detail TEXT,
     created_at TEXT NOT NULL, PRIMARY KEY (study_id, config_id)) STRICT;
   CREATE TABLE label (study_id TEXT NOT NULL, batch INTEGER NOT NULL, config_id TEXT NOT NULL, ns REAL NOT NULL, PRIMARY KEY (study_id, batch, config_id)) STRICT;
   CREATE TABLE measurement (
     id INTEGER PRIMARY KEY, study_id TEXT NOT NULL, config_id TEXT NOT NULL, tier TEXT NOT NULL CHECK (tier IN ('screen', 'contend', 'final')),
     median_ns REAL NOT NULL, samples TEXT NOT NULL, cache TEXT NOT NULL, probe REAL, created_at TEXT NOT NULL) STRICT;
   CREATE INDEX measurement_config ON measurement (study_id, config_id);
   CREATE TABLE verification (study_id TEXT NOT NULL, output_hash TEXT NOT NULL, config_id TEXT NOT NULL, verdict TEXT NOT NULL, detail TEXT NOT NULL,
     PRIMARY KEY (study_id, output_hash)) STRICT;
   CREATE TABLE winner (
     op TEXT NOT NULL, target TEXT NOT NULL, machine TEXT NOT NULL, shape TEXT NOT NULL, fingerprint TEXT NOT NULL, study_id TEXT NOT NULL,
     config_id TEXT NOT NULL, median_ns REAL NOT NULL, speedup REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL, created_at TEXT NOT NULL,
     PRIMARY KEY (study_id)) STRICT;
   CREATE INDEX winner_op ON winner (op, target, fingerprint);`,
  // What a study is about and what came of it, in full: reports and exports need nothing but the records.
  `ALTER TABLE study ADD COLUMN about TEXT;
   ALTER TABLE study ADD COLUMN outcome TEXT;
   ALTER TABLE trial ADD COLUMN at_s REAL;
   CREATE INDEX study_op ON study (op, target);
   CREATE TABLE llm_call (
     study_id TEXT NOT NULL REFERENCES study (id), number INTEGER NOT NULL, prompt_hash TEXT NOT NULL, model TEXT NOT NULL, call TEXT NOT NULL,
     created_at TEXT NOT NULL, PRIMARY KEY (study_id, number)) STRICT;`,
];

const value = z.union([z.number(), z.string(), z.boolean()]);
/** A config kept as JSON. */
export const configText = z.string().transform((text, context): Readonly<Record<string, z.infer<typeof value>>> => {
  const parsed = z.record(z.string(), value).safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  context.addIssue('not a config');
  return z.NEVER;
});
export const orNull = <T extends z.ZodType>(t: T) => t.nullable().transform((v) => v ?? undefined);
/** JSON text of a column; what does not parse, such as that of another version, counts as absent. */
export const jsonOr = <T>(schema: z.ZodType<T>) =>
  orNull(z.string()).transform((text): T | undefined => {
    if (text === undefined) return undefined;
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  });

/** Rows as they are read back; anything else in the file is corruption. */
export const studyRow = z.object({
  id: z.string(),
  state: z.enum(['running', 'stopped', 'done']),
  owner: z.string(),
  spent_s: z.number(),
  spent_evals: z.number(),
  stop_reason: orNull(z.string()),
  summary: orNull(z.string()),
  about: jsonOr(aboutSchema),
});
export const trialRow = z.object({
  number: z.number(),
  config_id: z.string(),
  diff: configText,
  artifact_id: orNull(z.string()),
  proposer: z.string(),
  batch: z.number(),
  state: z.enum(['ok', 'pruned', 'failed']),
  invalidity: orNull(z.string()),
  detail: orNull(z.string()),
  /** Seconds of the study's budget that were used by then; absent in records of format 1. */
  at_s: orNull(z.number()),
});
export const labelRow = z.object({ batch: z.number(), config_id: z.string(), ns: z.number() });
export const verificationRow = z.object({
  output_hash: z.string(),
  verdict: z.enum(['correct', 'wrong']),
  detail: z.string(),
});
export const winnerRow = z.object({
  diff: configText,
  shape: z.string(),
  median_ns: z.number(),
  speedup: z.number(),
  created_at: z.string(),
});
export const callRow = z.object({ number: z.number(), prompt_hash: z.string(), model: z.string(), call: z.string() });
export type CallRow = z.infer<typeof callRow>;
export type StudyRow = z.infer<typeof studyRow>;
export type TrialRow = z.infer<typeof trialRow>;
export type LabelRow = z.infer<typeof labelRow>;
export type VerificationRow = z.infer<typeof verificationRow>;
export type WinnerRow = z.infer<typeof winnerRow>;
