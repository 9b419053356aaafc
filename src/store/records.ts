import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { SQLInputValue } from 'node:sqlite';
import { z } from 'zod';
import type { Config } from '../codegen/space/space.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Interval } from '../measure/statistics.ts';
import type { About, StudyOutcome } from './about.ts';
import { openDatabase } from './database.ts';
import { createReading } from './reading.ts';
import type { Reading } from './reading.ts';
import { callRow, labelRow, studyRow, trialRow, verificationRow, winnerRow } from './schema.ts';
import type { CallRow, LabelRow, StudyRow, TrialRow, VerificationRow, WinnerRow } from './schema.ts';

/** What a study is about. Equal `key`s ask the same questions in the same order, so one can go on where another stopped. */
export interface StudyInfo {
  readonly key: string;
  readonly op: string;
  readonly target: string;
  readonly machine: string;
  readonly shape: string;
  readonly fingerprint: string;
  readonly strategy: string;
  readonly seed: string;
  /** Asked for a new study only: finding what others lend it reads their records. */
  readonly about?: () => About;
}
export interface Measurement {
  readonly configId: string;
  readonly tier: 'screen' | 'contend' | 'final';
  readonly medianNs: number;
  readonly samples: readonly number[];
  readonly cache: 'cold' | 'warm';
  readonly probe?: number;
}
export interface TrialRecord {
  readonly number: number;
  readonly configId: string;
  readonly diff: Config;
  readonly artifact?: {
    readonly id: string;
    readonly status: string;
    readonly compileMs?: number;
    readonly compiler?: string;
    readonly flags?: readonly string[];
    readonly log?: string;
  };
  readonly proposer: string;
  readonly batch: number;
  readonly state: 'ok' | 'pruned' | 'failed';
  readonly invalidity?: string;
  readonly detail?: string;
  /** Seconds of the study's budget used so far. */
  readonly atSeconds?: number;
}
/** A kept study with all that is needed to go on. */
export interface Kept {
  readonly study: StudyRow;
  readonly trials: readonly TrialRow[];
  readonly labels: readonly LabelRow[];
  readonly verifications: readonly VerificationRow[];
}

/** Records of studies. Writes never throw for reasons of the machine; `problems` tells what was not kept. */
export interface Store {
  readonly path: string;
  /** Whole studies, for reports, exports and transfer. */
  readonly reading: Reading;
  /** The latest study of this key, unless a living process is working on it; with `fresh`, or if there is none, a new one. Marks it as ours. */
  open(
    info: StudyInfo,
    fresh: boolean,
  ): { readonly id: string; readonly kept?: Kept; readonly about: About | undefined };
  trial(study: string, trial: TrialRecord, measurements: readonly Measurement[]): void;
  measurements(study: string, rows: readonly Measurement[]): void;
  labels(study: string, batch: number, rows: readonly { readonly configId: string; readonly ns: number }[]): void;
  verification(
    study: string,
    row: { readonly outputHash: string; readonly configId: string; readonly ok: boolean; readonly detail: string },
  ): void;
  /** Time and evaluations spent so far: kept while running, so that a killed run has used up its share. */
  spend(study: string, spent: { readonly seconds: number; readonly evals: number }): void;
  finish(
    study: string,
    end: { readonly state: 'stopped' | 'done'; readonly reason: string; readonly summary?: unknown },
  ): void;
  /** What the summary of a finished study does not hold; written once it is known. */
  outcome(study: string, outcome: StudyOutcome): void;
  /** A call of a language model, as JSON; numbers count from 0 within a study. */
  call(study: string, call: CallRow): void;
  calls(study: string): readonly CallRow[];
  winner(
    study: string,
    info: StudyInfo,
    won: { readonly configId: string; readonly medianNs: number; readonly speedup: Interval },
  ): void;
  /** Winners of this operator and space on other shapes, latest first: starting points for a new search. */
  winners(op: string, target: string, fingerprint: string, limit: number): readonly WinnerRow[];
  problems(): readonly Diagnostic[];
  close(): void;
}

/** This process, told apart from a later one with the same number by its start time. */
function self(): string {
  return `${hostname()} ${process.pid} ${startTime(process.pid) ?? '?'}`;
}
function startTime(pid: number): string | undefined {
  try {
    // Field 22 of /proc/PID/stat, counted behind the parenthesised name.
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined;
  }
}
/** True if the process that wrote `owner` may still be running: another host is believed. */
function isAlive(owner: string): boolean {
  const [host, pid, started] = owner.split(' ');
  return host !== hostname() || startTime(Number(pid)) === started;
}

