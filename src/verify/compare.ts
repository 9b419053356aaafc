import type { Output } from '../backends/reference/outputs.ts';
import type { BufId } from '../codegen/ir/stage.ts';
import { getAt, overlay } from '../codegen/numeric/tensor.ts';
import type { Scalar, Tensor } from '../codegen/numeric/tensor.ts';
import type { Tol } from '../dsl/ast.ts';
import { DTYPES, isFloat } from '../dsl/dtypes.ts';

/** One element that a right kernel cannot have produced. */
export interface Mismatch {
  /** `value`: differs from the reference; `unwritten`: still holds poison; `unstable`: two runs on equal inputs differ. */
  readonly kind: 'value' | 'unwritten' | 'unstable';
  readonly buffer: string;
  readonly index: readonly number[];
  readonly got: string;
  readonly expected: string;
  /** Largest accepted difference; absent where equality is asked for. */
  readonly bound?: number;
  /** Wrong elements of this array, this one included. */
  readonly count: number;
  readonly of: number;
}

export interface Comparison {
  readonly mismatch?: Mismatch;
  readonly elements: number;
  /** Elements whose comparison says little: see the marks of the reference. */
  readonly marked: number;
  /** Largest |got − expected| / bound over unmarked floats with a bound: how much of the tolerance is used. */
  readonly used: number;
}

const NONE: Comparison = { elements: 0, marked: 0, used: 0 };

/** Compares all outputs of a case; the first array with wrong elements is reported. */
export function compareOutputs(
  expected: Readonly<Record<BufId, readonly Output[]>>,
  got: ReadonlyMap<BufId, readonly Uint8Array[]>,
  again: ReadonlyMap<BufId, readonly Uint8Array[]>,
  tolerances: Readonly<Record<string, Tol>>,
): Comparison {
  let total = NONE;
  for (const [id, list] of Object.entries(expected)) {
    for (const [k, output] of list.entries()) {
      const name = list.length === 1 ? id : `${id}{${k}}`;
      const [first, second] = [got.get(id)?.[k], again.get(id)?.[k]];
      if (first === undefined || second === undefined) throw new Error(`internal: no output ${name}`);
      const one = compareOne(name, output, first, second, tolerances[id]);
      total = {
        elements: total.elements + one.elements,
        marked: total.marked + one.marked,
        used: Math.max(total.used, one.used),
        ...(one.mismatch === undefined ? {} : { mismatch: one.mismatch }),
      };
      if (one.mismatch !== undefined) return total;
    }
  }
  return total;
}

function compareOne(
  name: string,
  output: Output,
  first: Uint8Array,
  second: Uint8Array,
  tol: Tol | undefined,
): Comparison {
  if (output.fields !== undefined) return compareRows(name, output, first, second, tol);
  const { tensor } = output;
  const n = tensor.data.length;
  const size = DTYPES[tensor.dtype].bytes;
  const kernel: Tensor = { dtype: tensor.dtype, shape: tensor.shape, data: overlay(tensor.dtype, first, n) };
  const accept = acceptance(output, tol);
  let [marked, used, wrong] = [0, 0, 0];
  let mismatch: Omit<Mismatch, 'count' | 'of'> | undefined;
  const ranges = output.covered ?? [{ start: 0, end: n }];
  let elements = 0;
  for (const { start, end } of ranges) {
    elements += end - start;
    for (let i = start; i < end; i++) {
      const mark = output.marks?.[i] ?? 0;
      if (mark !== 0) marked++;
      const v = getAt(kernel, i);
      const differs = !sameBytes(first, second, i * size, size);
      const share = accept(i, v);
      if (share <= 1 && !differs) {
        if (mark === 0) used = Math.max(used, share);
        continue;
      }
      wrong++;
      if (mismatch !== undefined) continue;
      const bound = output.bound?.[i];
      mismatch = {
        kind: !differs ? 'value' : isPoison(first, second, i * size, size) ? 'unwritten' : 'unstable',
        buffer: name,
        index: unflatten(i, tensor.shape),
        got: show(v),
        expected: show(output.values?.[i] ?? getAt(tensor, i)),
        ...(bound === undefined ? {} : { bound }),
      };
    }
  }
  return {
    elements,
    marked,
    used,
    ...(mismatch === undefined ? {} : { mismatch: { ...mismatch, count: wrong, of: elements } }),
  };
}

