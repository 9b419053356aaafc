import type { Output } from '../../backends/reference/outputs.ts';
import type { BufId } from '../../codegen/ir/stage.ts';
import { isNarrowFloat, NARROW, quantum } from '../../codegen/numeric/formats.ts';
import type { NarrowFloat } from '../../codegen/numeric/formats.ts';
import { getAt, overlay } from '../../codegen/numeric/tensor.ts';
import type { Tol } from '../../dsl/ast.ts';
import { DTYPES, isFloat } from '../../dsl/dtypes.ts';
import { must } from '../../assert.ts';

/** What a call left in its results and `inout` buffers, by name; a list has one entry per element. */
export type Outcome = Readonly<Record<BufId, readonly Output[]>>;

/**
 * What a kernel left, each float with the bound that it was accepted within. Undefined if the lengths of ragged rows hang on a rounding, since
 * elements then stand at other places than those that the bounds belong to.
 */
export function kernelOutcome(
  expected: Outcome,
  got: ReadonlyMap<BufId, readonly Uint8Array[]>,
  tolerances: Readonly<Record<string, Tol>>,
  offsets: ReadonlySet<BufId>,
): Outcome | undefined {
  const out: Record<BufId, readonly Output[]> = {};
  for (const [id, list] of Object.entries(expected)) {
    if (offsets.has(id) && list.some((o) => o.bound?.some((e) => e > 0) === true)) return undefined;
    out[id] = list.map((o, k): Output => {
      const { dtype, shape, data } = o.tensor;
      const tensor = { dtype, shape, data: overlay(dtype, must(got.get(id)?.[k], id), data.length) };
      const bound = o.fields === undefined ? boundOf(o, tolerances[id]) : boundOfRows(o, tolerances[id]);
      return { tensor, ...(bound === undefined ? {} : { bound }) };
    });
  }
  return out;
}

/**
 * What a result may differ by from the value that the definition gives before its last rounding; what the operator's own tolerance adds counts
 * as well. Integers have a bound only where they hang on a rounding.
 */
function boundOf(o: Output, tol: Tol | undefined): Float64Array | undefined {
  const { dtype, data } = o.tensor;
  if (!isFloat(dtype)) return o.bound;
  const { unit } = DTYPES[dtype];
  if (!isNarrowFloat(dtype) && (tol === undefined || tol.kind === 'auto')) return o.bound;
  return Float64Array.from({ length: data.length }, (_, i) => {
    const size = Math.abs(Number(getAt(o.tensor, i)));
    const own = tol?.kind === 'exact' ? 0 : (o.bound?.[i] ?? 0) * (tol?.kind === 'bound' ? tol.n : 1);
    return (isNarrowFloat(dtype) ? lastRounding(dtype, size) : 0) + Math.max(own, declared(tol, size, unit));
  });
}
/** Half a step of a narrow format; at its largest value there is no telling what was rounded or saturated to it. */
function lastRounding(dtype: NarrowFloat, size: number): number {
  const format = NARROW[dtype];
  return size >= format.max ? Infinity : DTYPES[dtype].unit * size + quantum(format) / 2;
}
function declared(tol: Tol | undefined, size: number, unit: number): number {
  if (tol?.kind === 'absrel') return tol.abs + tol.rel * size;
  return tol?.kind === 'ulp' ? tol.n * 2 * unit * size : 0;
}

/** Packed rows: the bound of a field stands at its first byte. */
function boundOfRows(o: Output, tol: Tol | undefined): Float64Array | undefined {
  const rowBytes = o.tensor.shape.at(-1) ?? 0;
  const rows = rowBytes === 0 ? 0 : o.tensor.data.length / rowBytes;
  const out = new Float64Array(o.tensor.data.length);
  let [at, any] = [0, false];
  for (const field of Object.values(o.fields ?? {})) {
    const bound = boundOf(field, tol);
    const n = rows === 0 ? 0 : field.tensor.data.length / rows;
    const { bytes } = DTYPES[field.tensor.dtype];
    for (let r = 0; bound !== undefined && r < rows; r++)
      for (let i = 0; i < n; i++) out[r * rowBytes + at + i * bytes] = bound[r * n + i] ?? 0;
    any ||= bound !== undefined;
    at += n * bytes;
  }
  return any ? out : undefined;
}
