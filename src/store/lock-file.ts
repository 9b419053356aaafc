import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';

const entrySchema = z.object({
  op: z.string(),
  /** Hash of the operator's stage graph: a changed operator no longer matches. */
  graph: z.string(),
  target: z.string(),
  /** Shapes that the winner stands for: see `bucketOf`. */
  guard: z.string(),
  shape: z.record(z.string(), z.number()),
  fingerprint: z.string(),
  config: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  medianNs: z.number(),
  speedup: z.object({ value: z.number(), low: z.number(), high: z.number() }),
  machine: z.string(),
  measuredAt: z.string(),
});
/** A pinned winner: the sparse config of an operator on a target for the shapes of its guard. */
export type LockEntry = z.infer<typeof entrySchema>;
const fileSchema = z.object({ version: z.literal(1), entries: z.array(entrySchema) });

export type LockResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: Diagnostic };

/**
 * The shape bucket of a set of dims: per dim the power of two below it and the largest of 16, 4 and 1 that divides it, such as
 * `B~4096/16 D~1024/4`. Winners are shared within a bucket.
 */
export function bucketOf(dims: Readonly<Record<string, number>>): string {
  return Object.entries(dims)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, n]) => {
      const floor = n < 1 ? 0 : 2 ** Math.floor(Math.log2(n));
      return `${name}~${floor}/${n % 16 === 0 ? 16 : n % 4 === 0 ? 4 : 1}`;
    })
    .join(' ');
}

const keyOf = (e: LockEntry): string => [e.op, e.target, e.guard, e.graph].join('\n');

/** The entries of a lock file; none if there is no file. */
export function readLock(path: string): LockResult<readonly LockEntry[]> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { ok: true, value: [] };
  }
  try {
    return { ok: true, value: fileSchema.parse(JSON.parse(text)).entries };
  } catch (error) {
    const reason =
      error instanceof z.ZodError
        ? z.prettifyError(error).split('\n').join('; ')
        : error instanceof Error
          ? error.message
          : String(error);
    return { ok: false, problem: diagnostic('lock-read', { path, reason }) };
  }
}

/** The entry for these dims: of the same shape if there is one, else of the same bucket. */
export function findLocked(
  entries: readonly LockEntry[],
  wanted: {
    readonly op: string;
    readonly graph: string;
    readonly target: string;
    readonly dims: Readonly<Record<string, number>>;
  },
): LockEntry | undefined {
  const same = entries.filter((e) => e.op === wanted.op && e.graph === wanted.graph && e.target === wanted.target);
  const shape = JSON.stringify(byName(wanted.dims));
  return (
    same.find((e) => JSON.stringify(byName(e.shape)) === shape) ?? same.find((e) => e.guard === bucketOf(wanted.dims))
  );
}

/** Adds or replaces one entry, keeping what other processes wrote meanwhile. Sorted, so that equal contents are equal files. */
export async function pinWinner(path: string, entry: LockEntry): Promise<LockResult<undefined>> {
  try {
    return await exclusively(`${path}.busy`, () => {
      const read = readLock(path);
      if (!read.ok) return read;
      const byKey = new Map([...read.value, entry].map((e) => [keyOf(e), e]));
      const entries = [...byKey.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, e]) => sorted(e));
      const draft = `${path}.${process.pid}`;
      try {
        writeFileSync(draft, `${JSON.stringify({ version: 1, entries }, null, 2)}\n`);
        renameSync(draft, path);
      } finally {
        rmSync(draft, { force: true });
      }
      return { ok: true, value: undefined };
    });
  } catch (error) {
    return {
      ok: false,
      problem: diagnostic('lock-write', { path, reason: error instanceof Error ? error.message : String(error) }),
    };
  }
}

const byName = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));
const sorted = (e: LockEntry): LockEntry => ({ ...e, shape: byName(e.shape), config: byName(e.config) });

/** Runs `body` while holding a marker file; a marker older than ten seconds belongs to a process that died. */
async function exclusively<T>(marker: string, body: () => T): Promise<T> {
  for (;;) {
    try {
      closeSync(openSync(marker, 'wx'));
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      if (isStale(marker)) rmSync(marker, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  try {
    return body();
  } finally {
    rmSync(marker, { force: true });
  }
}
function isStale(marker: string): boolean {
  try {
    return Date.now() - statSync(marker).mtimeMs > 10_000;
  } catch {
    return false;
  }
}
