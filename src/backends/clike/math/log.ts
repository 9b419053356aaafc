import type { MathSnippet } from './snippet.ts';

// x = 2^e m with sqrt(1/2) <= m < sqrt(2): 0x3f3504f3 is sqrt(1/2). Coefficients: minimax fits as in exp.ts.
const SPLIT = `  const vec u = x < 1.17549435e-38f ? x * 8388608.0f : x;
  const ivec i = __builtin_bit_cast(ivec, u) - 0x3f3504f3;
  const vec e = __builtin_bit_cast(vec, (i >> 23) + 0x4b400000) - 12582912.0f - (x < 1.17549435e-38f ? vec{} + 23.0f : vec{});
  const vec f = __builtin_bit_cast(vec, (i & 0x7fffff) + 0x3f3504f3) - 1.0f;
`;
const SPECIALS = `  y = x == 0.0f ? vec{} - __builtin_inff() : y;
  y = x < 0.0f ? vec{} + __builtin_nanf("") : y;
  return x < __builtin_inff() ? y : x;
`;

/** log, log2, log1p and softplus. */
export const LOG: readonly MathSnippet[] = [
  {
    fn: 'log',
    name: 'log_1',
    tier: 1,
    ulp: 1,
    deps: [],
    text: `// log(x) within 1 ulp: e ln2 + log(1 + f), the latter f - f^2/2 + f^3 P(f) with P of degree 7.
static inline vec log_1(vec x) {
${SPLIT}  const vec p = 0.333333313f + f * (-0.250008196f + f * (0.200012416f + f * (-0.166234091f + f * (0.1420158f + f * (-0.131596103f + f * (0.127622172f + f * -0.0763643906f))))));
  const vec s = f * f;
  vec y = e * 0.693145752f + (f + (e * 1.42860677e-6f + s * (f * p - 0.5f)));
${SPECIALS}}
`,
  },
  {
    fn: 'log2',
    name: 'log2_4',
    tier: 4,
    ulp: 1.5,
    deps: [],
    text: `// log2(x) within 1.5 ulp: e + f + f Q(f) with Q of degree 9.
static inline vec log2_4(vec x) {
${SPLIT}  const vec q = 0.442695051f + f * (-0.721347511f + f * (0.480896503f + f * (-0.360682577f + f * (0.288618803f + f * (-0.239952147f + f * (0.204156786f + f * (-0.188254461f + f * (0.186865151f + f * -0.116394117f))))))));
  vec y = e + (f + f * q);
${SPECIALS}}
`,
  },
  {
    fn: 'log1p',
    name: 'log1p_1',
    tier: 1,
    ulp: 1,
    deps: [],
    text: `// log(1 + x) within 1 ulp: the log of the rounded sum w, plus what the rounding lost over w.
static inline vec log1p_1(vec x) {
  const vec w = 1.0f + x;
  const vec c = (x - (w - 1.0f)) / w;
  const ivec i = __builtin_bit_cast(ivec, w) - 0x3f3504f3;
  const vec e = __builtin_bit_cast(vec, (i >> 23) + 0x4b400000) - 12582912.0f;
  const vec f = __builtin_bit_cast(vec, (i & 0x7fffff) + 0x3f3504f3) - 1.0f;
  const vec p = 0.333333313f + f * (-0.250008196f + f * (0.200012416f + f * (-0.166234091f + f * (0.1420158f + f * (-0.131596103f + f * (0.127622172f + f * -0.0763643906f))))));
  vec y = e * 0.693145752f + (f + ((e * 1.42860677e-6f + c) + f * f * (f * p - 0.5f)));
  y = x == -1.0f ? vec{} - __builtin_inff() : y;
  y = x < -1.0f ? vec{} + __builtin_nanf("") : y;
  return x < __builtin_inff() ? y : x;
}
`,
  },
  {
    fn: 'softplus',
    name: 'softplus_4',
    tier: 4,
    ulp: 3,
    deps: ['exp_4'],
    text: `// max(x, 0) + log(1 + exp(-|x|)), the logarithm by a polynomial of degree 9 in exp(-|x|).
static inline vec softplus_4(vec x) {
  const vec v = exp_4(x > 0.0f ? -x : x);
  const vec q = -0.499999315f + v * (0.333304644f + v * (-0.249580204f + v * (0.196921214f + v * (-0.153449774f + v * (0.106613711f + v * (-0.0574604869f + v * (0.0200884696f + v * -0.00329107977f)))))));
  return (x > 0.0f ? x : vec{}) + (v + v * v * q);
}
`,
  },
];
