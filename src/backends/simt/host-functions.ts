/** Functions of the prelude as the executor has them: the C library's, and plain arithmetic, since nothing is contracted there. */
export const HOST_FUNCTIONS = [
  ...['exp', 'exp2', 'expm1', 'log', 'log2', 'log1p', 'sin', 'cos', 'tanh', 'erf', 'erfc'].map(
    (fn) => `static inline double kt_${fn}(double x) { return __builtin_${fn}(x); }`,
  ),
  'static inline double kt_pow(double x, double y) { return __builtin_pow(x, y); }',
  'static inline float kt_powf(float x, float y) { return __builtin_powf(x, y); }',
  'template <typename T> static inline T kt_mul_rn(T a, T b) { return a * b; }',
  'template <typename T> static inline T kt_opaque(T x) { return x; }',
].join('\n');
