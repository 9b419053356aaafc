/** Functions of one f64 that each compiler has under a name of its own; `pow` and `powf` take two values and stand beside them. */
export const LIBRARY = ['exp', 'exp2', 'expm1', 'log', 'log2', 'log1p', 'sin', 'cos', 'tanh', 'erf', 'erfc'] as const;

/** The prelude's name of a library function. */
export const preludeName = (fn: string): string => `kt_${fn}`;

/** Each of them as a function of the prelude, by name. */
export const libraryFunctions = (text: (fn: string, name: string) => string): Readonly<Record<string, string>> =>
  Object.fromEntries(LIBRARY.map((fn) => [preludeName(fn), text(fn, preludeName(fn))]));

/** A group of elements that one instruction moves, in the prelude of every family; the executor checks the address. */
export const MOVES: Readonly<Record<string, string>> = {
  kt_ld: 'template <typename T> static __device__ inline T kt_ld(const T* p) { return *p; }',
  kt_st: 'template <typename T> static __device__ inline void kt_st(T* p, T v) { *p = v; }',
};
