import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import type { Arch, Backend, Level } from '../backends/backend.ts';
import { findTarget, targetNames } from '../backends/registry.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { DTYPES } from '../dsl/dtypes.ts';
import type { StageGraph } from '../codegen/ir/stage.ts';
import { prepareRunner } from '../measure/runner-build.ts';
import { createRunner } from '../measure/runner-client.ts';
import type { Runner } from '../measure/runner-client.ts';
import type { Case } from '../verify/case.ts';
import { caseBytes } from '../verify/fixed-case.ts';
import type { Io } from './context.ts';
import { EXIT } from './exit.ts';
import { cannotWrite, UserError } from './user-error.ts';

/** Where a project keeps what ktune makes: records and emitted kernels (KTUNE_DIR), and what can be made again (KTUNE_CACHE). */
export interface Paths {
  readonly root: string;
  readonly cache: string;
  readonly lib: string;
  readonly records: string;
  readonly ceilings: string;
  readonly machineLock: string;
}
export function paths(io: Io): Paths {
  const root = resolve(io.cwd, io.env['KTUNE_DIR'] ?? '.ktune');
  const cache = resolve(io.cwd, io.env['KTUNE_CACHE'] ?? join(root, 'cache'));
  return {
    root,
    cache,
    lib: join(cache, 'lib'),
    records: join(root, 'records.sqlite'),
    ceilings: join(cache, 'ceilings.json'),
    machineLock: join(tmpdir(), 'ktune-timing.lock'),
  };
}

export interface Target {
  readonly backend: Backend;
  readonly arch: Arch;
  readonly name: string;
}
/** The target of that name, ready for `level` on this machine. */
export async function requireTarget(name: string, level: Level): Promise<Target> {
  const found = await findTarget(name);
  if (found === undefined)
    throw new UserError(diagnostic('target-unknown', { target: name, has: targetNames().join(', ') }), EXIT.usage);
  const full = `${found.backend.name}:${found.arch.name}`;
  const state = (await found.backend.readiness(found.arch)).levels[level];
  if (!state.ok)
    throw new UserError(
      diagnostic('toolchain-missing', { target: full, detail: state.detail, fix: state.fix ?? 'run `ktune doctor`' }),
      EXIT.toolchain,
    );
  return { ...found, name: full };
}

const SCRIPT_START_MS = 60_000;

/** The runner of a target, built on first use; `path` identifies it. */
export async function runnerFor(
  io: Io,
  target: Target,
): Promise<{ readonly path: string; readonly start: (options?: { readonly cpu?: number }) => Runner }> {
  const compiler = io.env['CXX'] ?? 'g++';
  const spec = target.backend.runner(target.arch);
  const first = await prepareRunner(spec, paths(io).cache, compiler);
  const elsewhere = !first.ok && first.kind === 'disk';
  const ready = elsewhere
    ? await prepareRunner(spec, join(io.env['TMPDIR'] ?? tmpdir(), 'ktune-cache'), compiler)
    : first;
  if (!ready.ok) {
    if (ready.kind === 'disk')
      throw new UserError(diagnostic('file-write', { file: paths(io).cache, reason: ready.detail }), EXIT.toolchain);
    throw new UserError(
      diagnostic('toolchain-missing', {
        target: target.name,
        detail: ready.detail,
        fix: 'install g++ (Debian, Ubuntu: apt-get install g++)',
      }),
      EXIT.toolchain,
    );
  }
  const { command, args } = ready;
  const slow = spec.kind === 'script' ? { startMs: SCRIPT_START_MS } : {};
  return {
    path: [command, ...args].join(' '),
    start: (options = {}) => createRunner({ command, args, ...slow, ...options }),
  };
}

/** Runs `body` with a folder for files on their way to the runner. */
export async function withScratch<T>(io: Io, body: (dir: string) => Promise<T>): Promise<T> {
  const base = io.env['TMPDIR'] ?? tmpdir();
  let dir: string;
  try {
    dir = mkdtempSync(join(base, 'ktune-'));
  } catch (error) {
    throw cannotWrite(base, error, EXIT.usage);
  }
  try {
    return await body(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Refuses shapes whose arrays cannot be held: three copies of them exist at a time. */
export function requireMemory(graph: StageGraph, c: Case): void {
  const need = caseBytes(graph, c, (t) => DTYPES[t].bytes);
  if (need * 3 > totalmem())
    throw new UserError(diagnostic('size-memory', { need: showBytes(need), have: showBytes(totalmem()) }), EXIT.usage);
}

export function showBytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let [v, k] = [n, 0];
  while (v >= 1024 && k < units.length - 1) [v, k] = [v / 1024, k + 1];
  return `${v >= 100 || Number.isInteger(v) ? v.toFixed(0) : v.toFixed(1)} ${units[k] ?? ''}`;
}