/** Opens the records at `path` (a file, created with its folder). Several processes may do so at once. */
export function openStore(path: string): Store {
  const db = openDatabase(path);
  const rows = <T>(schema: z.ZodType<T>, sql: string, ...args: readonly SQLInputValue[]): readonly T[] =>
    z.array(schema).parse(db.read((d) => d.prepare(sql).all(...args)));
  const now = (): string => new Date().toISOString();
  const insertMeasurements = `INSERT INTO measurement (study_id, config_id, tier, median_ns, samples, cache, probe, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
  const measured = (study: string, m: Measurement): SQLInputValue[] => [
    study,
    m.configId,
    m.tier,
    m.medianNs,
    JSON.stringify(m.samples),
    m.cache,
    m.probe ?? null,
    now(),
  ];

  function kept(study: StudyRow): Kept {
    return {
      study,
      trials: rows(
        trialRow,
        `SELECT trial.*, config.diff FROM trial JOIN config ON config.id = trial.config_id WHERE study_id = ? ORDER BY number`,
        study.id,
      ),
      labels: rows(labelRow, `SELECT batch, config_id, ns FROM label WHERE study_id = ? ORDER BY batch`, study.id),
      verifications: rows(
        verificationRow,
        `SELECT output_hash, verdict, detail FROM verification WHERE study_id = ?`,
        study.id,
      ),
    };
  }

  return {
    path,
    reading: createReading(rows),
    open(info, fresh) {
      const latest = fresh
        ? undefined
        : rows(studyRow, `SELECT * FROM study WHERE key = ? ORDER BY started_at DESC, id LIMIT 8`, info.key).find(
            (s) => s.state !== 'running' || !isAlive(s.owner),
          );
      if (latest !== undefined) {
        let ours = false;
        db.write(0, (d) => {
          // Another process may have claimed it since it was read.
          ours =
            d
              .prepare(`UPDATE study SET state = 'running', owner = ? WHERE id = ? AND owner = ? AND state = ?`)
              .run(self(), latest.id, latest.owner, latest.state).changes === 1;
        });
        if (ours) return { id: latest.id, kept: kept(latest), about: latest.about };
      }
      const id = randomUUID();
      const about = info.about?.();
      db.write(0, (d) => {
        d.prepare(
          `INSERT INTO study (id, key, op, target, machine, shape, fingerprint, strategy, seed, state, owner, started_at, about) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?)`,
        ).run(
          id,
          info.key,
          info.op,
          info.target,
          info.machine,
          info.shape,
          info.fingerprint,
          info.strategy,
          info.seed,
          self(),
          now(),
          about === undefined ? null : JSON.stringify(about),
        );
      });
      return { id, about };
    },
    trial(study, t, measurements) {
      db.write(1, (d) => {
        d.prepare(
          `INSERT OR IGNORE INTO config (id, fingerprint, diff) SELECT ?, fingerprint, ? FROM study WHERE id = ?`,
        ).run(t.configId, JSON.stringify(t.diff), study);
        if (t.artifact !== undefined) {
          const a = t.artifact;
          d.prepare(
            `INSERT OR REPLACE INTO artifact (id, status, compile_ms, compiler, flags, log) VALUES (?, ?, ?, ?, ?, ?)`,
          ).run(a.id, a.status, a.compileMs ?? null, a.compiler ?? null, a.flags?.join(' ') ?? null, a.log ?? null);
        }
        d.prepare(
          `INSERT OR IGNORE INTO trial (study_id, number, config_id, artifact_id, proposer, batch, state, invalidity, detail, created_at, at_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ).run(
          study,
          t.number,
          t.configId,
          t.artifact?.id ?? null,
          t.proposer,
          t.batch,
          t.state,
          t.invalidity ?? null,
          t.detail ?? null,
          now(),
          t.atSeconds ?? null,
        );
        for (const m of measurements) d.prepare(insertMeasurements).run(...measured(study, m));
      });
    },
    measurements(study, list) {
      if (list.length === 0) return;
      db.write(list.length, (d) => {
        for (const m of list) d.prepare(insertMeasurements).run(...measured(study, m));
      });
    },
    labels(study, batch, list) {
      db.write(0, (d) => {
        for (const l of list)
          d.prepare(`INSERT OR REPLACE INTO label (study_id, batch, config_id, ns) VALUES (?, ?, ?, ?)`).run(
            study,
            batch,
            l.configId,
            l.ns,
          );
      });
    },
    verification(study, v) {
      db.write(0, (d) => {
        d.prepare(
          `INSERT OR IGNORE INTO verification (study_id, output_hash, config_id, verdict, detail) VALUES (?, ?, ?, ?, ?)`,
        ).run(study, v.outputHash, v.configId, v.ok ? 'correct' : 'wrong', v.detail);
      });
    },
    spend(study, spent) {
      db.write(0, (d) => {
        d.prepare(`UPDATE study SET spent_s = ?, spent_evals = ? WHERE id = ?`).run(spent.seconds, spent.evals, study);
      });
    },
    finish(study, end) {
      db.write(0, (d) => {
        d.prepare(`UPDATE study SET state = ?, stop_reason = ?, summary = ? WHERE id = ?`).run(
          end.state,
          end.reason,
          end.summary === undefined ? null : JSON.stringify(end.summary),
          study,
        );
      });
    },
    outcome(study, outcome) {
      db.write(0, (d) => {
        d.prepare(`UPDATE study SET outcome = ? WHERE id = ?`).run(JSON.stringify(outcome), study);
      });
    },
    call(study, c) {
      db.write(1, (d) => {
        d.prepare(
          `INSERT OR IGNORE INTO llm_call (study_id, number, prompt_hash, model, call, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
        ).run(study, c.number, c.prompt_hash, c.model, c.call, now());
      });
    },
    calls: (study) =>
      rows(callRow, `SELECT number, prompt_hash, model, call FROM llm_call WHERE study_id = ? ORDER BY number`, study),
    winner(study, info, won) {
      db.write(1, (d) => {
        d.prepare(
          `INSERT OR REPLACE INTO winner (op, target, machine, shape, fingerprint, study_id, config_id, median_ns, speedup, low, high, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ).run(
          info.op,
          info.target,
          info.machine,
          info.shape,
          info.fingerprint,
          study,
          won.configId,
          won.medianNs,
          won.speedup.value,
          won.speedup.low,
          won.speedup.high,
          now(),
        );
      });
    },
    winners: (op, target, fingerprint, limit) =>
      rows(
        winnerRow,
        `SELECT config.diff, winner.shape, median_ns, speedup, created_at FROM winner JOIN config ON config.id = winner.config_id WHERE op = ? AND target = ? AND winner.fingerprint = ? ORDER BY created_at DESC LIMIT ?`,
        op,
        target,
        fingerprint,
        limit,
      ),
    problems: () => db.problems(),
    close: () => db.close(),
  };
}
