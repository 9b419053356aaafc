import type { Command } from './command.ts';
import type { CommonArgs } from './context.ts';

type Add = <A extends CommonArgs>(command: Command<A>) => void;

/** All subcommands, in the order that help lists them. */
export const commands: readonly ((add: Add) => void)[] = [];
