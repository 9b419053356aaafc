import type { Buffer, StageGraph } from '../codegen/ir/stage.ts';
import { setAt, zeros } from '../codegen/numeric/tensor.ts';
import type { Scalar, Tensor } from '../codegen/numeric/tensor.ts';
import { evalSize } from '../codegen/shapes/eval-size.ts';
import { below, pick, seeded, shuffle } from '../codegen/space/random.ts';
import type { Rng } from '../codegen/space/random.ts';
import type { DType } from '../dsl/dtypes.ts';
import { DTYPES, isFloat } from '../dsl/dtypes.ts';
import type { Case, Style } from './case.ts';
import { inputRoles } from './roles.ts';
import type { Role } from './roles.ts';
import type { Sizes } from './sizes.ts';

/** The values a kernel is called with; list buffers have one tensor for each element, plain ones have one. */
export interface CaseData {
  readonly tensors: ReadonlyMap<string, readonly Tensor[]>;
  readonly scalars: ReadonlyMap<string, Scalar>;
}

const bits64 = (rng: Rng): bigint => (BigInt(below(rng, 2 ** 32)) << 32n) | BigInt(below(rng, 2 ** 32));
const normal = (rng: Rng): number => Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());

/** Draws all inputs of a case. Equal cases give equal bytes. */
export function caseData(graph: StageGraph, c: Case, sizes: Sizes): CaseData {
  const roles = inputRoles(graph);
  const tensors = new Map<string, readonly Tensor[]>();
  for (const b of graph.buffers) {
    if (b.role !== 'in' && b.role !== 'inout') continue;
    const role = roles.get(b.id) ?? { kind: 'data' };
    const list: Tensor[] = [];
    for (let k = 0; k < sizes.count(b); k++) list.push(inputTensor(b, role, k, c, sizes));
    tensors.set(b.id, list);
  }
  const scalars = new Map(
    graph.scalars.map((s): [string, Scalar] => [s.name, scalarValue(s.dtype, c.scalars[s.name] ?? s.default ?? 1)]),
  );
  return { tensors, scalars };
}

/** 64-bit integers travel in cases as text, because JSON numbers are doubles. */
function scalarValue(dtype: DType, v: number | string | bigint | boolean): Scalar {
  if (dtype === 'bool') return v === true || v === 1 || v === 'true';
  if (DTYPES[dtype].group === 'int') return DTYPES[dtype].bytes === 8 ? BigInt(v) : Number(v);
  return Number(v);
}

function inputTensor(b: Buffer, role: Role, element: number, c: Case, sizes: Sizes): Tensor {
  const shape = sizes.shape(b, element);
  if (shape === undefined) throw new Error(`internal: shape of ${b.id} is not determined`);
  const rng = seeded(`${c.seed}/${c.style}/${b.id}/${element}`);
  if (role.kind === 'offsets') {
    const off = sizes.offsets.get(b.id)?.[element];
    if (off === undefined) throw new Error(`internal: no offsets for ${b.id}`);
    return offsetsTensor(b.dtype, off);
  }
  if (b.row !== undefined) return rows(b, shape[0] ?? 0, c, rng, sizes);
  const out = zeros(b.dtype, shape);
  fill(out, role, c, rng, sizes);
  return out;
}

/** An offsets array as a tensor. */
export function offsetsTensor(dtype: DType, offsets: BigInt64Array): Tensor {
  const out = zeros(dtype, [offsets.length]);
  offsets.forEach((v, i) => setAt(out, i, v));
  return out;
}

/** Larger arrays repeat their values with this period, a prime, so that rows still differ. */
const LARGEST_DRAWN = 1_048_573;

/** Values in place; `role` decides the range of integers and the order. */
function fill(t: Tensor, role: Role, { style, seed }: Case, rng: Rng, sizes: Sizes): void {
  const n = t.data.length;
  const infinite = seed % 2 === 0;
  if (role.kind === 'index') {
    const extents = role.extents.map((e) => evalSize(e, sizes.env) ?? 1);
    for (let i = 0; i < n; i++) setAt(t, i, indexValue(t.dtype, Math.min(...extents), role.safe, style, rng));
    return;
  }
  if (role.kind === 'distinct') {
    const extent = evalSize(role.extent, sizes.env) ?? 0;
    // Targets beyond the extent are dropped, so that any number of items can be distinct.
    const targets = shuffle(
      rng,
      Array.from({ length: Math.max(n, extent) }, (_, i) => i),
    );
    for (let i = 0; i < n; i++) setAt(t, i, BigInt(targets[i] ?? i));
    return;
  }
  const drawn = Math.min(n, LARGEST_DRAWN);
  for (let i = 0; i < drawn; i++) setAt(t, i, value(t.dtype, style, rng, infinite));
  for (let at = drawn; at < n; at += drawn) t.data.copyWithin(at, 0, Math.min(drawn, n - at));
  if (role.kind === 'ascending') sortRows(t, rowLength(t));
}

