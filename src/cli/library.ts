import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckedOp } from '../dsl/check.ts';
import type { Io } from './context.ts';
import { loadRight } from './load.ts';
import type { LoadedFile } from './load.ts';
import { choose } from './subject.ts';
import type { Chosen } from './subject.ts';

/** The library that comes with the package. */
export const LIBRARY = fileURLToPath(new URL('../../ops/', import.meta.url));

/** Paths of its files, in order. */
export const libraryFiles = (): readonly string[] =>
  readdirSync(LIBRARY)
    .filter((f) => f.endsWith('.ktune'))
    .sort()
    .map((f) => join(LIBRARY, f));

interface LibraryOp {
  readonly loaded: LoadedFile;
  readonly op: CheckedOp;
}
/** Its operators, each once: those that a file imports belong to another one. */
export const libraryOps = (io: Io): readonly LibraryOp[] =>
  libraryFiles().flatMap((file) => {
    const loaded = loadRight(io, file);
    return loaded.checked.ops.filter((o) => o.decl.span.file === file).map((op) => ({ loaded, op }));
  });

/** An operator under one binding of its types, at the consts of its smallest shape. */
export function smallest({ loaded, op }: LibraryOp, { types }: CheckedOp['instances'][number]): Chosen {
  const type = Object.entries(types).map(([k, t]) => `${k}=${t}`);
  return choose(loaded, { op: op.name, type }, { doc: 'smallest' });
}
