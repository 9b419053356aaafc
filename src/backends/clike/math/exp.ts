import type { MathSnippet } from './snippet.ts';

// Coefficients: minimax fits of the relative error over the reduced interval, each rounded to f32 in turn.
// 12582912 = 1.5 * 2^23: adding it to |t| < 2^22 rounds t to an integer, which then stands in the low bits.

/** exp, exp2, expm1 and what is built on exp alone. */
export const EXP: readonly MathSnippet[] = [
  {
    fn: 'pow2i',
    name: 'pow2i',
    tier: 1,
    ulp: 0,
    deps: [],
    text: `// 2^n as a bit pattern, -126 <= n <= 127.
static inline vec pow2i(ivec n) { return __builtin_bit_cast(vec, (n + 127) << 23); }
`,
  },
  {
    fn: 'exp_ends',
    name: 'exp_ends',
    tier: 1,
    ulp: 0,
    deps: [],
    text: `// y 2^n for 1/2 < y < 2, where n stands in the low bits of t: added to the exponent. Below 2^-126 exp(x) is 0, above the range x + inf, which keeps NaN.
static inline vec exp_ends(vec x, vec t, vec y) {
  const vec p = __builtin_bit_cast(vec, __builtin_bit_cast(ivec, y) + (__builtin_bit_cast(ivec, t) << 23));
  return x < -87.3365402f ? vec{} : x < 88.7228394f ? p : x + __builtin_inff();
}
`,
  },
  {
    fn: 'exp',
    name: 'exp_1',
    tier: 1,
    ulp: 1,
    deps: ['exp_ends'],
    text: `// exp(x) within 1 ulp: x = n ln2 + r with |r| <= ln2/2, a polynomial of degree 6 in r, times 2^n.
static inline vec exp_1(vec x) {
  const vec t = x * 1.44269502f + 12582912.0f;
  const vec n = t - 12582912.0f;
  const vec k = x - n * 0.693145752f;
  const vec r = k - n * 1.42860677e-6f;
  const vec q = 0.49999994f + r * (0.166665211f + r * (0.0416682586f + r * (0.00836866908f + r * 0.00138213043f)));
  return exp_ends(x, t, 1.0f + (k + (r * r * q - n * 1.42860677e-6f)));
}
`,
  },
  {
    fn: 'exp',
    name: 'exp_4',
    tier: 4,
    ulp: 1.1,
    deps: ['exp_ends'],
    text: `// exp(x) within 1.1 ulp: a polynomial of degree 6 in r as it is rounded.
static inline vec exp_4(vec x) {
  const vec t = x * 1.44269502f + 12582912.0f;
  const vec n = t - 12582912.0f;
  const vec r = x - n * 0.693145752f - n * 1.42860677e-6f;
  const vec q = 0.49999994f + r * (0.166665211f + r * (0.0416682586f + r * (0.00836866908f + r * 0.00138213043f)));
  return exp_ends(x, t, 1.0f + (r + r * r * q));
}
`,
  },
  {
    fn: 'exp2',
    name: 'exp2_1',
    tier: 1,
    ulp: 1,
    deps: ['pow2i'],
    text: `// 2^x within 1 ulp: x = n + r with |r| <= 1/2, a polynomial of degree 6 in r.
static inline vec exp2_1(vec x) {
  x = x < -151.0f ? vec{} - 151.0f : x;
  x = x > 129.0f ? vec{} + 129.0f : x;
  const vec t = x + 12582912.0f;
  const vec r = x - (t - 12582912.0f);
  const vec q = 0.240226477f + r * (0.0555035993f + r * (0.00961850584f + r * (0.00133908063f + r * 0.000153264627f)));
  const ivec i = __builtin_bit_cast(ivec, t) - 0x4b400000;
  const ivec h = i >> 1;
  return (1.0f + (r + (r * r * q - r * 0.306852818f))) * pow2i(h) * pow2i(i - h);
}
`,
  },
  {
    fn: 'expm1',
    name: 'expm1_4',
    tier: 4,
    ulp: 2,
    deps: ['pow2i'],
    text: `// exp(x) - 1 within 2 ulp: 2^n (exp(r) - 1) + (2^n - 1), halved inside so that n = 128 fits.
static inline vec expm1_4(vec x) {
  const vec c = x > 89.0f ? vec{} + 89.0f : x < -20.0f ? vec{} - 20.0f : x;
  const vec t = c * 1.44269502f + 12582912.0f;
  const vec n = t - 12582912.0f;
  const vec r = c - n * 0.693145752f - n * 1.42860677e-6f;
  const vec q = 0.49999997f + r * (0.166665465f + r * (0.0416674428f + r * (0.00836625323f + r * 0.00138699473f)));
  const vec s = pow2i(__builtin_bit_cast(ivec, t) - 0x4b400001);
  return 2.0f * (s * (r + r * r * q) + (s - 0.5f));
}
`,
  },
  {
    fn: 'sigmoid',
    name: 'sigmoid_4',
    tier: 4,
    ulp: 3.5,
    deps: ['exp_4'],
    text: `// 1 / (1 + exp(-x)); below about -88 the result is 0.
static inline vec sigmoid_4(vec x) { return 1.0f / (1.0f + exp_4(-x)); }
`,
  },
  {
    fn: 'silu',
    name: 'silu_4',
    tier: 4,
    ulp: 4,
    deps: ['exp_4'],
    text: `// x / (1 + exp(-x)); -inf gives -0. Where exp(-x) would overflow before the quotient vanishes, exp(16) = 8886110.52 is taken out.
static inline vec silu_4(vec x) {
  const vec far = x < -80.0f ? vec{} + 16.0f : vec{};
  const vec scale = x < -80.0f ? vec{} + 1.12535176e-7f : vec{} + 1.0f;
  const vec y = x / (1.0f + exp_4(-x - far)) * scale;
  return x < -120.0f ? -vec{} : y;
}
`,
  },
];
