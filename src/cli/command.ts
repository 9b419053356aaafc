import type { Argv } from 'yargs';
import type { CommonArgs, Context, Outcome } from './context.ts';

/** One subcommand: its usage line, its options, and what it does. A file of `commands/` holds one. */
export interface Command<A> {
  /** yargs usage, such as `check <files..>`. */
  readonly usage: string;
  readonly help: string;
  options(yargs: Argv<CommonArgs>): Argv<A>;
  run(args: A, context: Context): Promise<Outcome>;
}
