import { describe, expect, it } from 'vitest';
import type { Scalar } from '../../../src/codegen/numeric/tensor.ts';
import { outputOf, runSource } from '../../backends/reference/source.ts';
import type { Nested } from '../../backends/reference/source.ts';
import { valuesOf } from '../../../src/codegen/numeric/tensor.ts';

type More = Parameters<typeof runSource>[2];
const run = (source: string, data: Readonly<Record<string, Nested>>, name = 'y', more: More = {}): readonly Scalar[] =>
  valuesOf(outputOf(runSource(source, data, more), name).tensor);

// What the checker decides (ranges, presence, conversions, calls), seen in numbers.
describe('meaning', () => {
  it('pieces of a let join', () => {
    const text =
      'op f(x: f32[N]) -> (y: f32[N]) { let t[n, 0] = x[n]; let t[n, 1] = 10 * x[n]; y[n] = sum[k in 0..2](t[n, k]); }';
    expect(run(text, { x: [1, 2] })).toEqual([11, 22]);
  });
  it('a let whose range starts above 0 is absent below', () => {
    const text =
      'op f(x: f32[N]) -> (y: f32[N]) { let d[i in 1..N] = x[i] - x[i - 1]; y[i] = (d[i] ?? 100) + sum[k in 0..N](d[k]); }';
    expect(run(text, { x: [1, 4, 9] })).toEqual([108, 11, 13]);
  });
  it('a guard reaches through an inlined function, not into a reducer', () => {
    const text =
      'fn sq(a: f32): f32 = a * a; op f(x: f32[N]) -> (y: f32[N]) { y[i] = (sq(x[i + 1]) + sum[k](x[k]) ?? -1); }';
    expect(run(text, { x: [1, 2, 3] })).toEqual([10, 15, -1]);
  });
  it('absence flows through lets and softmax to the reducer that skips it', () => {
    const text = `op f(x: f32[N], v: f32[N]) -> (y: f32) {
      let a[n] where n >= 1 = x[n]; let b[n] = a[n] + 0; y = sum[n](softmax[n](b[n]) * v[n]); }`;
    expect(run(text, { x: [50, 0, 0], v: [7, 1, 3] })).toEqual([2]);
  });
  it('softmax may have a domain of its own', () => {
    const text = 'op f(x: f32[N, D]) -> (y: f32[N, D]) { y[n, d] = (softmax[d where d <= n](x[n, d]) ?? -1); }';
    expect(
      run(text, {
        x: [
          [3, 9],
          [5, 5],
        ],
      }),
    ).toEqual([1, -1, 0.5, 0.5]);
  });
  it('a pack of several axes keeps them apart at a call', () => {
    const text = `op f(x: f32[N, M, D]) -> (y: f32[M, N]) { let t[n, m] = s(x); y[m, n] = t[n, m]; }
      op s(x: f32[*B, D]) -> (y: f32[*B]) { y[b] = sum[d](x[b, d]); }`;
    // Storage of x: the axes that the call sees as one are one.
    const x = [1, 2, 3, 4, 5, 6].map((v) => [v, v]);
    expect(run(text, { x }, 'y', { dims: { N: 2, M: 3 } })).toEqual([2, 8, 4, 10, 6, 12]);
  });
  it('a call divides an axis into the factors of a composite', () => {
    const text = `op f(x: f32[N, K]) -> (y: f32[N, K]) where K % 2 == 0 { let t[n, k], m[n, g] = centre(x, G = 2); y[n, k] = t[n, k] + (m[n, k // (K // 2)] ?? 0); }
      op centre(x: f32[N, (G, C)], const G: i64) -> (y: f32[N, (G, C)], m: f32[N, G]) { m[n, g] = mean[c](x[n, (g, c)]); y[n, (g, c)] = x[n, (g, c)] - m[n, g]; }`;
    expect(run(text, { x: [[1, 3, 10, 20]] })).toEqual([1, 3, 10, 20]);
  });
  it('a temporary is filled, then read', () => {
    const text =
      'op f(x: i64[N], const K: i64) -> (y: i64[N]) { let h: i64[K]; scatter add h[drop x[n]] = 1 init 0; y[n] = h[clamp x[n]]; }';
    expect(run(text, { x: [1, 1, 7] }, 'y', { consts: { K: 3n } })).toEqual([2n, 2n, 0n]);
  });
  it('an `inout` keeps what its definition leaves out', () => {
    const text = 'op f(inout c: f32[B, S], k: f32[B], at: i64[B]) -> () { c[b, s] where s == at[b] = k[b]; }';
    expect(
      run(
        text,
        {
          c: [
            [1, 2],
            [3, 4],
          ],
          k: [9, 8],
          at: [1, 5],
        },
        'c',
      ),
    ).toEqual([1, 9, 3, 4]);
  });
  it('a state keeps its pieces, its start and its last value', () => {
    const text = `op f(x: f32[T, N]) -> (y: f32[T, N], z: f32[2, N]) {
      state s[u in 0..2, n] = 0.0 * u;
      for t in 0..T { s[0, n] = s[0, n] + x[t, n]; s[1, n] = s[0, n]; y[t, n] = s[1, n]; }
      z[u, n] = s[u, n]; }`;
    expect(run(text, { x: [[1], [2], [4]] })).toEqual([0, 0, 1]);
    expect(run(text, { x: [[1], [2], [4]] }, 'z')).toEqual([7, 3]);
  });
  it('positions of a sort are in range, those of topk may be missing', () => {
    const sort = 'op f(x: f32[D]) -> (y: f32[D]) { let s[j], at[j] = sort[d](x[d]); y[d] = x[at[d]] - s[d] + at[d]; }';
    expect(() => run(sort, { x: [3, 1, 2] })).toThrow();
    expect(run(sort.replace('+ at[d]', '+ (at[d] as f32)'), { x: [3, 1, 2] })).toEqual([1, 2, 0]);
    const top =
      'op f(x: f32[D], const J: i64) -> (y: f32[J]) { let s[j], at[j] = topk<J>[d](x[d]); y[j] = (x[at[j]] ?? -1) + (if at[j] < 0 then 0 else s[j]); }';
    expect(run(top, { x: [3, 1] }, 'y', { consts: { J: 3n } })).toEqual([6, 2, -1]);
  });
  it('pairs are the upper triangle', () => {
    const text = 'op f(x: f32[F]) -> (y: f32[pairs(F)]) { y[(f, g)] = 10 * x[f] + x[g]; }';
    expect(run(text, { x: [1, 2, 3] })).toEqual([12, 13, 23]);
  });
  it('an index over a ragged axis finds its row', () => {
    const text =
      'op f(x: f32[B, ~L(off)], off: i64[B+1]) -> (y: i64[B, ~L(off)]) { let k[b, l in L] = len(L, b) - 1 - l; y[b, l] = k[b, l] + base(L, b); }';
    expect(run(text, { x: [0, 0, 0, 0], off: [0, 3, 4] }, 'y', { dims: { B: 2 } })).toEqual([2n, 1n, 0n, 3n]);
  });
});
