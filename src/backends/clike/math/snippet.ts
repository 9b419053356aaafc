/**
 * One function of the vector math library as text of the emitted program.
 *
 * In `text` the words `vec` and `ivec` stand for a vector of f32 lanes and the vector of as many i32 lanes; any GCC or Clang vector type
 * will do, and `float` with `int` as well: the text uses only operators, `?:`, `__builtin_bit_cast` and calls of its `deps`.
 * It defines `static inline vec <name>(vec …)`. Overloads for several vector types may stand in one file; no header is needed.
 */
export interface MathSnippet {
  /** Built-in function of the language. */
  readonly fn: string;
  /** Name of the function that `text` defines. */
  readonly name: string;
  /** Accuracy class: the error in units in the last place is at most this. */
  readonly tier: Tier;
  /** Largest error found over the tested arguments, rounded up; results below 2^-126 count with an absolute error of 2^-126. */
  readonly ulp: number;
  /** What the error counts in places of; the result if absent. Half the argument where the function is a sum that cancels (1 + erf, 1 + tanh). */
  readonly of?: 'half the argument';
  /** Names of the snippets that `text` calls; they stand before it. */
  readonly deps: readonly string[];
  readonly text: string;
}

/** Accuracy classes, in units in the last place of the f32 result. */
export type Tier = 1 | 4 | 32;

/** Spells a snippet for one pair of types, such as `v8f` and `v8i`. */
export const spell = (text: string, vec: string, ivec: string): string =>
  text.replaceAll(/\b(i?)vec\b/g, (_, i: string) => (i === '' ? vec : ivec));
