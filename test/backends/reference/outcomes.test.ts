import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { evaluate } from '../../../src/backends/reference/evaluate.ts';
import { MARK_UNSTABLE, MARK_VACUOUS } from '../../../src/backends/reference/outputs.ts';
import { tensor, valuesOf } from '../../../src/codegen/numeric/tensor.ts';
import { randomInputs } from './random-inputs.ts';
import { graphOf, outputOf, run, runSource } from './source.ts';

const inf = Infinity;
const map = (e: string, type = 'f32'): string => `op m(x: f32[N], z: f32[N]) -> (y: ${type}[N]) { y[n] = ${e}; }`;

describe('bounds', () => {
  test('exact operations have none', () => {
    for (const e of ['-x[n]', 'abs(x[n])', 'max(x[n], z[n])', 'x[n] * 2', 'if x[n] > z[n] then x[n] else z[n]'])
      expect(outputOf(runSource(map(e), { x: [1.5, -3], z: [2, 7] }), 'y').bound).toBeUndefined();
  });
  test('an operation is within half an ulp, division and roots within two', () => {
    const bound = (e: string): number => must(outputOf(runSource(map(e), { x: [3], z: [7] }), 'y').bound?.[0], 'bound');
    expect(bound('x[n] + z[n]') / 10).toBeCloseTo(2 ** -24, 9);
    expect(bound('x[n] / z[n]') / (3 / 7)).toBeCloseTo(4 * 2 ** -24, 9);
    expect(bound('strict(x[n] / z[n])') / (3 / 7)).toBeCloseTo(2 ** -24, 9);
    expect(bound('exp(x[n])') / Math.exp(3)).toBeCloseTo(64 * 2 ** -24, 8);
    expect(bound('strict(exp(x[n]))') / Math.exp(3)).toBeCloseTo(8 * 2 ** -24, 9);
  });
  test('infinities and NaN that every kernel meets are definite', () => {
    const y = (e: string, x: number, z: number): readonly unknown[] => {
      const o = outputOf(runSource(map(e), { x: [x], z: [z] }), 'y');
      return [o.values?.[0], o.bound?.[0] ?? 0];
    };
    expect(y('x[n] * z[n]', inf, 2)).toEqual([inf, 0]);
    expect(y('x[n] * z[n]', inf, 0)).toEqual([NaN, 0]);
    expect(y('x[n] - z[n]', inf, inf)).toEqual([NaN, 0]);
    expect(y('x[n] / z[n]', 1, 0)).toEqual([inf, 0]);
    // A contracted kernel never forms the product: its overflow is no certainty.
    expect(y('x[n] * z[n]', 3e38, 10)).toEqual([inf, inf]);
    expect(y('exp(x[n])', 100, 0)).toEqual([inf, 0]);
    expect(y('log(x[n])', -1, 0)).toEqual([NaN, 0]);
    expect(y('1 / (x[n] - z[n])', inf, 1)).toEqual([0, 0]);
  });
  test('an infinity that hangs on a rounding is unknown', () => {
    const o = outputOf(runSource(map('1 / (x[n] * 3 - z[n])'), { x: [0.1], z: [0.30000001192092896] }), 'y');
    expect([o.bound?.[0], o.marks?.[0]]).toEqual([inf, MARK_VACUOUS]);
  });
  test('denormals may be flushed', () => {
    expect(outputOf(runSource(map('x[n] * z[n]'), { x: [1e-30], z: [1e-9] }), 'y').bound?.[0]).toBeGreaterThanOrEqual(
      1e-39,
    );
    expect(outputOf(runSource(map('x[n] * z[n]'), { x: [1e-40], z: [1e9] }), 'y').bound?.[0]).toBeGreaterThanOrEqual(
      1e-31,
    );
  });
  test('a cast is exact away from ties and one step near them', () => {
    const o = outputOf(
      runSource(map('(x[n] + z[n]) as bf16', 'bf16'), { x: [1, 1], z: [0.3, 2 ** -8 * (1 + 2 ** -20)] }),
      'y',
    );
    expect([...(o.values ?? [])]).toEqual([1.296875, 1.0078125]);
    expect(o.bound?.[0]).toBe(0);
    expect(o.bound?.[1]).toBeCloseTo(2 ** -7, 4);
  });
  test('`near` allows one rounding', () => {
    const o = outputOf(runSource(map('x[n] near bf16'), { x: [1.7], z: [0] }), 'y');
    expect(o.bound?.[0]).toBeCloseTo(1.7 * 2 ** -8, 4);
  });
});

