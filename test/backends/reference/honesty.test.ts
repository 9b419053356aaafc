import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { evaluate } from '../../../src/backends/reference/evaluate.ts';
import type { Output } from '../../../src/backends/reference/outputs.ts';
import { rounder } from '../../../src/codegen/numeric/codec.ts';
import { tensor } from '../../../src/codegen/numeric/tensor.ts';
import type { DType } from '../../../src/dsl/dtypes.ts';
import { compileOp } from '../../fixtures/programs.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { ORDERS, foldIn } from './kernel.ts';
import type { Order } from './kernel.ts';
import { random } from './random-inputs.ts';

type Draw = (next: () => number) => number;
const normal: Draw = (next) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
const DRAWS: Readonly<Record<string, Draw>> = {
  uniform: (next) => next(),
  normal,
  'signed lognormal': (next) => Math.sign(next() - 0.5) * Math.exp(3 * normal(next)),
};

function rowsOf(draw: Draw, rows: number, n: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: rows * n }, () => draw(next));
}
function reference(source: string, x: Float32Array, rows: number, n: number): Output {
  const lowered = lower(compileOp(source));
  if (!lowered.ok) throw new Error('refused');
  const r = evaluate(lowered.graph, { dims: { B: rows, N: n }, buffers: { x: tensor('f32', [rows, n], x) } });
  if (!r.ok) throw new Error(r.problems.map((p) => p.text).join('; '));
  return must(r.outputs['y']?.[0], 'y');
}
/** How many of the rows a kernel that folds `terms(row)` in the given accumulator gets wrong by more than the bound. */
function flagged(
  out: Output,
  x: Float32Array,
  n: number,
  kernel: (row: readonly number[], order: Order) => number,
): number {
  let count = 0;
  out.values?.forEach((v, b) => {
    const row = [...x.subarray(b * n, (b + 1) * n)];
    const k = kernel(row, ORDERS[b % ORDERS.length] ?? 'forward');
    if (Math.abs(k - v) > (out.bound?.[b] ?? 0)) count++;
  });
  return count;
}
const f32 = Math.fround;
const SUM = 'op s(x: f32[B, N]) -> (y: f32[B]) { y[b] = sum[n](x[b, n]); }';
const DOT = 'op d(x: f32[B, N]) -> (y: f32[B]) { y[b] = sum[n](x[b, n] * x[b, N - 1 - n]); }';
const summed = (row: readonly number[], order: Order, round: (v: number) => number = f32): number =>
  foldIn(order, row, (a, b) => round(a + b), 0);

describe.each(Object.entries(DRAWS))('%s', (_, draw) => {
  test.each([
    [3, 20000],
    [64, 8000],
    [1000, 300],
  ])('sums of %i in any order are within the bound', (n, rows) => {
    const x = rowsOf(draw, rows, n, n);
    expect(flagged(reference(SUM, x, rows, n), x, n, summed)).toBe(0);
  });
  test('dot products in any order, contracted or not, are within the bound', () => {
    const [n, rows] = [100, 3000];
    const x = rowsOf(draw, rows, n, 7);
    const out = reference(DOT, x, rows, n);
    const products = (row: readonly number[]): readonly number[] => row.map((v, i) => v * must(row[n - 1 - i], 'term'));
    expect(flagged(out, x, n, (row, order) => summed(products(row).map(f32), order))).toBe(0);
    expect(flagged(out, x, n, (row, order) => summed(products(row), order))).toBe(0);
  });
});

describe('planted bugs exceed the bound (n = 4096, lanes and a tree)', () => {
  const [n, rows] = [4096, 60];
  const lanes = (row: readonly number[], round?: (v: number) => number): number => summed(row, 'lanes32', round);
  test.each([
    ['uniform', 0.85],
    ['normal', 0.85],
  ] as const)('%s: an element dropped, a tile dropped, an element twice', (name, share) => {
    const x = rowsOf(must(DRAWS[name], name), rows, n, 3);
    const out = reference(SUM, x, rows, n);
    expect(flagged(out, x, n, (row) => lanes(row))).toBe(0);
    expect(flagged(out, x, n, (row) => lanes(row.slice(0, -1)))).toBeGreaterThan(share * rows);
    expect(flagged(out, x, n, (row) => lanes(row.slice(0, -32)))).toBeGreaterThan(0.98 * rows);
    expect(flagged(out, x, n, (row) => lanes([...row, must(row[5], 'term')]))).toBeGreaterThan(share * rows);
  });
  test('a bf16 accumulator', () => {
    const x = rowsOf(normal, rows, n, 4);
    expect(flagged(reference(SUM, x, rows, n), x, n, (row) => lanes(row, rounder('bf16')))).toBeGreaterThan(0.9 * rows);
  });
});

test.each(['f16', 'bf16', 'f8e4m3', 'f8e5m2', 'f32'] as const)(
  'sum<%s> allows that accumulator, and nothing narrower',
  (acc: DType) => {
    const [n, rows] = [20, 500];
    const x = rowsOf((next) => next() / 8, rows, n, 5);
    const out = reference(
      `op s(x: f32[B, N]) -> (y: f32[B]) { y[b] = sum<${acc}>[n](x[b, n] as ${acc}); }`,
      x,
      rows,
      n,
    );
    const kernel = (by: DType) => (row: readonly number[], order: Order) =>
      summed(row.map(rounder(acc)), order, rounder(by));
    expect(flagged(out, x, n, kernel(acc))).toBe(0);
    if (acc === 'f16' || acc === 'f32') expect(flagged(out, x, n, kernel('f8e5m2'))).toBeGreaterThan(rows / 2);
  },
);
