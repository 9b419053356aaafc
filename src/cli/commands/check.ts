import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { hasErrors } from '../../diagnostics/diagnostic.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { loadFile } from '../load.ts';

interface Args extends CommonArgs {
  readonly files: readonly string[];
}

export const check: Command<Args> = {
  usage: 'check <files..>',
  help: 'Report all errors of operator files',
  options: (y) => y.positional('files', { type: 'string', array: true, demandOption: true, describe: '.ktune files' }),
  async run(args, { io }) {
    const diagnostics: Diagnostic[] = [];
    const sources = new Map<string, string>();
    const result: { file: string; ops: readonly { name: string; instances: number }[] }[] = [];
    for (const file of args.files) {
      const loaded = loadFile(io, file);
      diagnostics.push(...loaded.diagnostics);
      for (const [name, text] of loaded.sources) sources.set(name, text);
      result.push({ file, ops: loaded.checked.ops.map((o) => ({ name: o.name, instances: o.instances.length })) });
    }
    const failed = hasErrors(diagnostics);
    const text = result
      .map((r) => `${r.file}: ${r.ops.length === 1 ? '1 operator' : `${r.ops.length} operators`}`)
      .join('\n');
    return {
      exit: failed ? EXIT.source : EXIT.ok,
      diagnostics,
      sources,
      result: { files: result },
      ...(failed ? {} : { text }),
    };
  },
};
