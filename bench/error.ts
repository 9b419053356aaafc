import type { Output } from '../src/backends/reference/outputs.ts';
import { getAt, overlay } from '../src/codegen/numeric/tensor.ts';
import { DTYPES, isFloat } from '../src/dsl/dtypes.ts';

/** Distance of two neighbours of `dtype` at magnitude `v`. */
function ulpAt(v: number, unit: number): number {
  return 2 * unit * 2 ** Math.floor(Math.log2(Math.max(Math.abs(v), 2 ** -126)));
}

/**
 * The largest error of `bytes` against the f64 reference on the elements that it evaluated: in ulps of the storage type for floats, in units for integers.
 * `usual` measures in ulps of the root mean square of the result. A NaN or infinity where the reference has none gives Infinity.
 */
export function largestError(expected: Output, bytes: Uint8Array, ulpOf: 'element' | 'usual'): number {
  const { tensor, values, covered, marks } = expected;
  const n = tensor.data.length;
  const got = { dtype: tensor.dtype, shape: tensor.shape, data: overlay(tensor.dtype, bytes, n) };
  const float = isFloat(tensor.dtype);
  const want = (i: number): number => values?.[i] ?? Number(getAt(tensor, i));
  const ranges = covered ?? [{ start: 0, end: n }];
  const { unit } = DTYPES[tensor.dtype];
  let [sum, count] = [0, 0];
  for (const { start, end } of ranges) {
    for (let i = start; i < end; i++) sum += want(i) ** 2;
    count += end - start;
  }
  const usual = ulpAt(Math.sqrt(sum / Math.max(count, 1)), unit);
  let worst = 0;
  for (const { start, end } of ranges) {
    for (let i = start; i < end; i++) {
      if ((marks?.[i] ?? 0) !== 0 && float) continue;
      const [a, b] = [Number(getAt(got, i)), want(i)];
      if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      const scale = !float ? 1 : ulpOf === 'element' ? ulpAt(b, unit) : Math.max(usual, ulpAt(b, unit));
      const error = Math.abs(a - b) / scale;
      worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
    }
  }
  return worst;
}
