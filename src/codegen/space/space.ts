/** Values of tunable parameters by name. A stored config is a sparse diff from the default. */
export type Value = number | string | boolean;
export type Config = Readonly<Record<string, Value>>;

/**
 * One tunable parameter. `when` names the enum parameter (such as `plan`) and the values under which it matters; elsewhere it takes its default,
 * so that two configs that emit the same text are one config.
 */
export type Param = {
  readonly name: string;
  readonly help: string;
  readonly when?: { readonly param: string; readonly in: readonly Value[] };
} & (
  | { readonly kind: 'pow2'; readonly lo: number; readonly hi: number; readonly default: number }
  | { readonly kind: 'int'; readonly lo: number; readonly hi: number; readonly step: number; readonly default: number }
  | { readonly kind: 'enum'; readonly values: readonly Value[]; readonly default: Value }
  | { readonly kind: 'bool'; readonly default: boolean }
);

/** Why a config is not valid: shown to users, strategies and language models. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly params: readonly string[];
}
export interface Constraint {
  readonly code: string;
  /** Undefined when the config is fine. */
  check(config: Config): Reason | undefined;
}
export interface Space {
  readonly params: readonly Param[];
  readonly constraints: readonly Constraint[];
  /** Hash of parameters and constraint codes: a stored config is only read back under the same fingerprint. */
  readonly fingerprint: string;
  /** First candidates by formula (bytes moved, registers, caches), best guess first; at most 20. */
  readonly seeds: readonly Config[];
}
