import { describe, expect, test } from 'vitest';
import { outputOf, run, runSource } from './source.ts';

const fold = (body: string, type = 'f32', from = 'f32'): string =>
  `op f(x: ${from}[B, N]) -> (y: ${type}[B]) { y[b] = ${body}; }`;
const inf = Infinity;

describe('empty domains', () => {
  test.each([
    ['sum[n](x[b, n])', 0],
    ['prod[n](x[b, n])', 1],
    ['max[n](x[b, n])', -inf],
    ['min[n](x[b, n])', inf],
    ['mean[n](x[b, n])', 0],
    ['var[n](x[b, n])', 0],
    ['logsumexp[n](x[b, n])', -inf],
  ])('%s is %f', (body, want) => expect(run('y', fold(body), { x: [[]] }, { dims: { B: 1, N: 0 } })).toEqual([want]));
  test.each([
    ['argmax[n](x[b, n])', -1n],
    ['argmin[n](x[b, n])', -1n],
    ['first[n](x[b, n] > 0)', -1n],
    ['count[n](x[b, n] > 0)', 0n],
  ])('%s is %i', (body, want) =>
    expect(run('y', fold(body, 'i64'), { x: [[]] }, { dims: { B: 1, N: 0 } })).toEqual([want]),
  );
  test.each([
    ['i8', -128, 127],
    ['u8', 0, 255],
    ['i64', -(2n ** 63n), 2n ** 63n - 1n],
    ['u64', 0n, 2n ** 64n - 1n],
  ])('integer limits of %s', (t, lo, hi) => {
    const wide = t === 'i8' ? 'i32' : t === 'u8' ? 'i32' : t;
    const limits = [
      run('y', fold('max[n](x[b, n])', wide, t), { x: [[]] }, { dims: { B: 1, N: 0 } })[0],
      run('y', fold('min[n](x[b, n])', wide, t), { x: [[]] }, { dims: { B: 1, N: 0 } })[0],
    ];
    if (wide === 'i32') expect(limits).toEqual([-(2 ** 31), 2 ** 31 - 1]);
    else expect(limits).toEqual([lo, hi]);
  });
});

describe('NaN', () => {
  const x = [
    [1, NaN, 3],
    [1, 2, 3],
  ];
  test('propagates through max and min', () => {
    expect(run('y', fold('max[n](x[b, n])'), { x })).toEqual([NaN, 3]);
    expect(run('y', fold('min(x[b, clamp 0], x[b, clamp 1])'), { x })).toEqual([NaN, 1]);
  });
  test('is ignored by fmax and fmin', () =>
    expect(run('y', fold('fmax(x[b, clamp 0], x[b, clamp 1])'), { x })).toEqual([1, 2]));
  test('sorts above +inf', () => {
    expect(run('y', fold('argmax[n](x[b, n])', 'i64'), { x: [[inf, NaN, NaN]] })).toEqual([1n]);
    expect(run('y', fold('argmin[n](x[b, n])', 'i64'), { x: [[NaN, inf, inf]] })).toEqual([1n]);
    const sorted = runSource(
      'op s(x: f32[B, N]) -> (y: f32[B, N], i: i64[B, N]) { y[b, j], i[b, j] = sort[n](x[b, n]); }',
      { x: [[NaN, 1, inf, NaN, -inf, 1]] },
    );
    expect([...outputOf(sorted, 'y').tensor.data]).toEqual([-inf, 1, 1, inf, NaN, NaN]);
    expect([...outputOf(sorted, 'i').tensor.data]).toEqual([4n, 1n, 5n, 2n, 0n, 3n]);
  });
  test('becomes 0 as an integer, infinities saturate, fractions go towards 0', () => {
    const cast = (t: string, wide: string): string => `op c(x: f32[N]) -> (y: ${wide}[N]) { y[n] = x[n] as ${t}; }`;
    const x1 = [NaN, inf, -inf, 2.9, -2.9, 300];
    expect(run('y', cast('i8', 'i8'), { x: x1 })).toEqual([0, 127, -128, 2, -2, 127]);
    expect(run('y', cast('u32', 'u32'), { x: x1 })).toEqual([0, 4294967295, 0, 2, 0, 300]);
    expect(run('y', cast('i64', 'i64'), { x: x1 })).toEqual([0n, 2n ** 63n - 1n, -(2n ** 63n), 2n, -2n, 300n]);
    expect(run('y', cast('u64', 'u64'), { x: x1 })).toEqual([0n, 2n ** 64n - 1n, 0n, 2n, 0n, 300n]);
  });
});