describe('unstable choices', () => {
  const third = 'x[n] * 3';
  test('a comparison within the bound accepts both sides', () => {
    // 0.1 * 3 is just above or below 0.3 in f32, as it is rounded.
    const o = outputOf(runSource(map(`if ${third} > z[n] then x[n] else -x[n]`), { x: [0.1, 0.1], z: [0.3, 1] }), 'y');
    expect([o.bound?.[0], o.bound?.[1]].map((e) => Math.round(1e3 * (e ?? NaN)) / 1e3)).toEqual([0.2, 0]);
  });
  test('a comparison as a result is marked', () => {
    const o = outputOf(runSource(map(`${third} > z[n]`, 'bool'), { x: [0.1, 0.1], z: [0.3, 1] }), 'y');
    expect([...must(o.marks, 'marks')]).toEqual([MARK_UNSTABLE, 0]);
  });
  test('a quantiser may be off by one where the value lies on a border', () => {
    const o = outputOf(runSource(map('round(x[n] * 5) as i8', 'i8'), { x: [0.3, 0.32], z: [0, 0] }), 'y');
    expect([[...must(o.bound, 'bound')].map(Math.floor), [...must(o.marks, 'marks')]]).toEqual([
      [1, 0],
      [MARK_UNSTABLE, 0],
    ]);
  });
  test('an argmax between values closer than their bounds is marked', () => {
    const o = outputOf(
      runSource('op a(x: f32[B, N]) -> (y: i64[B]) { y[b] = argmax[n](x[b, n] * 3); }', {
        x: [
          [0.1, 0.1, 0],
          [0.1, 0.2, 0],
        ],
      }),
      'y',
    );
    expect([[...o.tensor.data], [...must(o.marks, 'marks')]]).toEqual([
      [0n, 1n],
      [MARK_UNSTABLE, 0],
    ]);
  });
  test('equal exact values do not mark an argmax', () => {
    expect(
      outputOf(runSource('op a(x: f32[B, N]) -> (y: i64[B]) { y[b] = argmax[n](x[b, n]); }', { x: [[1, 1, 0]] }), 'y')
        .marks,
    ).toBeUndefined();
  });
  test('a position in a sort is marked where keys come too close', () => {
    const o = outputOf(
      runSource('op s(x: f32[B, N]) -> (y: f32[B, N], i: i64[B, N]) { y[b, j], i[b, j] = sort[n](x[b, n] * 3); }', {
        x: [[0.5, 0.1, 0.1, 0.9]],
      }),
      'i',
    );
    expect([...must(o.marks, 'marks')]).toEqual([MARK_UNSTABLE, MARK_UNSTABLE, 0, 0]);
  });
  test('what an unstable index reads is unknown', () => {
    const o = outputOf(
      runSource('op g(x: f32[N], w: f32[V]) -> (y: f32[N]) { y[n] = w[clamp floor(x[n] * 10) as i64]; }', {
        x: [0.3, 0.35],
        w: [0, 1, 2, 3, 4],
      }),
      'y',
    );
    expect([[...must(o.bound, 'bound')], [...must(o.marks, 'marks')]]).toEqual([
      [inf, 0],
      [MARK_VACUOUS, 0],
    ]);
  });
});

describe('faults', () => {
  test('an unchecked read out of range is reported and yields 0', () => {
    const r = runSource('op u(x: f32[N], i: i64[M]) -> (y: f32[M]) { y[m] = x[unchecked i[m]]; }', {
      x: [5, 6],
      i: [1n, 2n, -1n],
    });
    expect([...outputOf(r, 'y').tensor.data]).toEqual([6, 0, 0]);
    expect([r.faultCount, r.faults.map((f) => [f.stage, f.buf, f.index])]).toEqual([
      2,
      [
        ['y', 'x', 2],
        ['y', 'x', -1],
      ],
    ]);
  });
  test('a point that may not exist and would be out of range is no fault, and leaves what it might reach unknown', () => {
    const at = '(x[n] * 10) as i64';
    const scattered = runSource(
      `op s(x: f32[N], w: f32[K]) -> (y: i64[K]) { scatter max y[drop ${at}] = 1 init 0 as i64; }`,
      { x: [0.3], w: [1, 2, 3] },
    );
    const read = runSource(
      `op r(x: f32[N], w: f32[K]) -> (y: f32[N]) { y[n] = sum[j in 0..1 where ${at} + j >= 0 && ${at} + j < K](w[${at} + j]); }`,
      { x: [0.3, 0.1], w: [1, 2, 3] },
    );
    expect([scattered.faults, [...must(outputOf(scattered, 'y').marks, 'marks')]]).toEqual([
      [],
      [MARK_UNSTABLE, MARK_UNSTABLE, MARK_UNSTABLE],
    ]);
    expect([read.faults, [...must(outputOf(read, 'y').bound, 'bound')]]).toEqual([[], [inf, inf]]);
  });
  test('a target of `scatter unique` that is written twice is reported', () => {
    const r = runSource('op p(i: i64[N]) -> (o: i64[N]) { scatter unique o[drop i[n]] = n init -1; }', {
      i: [0n, 0n, 7n],
    });
    expect([[...outputOf(r, 'o').tensor.data], r.faults.map((f) => f.stage)]).toEqual([
      [1n, -1n, -1n],
      ['o (not unique)'],
    ]);
  });
});

