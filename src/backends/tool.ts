import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { CompileResult } from './backend.ts';

export type Ran =
  | { readonly ok: true; readonly out: string }
  | { readonly ok: false; readonly kind: 'error' | 'timeout' | 'missing'; readonly log: string };
const LIMIT_MS = 120_000;

/** Runs a compiler in a process group of its own, which is killed as a whole when time is up or the caller gives up. */
export async function runTool(command: string, args: readonly string[], signal?: AbortSignal): Promise<Ran> {
  const child = execa(command, args, { reject: false, all: true, detached: true, stdin: 'ignore' });
  let late = false;
  const kill = (): void => {
    late = true;
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  };
  const timer = setTimeout(kill, LIMIT_MS);
  signal?.addEventListener('abort', kill, { once: true });
  if (signal?.aborted === true) kill();
  const result = await child;
  clearTimeout(timer);
  signal?.removeEventListener('abort', kill);
  if (!result.failed) return { ok: true, out: result.all ?? '' };
  if (result.code === 'ENOENT') return { ok: false, kind: 'missing', log: `${command} is not installed` };
  return { ok: false, kind: late ? 'timeout' : 'error', log: (result.all ?? result.shortMessage ?? '').slice(0, 8000) };
}

const versions = new Map<string, Promise<string | undefined>>();
/** First line of `command --version` that has a number; undefined where the command does not run. Asked once in a process. */
export function versionOf(command: string): Promise<string | undefined> {
  const asked = versions.get(command) ?? askVersion(command);
  versions.set(command, asked);
  return asked;
}
async function askVersion(command: string): Promise<string | undefined> {
  const r = await execa(command, ['--version'], { reject: false, timeout: 10_000 });
  if (r.failed) return undefined;
  const lines = r.stdout.split('\n');
  return (lines.find((l) => /release|version \d/.test(l)) ?? lines[0] ?? command).trim();
}

/** How a text becomes a loadable object: each step is the arguments of one call of the compiler, for files that begin with `draft`. */
export interface Build {
  readonly command: string;
  /** What the compiler calls itself. */
  readonly compiler: string;
  readonly flags: readonly string[];
  /** Files beside the text that go into the object. */
  readonly sources?: readonly string[];
  readonly steps: (draft: string) => readonly (readonly string[])[];
}

/**
 * Builds a C++ text into one shared object in `outDir`, named after a hash of text, compiler, flags and sources; an object that is there already is taken
 * as it is. `entries` are its symbols of the uniform form. Processes that build the same object do not disturb each other.
 */
export async function buildObject(
  text: string,
  entries: readonly string[],
  build: Build,
  outDir: string,
  signal?: AbortSignal,
): Promise<CompileResult> {
  const started = performance.now();
  const hash = createHash('sha256').update(text).update(build.compiler).update(build.flags.join(' '));
  for (const file of build.sources ?? []) hash.update(readFileSync(file));
  const key = hash.digest('hex').slice(0, 24);
  const path = join(outDir, `${key}.so`);
  const compiled = (): CompileResult => ({
    ok: true,
    compiled: { path, entries, ms: performance.now() - started, flags: build.flags, compiler: build.compiler },
  });
  if (existsSync(path)) return compiled();
  const draft = join(outDir, `${key}.${process.pid}`);
  try {
    mkdirSync(outDir, { recursive: true });
    writeFileSync(`${draft}.cpp`, text);
    for (const args of build.steps(draft)) {
      const ran = await runTool(build.command, args, signal);
      if (!ran.ok) return ran;
    }
    renameSync(`${draft}.so`, path);
    return compiled();
  } finally {
    for (const suffix of ['cpp', 'o', 'so']) rmSync(`${draft}.${suffix}`, { force: true });
  }
}
