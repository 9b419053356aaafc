import { installTriton, environment, PACKAGES } from '../../backends/triton/toolchain.ts';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { UserError } from '../user-error.ts';

interface Args extends CommonArgs {
  readonly action: string;
  readonly name: string;
}

export const toolchain: Command<Args> = {
  usage: 'toolchain <action> <name>',
  help: 'Install what a target needs to run here: `toolchain install triton`',
  options: (y) =>
    y
      .positional('action', { type: 'string', demandOption: true, choices: ['install'], describe: 'what to do' })
      .positional('name', { type: 'string', demandOption: true, choices: ['triton'], describe: 'the toolchain' }),
  async run(_args, context) {
    context.note(`installing ${PACKAGES.join(', ')} into ${environment()}`);
    const problem = await installTriton();
    if (problem !== undefined)
      throw new UserError(
        diagnostic('toolchain-missing', {
          target: 'triton',
          detail: problem.trim().split('\n').at(-1) ?? '',
          fix: 'see whether python3 -m venv and pip work here; or point KTUNE_TRITON at an environment that has these packages',
        }),
        EXIT.toolchain,
      );
    return { exit: EXIT.ok, result: { toolchain: 'triton', path: environment() }, text: `triton: ${environment()}` };
  },
};
