import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic, hasErrors } from '../diagnostics/diagnostic.ts';
import { check } from '../dsl/check.ts';
import type { Checked, CheckedOp } from '../dsl/check.ts';
import { parse } from '../dsl/parse.ts';
import type { Io } from './context.ts';
import { EXIT } from './exit.ts';
import { UserError } from './user-error.ts';

/** A file, and what the checker says of it. */
export interface LoadedFile {
  readonly file: string;
  readonly text: string;
  readonly checked: Checked;
  readonly diagnostics: readonly Diagnostic[];
  /** Texts by name as diagnostics use it: this file and what it imports. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Text of a source file; files that cannot be read are the user's error. */
export function readSource(io: Io, file: string): string {
  if (!file.endsWith('.ktune')) throw new UserError(diagnostic('file-kind', { file }), EXIT.usage);
  try {
    return readFileSync(resolve(io.cwd, file), 'utf8');
  } catch {
    throw new UserError(diagnostic('file-missing', { file }), EXIT.usage);
  }
}

/** Parses and checks a file with its imports. Spans name files as the user did. */
export function loadFile(io: Io, file: string): LoadedFile {
  const text = readSource(io, file);
  const sources = new Map([[file, text]]);
  const parsed = parse(text, file);
  const checked = check(parsed.module, (from, importer) => {
    const path = resolve(io.cwd, dirname(importer), from);
    const name = importer.includes('/') ? `${dirname(importer)}/${from}` : from;
    try {
      const found = readFileSync(path, 'utf8');
      sources.set(name, found);
      return { file: name, text: found };
    } catch {
      return undefined;
    }
  });
  return { file, text, checked, diagnostics: [...parsed.diagnostics, ...checked.diagnostics], sources };
}

/** The same where the command goes on only with a right file. */
export function loadRight(io: Io, file: string): LoadedFile {
  const loaded = loadFile(io, file);
  if (hasErrors(loaded.diagnostics)) throw new UserError(loaded.diagnostics, EXIT.source, loaded.sources);
  return loaded;
}

/** The operator that --op names, or the only one. */
export function chooseOp(loaded: LoadedFile, name: string | undefined): CheckedOp {
  const { ops } = loaded.checked;
  const has = ops.map((o) => `\`${o.name}\``).join(', ') || 'no operators';
  if (name === undefined) {
    const [only] = ops;
    if (ops.length === 1 && only !== undefined) return only;
    throw new UserError(diagnostic('op-choose', { has }), EXIT.usage, loaded.sources);
  }
  const found = ops.find((o) => o.name === name);
  if (found === undefined) throw new UserError(diagnostic('op-missing', { op: name, has }), EXIT.usage, loaded.sources);
  return found;
}
