#!/usr/bin/env node
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { realpathSync } from 'node:fs';
import type { Io } from './context.ts';
import { run } from './run.ts';

/** True if this file was started as a program, through whatever link. */
function isProgram(): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url);
}

if (isProgram()) {
  const abort = new AbortController();
  let interrupts = 0;
  const interrupt = (signal: NodeJS.Signals): void => {
    interrupts += 1;
    // The second Ctrl-C means now: whatever is worth keeping was stored when it was measured.
    if (interrupts > 1) process.exit(128 + constants.signals[signal]);
    abort.abort(new Error(signal));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // A reader that went away, such as `head`, is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const io: Io = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    outTty: process.stdout.isTTY ?? false,
    errTty: process.stderr.isTTY ?? false,
    signal: abort.signal,
  };
  process.exitCode = await run(process.argv.slice(2), io);
}
