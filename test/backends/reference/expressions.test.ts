import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { evaluate } from '../../../src/backends/reference/evaluate.ts';
import * as b from '../../../src/codegen/ir/build.ts';
import { printExpr } from '../../../src/codegen/ir/print.ts';
import type { Expr, StageGraph } from '../../../src/codegen/ir/stage.ts';
import { getAt, tensor, valuesOf } from '../../../src/codegen/numeric/tensor.ts';
import type { Scalar, Tensor } from '../../../src/codegen/numeric/tensor.ts';
import type { DType } from '../../../src/dsl/dtypes.ts';
import { DTYPES, isFloat } from '../../../src/dsl/dtypes.ts';
import { STORED, arbitraryExpr } from './arbitrary-expr.ts';
import { disagreements } from './agreement.ts';
import { randomKernel } from './kernel.ts';
import { naive } from './naive.ts';
import { random } from './random-inputs.ts';

const span = { file: 'test', start: 0, end: 0 };
const N = 8;
function graphOf(value: Expr): StageGraph {
  const shape = [b.dim('N')];
  const out: DType = value.type;
  return {
    name: 'e',
    span,
    dims: [{ id: 'N' }],
    scalars: [],
    facts: [],
    buffers: [
      ...STORED.map((t) => ({ id: `x_${t}`, role: 'in' as const, dtype: t, shape, span })),
      { id: 'y', role: 'out', dtype: out, shape, span },
    ],
    stages: [
      {
        kind: 'map',
        id: 's',
        name: 'y',
        span,
        axes: [b.axis('n', b.dim('N'))],
        out: b.place('y', [b.axisRef('n')]),
        value,
      },
    ],
  };
}
const element = (t: DType): fc.Arbitrary<Scalar> => {
  if (t === 'bool') return fc.boolean();
  if (isFloat(t))
    return fc.oneof(
      fc.constantFrom(0, 1, -1, 0.5, -2.5, 3, 100, 255, 1e-3),
      fc.double({ min: -100, max: 100, noNaN: true }),
    );
  const width = BigInt(8 * DTYPES[t].bytes);
  const [lo, hi] = DTYPES[t].signed ? [-(2n ** (width - 1n)), 2n ** (width - 1n) - 1n] : [0n, 2n ** width - 1n];
  return fc.oneof(
    fc.bigInt({ min: lo, max: hi }),
    fc.constantFrom(lo, hi, 0n, 1n),
    fc.bigInt({ min: lo < -5n ? -5n : lo, max: 9n }),
  );
};
const data: fc.Arbitrary<Record<string, Tensor>> = fc.record(
  Object.fromEntries(
    STORED.map((t) => [`x_${t}`, fc.array(element(t), { minLength: N, maxLength: N }).map((v) => tensor(t, [N], v))]),
  ),
);

function same(found: Scalar, want: Scalar, bound: number): boolean {
  if (typeof want !== 'number')
    return BigInt(found) === BigInt(want) || Math.abs(Number(BigInt(found) - BigInt(want))) <= bound;
  const v = Number(found);
  if (Object.is(v, want) || v === want || bound === Infinity) return true;
  return Math.abs(v - want) <= bound + 1e-12 * Math.abs(want) || (Math.abs(want) > 3.4e38 && !Number.isFinite(v));
}
/** Infinities, NaN, denormals, zeros of both signs, ends of ranges, near-cancellation. */
const special: fc.Arbitrary<Record<string, Tensor>> = fc.record(
  Object.fromEntries(
    STORED.map((t) => {
      const values = isFloat(t)
        ? fc.oneof(
            { weight: 3, arbitrary: element(t) },
            fc.constantFrom(
              Infinity,
              -Infinity,
              NaN,
              -0,
              1e-40,
              -3e-39,
              2e-38,
              3e38,
              -3.4e38,
              1.0000001,
              88.5,
              -103,
              1e-6,
            ),
          )
        : element(t);
      return [`x_${t}`, fc.array(values, { minLength: N, maxLength: N }).map((v) => tensor(t, [N], v))];
    }),
  ),
);
function checkKernel(e: Expr, buffers: Record<string, Tensor>, seed: number): void {
  const graph = graphOf(e);
  const inputs = { dims: { N }, buffers };
  const r = evaluate(graph, inputs);
  if (!r.ok) throw new Error(r.problems.map((p) => p.text).join('; '));
  const out = must(r.outputs['y']?.[0], 'y');
  const wrong = disagreements('y', 0, out, naive(graph, inputs, randomKernel(random(seed))), 0);
  if (wrong.length > 0)
    expect([
      printExpr(e),
      wrong,
      Object.entries(buffers)
        .filter(([id]) => printExpr(e).includes(id))
        .map(([id, t]) => `${id}: ${valuesOf(t).join(' ')}`),
    ]).toEqual([]);
}
function check(e: Expr, buffers: Record<string, Tensor>, bounds: boolean): void {
  const graph = graphOf(e);
  const inputs = { dims: { N }, buffers };
  const r = evaluate(graph, inputs, { bounds });
  if (!r.ok) throw new Error(r.problems.map((p) => p.text).join('; '));
  const out = must(r.outputs['y']?.[0], 'y');
  const want = naive(graph, inputs);
  for (let i = 0; i < N; i++) {
    const expected = must(want('y', 0, [i]), 'y');
    const found = getAt(out.tensor, i);
    if (!same(found, expected, bounds ? (out.bound?.[i] ?? 0) : 0))
      expect(`${printExpr(e)} at ${i}: ${String(found)} ± ${out.bound?.[i] ?? 0}`).toBe(String(expected));
  }
}

describe('random expressions agree with the plain evaluator', () => {
  test.each(['i32', 'u32', 'i64', 'u64', 'bool', 'f32', 'f64'] as const)('%s', (type) => {
    fc.assert(
      fc.property(arbitraryExpr(type, 3), data, (e, d) => check(e, d, false)),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(arbitraryExpr(type, 3), data, (e, d) => check(e, d, true)),
      { numRuns: 150 },
    );
  });
});

describe('right kernels on special values stay within the bound', () => {
  test.each(['f32', 'bool', 'i32', 'i64'] as const)('%s', (type) => {
    fc.assert(fc.property(arbitraryExpr(type, 3, true), special, fc.nat(), checkKernel), { numRuns: 150 });
  });
});
