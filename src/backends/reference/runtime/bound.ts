import * as M from './math.ts';

/**
 * Running error bounds. A value v comes with e >= 0: a right kernel that computes in the declared type has a value within e of v; e = Infinity says nothing.
 * An infinite or NaN v with e = 0 is definite: every right kernel has it too. Functions return v and leave e in ERR[0].
 * `wide` selects f64: its unit covers the reference's own rounding as well, and nothing is flushed.
 */
export const ERR = new Float64Array(1);
const MAX32 = 3.4028234663852886e38;
/** Results below 2^-125 may have been flushed, or computed from something that was: 2^-126 covers one flush. */
const TINY32 = 2 ** -125;
const FLUSH32 = 2 ** -126;
/** Growth of rounding errors of a sum: LAMBDA * sqrt(n) * u * sum|x| (probabilistic; Higham and Mary, arXiv 1906.10465). */
export const LAMBDA = 4;

function put(v: number, e: number): number {
  ERR[0] = e;
  return v;
}

/** Puts a finite v into the range of its type: certain overflow is a definite infinity, possible overflow is unknown, tiny values may be flushed. */
function ranged(v: number, e: number, wide: boolean): number {
  const t = Math.abs(v);
  if (!(e < Infinity)) return put(v, Infinity);
  if (wide || (t === 0 && e === 0)) return put(v, e);
  if (t + e > MAX32) return t - e > MAX32 ? put(v > 0 ? Infinity : -Infinity, 0) : put(v, Infinity);
  return put(v, t < TINY32 ? e + FLUSH32 : e);
}
/** The same for + - * /: even a certain overflow is unknown, because a contracted or reordered kernel may never form this value. */
function arithmetic(v: number, e: number, wide: boolean): number {
  const r = ranged(v, e, wide);
  if (!Number.isFinite(r)) ERR[0] = Infinity;
  return r;
}

/** The slow path of a + b (or a - b): something is not finite, tiny, or near the end of the range. */
export function fixAdd(v: number, e: number, ea: number, eb: number, wide: boolean): number {
  if (!(ea < Infinity && eb < Infinity)) return put(v, Infinity);
  if (!Number.isFinite(v)) return put(v, 0);
  return arithmetic(v, e, wide);
}
export function fixMul(v: number, e: number, a: number, ea: number, b: number, eb: number, wide: boolean): number {
  if (!(ea < Infinity && eb < Infinity)) return put(v, Infinity);
  if (v !== v) return put(v, a !== a || b !== b || (a === 0 ? ea === 0 : eb === 0) ? 0 : Infinity);
  if (!Number.isFinite(v)) {
    const finite = Number.isFinite(a) ? Math.abs(a) > ea : Number.isFinite(b) ? Math.abs(b) > eb : true;
    return put(v, finite ? 0 : Infinity);
  }
  return arithmetic(v, e, wide);
}
export function fixDiv(v: number, e: number, a: number, ea: number, b: number, eb: number, wide: boolean): number {
  if (!(ea < Infinity && eb < Infinity)) return put(v, Infinity);
  if (v !== v) return put(v, a !== a || b !== b || (Number.isFinite(a) ? ea === 0 && eb === 0 : true) ? 0 : Infinity);
  if (b === 0) return put(v, eb === 0 && (Math.abs(a) > ea || !Number.isFinite(a)) ? 0 : Infinity);
  if (!Number.isFinite(a)) return put(v, Math.abs(b) > eb ? 0 : Infinity);
  if (!Number.isFinite(b)) return put(v, 0);
  return Number.isFinite(v) ? arithmetic(v, e, wide) : put(v, 0);
}

/** Distance from v to w where equal infinities are at distance 0; unknown where only one is NaN. */
function gap(v: number, w: number): number {
  if (v === w || (v !== v && w !== w)) return 0;
  const d = Math.abs(v - w);
  return d >= 0 ? d : Infinity;
}