const rowLength = (t: Tensor): number => t.shape.at(-1) ?? 1;

/** Sorts each row ascending, after dropping NaN: an ascending row is a precondition of the search. */
function sortRows(t: Tensor, length: number): void {
  const nan = isFloat(t.dtype);
  for (let start = 0; start < t.data.length; start += length) {
    const row: Scalar[] = [];
    for (let i = start; i < start + length; i++) {
      const v = nan ? Number(read(t, i)) : read(t, i);
      row.push(typeof v === 'number' && Number.isNaN(v) ? 0 : v);
    }
    row.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    row.forEach((v, i) => setAt(t, start + i, v));
  }
}
const read = (t: Tensor, i: number): Scalar => {
  const raw = t.data[i];
  return t.dtype === 'f32' || t.dtype === 'f64' || DTYPES[t.dtype].group === 'int' ? (raw ?? 0) : 0;
};

/** An index: mostly in range, and where the program bounds it, sometimes beyond on either side. */
function indexValue(dtype: DType, extent: number, safe: boolean, style: Style, rng: Rng): Scalar {
  const beyond = safe && rng() < (style === 'special' ? 0.3 : 0.05);
  const signed = DTYPES[dtype].signed;
  const v = beyond
    ? pick(rng, signed ? [-1, extent, extent + 1, -extent, 2 ** 40, -(2 ** 40)] : [extent, extent + 1])
    : below(rng, Math.max(extent, 1));
  return DTYPES[dtype].bytes === 8 ? BigInt(v) : v;
}

/** Edge values of floats: tiny, exact halves (ties of a rounding), both zeros. */
const EDGES = [0, -0, 1, -1, 0.5, 1.5, 2.5, 1e-38, -1e-40, 1e-7];
/** A case has either infinities and NaN or huge values: together they say little, since an overflow depends on the order of operations. */
const INFINITE = [...EDGES, Infinity, -Infinity, NaN];
const HUGE = [...EDGES, 3e38, -3e38, 65504, 448];

function value(dtype: DType, style: Style, rng: Rng, infinite: boolean): Scalar {
  const { group, bytes, signed } = DTYPES[dtype];
  if (group === 'bool') return rng() < 0.5;
  if (group === 'float') return floatValue(style, rng, infinite);
  const width = BigInt(bytes * 8);
  const wide = style === 'special' || style === 'lognormal';
  const small = BigInt(below(rng, 17)) - (signed ? 8n : 0n);
  const raw =
    style === 'special' && rng() < 0.2
      ? pick(rng, [0n, 1n, -1n, 1n << (width - 1n), (1n << (width - 1n)) - 1n])
      : wide
        ? bits64(rng)
        : small;
  const v = signed ? BigInt.asIntN(Number(width), raw) : BigInt.asUintN(Number(width), raw);
  return bytes === 8 ? v : Number(v);
}

function floatValue(style: Style, rng: Rng, infinite: boolean): number {
  switch (style) {
    case 'integers':
      return below(rng, 17) - 8;
    case 'normal':
      return normal(rng);
    case 'uniform':
      return rng();
    case 'lognormal':
      return (rng() < 0.5 ? -1 : 1) * Math.exp(3 * normal(rng));
    case 'special':
      return rng() < 0.15 ? pick(rng, infinite ? INFINITE : HUGE) : normal(rng);
  }
}

/** Packed rows: every field of every row encoded at its unaligned place. */
function rows(b: Buffer, count: number, c: Case, rng: Rng, sizes: Sizes): Tensor {
  const fields = (b.row ?? []).map((f) => {
    const n = f.shape.reduce((a, e) => a * (evalSize(e, sizes.env) ?? 0), 1);
    return { dtype: f.dtype, n, bytes: n * DTYPES[f.dtype].bytes };
  });
  const rowBytes = fields.reduce((a, f) => a + f.bytes, 0);
  const out = zeros('u8', [count, rowBytes]);
  const bytes = new Uint8Array(out.data.buffer);
  for (let r = 0; r < count; r++) {
    let at = r * rowBytes;
    for (const f of fields) {
      const field = zeros(f.dtype, [f.n]);
      fill(field, { kind: 'data' }, c, rng, sizes);
      bytes.set(new Uint8Array(field.data.buffer), at);
      at += f.bytes;
    }
  }
  return out;
}