describe('ties and order', () => {
  test('the lowest index wins', () => {
    expect(run('y', fold('argmax[n](x[b, n])', 'i64'), { x: [[1, 3, 3, 2]] })).toEqual([1n]);
    expect(run('y', fold('argmin[n](x[b, n])', 'i64'), { x: [[2, 1, 1, 2]] })).toEqual([1n]);
  });
  test('several binders give the row-major position', () => {
    expect(
      run('y', 'op a(x: f32[B, N, M]) -> (y: i64[B]) { y[b] = argmax[n, m](x[b, n, m]); }', {
        x: [
          [
            [1, 2, 3],
            [4, 9, 5],
          ],
        ],
      }),
    ).toEqual([4n]);
  });
  test('topk descends, is stable, and fills up with -inf and -1', () => {
    const r = runSource(
      'op t(x: f32[B, N], const J: i64) -> (y: f32[B, J], i: i64[B, J]) { y[b, j], i[b, j] = topk<J>[n](x[b, n]); }',
      { x: [[1, 5, 5, -inf]] },
      { consts: { J: 6n } },
    );
    expect([...outputOf(r, 'y').tensor.data]).toEqual([5, 5, 1, -inf, -inf, -inf]);
    expect([...outputOf(r, 'i').tensor.data]).toEqual([1n, 2n, 0n, 3n, -1n, -1n]);
  });
  test('a short prefix of a long row is what sorting it all gives', () => {
    const row = Array.from({ length: 500 }, (_, i) => (i * 7919) % 101);
    const short =
      'op t(x: f32[B, N], const J: i64) -> (y: f32[B, J], i: i64[B, J]) { y[b, j], i[b, j] = topk<J>[n](x[b, n]); }';
    const [a, b] = [
      runSource(short, { x: [row] }, { consts: { J: 20n } }),
      runSource(short, { x: [row] }, { consts: { J: 200n } }),
    ];
    expect([...outputOf(a, 'i').tensor.data]).toEqual([...outputOf(b, 'i').tensor.data].slice(0, 20));
  });
  test('64-bit keys sort as integers', () => {
    const big = 2n ** 60n;
    expect(
      run(
        'i',
        'op s(x: i64[B, N]) -> (y: i64[B, N], i: i64[B, N]) { y[b, j], i[b, j] = sort[n](x[b, n]) descending; }',
        { x: [[big, big + 1n, -big, big]] },
      ),
    ).toEqual([1n, 0n, 3n, 2n]);
  });
});

describe('softmax', () => {
  const source = 'op s(x: f32[B, N]) -> (y: f32[B, N]) { y[b, n] = softmax[n](x[b, n]); }';
  test('a row whose maximum is -inf is 0; +inf and NaN give NaN', () => {
    expect(
      run('y', source, {
        x: [
          [-inf, -inf],
          [inf, 0],
          [NaN, 0],
          [0, -inf],
        ],
      }),
    ).toEqual([0, 0, NaN, NaN, NaN, NaN, 1, 0]);
  });
});

describe('integers', () => {
  const binary = (op: string, t: string): string =>
    `op b(x: ${t}[N], z: ${t}[N]) -> (y: ${t}[N]) { y[n] = x[n] ${op} z[n]; }`;
  test('division and remainder floor, by zero they are 0', () => {
    const data = { x: [7n, -7n, 7n, -7n, 5n, -(2n ** 63n)], z: [2n, 2n, -2n, -2n, 0n, -1n] };
    expect(run('y', binary('//', 'i64'), data)).toEqual([3n, -4n, -4n, 3n, 0n, -(2n ** 63n)]);
    expect(run('y', binary('%', 'i64'), data)).toEqual([1n, 1n, -1n, -1n, 0n, 0n]);
  });
  test('shifts take the count modulo the width', () => {
    expect(run('y', binary('<<', 'i32'), { x: [1, 1, 3], z: [33, -1, 31] })).toEqual([2, -(2 ** 31), -(2 ** 31)]);
    expect(run('y', binary('>>', 'u64'), { x: [2n ** 63n, 2n ** 63n], z: [63n, 65n] })).toEqual([1n, 2n ** 62n]);
  });
  test('philox 4x32-10 gives the known answers', () => {
    // Random123's kat_vectors: counter and key zero; counter words 2, 3 stay zero here.
    const source =
      'op p(seed: u64, c: u64[N]) -> (a: u32[N], b: u32[N], c2: u32[N], d: u32[N]) { a[n] = philox(seed, c[n]); b[n] = philox(seed, c[n], word = 1); c2[n] = philox(seed, c[n], word = 2); d[n] = philox(seed, c[n], word = 3); }';
    const r = runSource(source, { c: [0n] }, { scalars: { seed: 0n } });
    expect(['a', 'b', 'c2', 'd'].map((id) => outputOf(r, id).tensor.data[0])).toEqual([
      0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8,
    ]);
  });
});
