/** Functions of one f64, accurate to a few units of 2^-52 where JavaScript has none. */

const STEP = 1 / 32;
const LIMIT = 6.0625;
const TERMS = 12;

/**
 * Taylor coefficients of erf at the multiples of STEP. With g = erf', g' = -2 x g gives the recurrence of derivatives
 * g^(n+1) = -2 (x g^(n) + n g^(n-1)); values at the nodes follow from the all-positive series of erf for small x and accumulate from node to node.
 */
const nodes: readonly Float64Array[] = (() => {
  const list: Float64Array[] = [];
  let value = 0;
  for (let k = 0; k * STEP <= LIMIT; k++) {
    const x = k * STEP;
    const c = new Float64Array(TERMS + 1);
    c[0] = value;
    let before = 0;
    let now = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x);
    let factorial = 1;
    for (let n = 1; n <= TERMS; n++) {
      factorial *= n;
      c[n] = now / factorial;
      const next = -2 * (x * now + (n - 1) * before);
      before = now;
      now = next;
    }
    list.push(c);
    value = horner(c, STEP);
  }
  return list;
})();

function horner(c: Float64Array, d: number): number {
  let s = 0;
  for (let n = TERMS; n >= 0; n--) s = s * d + (c[n] as number);
  return s;
}

export function erf(x: number): number {
  const a = Math.abs(x);
  if (!(a < 6)) return x !== x ? NaN : x > 0 ? 1 : -1;
  const k = Math.round(a / STEP);
  const y = horner(nodes[k] as Float64Array, a - k * STEP);
  return x < 0 ? -y : y;
}

/** To nearest, ties to even. */
export function roundEven(x: number): number {
  if (!(Math.abs(x) < 4503599627370496)) return x;
  const r = x + 6755399441055744 - 6755399441055744;
  return r === 0 && 1 / x < 0 ? -0 : r;
}
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const silu = (x: number): number => x / (1 + Math.exp(-x));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const gelu = (x: number): number => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
export const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
/** As C's pow where JavaScript differs: 1 to any power, and -1 to an infinite one, is 1. */
export const power = (x: number, y: number): number =>
  x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : x ** y;
export const rsqrt = (x: number): number => 1 / Math.sqrt(x);
export const exp2 = (x: number): number => 2 ** x;
/** Maximum and minimum that ignore one NaN. */
export const fmax = (a: number, b: number): number => (a !== a ? b : b !== b ? a : Math.max(a, b));
export const fmin = (a: number, b: number): number => (a !== a ? b : b !== b ? a : Math.min(a, b));
/** Float to an integer range: truncates, saturates, NaN gives 0. */
export const truncTo = (v: number, lo: number, hi: number): number =>
  v !== v ? 0 : v <= lo ? lo : v >= hi ? hi : Math.trunc(v) + 0;
