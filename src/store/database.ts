import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { FORMAT, MIGRATIONS } from './schema.ts';

/** How long to wait for another process that is writing; milliseconds. */
const BUSY_MS = 5_000;

/**
 * A connection whose writes are never lost in silence: a transaction that fails (disk full, read-only, locked for too long) waits in
 * memory and is tried again before the next one.
 */
export interface Database {
  readonly path: string;
  /** False if nothing is kept beyond this process. */
  readonly durable: boolean;
  /** Runs `body` in an immediate transaction. `results` is how many results it holds, for the message if it never succeeds. */
  write(results: number, body: (db: DatabaseSync) => void): void;
  read<T>(body: (db: DatabaseSync) => T): T;
  /** What could not be kept so far. */
  problems(): readonly Diagnostic[];
  close(): void;
}

/** Opens or creates the database at `path`. Where that is impossible the records live in memory, and `problems` says why. */
export function openDatabase(path: string): Database {
  const opened = tryOpen(path);
  const problem = opened.ok ? undefined : opened.problem;
  const db = opened.ok ? opened.db : migrate(new DatabaseSync(':memory:'));
  let waiting: { readonly results: number; readonly body: (db: DatabaseSync) => void }[] = [];
  let lastFailure = '';

  const attempt = (body: (db: DatabaseSync) => void): boolean => {
    try {
      db.exec('BEGIN IMMEDIATE');
      try {
        body(db);
        db.exec('COMMIT');
        return true;
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    } catch (error) {
      if (!isEnvironment(error)) throw error;
      lastFailure = messageOf(error);
      return false;
    }
  };
  const flush = (): void => {
    while (waiting[0] !== undefined && attempt(waiting[0].body)) waiting = waiting.slice(1);
  };
  return {
    path,
    durable: opened.ok,
    write(results, body) {
      waiting.push({ results, body });
      flush();
    },
    read: (body) => body(db),
    problems() {
      const pending = waiting.reduce((n, w) => n + w.results, 0);
      return [
        ...(problem === undefined ? [] : [problem]),
        ...(waiting.length === 0 ? [] : [diagnostic('store-write', { path, reason: lastFailure, pending })]),
      ];
    },
    close() {
      flush();
      db.close();
    },
  };
}

function tryOpen(
  path: string,
): { readonly ok: true; readonly db: DatabaseSync } | { readonly ok: false; readonly problem: Diagnostic } {
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    db = new DatabaseSync(path, { timeout: BUSY_MS });
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
    const found = formatOf(db);
    if (found > FORMAT) {
      db.close();
      return { ok: false, problem: diagnostic('store-newer', { path, found, known: FORMAT }) };
    }
    return { ok: true, db: migrate(db) };
  } catch (error) {
    db?.close();
    return { ok: false, problem: diagnostic('store-open', { path, reason: messageOf(error) }) };
  }
}

function formatOf(db: DatabaseSync): number {
  const row = db.prepare('PRAGMA user_version').get();
  return Number(row?.['user_version'] ?? 0);
}

/** Brings the database to `FORMAT`; two processes that find it old do not both migrate it. */
function migrate(db: DatabaseSync): DatabaseSync {
  db.exec('BEGIN IMMEDIATE');
  for (const step of MIGRATIONS.slice(formatOf(db))) db.exec(step);
  db.exec(`PRAGMA user_version = ${FORMAT}`);
  db.exec('COMMIT');
  return db;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** SQLite result codes that come from the machine and not from a bug: busy, locked, read-only, I/O, corrupt, full, cannot open, not a database. */
const ENVIRONMENT: readonly number[] = [5, 6, 8, 10, 11, 13, 14, 26];
function isEnvironment(error: unknown): boolean {
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    ENVIRONMENT.includes(error.errcode & 0xff)
  );
}
