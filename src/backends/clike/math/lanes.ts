import type { MathSnippet } from './snippet.ts';

/** One lane after the other in double precision through the C library: correctly rounded but for a few arguments in 10^8, and slow. */
const lanes = (fn: string, value: string): MathSnippet => ({
  fn,
  name: `${fn}_1`,
  tier: 1,
  ulp: 1,
  deps: [],
  text: `// ${fn}(x) lane by lane in double precision.
static inline vec ${fn}_1(vec x) {
  float v[sizeof(vec) / sizeof(float)];
  __builtin_memcpy(v, &x, sizeof v);
  for (float& l : v) {
    const double d = l;
    l = (float)(${value});
  }
  __builtin_memcpy(&x, v, sizeof v);
  return x;
}
`,
});

/** Functions whose most accurate form is the C library's, and what needs to look at single lanes. */
export const LANES: readonly MathSnippet[] = [
  lanes('expm1', '__builtin_expm1(d)'),
  lanes('log2', '__builtin_log2(d)'),
  lanes('tanh', '__builtin_tanh(d)'),
  lanes('erf', '__builtin_erf(d)'),
  lanes('sin', '__builtin_sin(d)'),
  lanes('cos', '__builtin_cos(d)'),
  lanes('rsqrt', '1.0 / __builtin_sqrt(d)'),
  lanes('sigmoid', '1.0 / (1.0 + __builtin_exp(-d))'),
  lanes('silu', 'd < -120.0 ? -0.0 : d / (1.0 + __builtin_exp(-d))'),
  lanes('gelu', 'd < -15.0 ? -0.0 : 0.5 * d * __builtin_erfc(d * -0.70710678118654752)'),
  lanes('gelu_tanh', 'd < -12.0 ? -0.0 : d / (1.0 + __builtin_exp(-1.5957691216057308 * (d + 0.044715 * d * d * d)))'),
  lanes('softplus', '(d > 0.0 ? d : 0.0) + __builtin_log1p(__builtin_exp(d > 0.0 ? -d : d))'),
  {
    fn: 'sqrt',
    name: 'sqrt_1',
    tier: 1,
    ulp: 0.5,
    deps: [],
    text: `// sqrt(x), correctly rounded; becomes one vector instruction under -fno-math-errno.
static inline vec sqrt_1(vec x) {
  float v[sizeof(vec) / sizeof(float)];
  __builtin_memcpy(v, &x, sizeof v);
  for (float& l : v) l = __builtin_sqrtf(l);
  __builtin_memcpy(&x, v, sizeof v);
  return x;
}
`,
  },
  {
    fn: 'any',
    name: 'any',
    tier: 1,
    ulp: 0,
    deps: [],
    text: `// True if any lane of a comparison is.
static inline bool any(ivec m) {
  int v[sizeof(ivec) / sizeof(int)];
  __builtin_memcpy(v, &m, sizeof v);
  int r = 0;
  for (int l : v) r |= l;
  return r != 0;
}
`,
  },
];
