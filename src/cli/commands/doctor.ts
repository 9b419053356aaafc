import { backends } from '../../backends/registry.ts';
import type { Level } from '../../backends/backend.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { table } from '../table.ts';

const LEVELS: readonly Level[] = ['emit', 'compile', 'execute', 'time'];

export const doctor: Command<CommonArgs> = {
  usage: 'doctor',
  help: 'Tell what works on this machine, and what to install for the rest',
  options: (y) => y,
  async run(_args, { paint }) {
    const result = [];
    const rows: string[][] = [];
    const notes: string[] = [];
    for (const b of backends) {
      for (const a of b.archs) {
        const target = `${b.name}:${a.name}`;
        const { levels } = await b.readiness(a);
        result.push({ target, levels });
        rows.push([target, ...LEVELS.map((l) => (levels[l].ok ? paint.green('yes') : paint.red('no')))]);
        for (const l of LEVELS) {
          const state = levels[l];
          if (!state.ok || l === 'execute')
            notes.push(`${target} ${l}: ${state.detail}${state.fix === undefined ? '' : `; ${state.fix}`}`);
        }
      }
    }
    const text = `${table(['target', ...LEVELS], rows)}\n\n${notes.join('\n')}`;
    return { exit: EXIT.ok, result: { node: process.version, targets: result }, text };
  },
};
