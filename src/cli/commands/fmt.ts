import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { diagnostic, hasErrors } from '../../diagnostics/diagnostic.ts';
import { format } from '../../dsl/print.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { readSource } from '../load.ts';
import { cannotWrite } from '../user-error.ts';

interface Args extends CommonArgs {
  readonly files: readonly string[];
  readonly check: boolean;
}

export const fmt: Command<Args> = {
  usage: 'fmt <files..>',
  help: 'Write operator files in canonical form',
  options: (y) =>
    y
      .positional('files', { type: 'string', array: true, demandOption: true, describe: '.ktune files' })
      .option('check', { type: 'boolean', default: false, describe: 'write nothing; fail if a file would change' }),
  async run(args, { io }) {
    const diagnostics: Diagnostic[] = [];
    const sources = new Map<string, string>();
    const files: { readonly file: string; readonly changed: boolean }[] = [];
    for (const file of args.files) {
      const text = readSource(io, file);
      sources.set(file, text);
      const formatted = format(text, file);
      diagnostics.push(...formatted.diagnostics);
      // A file with errors is left as it is: nothing may be lost.
      if (formatted.text === undefined) continue;
      const changed = formatted.text !== text;
      files.push({ file, changed });
      if (changed && args.check) diagnostics.push(diagnostic('not-formatted', { file }));
      if (changed && !args.check) write(io.cwd, file, formatted.text);
    }
    const failed = hasErrors(diagnostics);
    const text = files
      .filter((f) => f.changed)
      .map((f) => f.file)
      .join('\n');
    return { exit: failed ? EXIT.source : EXIT.ok, diagnostics, sources, text: failed ? '' : text, result: { files } };
  },
};

function write(cwd: string, file: string, text: string): void {
  const path = resolve(cwd, file);
  const before = readFileSync(path);
  try {
    writeFileSync(path, text);
  } catch (error) {
    // A full disk may have left half a file: put back what was there.
    try {
      writeFileSync(path, before);
    } catch {
      // Nothing more can be done; the diagnostic names the file.
    }
    throw cannotWrite(file, error, EXIT.usage);
  }
}
