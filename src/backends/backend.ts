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

/** A target family: pure emission, plus a toolchain where one exists. Everything a caller may know of a target. */
export interface Backend {
  readonly name: string;
  readonly archs: readonly Arch[];
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
  readiness(arch: Arch): Promise<Readiness>;
  /** Compiles many variants as one translation unit into one loadable object. */
  compile(arch: Arch, variants: readonly Emitted[], outDir: string, signal?: AbortSignal): Promise<CompileResult>;
}
