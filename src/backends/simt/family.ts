import type { MatrixUnit } from '../../codegen/ir/matrix-unit.ts';
import type { Acceptance, Arch, Level, Readiness } from '../backend.ts';
import type { Emitted } from '../../codegen/program.ts';

/** Limits of an architecture that launches and spaces are made with. */
export interface SimtArch extends Arch {
  /** Threads of a wave. */
  readonly wave: number;
  readonly threadsPerBlock: number;
  /** Bytes of shared memory that a block may have without asking. */
  readonly sharedBytes: number;
  readonly multiprocessors: number;
  /** The matrix unit of waves for tiles of f16 and bf16, summed in f32. */
  readonly matrix: MatrixUnit;
}

/** What CUDA and HIP differ in: spelling of the prelude, limits, compilers. */
export interface Family {
  readonly name: string;
  readonly archs: readonly SimtArch[];
  readonly extension: string;
  /** Start of the prelude; lines that define KT_WAVE and, where the compiler has a host side, KT_LAUNCH. */
  readonly head: (arch: SimtArch) => readonly string[];
  /** Functions of the prelude by name. */
  readonly functions: Readonly<Record<string, string>>;
  /** How to build the emitted file, for its header. */
  readonly build: (arch: SimtArch) => string;
  readonly accept: (arch: SimtArch, emitted: Emitted, outDir: string, signal?: AbortSignal) => Promise<Acceptance>;
  /** What of the vendor's toolchain is there. */
  readonly compile: (arch: SimtArch) => Promise<Readiness['levels'][Level]>;
}
