import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from '../../assert.ts';
import type { Emitted } from '../../codegen/program.ts';
import type { Arch, CompileResult, Level, Readiness, RunnerSpec } from '../backend.ts';
import { batchText } from '../clike/file.ts';
import { buildObject, versionOf } from '../tool.ts';
import { mtiaArch, notPublic } from './arch.ts';

/** The compiler for RISC-V with vectors of 64 bytes; `KTUNE_RISCV_CLANG` names another. */
const compiler = (): string => process.env['KTUNE_RISCV_CLANG'] ?? 'clang++-19';
/** The emulator; `KTUNE_QEMU_RISCV` names another. */
const emulator = (): string => process.env['KTUNE_QEMU_RISCV'] ?? 'qemu-riscv64';
/** Headers and libraries of Linux on RISC-V; `KTUNE_RISCV_SYSROOT` names another folder. */
const sysroot = (): string => process.env['KTUNE_RISCV_SYSROOT'] ?? '/usr/riscv64-linux-gnu';
/** Builds the runner, which has no vectors in it. */
const RUNNER_COMPILER = 'riscv64-linux-gnu-g++';

/** What kernels are built with; the length of vectors is fixed, as it is in the chip. */
export const FLAGS: readonly string[] = [
  '--target=riscv64-linux-gnu',
  '-march=rv64gcv_zvl512b',
  '-mabi=lp64d',
  '-mrvv-vector-bits=zvl',
  '-std=c++17',
  '-O2',
  '-fPIC',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fwrapv',
  '-ffp-contract=fast',
  '-g0',
  '-w',
];
const LINK = ['-shared', '-Wl,-Bsymbolic-functions', '-lm'];
const CPU = 'rv64,v=true,vlen=512,elen=64,vext_spec=v1.0';

interface Part {
  readonly what: string;
  readonly fix: string;
}
/** The parts of the toolchain that are not there. */
async function missing(): Promise<readonly Part[]> {
  const [clang, qemu, gcc] = await Promise.all([compiler(), emulator(), RUNNER_COMPILER].map(versionOf));
  return [
    ...(clang === undefined
      ? [{ what: `${compiler()} does not run`, fix: 'apt-get install clang-19, or set KTUNE_RISCV_CLANG' }]
      : []),
    ...(gcc === undefined
      ? [{ what: `${RUNNER_COMPILER} does not run`, fix: 'apt-get install g++-riscv64-linux-gnu' }]
      : []),
    ...(existsSync(join(sysroot(), 'lib'))
      ? []
      : [
          {
            what: `${sysroot()} has no libraries for RISC-V`,
            fix: 'apt-get install g++-riscv64-linux-gnu, or set KTUNE_RISCV_SYSROOT',
          },
        ]),
    ...(qemu === undefined
      ? [{ what: `${emulator()} does not run`, fix: 'apt-get install qemu-user, or set KTUNE_QEMU_RISCV' }]
      : []),
  ];
}

type Ready = Readiness['levels'][Level];
export async function mtiaReadiness(arch: Arch): Promise<Readiness> {
  const time: Ready = { ok: false, detail: 'no chip here: kernels run in an emulator, where times say nothing' };
  if (mtiaArch(arch).grid === undefined) {
    const none: Ready = { ok: false, detail: notPublic(arch) };
    return { levels: { emit: none, compile: none, execute: none, time: none } };
  }
  const parts = await missing();
  const tools: Ready =
    parts.length === 0
      ? { ok: true, detail: 'RISC-V code with 64-byte vectors runs in qemu, one processing element after the other' }
      : { ok: false, detail: parts.map((p) => p.what).join('; '), fix: parts.map((p) => p.fix).join('; ') };
  return { levels: { emit: { ok: true, detail: 'needs nothing' }, compile: tools, execute: tools, time } };
}

/** The runner for RISC-V in the emulator, with the vector length of the chip. */
export const mtiaRunner = (): RunnerSpec => ({
  kind: 'cross',
  compiler: RUNNER_COMPILER,
  flags: ['-march=rv64gc'],
  launcher: [emulator(), '-L', sysroot(), '-cpu', CPU],
});

/** The runtime that emitted kernels include. */
const RUNTIME = fileURLToPath(new URL('../../../native/mtia/ktune_mtia.h', import.meta.url));

/** Where the runtime is, and what it has to know of the chip. */
export function figuresOf(arch: Arch): readonly string[] {
  const { figures } = mtiaArch(arch);
  const value = (name: string): number => must(figures[name], name).value;
  return [
    `-I${dirname(RUNTIME)}`,
    `-DKT_LOCAL_BYTES=${value('localBytes')}`,
    `-DKT_DMA_ALIGN=${value('dmaAlign')}`,
    `-DKT_PORT_BYTES=${value('port')}`,
    `-DKT_LATENCY=${value('latency')}`,
    `-DKT_LINK_BYTES=${value('link')}`,
    `-DKT_DPE_BYTES=${value('dpeBytes')}`,
    `-DKT_DPE_TILES=${value('dpeTiles')}`,
    `-DKT_SE_LANES=${value('seLanes')}`,
  ];
}

/** Compiles the variants into one shared object for RISC-V in `outDir`. */
export async function mtiaCompile(
  arch: Arch,
  variants: readonly Emitted[],
  outDir: string,
  signal?: AbortSignal,
): Promise<CompileResult> {
  const version = await versionOf(compiler());
  const parts = await missing();
  if (version === undefined || parts.length > 0)
    return { ok: false, kind: 'missing', log: parts.map((p) => `${p.what}: ${p.fix}`).join('\n') };
  const flags = [...FLAGS, ...figuresOf(arch)];
  const build = {
    command: compiler(),
    compiler: version,
    flags,
    sources: [RUNTIME],
    steps: (draft: string) => [[...flags, `${draft}.cpp`, '-o', `${draft}.so`, ...LINK]],
  };
  const entries = variants.map((v) => `${v.entry}_call`);
  return buildObject(batchText(variants), entries, build, outDir, signal);
}
