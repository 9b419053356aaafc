import { expect } from 'vitest';
import type { Output } from '../../../src/backends/reference/outputs.ts';
import type { Scalar } from '../../../src/codegen/numeric/tensor.ts';
import { getAt } from '../../../src/codegen/numeric/tensor.ts';

export type Lookup = (buf: string, list: number, index: readonly number[], field?: string) => Scalar | undefined;

/** Row-major index of flat position `i`. */
export function unflatten(i: number, shape: readonly number[]): readonly number[] {
  return shape.reduceRight<{ readonly rest: number; readonly at: readonly number[] }>(
    ({ rest, at }, n) => ({ rest: Math.floor(rest / n), at: [rest % n, ...at] }),
    { rest: i, at: [] },
  ).at;
}

/** Elements of a result that are farther from `want` than the bound (plus `relative` for what f64 itself rounds). */
export function disagreements(
  id: string,
  list: number,
  out: Output,
  want: Lookup,
  relative: number,
  field?: string,
): readonly string[] {
  if (out.fields !== undefined)
    return Object.entries(out.fields).flatMap(([name, f]) => disagreements(id, list, f, want, relative, name));
  const wrong: string[] = [];
  for (let i = 0; i < out.tensor.data.length; i++) {
    const index = unflatten(i, out.tensor.shape);
    const expected = want(id, list, index, field);
    const found = out.values?.[i] ?? getAt(out.tensor, i);
    const bound = out.bound?.[i] ?? 0;
    if (expected === undefined || !within(found, expected, bound, relative))
      wrong.push(`${id}[${index.join(', ')}]${field ?? ''}: ${String(found)} ± ${bound}, not ${String(expected)}`);
  }
  return wrong;
}
function within(found: Scalar, expected: Scalar, bound: number, relative: number): boolean {
  if (bound === Infinity) return true;
  if (typeof expected !== 'number') return Math.abs(Number(BigInt(found) - BigInt(expected))) <= bound;
  const v = Number(found);
  return Object.is(v, expected) || v === expected || Math.abs(v - expected) <= bound + relative * Math.abs(expected);
}
export function expectAgreement(
  outputs: Readonly<Record<string, readonly Output[]>>,
  want: Lookup,
  relative = 1e-9,
): void {
  expect(
    Object.entries(outputs).flatMap(([id, list]) => list.flatMap((o, l) => disagreements(id, l, o, want, relative))),
  ).toEqual([]);
}
