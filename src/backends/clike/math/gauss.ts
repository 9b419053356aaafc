import type { MathSnippet } from './snippet.ts';

// Coefficients: minimax fits of the relative error, in x^2 over |x| <= bound (rational) or in z (polynomial).

/** tanh, erf, gelu and rsqrt. */
export const GAUSS: readonly MathSnippet[] = [
  {
    fn: 'tanh',
    name: 'tanh_32',
    tier: 32,
    ulp: 6,
    deps: [],
    text: `// tanh(x) = x P(x^2) / Q(x^2) for |x| <= 9.02, beyond which the result is 1.
static inline vec tanh_32(vec x) {
  const vec c = x > 9.02f ? vec{} + 9.02f : x < -9.02f ? vec{} - 9.02f : x;
  const vec s = c * c;
  const vec p = 1.0f + s * (0.136799188f + s * (0.00386833239f + s * (2.80075512e-5f + s * (3.0585237e-8f + s * -1.22036165e-11f))));
  const vec q = 1.0f + s * (0.470132509f + s * (0.0272458559f + s * (0.000393863926f + s * 1.28737296e-6f)));
  return c * p / q;
}
`,
  },
  {
    fn: 'erf',
    name: 'erf_32',
    tier: 32,
    ulp: 8,
    deps: [],
    text: `// erf(x) = x P(x^2) / Q(x^2) for |x| <= 3.93, beyond which the result is 1.
static inline vec erf_32(vec x) {
  const vec c = x > 3.93f ? vec{} + 3.93f : x < -3.93f ? vec{} - 3.93f : x;
  const vec s = c * c;
  const vec p = 1.12837915f + s * (0.190782037f + s * (0.0527900613f + s * (0.00377953713f + s * (0.000284807766f + s * 2.04199359e-6f))));
  const vec q = 1.0f + s * (0.502408898f + s * (0.114256793f + s * (0.0149972906f + s * (0.00116519682f + s * 3.80042707e-5f))));
  return c * p / q;
}
`,
  },
  {
    fn: 'tanh',
    name: 'tanh_4',
    tier: 4,
    ulp: 3,
    deps: ['expm1_4'],
    text: `// tanh(x) = e / (e + 2) with e = exp(2 x) - 1; beyond |x| = 9.02 the result is 1.
static inline vec tanh_4(vec x) {
  const vec e = expm1_4(x > 9.02f ? vec{} + 18.04f : x < -9.02f ? vec{} - 18.04f : x + x);
  return e / (e + 2.0f);
}
`,
  },
  {
    fn: 'erf',
    name: 'erf_4',
    tier: 4,
    ulp: 2,
    deps: ['exp_4'],
    text: `// erf(x): x + x P(x^2) for |x| < 1, else 1 - exp(-|x| Q(|x|)) with the sign of x.
static inline vec erf_4(vec x) {
  const vec s = x * x;
  const vec p = 0.128379121f + s * (-0.37612322f + s * (0.112801515f + s * (-0.0267105773f + s * (0.00491675548f + s * -0.000562834262f))));
  const vec a = x > 4.0f ? vec{} + 4.0f : x < -4.0f ? vec{} + 4.0f : x > 0.0f ? x : -x;
  const vec q = 1.1285038f + a * (0.635753691f + a * (0.105215617f + a * (-0.0228605289f + a * (0.00320582697f + a * -0.000212882267f))));
  const vec y = 1.0f - exp_4(-a * q);
  return s < 1.0f ? x + x * p : x < 0.0f ? -y : y;
}
`,
  },
  {
    fn: 'gelu',
    name: 'gelu_4',
    tier: 4,
    ulp: 4,
    of: 'half the argument',
    deps: ['erf_4'],
    text: `// x (1 + erf(x / sqrt(2))) / 2.
static inline vec gelu_4(vec x) {
  const vec y = 0.5f * x * (1.0f + erf_4(x * 0.707106769f));
  return x < -14.0f ? -vec{} : y;
}
`,
  },
  {
    fn: 'gelu',
    name: 'gelu_32',
    tier: 32,
    ulp: 10,
    of: 'half the argument',
    deps: ['erf_32'],
    text: `// x (1 + erf(x / sqrt(2))) / 2.
static inline vec gelu_32(vec x) {
  const vec y = 0.5f * x * (1.0f + erf_32(x * 0.707106769f));
  return x < -14.0f ? -vec{} : y;
}
`,
  },
  {
    fn: 'gelu_tanh',
    name: 'gelu_tanh_4',
    tier: 4,
    ulp: 4,
    of: 'half the argument',
    deps: ['exp_4'],
    text: `// x (1 + tanh(u)) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), as x / (1 + exp(-2 u)).
static inline vec gelu_tanh_4(vec x) {
  const vec y = x / (1.0f + exp_4(x * (-1.59576917f - 0.0713548139f * (x * x))));
  return x < -14.0f ? -vec{} : y;
}
`,
  },
  {
    fn: 'gelu_tanh',
    name: 'gelu_tanh_32',
    tier: 32,
    ulp: 8,
    of: 'half the argument',
    deps: ['tanh_32'],
    text: `// x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2.
static inline vec gelu_tanh_32(vec x) {
  const vec y = 0.5f * x * (1.0f + tanh_32(x * (0.797884583f + 0.0356774069f * x * x)));
  return x < -14.0f ? -vec{} : y;
}
`,
  },
  {
    fn: 'rsqrt',
    name: 'rsqrt_4',
    tier: 4,
    ulp: 2,
    deps: ['sqrt_1'],
    text: `// 1 / sqrt(x), two roundings.
static inline vec rsqrt_4(vec x) { return 1.0f / sqrt_1(x); }
`,
  },
];
