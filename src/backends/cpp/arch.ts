import type { Machine } from '../../codegen/patterns/pattern.ts';
import type { Arch, ShapeHint } from '../backend.ts';

/** Instruction sets of x86-64; `generic` assumes none. Figures that depend on the machine (bandwidth, caches) are measured or read there. */
interface CppArch extends Arch {
  /** Compiler flags that allow the instructions. */
  readonly flags: readonly string[];
  /** Names in /proc/cpuinfo that a CPU needs to run them. */
  readonly needs: readonly string[];
  readonly vectorBytes: number;
}

const figure = (value: number, unit: string, origin: string): Arch['figures'][string] => ({ value, unit, origin });
const AVX2 = {
  flags: ['-mavx2', '-mfma', '-mf16c', '-mbmi', '-mbmi2', '-mlzcnt', '-mpopcnt'],
  needs: ['avx2', 'fma', 'f16c', 'bmi2'],
};

export const ARCHS: readonly CppArch[] = [
  {
    name: 'avx512',
    vectorBytes: 64,
    flags: [...AVX2.flags, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mprefer-vector-width=512'],
    needs: [...AVX2.needs, 'avx512f', 'avx512bw', 'avx512dq', 'avx512vl'],
    figures: {
      vectorBytes: figure(64, 'byte', 'Intel SDM vol. 1 §15: zmm registers'),
      registers: figure(32, 'vector', 'Intel SDM vol. 1 §15'),
      lineBytes: figure(64, 'byte', 'all x86-64 CPUs with AVX'),
    },
  },
  {
    name: 'avx2',
    vectorBytes: 32,
    ...AVX2,
    figures: {
      vectorBytes: figure(32, 'byte', 'Intel SDM vol. 1 §14: ymm registers'),
      registers: figure(16, 'vector', 'Intel SDM vol. 1 §14'),
      lineBytes: figure(64, 'byte', 'all x86-64 CPUs with AVX'),
    },
  },
  {
    name: 'generic',
    vectorBytes: 16,
    flags: [],
    needs: [],
    figures: {
      vectorBytes: figure(16, 'byte', 'the baseline of x86-64 (SSE2) and AArch64 (Advanced SIMD)'),
      registers: figure(16, 'vector', 'x86-64 SSE2; AArch64 has 32'),
      lineBytes: figure(64, 'byte', 'usual'),
    },
  },
];

/** The description behind an architecture that a caller was given. */
export function describeArch(arch: Arch): CppArch {
  const found = ARCHS.find((a) => a.name === arch.name);
  if (found === undefined) throw new Error(`internal: no C++ architecture ${arch.name}`);
  return found;
}

/** What schedules may know. Caches as they are at least on server CPUs since 2020: emission must not depend on the machine it runs on. */
export function machineOf(arch: Arch, hint: ShapeHint): Machine {
  const { vectorBytes, figures } = describeArch(arch);
  const cache = { l1: 32 << 10, l2: 512 << 10, l3: 16 << 20 };
  return { vectorBytes, registers: figures['registers']?.value ?? 16, cache, dims: hint.dims };
}
