type Rounding = 'round' | 'floor' | 'ceil' | 'trunc';
export type Instructed = 'max' | 'min' | Rounding;
/** Rounding modes of `roundps`, without the exception of an inexact result. */
const MODES: Readonly<Record<Rounding, number>> = { round: 8, floor: 9, ceil: 10, trunc: 11 };

/** One x86 instruction as a builtin, and the condition of the preprocessor under which it exists. */
export interface Instruction {
  readonly when: string;
  call(...args: readonly string[]): string;
}

/**
 * The instruction that computes `fn` over a vector of floats; undefined where there is none of that size. `max` and `min` give their second operand if
 * either is NaN, or if both are zeros.
 */
export function instructionOf(fn: Instructed, t: 'f32' | 'f64', lanes: number): Instruction | undefined {
  const kind = t === 'f32' ? 'ps' : 'pd';
  const bytes = lanes * (t === 'f32' ? 4 : 8);
  const every = t === 'f32' ? '(short)-1' : '(char)-1';
  const arithmetic = fn === 'max' || fn === 'min';
  if (bytes === 64) {
    const when = 'defined(__AVX512F__) && !defined(__clang__)';
    if (arithmetic)
      return { when, call: (a, b) => `__builtin_ia32_${fn}${kind}512_mask(${a}, ${b}, ${a}, ${every}, 4)` };
    return { when, call: (x) => `__builtin_ia32_rndscale${kind}_mask(${x}, ${MODES[fn]}, ${x}, ${every}, 4)` };
  }
  if (bytes !== 16 && bytes !== 32) return undefined;
  const size = bytes === 32 ? '256' : '';
  if (arithmetic)
    return {
      when: bytes === 32 ? 'defined(__AVX__)' : 'defined(__SSE2__)',
      call: (a, b) => `__builtin_ia32_${fn}${kind}${size}(${a}, ${b})`,
    };
  return {
    when: bytes === 32 ? 'defined(__AVX__)' : 'defined(__SSE4_1__)',
    call: (x) => `__builtin_ia32_round${kind}${size}(${x}, ${MODES[fn]})`,
  };
}

/** Lines of a function body: `fast` where the instruction exists, else `plain`. */
export const either = (i: Instruction | undefined, fast: (i: Instruction) => string, plain: string): string =>
  i === undefined ? plain : `#if ${i.when}\n  ${fast(i)}\n#else\n  ${plain}\n#endif`;
