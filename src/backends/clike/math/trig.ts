import type { MathSnippet } from './snippet.ts';

// pi/2 in four parts, the first three of 11 bits: q times a part is exact for q < 2^13. Polynomials: minimax fits of the relative error.
const trig = (fn: 'sin' | 'cos', quarter: string): MathSnippet => ({
  fn,
  name: `${fn}_4`,
  tier: 4,
  ulp: 2.5,
  deps: [`${fn}_1`, 'any'],
  text: `// ${fn}(x) within 2.5 ulp for |x| <= 8192; if a lane lies beyond, all take the slow way.
static inline vec ${fn}_4(vec x) {
  if (any((x > 8192.0f) | (x < -8192.0f))) return ${fn}_1(x);
  const vec t = x * 0.636619747f + 12582912.0f;
  const vec q = t - 12582912.0f;
  const vec r = x - q * 1.5703125f - q * 0.000483751297f - q * 7.54953362e-8f - q * 2.56334407e-12f;
  const vec s = r * r;
  const vec odd = r + r * s * (-0.166666672f + s * (0.0083333794f + s * (-0.000198530732f + s * 2.83272493e-6f)));
  const vec even = 1.0f - 0.5f * s + s * s * (0.0416666456f + s * (-0.00138873106f + s * 2.44325529e-5f));
  const ivec n = __builtin_bit_cast(ivec, t)${quarter};
  const vec y = (n & 1) != 0 ? even : odd;
  return (n & 2) != 0 ? -y : y;
}
`,
});

/** sin and cos. */
export const TRIG: readonly MathSnippet[] = [trig('sin', ''), trig('cos', ' + 1')];
