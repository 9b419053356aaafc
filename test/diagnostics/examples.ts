import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { report } from '../../src/diagnostics/report.ts';

/** Programs that break one rule each: `<code>.ktune`, or `<code>.<variant>.ktune`. */
const folder = new URL('../errors/', import.meta.url);

/** The examples of a rule, by file name. */
export function examplesOf(code: string): readonly string[] {
  return readdirSync(folder).filter(
    (file) => file.endsWith('.ktune') && !file.endsWith('.lib.ktune') && file.split('.')[0] === code,
  );
}

/** What a stage says about an example, as a reader sees it; and the file beside the example that pins it. */
export interface Said {
  readonly diagnostics: readonly Diagnostic[];
  readonly text: string;
  readonly pinned: string;
}

/** Runs a stage, which turns the text of a file into diagnostics, on an example. */
export function say(file: string, stage: (text: string, file: string) => readonly Diagnostic[]): Said {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const diagnostics = stage(text, file);
  const pinned = fileURLToPath(new URL(file.replace(/ktune$/, 'txt'), folder));
  return { diagnostics, text: report(diagnostics, new Map([[file, text]])), pinned };
}