type Bounded = (x: number, ex: number, k: number, wide: boolean) => number;
/** A monotone function computed to relative error k: the bound is the spread over [x - ex, x + ex] plus k |v|. `quick` bounds the spread for a small ex. */
function monotone(f: (x: number) => number, quick?: (ex: number, v: number) => number): Bounded {
  return (x, ex, k, wide) => {
    const v = f(x);
    if (ex === 0) return Number.isFinite(v) ? ranged(v, k * Math.abs(v), wide) : put(v, 0);
    if (!(ex < Infinity)) return put(v, Infinity);
    if (quick !== undefined && ex < 0.01 && Number.isFinite(v)) return ranged(v, quick(ex, v) + k * Math.abs(v), wide);
    const spread = Math.max(gap(v, f(x - ex)), gap(v, f(x + ex)));
    return Number.isFinite(v) ? ranged(v, spread + k * (Math.abs(v) + spread), wide) : put(v, spread);
  };
}
/** A smooth function with derivative `d` and second derivative bounded by `bend`; `scale` is what the relative error k is of. */
function smooth(
  f: (x: number) => number,
  d: (x: number) => number,
  bend: number,
  scale: (x: number, v: number) => number,
): Bounded {
  return (x, ex, k, wide) => {
    const v = f(x);
    if (!(ex < Infinity)) return put(v, Infinity);
    if (!Number.isFinite(v)) return put(v, x !== x || v === v ? 0 : Infinity);
    return ranged(v, (ex === 0 ? 0 : ex * (Math.abs(d(x)) + bend * ex)) + k * scale(x, v), wide);
  };
}
const slopeSilu = (x: number): number => {
  const s = M.sigmoid(x);
  return s * (1 + x * (1 - s));
};
const half = (x: number, v: number): number => Math.abs(v) + 0.5 * Math.abs(x);
const one = (x: number, v: number): number => Math.abs(v) + 1 + 0.01 * Math.abs(x);

export const bSqrt = monotone(Math.sqrt);
export const bRsqrt = monotone(M.rsqrt);
export const bExp = monotone(Math.exp, (ex, v) => v * ex * (1 + ex));
export const bExp2 = monotone(M.exp2, (ex, v) => v * ex * 0.7);
export const bExpm1 = monotone(Math.expm1);
export const bLog = monotone(Math.log);
export const bLog2 = monotone(Math.log2);
export const bLog1p = monotone(Math.log1p);
export const bTanh = monotone(Math.tanh);
export const bErf = monotone(M.erf);
export const bSigmoid = monotone(M.sigmoid);
export const bSoftplus = monotone(M.softplus);
/** sin and cos reduce their argument: the error is of the size of 1, and grows slowly with |x|. */
export const bSin = smooth(Math.sin, () => 1, 0, one);
export const bCos = smooth(Math.cos, () => 1, 0, one);
export const bSilu = smooth(M.silu, slopeSilu, 0.5, (_, v) => Math.abs(v));
/** 1 + erf(..) and 1 + tanh(..) cancel for negative x: the error is of the size of x / 2. */
export const bGelu = smooth(M.gelu, () => 1.13, 0, half);
export const bGeluTanh = smooth(M.geluTanh, () => 1.13, 0, half);

/** x^y; computing it as exp2(y log2 x) magnifies roundings by |y ln x|. */
export function bPow(x: number, ex: number, y: number, ey: number, k: number, wide: boolean): number {
  const v = M.power(x, y);
  if (!(ex < Infinity && ey < Infinity)) return put(v, Infinity);
  if (!Number.isFinite(v) || x === 0) return put(v, ex === 0 && ey === 0 ? (Number.isFinite(v) ? k * v : 0) : Infinity);
  const a = Math.abs(x);
  if (ex >= a || (ey > 0 && x < 0)) return put(v, Infinity);
  const log = Math.abs(Math.log(a));
  const relative = Math.expm1(Math.abs(y) * -Math.log1p(-ex / a) + ey * (log + ex / a));
  return ranged(v, Math.abs(v) * (relative + k + (k / 8) * Math.abs(y) * log), wide);
}

/** Step functions: the bound is the step that could be taken. */
const step =
  (f: (x: number) => number) =>
  (x: number, ex: number): number => {
    const v = f(x);
    return put(v, ex === 0 ? 0 : ex < Infinity ? Math.max(gap(v, f(x - ex)), gap(v, f(x + ex))) : Infinity);
  };
export const bFloor = step(Math.floor);
export const bCeil = step(Math.ceil);
export const bTrunc = step(Math.trunc);
export const bRound = step(M.roundEven);
export const bSign = step(Math.sign);
/** Rounding through a storage type, or truncation to an integer range: exactly what a kernel's value within ex could become. */
export const bStep = (f: (x: number) => number, x: number, ex: number): number => {
  const v = f(x);
  return put(v, ex === 0 ? 0 : ex < Infinity ? Math.max(gap(v, f(x - ex)), gap(v, f(x + ex))) : Infinity);
};
/** `near T`: one more rounding of relative error u, absolute error half a denormal step; beyond the largest value anything goes. */
export function bNear(x: number, ex: number, u: number, halfStep: number, max: number): number {
  if (!Number.isFinite(x)) return put(x, ex);
  const e = ex + u * (Math.abs(x) + ex) + halfStep;
  return put(x, Math.abs(x) + e > max ? Infinity : e);
}

