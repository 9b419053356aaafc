import type { StageGraph } from '../codegen/ir/stage.ts';
import type { TileProgram } from '../codegen/ir/tile.ts';
import type { Emitted } from '../codegen/program.ts';
import type { Config, Reason, Space } from '../codegen/space/space.ts';

/** Limits and ceilings of one architecture of a family; plain data, with where each figure comes from. */
export interface Arch {
  readonly name: string;
  readonly figures: Readonly<
    Record<string, { readonly value: number; readonly unit: string; readonly origin: string }>
  >;
}

/** Dims and list counts that a search is for; the emitted program stays right for any other. */
export interface ShapeHint {
  readonly dims: Readonly<Record<string, number>>;
}

export type Level = 'emit' | 'compile' | 'execute' | 'time';
/** What works on this machine, and what to install for the rest. */
export interface Readiness {
  readonly levels: Readonly<Record<Level, { readonly ok: boolean; readonly detail: string; readonly fix?: string }>>;
}

export interface Compiled {
  readonly path: string;
  readonly entries: readonly string[];
  readonly ms: number;
  readonly flags: readonly string[];
  readonly compiler: string;
}
export type CompileResult =
  | { readonly ok: true; readonly compiled: Compiled }
  | { readonly ok: false; readonly kind: 'error' | 'timeout' | 'missing'; readonly log: string };

/** The process that loads what `compile` makes and calls it; all speak the runner protocol (measure/protocol.ts). */
export type RunnerSpec =
  /** Built from native/ by the host's C++ compiler. */
  | { readonly kind: 'native' }
  /** The same sources built for another instruction set and started through an emulator. */
  | {
      readonly kind: 'cross';
      readonly compiler: string;
      readonly flags: readonly string[];
      readonly launcher: readonly [command: string, ...args: string[]];
    }
  /** A program that speaks the protocol itself. */
  | { readonly kind: 'script'; readonly command: string; readonly args: readonly string[] };

/** What a vendor's compiler says of one kernel; figures that it does not give are absent. */
export interface KernelMetrics {
  readonly kernel: string;
  /** Registers of one thread, as the compiler counts them; `accumulators` are those of matrix units, where they are apart. */
  readonly registers?: number;
  readonly accumulators?: number;
  /** Bytes of registers that live in memory instead, for one thread. */
  readonly spillBytes?: number;
  /** Static shared memory of a block. */
  readonly sharedBytes?: number;
  /** Waves that fit on one multiprocessor at a time, of those that could. */
  readonly occupancy?: number;
}
/** The vendor's compiler took the text for the real architecture. */
export type Acceptance =
  | {
      readonly ok: true;
      /** The binary (cubin, code object) and, where there is one, its listing (PTX, SASS, ISA). */
      readonly binary: string;
      readonly listing?: string;
      readonly metrics: readonly KernelMetrics[];
      readonly ms: number;
      readonly compiler: string;
    }
  | { readonly ok: false; readonly kind: 'error' | 'timeout' | 'missing'; readonly log: string };

/** A target family: pure emission, plus a toolchain where one exists. Everything a caller may know of a target. */
export interface Backend {
  readonly name: string;
  readonly archs: readonly Arch[];
  /** Of the files it emits, without the dot. */
  readonly extension: string;
  /** The valid configs for this graph on this arch; `plan` is one of its parameters. */
  space(graph: StageGraph, arch: Arch, hint: ShapeHint): Space;
  /** Pure: text from a valid config. A graph it cannot emit is refused with reasons. */
  emit(
    graph: StageGraph,
    arch: Arch,
    config: Config,
    hint: ShapeHint,
    entry: string,
    /** Applied to the scheduled program before it is rendered: how faults are planted to see whether verification finds them. */
    change?: (program: TileProgram) => TileProgram,
  ): { readonly ok: true; readonly emitted: Emitted } | { readonly ok: false; readonly reasons: readonly Reason[] };
  /** An emitted text laid out as the language's own formatter does, where that is installed; absent where emitted text is laid out already. */
  formatted?(text: string): Promise<string>;
  readiness(arch: Arch): Promise<Readiness>;
  /** Element operations that one case of a check may take where execution is slow; as many as elsewhere if absent. */
  readonly caseWork?: number;
  /** How objects of `compile` are executed on this machine. */
  runner(arch: Arch): RunnerSpec;
  /**
   * The compiler of the vendor on one emitted text, for the real architecture; absent where `compile` is that already. Where a target cannot run here,
   * `compile` builds the same text for execution on the CPU and this is what says that the vendor takes it.
   */
  accept?(arch: Arch, emitted: Emitted, outDir: string, signal?: AbortSignal): Promise<Acceptance>;
  /** Compiles many variants as one translation unit into one loadable object. */
  compile(arch: Arch, variants: readonly Emitted[], outDir: string, signal?: AbortSignal): Promise<CompileResult>;
}
