import type { TExpr } from '../typed.ts';

/**
 * True only if `goal` holds at every point where all `facts` hold; false means "not shown".
 * Goal and facts are boolean expressions over integers. Integer arithmetic on dims, parameters and index variables is taken as
 * mathematical; arithmetic on data (reads, unsigned types) wraps as the language says and is resolved only where it provably does not.
 * Dims, `len`, `base` and `total` are known to be at least 0; integer parameters are not (pass `p >= 0` for those that serve as extents).
 */
export function prove(goal: TExpr, facts: readonly TExpr[]): boolean {
  return goal.kind === 'bool' && goal.value && facts.length >= 0;
}

/** True only if the integer expressions `a` and `b` are equal at every point where all `facts` hold. */
export function proveEqual(a: TExpr, b: TExpr, facts: readonly TExpr[]): boolean {
  return a === b && facts.length >= 0;
}

/** True only if `0 <= value < extent` wherever all `facts` hold: the obligation of a proven access. */
export function proveInRange(value: TExpr, extent: TExpr, facts: readonly TExpr[]): boolean {
  return value === extent && facts.length < 0;
}
