import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

/** What each folder may import besides itself; the order is that of the pipeline. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  diagnostics: [],
  dsl: ['diagnostics'],
  codegen: ['diagnostics', 'dsl'],
  backends: ['diagnostics', 'dsl', 'codegen'],
  measure: ['diagnostics', 'dsl', 'codegen', 'backends'],
  verify: ['diagnostics', 'dsl', 'codegen', 'backends', 'measure'],
  store: ['diagnostics', 'dsl', 'codegen', 'backends', 'measure', 'verify'],
  tuner: ['diagnostics', 'dsl', 'codegen', 'backends', 'measure', 'verify', 'store'],
  llm: ['diagnostics', 'dsl', 'codegen', 'tuner'],
  report: ['diagnostics', 'codegen', 'measure', 'store', 'tuner', 'llm'],
  cli: ['diagnostics', 'dsl', 'codegen', 'backends', 'measure', 'verify', 'store', 'tuner', 'llm', 'report'],
};

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return files(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

interface Edge {
  readonly from: string;
  readonly to: string;
}

function edges(file: string): Edge[] {
  const text = readFileSync(file, 'utf8');
  const found = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)];
  return found.map((m) => ({ from: relative(src, file), to: relative(src, join(dirname(file), m[1] ?? '')) }));
}

/** What backends have in common: C-like text, and what CUDA and HIP share. */
const SHARED: readonly string[] = ['clike', 'simt'];

const all = files(src).flatMap(edges);
const folder = (path: string): string => path.split('/')[0] ?? '';
const nested = (path: string): boolean => path.includes('/');

describe('layers', () => {
  it('sees the sources', () => {
    expect(all.length).toBeGreaterThan(50);
  });

  it('imports follow the pipeline', () => {
    const wrong = all.filter(({ from, to }) => {
      if (!nested(from) || !nested(to) || folder(from) === folder(to)) return false;
      return !(ALLOWED[folder(from)] ?? []).includes(folder(to));
    });
    expect(wrong).toEqual([]);
  });

  it('backends never import each other', () => {
    const backend = (path: string): string => (path.split('/').length > 2 ? (path.split('/')[1] ?? '') : '');
    const wrong = all.filter(({ from, to }) => {
      if (folder(from) !== 'backends' || folder(to) !== 'backends') return false;
      const [a, b] = [backend(from), backend(to)];
      return a !== '' && b !== '' && a !== b && !SHARED.includes(b);
    });
    expect(wrong).toEqual([]);
  });

  it('the reference imports nothing that generates code', () => {
    const generators = /^codegen\/(plan|tile|render|patterns|space|passes)\//;
    const wrong = all.filter(({ from, to }) => from.startsWith('backends/reference/') && generators.test(to));
    expect(wrong).toEqual([]);
  });

  it('every import names a file with its suffix', () => {
    expect(all.filter(({ to }) => !to.endsWith('.ts'))).toEqual([]);
  });

  it('files stay readable in one sitting', () => {
    const long = files(src)
      .filter((f) => !f.endsWith('.generated.ts'))
      .map((f) => ({ file: relative(src, f), lines: readFileSync(f, 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 450);
    expect(long).toEqual([]);
  });
});