export const bMax = (a: number, ea: number, b: number, eb: number): number => extreme(Math.max, a, ea, b, eb);
export const bMin = (a: number, ea: number, b: number, eb: number): number => extreme(Math.min, a, ea, b, eb);
export const bFmax = (a: number, ea: number, b: number, eb: number): number => extreme(M.fmax, a, ea, b, eb);
export const bFmin = (a: number, ea: number, b: number, eb: number): number => extreme(M.fmin, a, ea, b, eb);
function extreme(f: (a: number, b: number) => number, a: number, ea: number, b: number, eb: number): number {
  const v = f(a, b);
  if (ea === 0 && eb === 0) return put(v, 0);
  if (ea < Infinity && eb < Infinity) return put(v, Math.max(gap(v, f(a + ea, b + eb)), gap(v, f(a - ea, b - eb))));
  return put(v, Infinity);
}
/** Either of two values is right. */
export function both(v: number, e: number, w: number, f: number): number {
  return Math.max(e, gap(v, w) + f);
}

/** A finished sum of n terms: `a` is the sum of absolute values, `q` of the terms' bounds, `u` the accumulator's unit; `worst` for accumulators narrower than f32. */
export function endSum(s: number, a: number, q: number, n: number, u: number, worst: boolean, wide: boolean): number {
  if (!(q < Infinity)) return put(s, Infinity);
  const steps = worst ? n : n > 1 ? Math.min(n - 1, LAMBDA * Math.sqrt(n)) : 0;
  if (wide ? a < Infinity : a + q <= MAX32)
    return put(s, q + steps * u * (a + q) + (steps > 0 && a + q > 0 && !wide ? n * FLUSH32 : 0));
  if (!Number.isFinite(s)) return put(s, 0);
  return put(s, Infinity);
}
/** sum / n; a kernel may multiply by a rounded 1 / n, as in other divisions. */
export function endMean(s: number, a: number, q: number, n: number, u: number, worst: boolean, wide: boolean): number {
  if (n === 0) return put(0, 0);
  const v = endSum(s, a, q, n, u, worst, wide) / n;
  return Number.isFinite(v)
    ? ranged(v, (ERR[0] as number) / n + (n > 1 ? 4 * u * Math.abs(v) : 0), wide)
    : put(v, ERR[0] as number);
}
/**
 * Population variance from m2 = sum (x - mean)^2; `q2` is the sum of squares of the terms' bounds. Welford and two-pass forms are both within
 * LAMBDA sqrt(n) u (var + |mean| sd) plus the square of the mean's own error (Chan, Golub, LeVeque 1983, with sqrt(n) for n as for sums).
 */
export function endVar(
  mean: number,
  m2: number,
  q2: number,
  n: number,
  u: number,
  worst: boolean,
  wide: boolean,
): number {
  if (n === 0) return put(0, 0);
  const v = m2 / n;
  if (!(q2 < Infinity)) return put(v, Infinity);
  if (!Number.isFinite(v)) return put(v, v !== v ? 0 : Infinity);
  if (n === 1) return put(0, 0);
  const steps = worst ? 2 * n : LAMBDA * Math.sqrt(n) + 4;
  const sd = Math.sqrt(v);
  // Two-pass forms sum the terms first: partial sums that may leave the range can meet as inf - inf.
  if (!wide && n * (Math.abs(mean) + sd) > MAX32) return put(v, Infinity);
  const input = Math.sqrt(q2 / n);
  const shift = steps * u * Math.abs(mean);
  return ranged(
    v,
    2 * input * sd + input * input + 2 * steps * u * (v + Math.abs(mean) * (sd + input)) + shift * shift,
    wide,
  );
}
/** A finished product: `above` and `below` are the products of max(|x|, 1) and min(|x|, 1), the farthest that partial products can stray. */
export function endProd(
  v: number,
  relative: number,
  above: number,
  below: number,
  n: number,
  u: number,
  wide: boolean,
): number {
  if (!(relative < Infinity)) return put(v, Infinity);
  if (!Number.isFinite(v)) return put(v, 0);
  if (n > 1 && !wide && (above > MAX32 || (below < TINY32 && below !== 0))) return put(v, Infinity);
  return arithmetic(v, Math.abs(v) * Math.expm1(relative + n * u), wide);
}
/** A finished maximum or minimum: the same fold of the upper and of the lower ends; `q` sums the bounds. */
export function endExtreme(v: number, upper: number, lower: number, q: number): number {
  if (!(q < Infinity)) return put(v, Infinity);
  return put(v, v !== v ? 0 : Math.max(gap(v, upper), gap(v, lower)));
}
