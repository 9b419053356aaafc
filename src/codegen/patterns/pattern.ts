import type { StageGraph } from '../ir/stage.ts';
import type { KernelPlan } from '../plan/plan.ts';
import type { Config, Param } from '../space/space.ts';
import type { Lowering } from '../tile/program.ts';

/** What a schedule may know of the machine and of the shapes that a search is for. Sizes in bytes. */
export interface Machine {
  readonly vectorBytes: number;
  /** Vector registers that code may use. */
  readonly registers: number;
  readonly cache: { readonly l1: number; readonly l2: number; readonly l3: number };
  /** Dims by id; absent where nothing is known. */
  readonly dims: Readonly<Record<string, number>>;
}

/**
 * A way to run kernels of one structure faster than loops in the order of the program. It classifies the normal form, never an operator's name; what
 * no pattern claims is lowered by loops, which is right for everything.
 */
export interface Pattern {
  readonly name: string;
  /** Undefined where the kernel does not have the structure, or where its result could differ from what the graph says. */
  claim(kernel: KernelPlan, graph: StageGraph): Claim | undefined;
}

/** A kernel seen through a pattern. */
export interface Claim {
  readonly pattern: string;
  /** True where the pattern shares work among parts that the loops of the plan could not share. */
  readonly split?: boolean;
  /**
   * Tunables of this kernel. Kernels share parameters of one name, which must then be equal but for the default (the first kernel's holds). A `when` names
   * another parameter of this list; without one the parameter is active under the plans whose kernels are claimed.
   */
  params(machine: Machine): readonly Param[];
  /** Configs of these parameters that a search tries first. */
  seeds?(machine: Machine): readonly Config[];
  /** The kernel's code under a config; undefined where the config leaves the kernel to the loops. */
  lower(config: Config, machine: Machine): Lowering | undefined;
}
