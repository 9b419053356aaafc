import yargs from 'yargs';
import type { Argv } from 'yargs';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { report, reportJson } from '../diagnostics/report.ts';
import type { Command } from './command.ts';
import { makeContext } from './context.ts';
import type { CommonArgs, Context, Io, Outcome } from './context.ts';
import { EXIT } from './exit.ts';
import type { ExitCode } from './exit.ts';
import { UserError } from './user-error.ts';
import { commands } from './commands.ts';
import { VERSION } from './version.ts';

/** Version of the `--json` envelope; described in docs/json.md. */
export const SCHEMA = 'ktune/1';

/** Runs one command line and gives the exit code. Never throws: what is not a user's error becomes exit code 70. */
export async function run(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok;
  const wantsJson = argv.includes('--json');
  const usageError = (message: string): ExitCode => {
    const context = makeContext(io, { json: wantsJson, quiet: false });
    return finish(
      argv[0] ?? '',
      { exit: EXIT.usage, diagnostics: [diagnostic('usage', { problem: message })] },
      context,
    );
  };
  let parser: Argv<CommonArgs> = yargs()
    .scriptName('ktune')
    .usage('$0 <command>\n\nWrite an operator once; get kernels that are verified and tuned.')
    .option('json', { type: 'boolean', default: false, describe: 'Print one JSON document (docs/json.md)' })
    .option('quiet', { type: 'boolean', default: false, describe: 'No progress, no notes' })
    .version(VERSION)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'name a command')
    .help()
    .alias('h', 'help')
    .exitProcess(false)
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .fail((message, error) => {
      throw error ?? new UserError(diagnostic('usage', { problem: firstLine(message) }), EXIT.usage);
    });
  const add = <A extends CommonArgs>(command: Command<A>): void => {
    parser = parser.command(
      command.usage,
      command.help,
      (y) => command.options(y),
      async (args) => {
        const context = makeContext(io, args);
        const twice = Object.keys(args).find((k) => Array.isArray(args[k]) && !k.startsWith('_') && !LISTS.has(k));
        if (twice !== undefined)
          throw new UserError(diagnostic('usage', { problem: `--${twice} is given more than once` }), EXIT.usage);
        const outcome = await guarded(() => command.run(args as unknown as A, context));
        exit = finish(command.usage.split(' ')[0] ?? '', outcome, context);
      },
    );
  };
  for (const register of commands) register(add);
  try {
    await parser.parseAsync([...argv], {}, (_error, _argv, output) => {
      if (output !== '') io.out(`${output}\n`);
    });
  } catch (error) {
    return usageError(
      error instanceof UserError
        ? error.diagnostics.map((d) => d.message).join('; ')
        : firstLine(String(error instanceof Error ? error.message : error)),
    );
  }
  return exit;
}
/** What may be given several times. */
const LISTS: ReadonlySet<string> = new Set([
  'file',
  'files',
  'type',
  'shape',
  'config',
  'in',
  'matrix',
  'transfer',
  'studies',
  'fix',
]);
const firstLine = (text: string): string => text.split('\n')[0] ?? text;

/** Turns what a command throws into an outcome. */
async function guarded(body: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof UserError) return { exit: error.exit, diagnostics: error.diagnostics, sources: error.sources };
    const detail = error instanceof Error ? error.message : String(error);
    const stack = process.env['KTUNE_DEBUG'] === undefined || !(error instanceof Error) ? '' : `\n${error.stack ?? ''}`;
    return { exit: EXIT.internal, diagnostics: [diagnostic('internal', { detail: `${detail}${stack}` })] };
  }
}

function finish(command: string, outcome: Outcome, context: Context): ExitCode {
  const { io } = context;
  const list = outcome.diagnostics ?? [];
  const sources = outcome.sources ?? new Map<string, string>();
  if (context.json) {
    const body = {
      schema: SCHEMA,
      command,
      exit: outcome.exit,
      ok: outcome.exit === EXIT.ok,
      diagnostics: reportJson(list, sources),
      result: outcome.result ?? null,
    };
    io.out(
      `${JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2)}\n`,
    );
    return outcome.exit;
  }
  if (list.length > 0) io.err(report(list, sources, { color: io.errTty && io.env['NO_COLOR'] === undefined }));
  if (outcome.text !== undefined && outcome.text !== '')
    io.out(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`);
  return outcome.exit;
}
