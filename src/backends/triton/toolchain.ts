import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { AbiParam, Emitted, Helper } from '../../codegen/program.ts';
import type { CompileResult, Readiness, RunnerSpec } from '../backend.ts';
import { moduleText } from './emit.ts';
import { STORAGE } from './types.ts';

/** What the interpreter needs, at the versions that its runner knows. */
export const PACKAGES = ['triton==3.8.0', 'numpy==2.4.6', 'torch==2.13.0'] as const;
const FORMATTER = 'ruff==0.16.9';
const RUNNER = fileURLToPath(new URL('../../../native/triton/runner.py', import.meta.url));

/** The private environment of this target: KTUNE_TRITON names another one. */
export const environment = (): string =>
  process.env['KTUNE_TRITON'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ktune', 'triton-3.8.0');
export const ruff = (): string => join(environment(), 'bin', 'ruff');
export const python = (): string => join(environment(), 'bin', 'python');

export const tritonRunner = (): RunnerSpec => ({ kind: 'script', command: python(), args: [RUNNER] });

export const INSTALL = 'ktune toolchain install triton';
export function tritonReadiness(): Readiness {
  const there = existsSync(python());
  const none = { ok: false, detail: `there is no ${python()}`, fix: INSTALL } as const;
  return {
    levels: {
      emit: { ok: true, detail: 'needs nothing' },
      compile: there ? { ok: true, detail: PACKAGES[0] } : none,
      execute: there
        ? { ok: true, detail: 'runs in Triton’s interpreter: numbers are checked, times mean nothing' }
        : none,
      time: { ok: false, detail: 'no runner for a device' },
    },
  };
}

/** Makes the environment; idempotent. The log of what failed, if something did. */
export async function installTriton(): Promise<string | undefined> {
  const at = environment();
  if (!existsSync(python())) {
    const made = await execa('python3', ['-m', 'venv', at], { reject: false, all: true });
    if (made.failed) return made.all ?? made.shortMessage;
  }
  const args = ['-m', 'pip', 'install', '--quiet', '--retries', '1', ...PACKAGES];
  const ran = await execa(python(), args, { reject: false, all: true });
  if (ran.failed) return ran.all ?? ran.shortMessage;
  // Modules are right without it, only not laid out as Python's authors do.
  if (!existsSync(ruff())) await execa(python(), [...args.slice(0, 5), FORMATTER], { reject: false });
  return undefined;
}

/** A module laid out as `ruff format` does where that is installed. */
export async function formatted(text: string): Promise<string> {
  if (!existsSync(ruff())) return text;
  const ran = await execa(ruff(), ['format', '--isolated', '-'], {
    input: text,
    reject: false,
    stripFinalNewline: false,
  });
  return ran.failed ? text : ran.stdout;
}

/** Variants as one module, with the table that the runner calls by. */
export function tritonCompile(variants: readonly Emitted[], outDir: string): CompileResult {
  if (!existsSync(python())) return { ok: false, kind: 'missing', log: `there is no ${python()}: ${INSTALL}` };
  const started = performance.now();
  const helpers = new Map<string, Helper>(variants.flatMap((v) => v.helpers.map((h) => [h.name, h] as const)));
  const bodies = variants.map((v) => v.body).join('\n\n\n');
  const rows = variants.map(
    (v) => `    "${v.entry}_call": (${v.entry}_launch, [${v.abi.params.map(argument).join(', ')}]),`,
  );
  const text = `${moduleText([], [...helpers.values()], bodies)}\nENTRIES = {\n${rows.join('\n')}\n}\n`;
  const path = join(outDir, `m${createHash('sha256').update(text).digest('hex').slice(0, 24)}.py`);
  if (!existsSync(path)) {
    mkdirSync(outDir, { recursive: true });
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, text);
    renameSync(draft, path);
  }
  const entries = variants.map((v) => `${v.entry}_call`);
  return { ok: true, compiled: { path, entries, ms: performance.now() - started, flags: [], compiler: PACKAGES[0] } };
}

function argument(p: AbiParam): string {
  switch (p.kind) {
    case 'buffer':
      return `("buffer", "${STORAGE[p.dtype]}")`;
    case 'scalar':
      return p.dtype === 'bf16' ? '("bfloat16", "uint16")' : `("scalar", "${STORAGE[p.dtype]}")`;
    default:
      return '("size", "int64")';
  }
}
