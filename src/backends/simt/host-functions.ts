import { libraryFunctions } from './library.ts';

/** Functions of the prelude as the executor has them: the C library's, and plain arithmetic, since nothing is contracted there. */
export const HOST_FUNCTIONS = [
  ...Object.values(
    libraryFunctions((fn, name) => `static inline double ${name}(double x) { return __builtin_${fn}(x); }`),
  ),
  'static inline double kt_pow(double x, double y) { return __builtin_pow(x, y); }',
  'static inline float kt_powf(float x, float y) { return __builtin_powf(x, y); }',
  'template <typename T> static inline T kt_mul_rn(T a, T b) { return a * b; }',
  'template <typename T> static inline T kt_opaque(T x) { return x; }',
].join('\n');
