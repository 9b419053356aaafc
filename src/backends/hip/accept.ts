import type { Emitted } from '../../codegen/program.ts';
import type { Acceptance, KernelMetrics, Level, Readiness } from '../backend.ts';
import { writeDraft } from '../simt/draft.ts';
import type { SimtArch } from '../simt/family.ts';
import { runTool, versionOf } from '../tool.ts';

const clang = (): string => process.env['HIP_CLANG'] ?? 'clang++-19';
const INSTALL = 'install clang 19 and lld 19 (Debian, Ubuntu: apt-get install clang-19 lld-19), or set HIP_CLANG';

export async function clangReadiness(): Promise<Readiness['levels'][Level]> {
  const v = await versionOf(clang());
  return v === undefined
    ? { ok: false, detail: `${clang()} was not found`, fix: INSTALL }
    : { ok: true, detail: `${v}, the device's part without headers` };
}

/** clang on the device's part of the text for the real architecture: code object and ISA, with what the compiler says of registers and scratch. */
export async function acceptHip(
  arch: SimtArch,
  emitted: Emitted,
  outDir: string,
  signal?: AbortSignal,
): Promise<Acceptance> {
  const v = await versionOf(clang());
  if (v === undefined) return { ok: false, kind: 'missing', log: `${clang()} was not found: ${INSTALL}` };
  const started = performance.now();
  const base = writeDraft(emitted, arch, v, 'hip', outDir);
  const flags = [
    '-x',
    'hip',
    '--cuda-device-only',
    '--no-gpu-bundle-output',
    '-nogpuinc',
    '-nogpulib',
    '-std=c++17',
    '-O3',
    '-w',
    `--offload-arch=${arch.name}`,
    '-Rpass-analysis=kernel-resource-usage',
  ];
  const isa = await runTool(clang(), [...flags, '-S', `${base}.hip`, '-o', `${base}.s`], signal);
  if (!isa.ok) return isa;
  const object = await runTool(
    clang(),
    ['--target=amdgcn-amd-amdhsa', `-mcpu=${arch.name}`, '-nogpulib', '-c', `${base}.s`, '-o', `${base}.co`],
    signal,
  );
  if (!object.ok) return object;
  return {
    ok: true,
    binary: `${base}.co`,
    listing: `${base}.s`,
    metrics: remarkMetrics(isa.out),
    ms: performance.now() - started,
    compiler: v,
  };
}

/** Figures by kernel from the remarks of the AMDGPU backend. */
export function remarkMetrics(log: string): readonly KernelMetrics[] {
  return log
    .split(/Function Name: /)
    .slice(1)
    .map((part) => {
      const number = (pattern: RegExp): number => Number(pattern.exec(part)?.[1] ?? 0);
      return {
        kernel: /^\S+/.exec(part)?.[0] ?? '',
        registers: number(/ VGPRs: (\d+)/),
        accumulators: number(/AGPRs: (\d+)/),
        spillBytes: 4 * number(/VGPRs Spill: (\d+)/),
        sharedBytes: number(/LDS Size \[bytes\/block\]: (\d+)/),
        occupancy: number(/Occupancy \[waves\/SIMD\]: (\d+)/),
      };
    });
}
