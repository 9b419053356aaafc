import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { ExitCode } from './exit.ts';

/** Ends a command early with diagnostics; the only exception that commands raise on purpose. */
export class UserError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  readonly exit: ExitCode;
  readonly sources: ReadonlyMap<string, string>;
  constructor(
    diagnostics: Diagnostic | readonly Diagnostic[],
    exit: ExitCode,
    sources: ReadonlyMap<string, string> = new Map(),
  ) {
    const list = Array.isArray(diagnostics) ? (diagnostics as readonly Diagnostic[]) : [diagnostics as Diagnostic];
    super(list.map((d) => d.message).join('; '));
    this.diagnostics = list;
    this.exit = exit;
    this.sources = sources;
  }
}