/** Rows of bytes: each field gathered into an array of its own. */
function compareRows(
  name: string,
  output: Output,
  first: Uint8Array,
  second: Uint8Array,
  tol: Tol | undefined,
): Comparison {
  const fields = Object.entries(output.fields ?? {});
  const rows = output.tensor.shape[0] ?? 0;
  const rowBytes = output.tensor.shape.at(-1) ?? 0;
  let at = 0;
  let total = NONE;
  for (const [field, part] of fields) {
    const bytes = rows === 0 ? 0 : (part.tensor.data.length / rows) * DTYPES[part.tensor.dtype].bytes;
    const gather = (from: Uint8Array): Uint8Array => {
      const out = new Uint8Array(rows * bytes);
      for (let r = 0; r < rows; r++) out.set(from.subarray(r * rowBytes + at, r * rowBytes + at + bytes), r * bytes);
      return out;
    };
    const one = compareOne(`${name}.${field}`, part, gather(first), gather(second), tol);
    total = {
      elements: total.elements + one.elements,
      marked: total.marked + one.marked,
      used: Math.max(total.used, one.used),
      ...(one.mismatch === undefined ? {} : { mismatch: one.mismatch }),
    };
    if (one.mismatch !== undefined) return total;
    at += bytes;
  }
  return total;
}

/** For element i and a kernel's value: the share of the tolerance that is used; above 1 the value is refused. */
function acceptance(output: Output, tol: Tol | undefined): (i: number, v: Scalar) => number {
  const { tensor, bound, values } = output;
  const float = isFloat(tensor.dtype);
  const scale = tol?.kind === 'bound' ? tol.n : 1;
  return (i, v) => {
    const want = getAt(tensor, i);
    const exact = values?.[i] ?? Number(want);
    const e = tol?.kind === 'exact' ? 0 : (bound?.[i] ?? 0) * scale;
    // Accepted whatever the bound; equal infinities have no difference to measure.
    if (v === want || (Number.isNaN(v) && Number.isNaN(want)))
      return float && Number.isFinite(v) && e > 0 ? share(Number(v), exact, e) : 0;
    if (!float) {
      if (e === 0) return Infinity;
      return share(Number(v), Number(want), e);
    }
    if (e === Infinity) return 1;
    const plain = Math.max(e, declared(tol, exact, tensor));
    return share(Number(v), exact, plain);
  };
}
function share(got: number, want: number, e: number): number {
  const d = Math.abs(got - want);
  if (d <= e) return e === 0 ? 0 : d / e;
  return d > e ? Math.max(d / e, 1.0000001) : Infinity;
}
/** What a declared ulp or abs/rel tolerance allows at a value. */
function declared(tol: Tol | undefined, exact: number, tensor: Tensor): number {
  if (tol?.kind === 'absrel') return tol.abs + tol.rel * Math.abs(exact);
  if (tol?.kind === 'ulp') return tol.n * 2 * DTYPES[tensor.dtype].unit * Math.abs(exact);
  return 0;
}

const sameBytes = (a: Uint8Array, b: Uint8Array, at: number, n: number): boolean => {
  for (let k = at; k < at + n; k++) if (a[k] !== b[k]) return false;
  return true;
};
/** Every byte differs the way the two poisons do. */
const isPoison = (a: Uint8Array, b: Uint8Array, at: number, n: number): boolean => {
  for (let k = at; k < at + n; k++) if (a[k] !== 0xff || b[k] !== 0x3b) return false;
  return true;
};
function unflatten(i: number, shape: readonly number[]): readonly number[] {
  const out: number[] = [];
  let rest = i;
  for (const n of shape.toReversed()) {
    out.unshift(n === 0 ? 0 : rest % n);
    rest = n === 0 ? 0 : Math.floor(rest / n);
  }
  return out;
}
const show = (v: Scalar): string => (typeof v === 'number' ? String(Object.is(v, -0) ? '-0' : v) : String(v));

/** True if too much of a case is marked for it to prove anything. */
export const isVacuous = (c: Comparison): boolean => c.marked > 0.01 * c.elements;
