import { execa } from 'execa';

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

/** First line of `command --version` that has a number; undefined where the command does not run. */
export async function versionOf(command: string): Promise<string | undefined> {
  const r = await execa(command, ['--version'], { reject: false, timeout: 10_000 });
  if (r.failed) return undefined;
  const lines = r.stdout.split('\n');
  return (lines.find((l) => /release|version \d/.test(l)) ?? lines[0] ?? command).trim();
}
