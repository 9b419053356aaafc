import * as fc from 'fast-check';
import { binaryExpr, intLiteral, negation } from '../../../src/dsl/prove/construct.ts';
import type { TBinary, TExpr } from '../../../src/dsl/typed.ts';
import { expr } from './build.ts';
import type { Point } from './evaluate.ts';

/** Names by kind: sizes are never negative, the parameter and the variables may be, reads hold anything. */
const leaf = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('N', 'M', '$s', 'i', 'j').map(expr) },
  { weight: 3, arbitrary: fc.integer({ min: -2, max: 3 }).map(intLiteral) },
);
const read = fc.constantFrom('x[i]', 'x[j]', 'u.u8[i]', 'len(L, i)', 'len(L, j)').map(expr);

const arithmetic = fc.constantFrom<TBinary>('add', 'add', 'sub', 'mul', 'floordiv', 'mod', 'bitand', 'bitxor', 'bitor');
const comparison = fc.constantFrom<TBinary>('eq', 'ne', 'lt', 'le', 'gt', 'ge');
const compare = (a: fc.Arbitrary<TExpr>): fc.Arbitrary<TExpr> =>
  fc.tuple(comparison, a, a).map(([op, x, y]) => binaryExpr(op, x, y));

const wrapping = fc.constantFrom<'u64' | 'i32' | 'u32'>('u64', 'i32', 'u32');

function call(fn: 'min' | 'max' | 'abs' | 'sign' | 'clip', args: readonly TExpr[]): TExpr {
  return { ...expr(`${fn}(0)`), kind: 'call', fn, args };
}
/** Integer expressions of limited depth; with `data`, over reads too, so that arithmetic may wrap. */
export function integers(depth: number, data: boolean): fc.Arbitrary<TExpr> {
  const bottom = data ? fc.oneof(leaf, read) : leaf;
  if (depth === 0) return bottom;
  const sub = integers(depth - 1, data);
  return fc.oneof(
    { weight: 3, arbitrary: bottom },
    { weight: 5, arbitrary: fc.tuple(arithmetic, sub, sub).map(([op, a, b]) => binaryExpr(op, a, b)) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom<'min' | 'max'>('min', 'max'), sub, sub).map(([fn, a, b]) => call(fn, [a, b])),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom<'abs' | 'sign'>('abs', 'sign'), sub).map(([fn, a]) => call(fn, [a])),
    },
    { weight: 1, arbitrary: fc.tuple(sub, sub, sub).map((args) => call('clip', args)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(compare(sub), sub, sub)
        .map(([cond, a, b]): TExpr => ({ kind: 'if', cond, then: a, else: b, type: 'i64', span: cond.span })),
    },
    ...(data
      ? [
          { weight: 1, arbitrary: fc.tuple(wrapping, sub).map(([to, a]) => back(cast(a, to))) },
          {
            weight: 2,
            arbitrary: fc
              .tuple(wrapping, arithmetic, sub, sub)
              .map(([to, op, a, b]) => back(binaryExpr(op, cast(a, to), cast(b, to)))),
          },
        ]
      : []),
  );
}
const cast = (a: TExpr, to: 'u64' | 'i32' | 'u32' | 'i64'): TExpr => ({
  kind: 'cast',
  mode: 'as',
  to,
  a,
  type: to,
  span: a.span,
});
const back = (a: TExpr): TExpr => cast(a, 'i64');

/** Conditions: comparisons and their combinations. */
export function conditions(depth: number, data: boolean): fc.Arbitrary<TExpr> {
  const plain = compare(integers(depth, data));
  return fc.oneof(
    { weight: 6, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom<TBinary>('and', 'or'), plain, plain)
        .map(([op, a, b]) => binaryExpr(op, a, b)),
    },
    { weight: 1, arbitrary: plain.map(negation) },
  );
}
/** Facts such as a checker has them: ranges of the variables, mostly, and a few conditions. */
export const factLists = (data: boolean): fc.Arbitrary<readonly TExpr[]> =>
  fc
    .tuple(
      fc.subarray(
        ['0 <= i', 'i < N', '0 <= j', 'j < M', 'j <= i', '$s >= 1', '$s == 2', 'i == j', 'N == M * 2'].map(expr),
      ),
      fc.array(conditions(1, data), { maxLength: 2 }),
    )
    .map(([a, b]) => [...a, ...b]);

const small = (lo: number, hi: number): readonly bigint[] =>
  Array.from({ length: hi - lo + 1 }, (_, k) => BigInt(lo + k));

/** Points of a small box: exhaustive for sizes and variables. */
export function points(): Point[] {
  const out: Point[] = [];
  for (const N of small(0, 4))
    for (const M of small(0, 2))
      for (const s of small(-1, 2))
        for (const i of small(-1, 4))
          for (const j of small(-1, 2)) out.push({ named: { N, M, s, i, j }, read: () => 0n });
  return out;
}
/** Points with reads: fewer positions, contents that reach the limits of the types. */
export function dataPoints(): Point[] {
  const extremes = [-(1n << 63n), -(1n << 31n) - 1n, -1n, 0n, 1n, 3n, 1n << 31n, (1n << 63n) - 1n];
  const out: Point[] = [];
  for (const N of small(0, 3))
    for (const M of small(0, 1))
      for (const s of small(-1, 2))
        for (const i of small(0, 2))
          for (const j of small(0, 1)) {
            for (const [k, x] of extremes.entries()) {
              const other = extremes[(k * 3 + 1) % extremes.length] ?? 0n;
              out.push({
                named: { N, M, s, i, j },
                read: (tensor, [at = 0n]) =>
                  tensor === 'x'
                    ? at === i
                      ? x
                      : other
                    : tensor === 'u'
                      ? BigInt.asUintN(8, at === i ? x : other)
                      : (at * 3n + x) & 3n,
              });
            }
          }
  return out;
}