describe('ragged results', () => {
  const source =
    'op k(v: i64[B, ~L(off)], off: i64[B+1]) -> (o: i64[B, ~P(po)], po: i64[B+1]) { pack P[b] from l where v[b, l] > 2 : o = v[b, l]; }';
  const data = { v: [1n, 5n, 2n, 7n, 9n], off: [0n, 3n, 3n, 5n] };
  test('are as long as they need to be', () => {
    const r = runSource(source, data, { dims: { B: 3 } });
    expect([[...outputOf(r, 'o').tensor.data], [...outputOf(r, 'po').tensor.data], outputOf(r, 'o').needed]).toEqual([
      [5n, 7n, 9n],
      [0n, 1n, 1n, 3n],
      3,
    ]);
  });
  test('beyond the capacity nothing is written, and the need is still told', () => {
    const r = runSource(source, data, { dims: { B: 3 }, capacities: { P: 2 } });
    expect([[...outputOf(r, 'o').tensor.data], [...outputOf(r, 'po').tensor.data], outputOf(r, 'o').needed]).toEqual([
      [5n, 7n],
      [0n, 1n, 1n, 3n],
      3,
    ]);
  });
});

describe('inputs that do not fit', () => {
  const graph = graphOf(
    'op a(x: f32[N], off: i64[B+1], v: i64[B, ~L(off)]) -> (y: f32[N], k: i64[B]) where N >= 2 { y[n] = x[n]; k[b] = len(L, b); }',
  );
  const good = { x: tensor('f32', [2], [1, 2]), off: tensor('i64', [2], [0n, 1n]), v: tensor('i64', [1], [3n]) };
  const problems = (
    dims: Record<string, number>,
    buffers: Record<string, ReturnType<typeof tensor>>,
  ): readonly string[] => {
    const r = evaluate(graph, { dims, buffers });
    return r.ok ? ['fine'] : r.problems.map((p) => `${p.kind}: ${p.text}`);
  };
  test.each([
    [{ N: 2, B: 1 }, good, 'fine'],
    [{ N: 2 }, good, 'missing: B has no value'],
    [{ N: 2, B: 1 }, { off: good.off, v: good.v }, 'missing: input x is missing'],
    [{ N: 2, B: 1 }, { ...good, x: tensor('f64', [2], [1, 2]) }, 'dtype: x is f32, got f64'],
    [{ N: 3, B: 1 }, good, 'shape: x has shape [3], got [2]'],
    [{ N: 1, B: 1 }, { ...good, x: tensor('f32', [1], [1]) }, 'fact: N >= 2 does not hold'],
    [{ N: 2, B: 1 }, { ...good, off: tensor('i64', [2], [1n, 1n]) }, 'offsets: off starts at 1, not 0'],
    [{ N: 2, B: 2 }, { ...good, off: tensor('i64', [3], [0n, 2n, 1n]) }, 'offsets: off falls at 2: 2, 1'],
  ])('%j %#', (dims, buffers, want) => expect(problems(dims, buffers as typeof good)).toEqual([want]));
});

describe('sampling', () => {
  test('evaluates some rows as evaluating all does, ends included', () => {
    const graph = graphOf(
      'op s(x: f32[B, D], w: bf16[D]) -> (y: bf16[B, D], m: f32[B]) { let p[b, d] = softmax[d](x[b, d]); y[b, d] = (p[b, d] * w[d]) as bf16; m[b] = max[d](p[b, d]); }',
    );
    const inputs = randomInputs(graph, { B: 300, D: 17 }, 3);
    const [all, some] = [evaluate(graph, inputs), evaluate(graph, inputs, { sample: { count: 5, seed: 1 } })];
    if (!all.ok || !some.ok) throw new Error('problems');
    const [y, z] = [outputOf(all, 'y'), outputOf(some, 'y')];
    const covered = must(z.covered, 'covered');
    expect([covered[0]?.start, covered.at(-1)?.end]).toEqual([0, 300 * 17]);
    for (const { start, end } of covered) expect(z.values?.slice(start, end)).toEqual(y.values?.slice(start, end));
    const [m, n] = [outputOf(all, 'm'), outputOf(some, 'm')];
    for (const { start, end } of must(n.covered, 'covered'))
      expect([n.values?.slice(start, end), n.bound?.slice(start, end)]).toEqual([
        m.values?.slice(start, end),
        m.bound?.slice(start, end),
      ]);
    const known = covered.reduce((n, r) => n + r.end - r.start, 0);
    expect(known).toBeLessThan(300 * 17);
    expect(valuesOf(z.tensor).filter((v) => v !== 0).length).toBeLessThanOrEqual(known);
  });
});

test('inout: reads see the entry value', () => {
  const r = runSource('op i(inout p: f32[N]) -> (q: f32[N]) { q[n] = p[n]; p[n] = 2 * p[n]; }', { p: [1, 2] });
  expect([[...outputOf(r, 'p').tensor.data], [...outputOf(r, 'q').tensor.data]]).toEqual([
    [2, 4],
    [1, 2],
  ]);
});
test('a state is read as at the start of the step', () => {
  const source =
    'op f(n: f32[T]) -> (y: f32[T]) { state a[u in 0..2] = 1.0; for t in 0..T { a[0] = a[1]; a[1] = a[0] + a[1]; y[t] = a[1] + 0 * n[t]; } }';
  expect(run('y', source, { n: [0, 0, 0, 0, 0] })).toEqual([1, 2, 3, 5, 8]);
});
