import { expect, it } from 'vitest';
import { check } from '../../../src/dsl/check.ts';
import { parse } from '../../../src/dsl/parse.ts';

/** Programs and the one rule they break; none where they are right. */
const CASES: readonly (readonly [string, string])[] = [
  [
    'index-extents',
    'op f(x: f32[B, ~L(lo)], lo: i64[B+1], z: f32[B, ~M(mo)], mo: i64[B+1]) -> (y: f32[B]) { y[b] = sum[l](x[b, l] * z[b, l]); }',
  ],
  ['index-range', 'op f(x: f32[B, ~L(lo)], lo: i64[B+1]) -> (y: f32[B]) { let z[b, l] = x[b, l]; y[b] = z[b, 0]; }'],
  ['name-later', 'op f(x: f32[N]) -> (y: f32[N]) { let a[n] = a[n] + x[n]; y[n] = a[n]; }'],
  ['name-later', 'op f(x: f32[N]) -> (y: f32[N]) { y[n] = y[n] + x[n]; }'],
  ['name-taken', 'op f<T in {f16, f32}>(x: T[N, T]) -> (y: T[N]) { y[n] = x[n, clamp 0]; }'],
  ['name-taken', 'op f<T in {f16, f32}>(x: T[N], T: f32) -> (y: T[N]) { y[n] = x[n]; }'],
  ['type-int-float', 'op f(x: i64[N], k: i64 = 1.5) -> (y: i64[N]) { y[n] = x[n] + k; }'],
  [
    '',
    'op f(x: f32[B, ~L(off)], off: i64[B+1]) -> (y: i64[B]) { y[b] = off[b + 1] - off[b] + count[l](x[b, l] > 0); }',
  ],
  [
    '',
    'op g(x: f32[N]) -> (y: f32[N]) { y[n] = x[n]; } op f(x: f32[N]) -> (y: f16[N]) { let t[n]: f16 = near g(x); y[n] = t[n]; }',
  ],
  [
    'index-extents',
    'op f(x: f32[B, ~L(lo)], lo: i64[B+1], q: i64[R]) -> (y: f32[R]) { y[r] = sum[l](x[clamp q[r], l] * x[clamp r, l]); }',
  ],
  ['', 'op f(x: f32[B, ~L(lo)], lo: i64[B+1], q: i64[R]) -> (y: f32[R]) { y[r] = sum[l](x[clamp q[r], l]); }'],
  ['name-unknown', 'op f(x: f32[N]) -> (y: f32[N]) { y[n] = x[k]; }'],
  ['type-sign', 'op f(x: u32[N], i: i64[N]) -> (y: i64[N]) { y[n] = i[n] + x[n]; }'],
  ['absent-read', 'op f(x: f32[N]) -> (y: f32) { let a[n] where n > 2 = x[n]; y = sum[k where a[k] > 0](x[k]); }'],
  [
    'absent-read',
    'op f(x: f32[B, ~L(off)], off: i64[B+1]) -> (y: f32[B, ~P(po)], po: i64[B+1]) { let a[b] where b > 2 = len(L, b); ragged P[b] = a[b]; y[b, p] = (x[b, p] ?? 0); }',
  ],
  ['pieces-gap', 'op f(x: f32[N]) -> (y: f32[N]) { y[n] where x[n] > 0 = x[n]; }'],
  ['', 'op f(x: f32[N]) -> (y: f32[N]) { y[n] where x[n] > 0 = x[n]; y[n] where !(x[n] > 0) = 0; }'],
  ['pieces-overlap', 'op f(x: f32[N]) -> (y: f32[N]) { y[n] where x[n] > 0 = x[n]; y[n] where x[n] <= 0 = 0; }'],
  [
    'ragged-later',
    'op f(x: i64[B, ~E(eo), ~A(ao)], eo: i64[B+1], ao: i64[T], const N: i64) -> (y: i64[B, ~Q(qo), ~P(po)], qo: i64[B+1], po: i64[total(Q)+1]) { ragged P[b, e] = len(A, b, e); ragged Q[b] = min(len(E, b), N); y[b, e, a] = x[b, e, a]; }',
  ],
  ['index-range', 'op f(x: i64[B, ~E(eo), ~A(ao)], eo: i64[B+1], ao: i64[T]) -> (y: i64[B]) { y[b] = len(A, b, 0); }'],
  ['index-scalar', 'op f(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] + N[n]; }'],
  ['reduce-body', 'op f(x: bool[N]) -> (y: i64) { y = sum[n](x[n]); }'],
  ['type-condition', 'op f(x: f32[N]) -> (y: f32[N]) { y[n] = if x[n] then 1 else 0; }'],
  [
    'select-extent',
    'op f(x: f32[N, D]) -> (v: f32[N, E], i: i64[N, E]) dim E = D + 1; { v[n, j], i[n, j] = sort[d](x[n, d]); }',
  ],
  ['type-narrow', 'op f(x: f32[N, D]) -> (v: f32[N, D], i: i32[N, D]) { v[n, j], i[n, j] = sort[d](x[n, d]); }'],
  [
    'index-data',
    'op f(x: f32[N, D], const J: i64) -> (y: f32[N, J]) { let s[n, j], at[n, j] = topk<J>[d](x[n, d]); y[n, j] = x[n, at[n, j]] + s[n, j]; }',
  ],
  [
    'absent-read',
    'op f(x: f32[N, D]) -> (y: f32[N, D]) { let a[n, d] where d > n = x[n, d]; y[n, d] = softmax[d](a[n, d]); }',
  ],
  ['scatter-range', 'op f(x: f32[N]) -> (y: f32[M]) dim M = N + 1; { scatter add y[n + 2] = x[n] init 0; }'],
  ['', 'op f(x: f32[N]) -> (y: f32[M]) dim M = N + 1; { scatter add y[n + 1] = x[n] init 0; }'],
  ['name-unknown', 'op f(x: i64[N], wt: f32[N]) -> (y: f32[N]) { scatter add y[drop x[n]] = wtt init 0; }'],
  [
    'pack-out',
    'op f(v: f32[B, ~L(off), D], off: i64[B+1]) -> (o: f32[B, ~P(po), D], po: i64[B+1]) { pack P[b] from l where v[b, l, clamp 0] > 0 : o = v[b, l, clamp 0]; }',
  ],
  [
    'call-const',
    'op g(x: f32[N], const k: i64) -> (y: f32[N]) { y[n] = x[n] * k; } op f(x: f32[N], j: i64) -> (y: f32[N]) { y[n] = g(x, j); }',
  ],
  [
    '',
    'op g(x: f32[N], const k: i64) -> (y: f32[N]) { y[n] = x[n] * k; } op f(x: f32[N], const j: i64) -> (y: f32[N]) { y[n] = g(x, 2 * j + 1); }',
  ],
  ['define-read-only', 'op f(x: f32[N]) -> (y: f32[N]) { let a[n] = x[n]; a[n] = 2; y[n] = a[n]; }'],
  ['index-rank', 'op f(x: f32[N]) -> (y: f32) { y[n] = x[n]; }'],
  ['pieces-overlap', 'op f(x: f32[N]) -> (y: f32[N, 2]) { y[n, 0] = x[n]; y[n, 0] = x[n]; y[n, 1] = 0; }'],
  [
    'name-unknown',
    'op f(x{f in F}: f32[B, ~A{g}(ao{f})], ao{f in F}: i64[B+1], const F: i64) -> (y: f32[F]) { y[f] = 0; }',
  ],
  [
    'call-shape',
    'op g(x: f32[N], z: f32[N, M]) -> (y: f32[M]) { y[m] = sum[n](x[n] * z[n, m]); } op f(a: f32[A], b: f32[B, C]) -> (y: f32[C]) { y[c] = g(a, b); }',
  ],
  ['loop-result', 'op f(x: f32[T]) -> (y: f32[T]) { state s = 0.0; for t in 0..T { s = s + x[t]; y[u] = s; } }'],
  ['', 'op f(x: f32[T]) -> (y: f32[T], z: f32) { state s = 0.0; for t in 0..T { s = s + x[t]; y[t] = s; } z = s; }'],
  ['pieces-gap', 'op f(x: f32[T]) -> (y: f32[T]) { state s = 0.0; for t in 1..T { s = s + x[t]; y[t] = s; } }'],
  [
    '',
    'op f(x: f32[T]) -> (y: f32[T]) where T >= 1 { y[0] = 0; state s = x[0]; for t in 1..T { s = s + x[t]; y[t] = s; } }',
  ],
  [
    'defined-twice',
    'op f(x: f32[T]) -> (y: f32[T]) { state s = 0.0; for t in 0..T { s = s + x[t]; s = 2 * s; y[t] = s; } }',
  ],
];

it.each(CASES)('%s: %s', (code, text) => {
  const parsed = parse(text, 'case.ktune');
  const errors = [...parsed.diagnostics, ...check(parsed.module).diagnostics].filter((d) => d.severity === 'error');
  expect(errors.map((d) => d.code)).toEqual(code === '' ? [] : [code]);
});
