import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';

/** Values by name, as written on the command line or in a doc comment's `shape:` line. */
export type Assignments = ReadonlyMap<string, string>;

/** `B=4096,D=4096` given once or several times. Names are identifiers or `total(L)`. */
export function parseAssignments(
  option: string,
  texts: readonly string[],
): { readonly values: Assignments; readonly problems: readonly Diagnostic[] } {
  const values = new Map<string, string>();
  const problems: Diagnostic[] = [];
  for (const item of texts.flatMap((t) => t.split(',')).map((t) => t.trim())) {
    if (item === '') continue;
    const match = /^([A-Za-z_]\w*|total\([A-Za-z_]\w*\))=(.+)$/.exec(item);
    if (match === null) problems.push(diagnostic('argument-form', { option, text: item, form: 'NAME=VALUE' }));
    else if (values.has(match[1] ?? '')) problems.push(diagnostic('argument-twice', { option, name: match[1] ?? '' }));
    else values.set(match[1] ?? '', match[2] ?? '');
  }
  return { values, problems };
}

/** A size: a whole number from 0 to 2^53. */
export function parseSize(name: string, text: string): { readonly size: number } | { readonly problem: Diagnostic } {
  const plain = text.replaceAll('_', '');
  if (!/^-?\d+$/.test(plain)) return { problem: diagnostic('size-form', { name, text }) };
  const value = Number(plain);
  if (value < 0) return { problem: diagnostic('size-negative', { name, text }) };
  if (!Number.isSafeInteger(value)) return { problem: diagnostic('size-huge', { name, text }) };
  return { size: value };
}
