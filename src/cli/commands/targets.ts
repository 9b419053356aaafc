import { backends } from '../../backends/registry.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { table } from '../table.ts';

export const targets: Command<CommonArgs> = {
  usage: 'targets',
  help: 'List targets and their architectures',
  options: (y) => y,
  async run() {
    const rows = backends.flatMap((b) => b.archs.map((a) => ({ target: `${b.name}:${a.name}`, figures: a.figures })));
    const text = table(
      ['target', 'figures'],
      rows.map((r) => [
        r.target,
        Object.entries(r.figures)
          .map(([k, f]) => `${k} ${f.value} ${f.unit}`)
          .join(', '),
      ]),
    );
    return { exit: EXIT.ok, result: { targets: rows }, text };
  },
};
