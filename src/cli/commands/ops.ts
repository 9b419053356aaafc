import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDoc } from '../../dsl/doc.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { loadFile } from '../load.ts';
import { table } from '../table.ts';

/** The library that comes with the package. */
export const LIBRARY = fileURLToPath(new URL('../../../ops/', import.meta.url));

export const ops: Command<CommonArgs> = {
  usage: 'ops',
  help: 'List the operators of the library',
  options: (y) => y,
  async run(_args, { io }) {
    const files = readdirSync(LIBRARY)
      .filter((f) => f.endsWith('.ktune'))
      .sort();
    const found = files.flatMap((f) =>
      loadFile(io, join(LIBRARY, f)).checked.ops.map((o) => {
        const doc = readDoc(o.decl.doc ?? '');
        return {
          name: o.name,
          file: join(LIBRARY, f),
          summary: doc.text.split('\n')[0] ?? '',
          source: doc.source ?? null,
          shapes: doc.shapes,
        };
      }),
    );
    return {
      exit: EXIT.ok,
      result: { ops: found },
      text: table(
        ['operator', 'what it is'],
        found.map((o) => [o.name, o.summary]),
      ),
    };
  },
};
