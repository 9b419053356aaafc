import pc from 'picocolors';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { ExitCode } from './exit.ts';

/** Where a command reads and writes; tests pass their own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** True if `out` and `err` are terminals. */
  readonly outTty: boolean;
  readonly errTty: boolean;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Reads below `cwd` and prints nothing: for scripts that use what commands are made of. */
export const silentIo = (cwd: string): Io => ({
  out: () => {},
  err: () => {},
  env: process.env,
  cwd,
  outTty: false,
  errTty: false,
  signal: new AbortController().signal,
});

/** Options that every command takes. */
export interface CommonArgs {
  readonly json: boolean;
  readonly quiet: boolean;
}

export interface Context {
  readonly io: Io;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Colour functions; the identity when colours are off. */
  readonly paint: ReturnType<typeof pc.createColors>;
  /** Progress and notes for people: stderr, silent with --json or --quiet. */
  note(text: string): void;
}

/** What a command ends with: an exit code, the machine-readable result, and the text for people. */
export interface Outcome {
  readonly exit: ExitCode;
  /** `result` of the JSON envelope; plain data. */
  readonly result?: unknown;
  readonly diagnostics?: readonly Diagnostic[];
  /** Source texts by file name, for code frames. */
  readonly sources?: ReadonlyMap<string, string>;
  /** Lines for stdout when --json is not given. */
  readonly text?: string;
}

export function makeContext(io: Io, args: CommonArgs): Context {
  const colour = io.outTty && io.env['NO_COLOR'] === undefined && !args.json;
  return {
    io,
    json: args.json,
    quiet: args.quiet,
    paint: pc.createColors(colour),
    note: (text) => {
      if (!args.json && !args.quiet) io.err(`${text}\n`);
    },
  };
}
