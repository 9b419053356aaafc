import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emitted } from '../../codegen/program.ts';
import type { CompileResult, Level, Readiness } from '../backend.ts';
import { simtFile } from './emit.ts';
import type { SimtArch } from './family.ts';
import { HOST_FUNCTIONS } from './host-functions.ts';
import { buildObject, versionOf } from '../tool.ts';

/** Sources of the executor: what the text is compiled against, and linked with. */
const SOURCES = fileURLToPath(new URL('../../../native/simt/', import.meta.url));
const FLAGS = [
  '-std=c++17',
  '-O1',
  '-fPIC',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-math-errno',
  '-fwrapv',
  '-ffp-contract=off',
  '-w',
  // Calls back at each access of memory: native/simt/shadow.inc answers, not libtsan, which is not linked.
  '-fsanitize=thread',
  '--param',
  'tsan-instrument-func-entry-exit=0',
  // A variable that nobody set has the same odd value in every order of threads.
  '-ftrivial-auto-var-init=pattern',
];
const LINK = ['-shared', '-Wl,-Bsymbolic-functions'];
const compiler = (): string => process.env['CXX'] ?? 'g++';

const INSTALL = 'install g++ (Debian, Ubuntu: apt-get install g++) or set CXX';
/** Execution on the CPU needs a C++ compiler. */
export async function hostReadiness(): Promise<Readiness['levels'][Level]> {
  const v = await versionOf(compiler());
  return v === undefined
    ? { ok: false, detail: 'no C++ compiler was found', fix: INSTALL }
    : { ok: true, detail: 'the same text runs on the CPU: numbers are checked, times mean nothing' };
}

/** One file for several variants: prelude and helpers once, then the bodies. */
function batchText(variants: readonly Emitted[]): string {
  const helpers = new Map(
    variants.flatMap((v) => v.helpers.filter((h) => h.name !== 'prelude').map((h) => [h.name, h] as const)),
  );
  return simtFile(
    [` ${variants.map((v) => v.entry).join(', ')}`],
    [...helpers.values()],
    variants.map((v) => v.body).join('\n'),
  );
}

/** Builds the variants as C++ for the executor into one shared object, named after a hash of all that goes into it. */
export const hostCompile = (
  arch: SimtArch,
  variants: readonly Emitted[],
  outDir: string,
  signal?: AbortSignal,
): Promise<CompileResult> =>
  buildForHost(
    `${HOST_FUNCTIONS}\n${batchText(variants)}`,
    variants.map((x) => `${x.entry}_call`),
    arch.wave,
    outDir,
    signal,
  );

/** The same for a text as it is; `entries` are its symbols of the uniform form, `wave` the lanes of a wave. */
export async function buildForHost(
  text: string,
  entries: readonly string[],
  wave: number,
  outDir: string,
  signal?: AbortSignal,
): Promise<CompileResult> {
  const v = await versionOf(compiler());
  if (v === undefined) return { ok: false, kind: 'missing', log: `no C++ compiler was found: ${INSTALL}` };
  const flags = [...FLAGS, '-DKT_HOST_SIMT=1', `-DKT_WAVE=${wave}`];
  const build = {
    command: compiler(),
    compiler: v,
    flags,
    sources: readdirSync(SOURCES)
      .sort()
      .map((file) => join(SOURCES, file)),
    steps: (draft: string) => [
      [...flags, '-include', join(SOURCES, 'kt_simt.h'), '-c', `${draft}.cpp`, '-o', `${draft}.o`],
      [...LINK, `${draft}.o`, '-o', `${draft}.so`, '-lm'],
    ],
  };
  return buildObject(text, entries, build, outDir, signal);
}
