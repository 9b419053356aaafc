import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
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

/** What to raise when a file or folder cannot be written: a full disk, a missing permission. */
export function cannotWrite(file: string, error: unknown, exit: ExitCode): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(diagnostic('file-write', { file, reason }), exit);
}
