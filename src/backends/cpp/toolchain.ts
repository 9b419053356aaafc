import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Emitted, Helper } from '../../codegen/program.ts';
import type { Arch, CompileResult, Readiness } from '../backend.ts';
import { ARCHS, describeArch } from './arch.ts';
import { fileText } from '../clike/file.ts';

const COMMON = [
  '-std=c++17',
  '-O2',
  '-fPIC',
  '-shared',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fwrapv',
  '-ffp-contract=fast',
  '-g0',
  // A kernel may be called like a function of libc: calls within the object must reach its own.
  '-Wl,-Bsymbolic-functions',
  '-w',
];
const LIMIT_MS = 120_000;

interface Toolchain {
  readonly command: string;
  readonly version: string;
}
let found: Promise<Toolchain | undefined> | undefined;
/** The C++ compiler: the one that CXX names, else g++, else clang++. Looked for once. */
function toolchain(): Promise<Toolchain | undefined> {
  found ??= (async () => {
    const wanted = process.env['CXX'];
    for (const command of wanted ? [wanted] : ['g++', 'clang++']) {
      const r = await execa(command, ['--version'], { reject: false, timeout: 10_000 });
      if (!r.failed) return { command, version: r.stdout.split('\n')[0] ?? command };
    }
    return undefined;
  })();
  return found;
}

/** Instruction sets of this CPU, as /proc/cpuinfo names them. */
function hostFeatures(): ReadonlySet<string> {
  try {
    const line = readFileSync('/proc/cpuinfo', 'utf8')
      .split('\n')
      .find((l) => l.startsWith('flags'));
    return new Set((line ?? '').split(/[\s:]+/));
  } catch {
    return new Set();
  }
}
const runsHere = (arch: Arch): boolean => {
  const features = hostFeatures();
  return describeArch(arch).needs.every((n) => features.has(n));
};
/**
 * Flags to build with on this machine. Text for a wider instruction set than the CPU has is built for the widest one it has, so that its results
 * can be checked: vectors are split by the compiler.
 */
function flagsFor(arch: Arch): readonly string[] {
  if (runsHere(arch)) return describeArch(arch).flags;
  return ARCHS.find((a) => runsHere(a))?.flags ?? [];
}

/** All the flags that kernels are built with here. */
export const compileFlags = (arch: Arch): readonly string[] => [...COMMON, ...flagsFor(arch)];

const INSTALL = 'install g++ (Debian, Ubuntu: apt-get install g++) or clang++, or set CXX';
export async function cppReadiness(arch: Arch): Promise<Readiness> {
  const tool = await toolchain();
  const none = { ok: false, detail: 'no C++ compiler was found', fix: INSTALL } as const;
  const native = runsHere(arch);
  const missing = describeArch(arch)
    .needs.filter((n) => !hostFeatures().has(n))
    .join(', ');
  const executed = native
    ? 'runs on this CPU'
    : `the same text runs here in narrower vectors; this CPU lacks ${missing}`;
  return {
    levels: {
      emit: { ok: true, detail: 'needs nothing' },
      compile: tool === undefined ? none : { ok: true, detail: tool.version },
      execute: tool === undefined ? none : { ok: true, detail: executed },
      time:
        tool === undefined
          ? none
          : native
            ? { ok: true, detail: 'runs on this CPU' }
            : { ok: false, detail: `this CPU lacks ${missing}: times would say nothing about ${arch.name}` },
    },
  };
}

/** One file for several variants: helpers once, then the bodies. */
export function batchText(variants: readonly Emitted[]): string {
  const helpers = new Map<string, Helper>();
  for (const v of variants) {
    for (const h of v.helpers) {
      const known = helpers.get(h.name);
      if (known !== undefined && known.text !== h.text) throw new Error(`internal: two helpers are named ${h.name}`);
      helpers.set(h.name, h);
    }
  }
  return fileText(
    [` ${variants.map((v) => v.entry).join(', ')}`],
    [...helpers.values()],
    variants.map((v) => v.body).join('\n'),
  );
}

/**
 * Compiles the variants into one shared object in `outDir`, named after a hash of text, compiler and flags; an object that is there already is
 * taken as it is. `entries` are the symbols of the uniform form, in the order of the variants.
 */
export async function cppCompile(
  arch: Arch,
  variants: readonly Emitted[],
  outDir: string,
  signal?: AbortSignal,
): Promise<CompileResult> {
  const tool = await toolchain();
  if (tool === undefined) return { ok: false, kind: 'missing', log: `no C++ compiler was found: ${INSTALL}` };
  const started = performance.now();
  const flags = compileFlags(arch);
  const text = batchText(variants);
  const key = createHash('sha256').update(text).update(tool.version).update(flags.join(' ')).digest('hex').slice(0, 24);
  const path = join(outDir, `${key}.so`);
  const compiled = () =>
    ({
      ok: true,
      compiled: {
        path,
        entries: variants.map((v) => `${v.entry}_call`),
        ms: performance.now() - started,
        flags,
        compiler: tool.version,
      },
    }) as const;
  if (existsSync(path)) return compiled();
  const draft = join(outDir, `${key}.${process.pid}`);
  try {
    mkdirSync(outDir, { recursive: true });
    writeFileSync(`${draft}.cpp`, text);
    const log = await run(tool.command, [...flags, `${draft}.cpp`, '-o', `${draft}.so`, '-lm'], signal);
    if (log !== undefined) return log;
    renameSync(`${draft}.so`, path);
    return compiled();
  } finally {
    rmSync(`${draft}.cpp`, { force: true });
    rmSync(`${draft}.so`, { force: true });
  }
}

/** Runs the compiler in a process group of its own, which is killed as a whole when time is up or the caller gives up. */
async function run(command: string, args: readonly string[], signal?: AbortSignal): Promise<CompileResult | undefined> {
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
  if (!result.failed) return undefined;
  return { ok: false, kind: late ? 'timeout' : 'error', log: (result.all ?? '').slice(0, 8000) };
}
