import { createHash } from 'node:crypto';
import { mkdirSync, existsSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { arch, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { execa } from 'execa';
import { assertNever } from '../assert.ts';
import type { RunnerSpec } from '../backends/backend.ts';

const FLAGS = ['-O2', '-std=c++17', '-Wno-psabi'];
/** The folder of the runner's sources. */
const SOURCES = fileURLToPath(new URL('../../native/', import.meta.url));

export type RunnerBuild =
  | { readonly ok: true; readonly path: string; readonly cached: boolean }
  | { readonly ok: false; readonly kind: 'missing' | 'error' | 'timeout' | 'disk'; readonly detail: string };

/**
 * The CPU runner as an executable in `cacheDir`, compiled on first use (some seconds) and kept under a hash of its sources, flags, compiler and CPU model.
 * Processes that build at the same time do not disturb each other.
 */
export async function buildRunner(
  cacheDir: string,
  compiler = 'g++',
  target: readonly string[] = ['-march=native'],
): Promise<RunnerBuild> {
  const flags = [...FLAGS, ...target];
  const version = await execa(compiler, ['--version'], { reject: false, timeout: 10_000 });
  if (version.failed) {
    return version.timedOut
      ? { ok: false, kind: 'timeout', detail: `${compiler} --version did not answer within 10 s` }
      : { ok: false, kind: 'missing', detail: `${compiler} is not installed or does not run` };
  }
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCES).sort()) {
    if (/\.(cpp|inc)$/.test(file)) hash.update(file).update(readFileSync(join(SOURCES, file)));
  }
  hash
    .update(flags.join(' '))
    .update(compiler)
    .update(version.stdout.split('\n')[0] ?? '')
    .update(arch())
    .update(cpus()[0]?.model ?? '');
  const path = join(cacheDir, `runner-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return { ok: true, path, cached: true };
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(cacheDir, { recursive: true });
    const built = await execa(compiler, [...flags, join(SOURCES, 'runner.cpp'), '-o', draft, '-ldl'], {
      reject: false,
      timeout: 120_000,
      all: true,
    });
    if (/no space left|read-only file system/i.test(built.all ?? ''))
      return { ok: false, kind: 'disk', detail: 'no space left on device' };
    if (built.failed)
      return { ok: false, kind: built.timedOut ? 'timeout' : 'error', detail: (built.all ?? '').slice(0, 4000) };
    renameSync(draft, path);
    return { ok: true, path, cached: false };
  } catch (error) {
    return { ok: false, kind: 'disk', detail: error instanceof Error ? error.message : String(error) };
  } finally {
    rmSync(draft, { force: true });
  }
}

export type Startable =
  | { readonly ok: true; readonly command: string; readonly args: readonly string[] }
  | Exclude<RunnerBuild, { readonly ok: true }>;

/** The command that starts a runner of this kind, built first where it has to be. `compiler` is the host's. */
export async function prepareRunner(spec: RunnerSpec, cacheDir: string, compiler = 'g++'): Promise<Startable> {
  switch (spec.kind) {
    case 'script':
      return { ok: true, command: spec.command, args: spec.args };
    case 'native': {
      const built = await buildRunner(cacheDir, compiler);
      return built.ok ? { ok: true, command: built.path, args: [] } : built;
    }
    case 'cross': {
      const built = await buildRunner(cacheDir, spec.compiler, spec.flags);
      const [command, ...args] = spec.launcher;
      return built.ok ? { ok: true, command, args: [...args, built.path] } : built;
    }
    default:
      return assertNever(spec, 'prepareRunner');
  }
}
