/** Values of tunable parameters by name. A stored config is a sparse diff from the default. */
export type Value = number | string | boolean;
export type Config = Readonly<Record<string, Value>>;

/**
 * One tunable parameter. `when` names the enum parameter (such as `plan`) and the values under which it matters; elsewhere it takes its default,
 * so that two configs that emit the same text are one config. The named parameter stands before this one in the list.
 */
export type Param = {
  readonly name: string;
  readonly help: string;
  readonly when?: { readonly param: string; readonly in: readonly Value[] };
} & Domain;
/** The values a parameter may take, in order; `int` counts from `lo` in steps of `step` up to at most `hi`. */
export type Domain =
  | { readonly kind: 'pow2'; readonly lo: number; readonly hi: number; readonly default: number }
  | { readonly kind: 'int'; readonly lo: number; readonly hi: number; readonly step: number; readonly default: number }
  | { readonly kind: 'enum'; readonly values: readonly Value[]; readonly default: Value }
  | { readonly kind: 'bool'; readonly default: boolean };

/** Why a config is not valid: shown to users, strategies and language models. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly params: readonly string[];
}
export interface Constraint {
  readonly code: string;
  /**
   * All the parameters that `check` reads, where they are few: enumeration then prunes as soon as they are set (the other
   * parameters of the config it is given are absent). Without it the constraint sees full configs only.
   */
  readonly params?: readonly string[];
  /** Undefined when the config is fine. */
  check(config: Config): Reason | undefined;
}
/** Valid configs of one kernel or program. Made by `defineSpace`, which fills in the fingerprint and drops seeds that are not valid. */
export interface Space {
  readonly params: readonly Param[];
  readonly constraints: readonly Constraint[];
  /** Hash of parameters and constraint codes: a stored config is only read back under the same fingerprint. */
  readonly fingerprint: string;
  /** First candidates by formula (bytes moved, registers, caches), best guess first; at most 20. */
  readonly seeds: readonly Config[];
}
