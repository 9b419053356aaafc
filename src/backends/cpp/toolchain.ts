import { readFileSync } from 'node:fs';
import type { Emitted } from '../../codegen/program.ts';
import type { Arch, CompileResult, Readiness } from '../backend.ts';
import { buildObject, versionOf } from '../tool.ts';
import { ARCHS, describeArch } from './arch.ts';
import { batchText } from '../clike/file.ts';

const COMMON = [
  '-std=c++17',
  '-pipe',
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
      const version = await versionOf(command);
      if (version !== undefined) return { command, version };
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

/** What a kernel may call. Linking without the C++ library and start files halves the time that a translation unit costs before its first kernel. */
const LINK = ['-nostdlib', '-lm', '-lgcc', '-lc'];

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

/**
 * Compiles the variants into one shared object in `outDir`; its entries are the symbols of the uniform form, in the order of the variants.
 */
export async function cppCompile(
  arch: Arch,
  variants: readonly Emitted[],
  outDir: string,
  signal?: AbortSignal,
): Promise<CompileResult> {
  const tool = await toolchain();
  if (tool === undefined) return { ok: false, kind: 'missing', log: `no C++ compiler was found: ${INSTALL}` };
  const flags = compileFlags(arch);
  const text = batchText(variants);
  const build = {
    command: tool.command,
    compiler: tool.version,
    flags,
    steps: (draft: string) => [[...flags, `${draft}.cpp`, '-o', `${draft}.so`, ...LINK]],
  };
  const entries = variants.map((v) => `${v.entry}_call`);
  return buildObject(text, entries, build, outDir, signal);
}
