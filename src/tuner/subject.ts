import type { Arch, Backend, ShapeHint } from '../backends/backend.ts';
import type { StageGraph } from '../codegen/ir/stage.ts';
import type { Emitted } from '../codegen/program.ts';
import type { Config } from '../codegen/space/space.ts';
import type { Inputs } from '../measure/workload.ts';

/** Reads what a kernel wrote. */
export interface OutputReader {
  /** The given ranges of an output array, one behind the other; throws if the runner cannot give them. */
  read(buf: string, ranges: readonly (readonly [offset: number, bytes: number])[]): Promise<Uint8Array>;
}
export interface Verdict {
  readonly ok: boolean;
  /** The largest error and its bound, or the first wrong element. */
  readonly detail: string;
}
/**
 * Compares the outputs of one run with the reference. Called once for each distinct content of the outputs, so it may take its time, but sampled rows
 * are the rule at large shapes. Also called with outputs of a second run over another poison when the first ones were new.
 */
export type Verify = (run: {
  readonly config: Config;
  readonly emitted: Emitted;
  readonly outputs: OutputReader;
}) => Promise<Verdict>;

/** What is tuned: an operator's graph on a target, at one shape, with data. */
export interface Subject {
  readonly op: string;
  /** Content hash of the graph: records of another one are not mixed in. */
  readonly graphHash: string;
  readonly graph: StageGraph;
  readonly backend: Backend;
  readonly arch: Arch;
  readonly hint: ShapeHint;
  readonly inputs: Inputs;
  readonly verify: Verify;
  /** For the records: the types that were chosen, and the operator's text. */
  readonly origin?: { readonly types: Readonly<Record<string, string>>; readonly source: string };
}

/** `cpp:avx2`. */
export const targetOf = (s: Subject): string => `${s.backend.name}:${s.arch.name}`;
/** `B=4096 D=64`. */
export const shapeOf = (s: Subject): string =>
  Object.entries(s.hint.dims)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${k}=${v}`)
    .join(' ');
