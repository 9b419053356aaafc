import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Store } from '../store/records.ts';
import { t4Of } from '../tuner/replay/export.ts';
import type { Io } from './context.ts';
import { EXIT } from './exit.ts';
import { cannotWrite, UserError } from './user-error.ts';

/** Writes a study as a T4 file, packed where its name ends in `.gz`; the number of its configs. */
export function writeT4(io: Io, store: Store, study: string, file: string): number {
  const head = store.reading.heads().find((h) => h.id === study);
  const record = head === undefined ? undefined : store.reading.study(head);
  const t4 = record === undefined ? undefined : t4Of(record);
  if (record === undefined || t4 === undefined)
    throw new UserError(
      diagnostic('export-format', { study, reason: 'its records are of an older format, without its parameters' }),
      EXIT.usage,
    );
  const text = `${JSON.stringify(t4)}\n`;
  const path = resolve(io.cwd, file);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.endsWith('.gz') ? gzipSync(text) : text);
  } catch (error) {
    throw cannotWrite(file, error, EXIT.usage);
  }
  return record.trials.length;
}
