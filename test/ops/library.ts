import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { choose } from '../../src/cli/subject.ts';
import type { Chosen } from '../../src/cli/subject.ts';
import { silentIo } from '../../src/cli/context.ts';
import { loadFile } from '../../src/cli/load.ts';
import type { LoadedFile } from '../../src/cli/load.ts';
import type { CheckedOp } from '../../src/dsl/check.ts';
import { readDoc } from '../../src/dsl/doc.ts';
import type { DocNotes, ShapeNote } from '../../src/dsl/doc.ts';

const FOLDER = fileURLToPath(new URL('../../ops/', import.meta.url));

const IO = { ...silentIo(FOLDER), env: {} };

/** An operator of the library. */
export interface Entry {
  readonly file: string;
  readonly loaded: LoadedFile;
  readonly op: CheckedOp;
  readonly notes: DocNotes;
}

/** Names of the files of the library. */
export const files: readonly string[] = readdirSync(FOLDER)
  .filter((f) => f.endsWith('.ktune'))
  .sort();
export const source = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

const loaded = new Map<string, LoadedFile>();
/** A file of the library, checked once. */
export function libraryFile(file: string): LoadedFile {
  const known = loaded.get(file) ?? loadFile(IO, file);
  loaded.set(file, known);
  return known;
}

/** Every operator that a file of the library declares itself. */
export const entriesOf = (file: string): readonly Entry[] =>
  libraryFile(file)
    .checked.ops.filter((op) => op.decl.span.file === file)
    .map((op) => ({ file, loaded: libraryFile(file), op, notes: readDoc(op.decl.doc ?? '') }));
export const entries = (): readonly Entry[] => files.flatMap(entriesOf);

/** The operator under a `shape:` line of its doc comment; types that the line leaves open take their first choice. */
export function atShape(entry: Entry, note: ShapeNote): Chosen {
  const types = entry.op.decl.typeParams.map((t) => `${t.name.name}=${note[t.name.name] ?? t.choices[0] ?? ''}`);
  const names = new Set(entry.op.decl.typeParams.map((t) => t.name.name));
  const shape = Object.entries(note)
    .filter(([k]) => !names.has(k))
    .map(([k, v]) => `${k}=${v}`);
  return choose(entry.loaded, { op: entry.op.name, type: types, shape }, { doc: false });
}

/** How a note reads in the doc comment. */
export const showNote = (note: ShapeNote): string =>
  Object.entries(note)
    .map(([k, v]) => `${k}=${v}`)
    .join(' ');
