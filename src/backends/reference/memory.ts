import type { BufId, Buffer } from '../../codegen/ir/stage.ts';
import type { Tensor, TypedArray } from '../../codegen/numeric/tensor.ts';
import { elements, storage } from '../../codegen/numeric/tensor.ts';
import { isNarrowFloat } from '../../codegen/numeric/formats.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { DTYPES, isFloat } from '../../dsl/dtypes.ts';

/**
 * How the elements lie in `data`. number: floats as f32 or f64, integers of at most 32 bits. table: patterns of narrow floats, decoded by a table.
 * wide: 64-bit integers as pairs of i32, low half first. bool: bytes. row: packed bytes.
 */
export type Layout = 'number' | 'table' | 'wide' | 'bool' | 'row';

/** A buffer at run time; `data`, `shapes` and `err` have one entry per list element, one for plain buffers. */
export interface Memory {
  readonly id: BufId;
  readonly buffer: Buffer;
  readonly layout: Layout;
  readonly list: boolean;
  readonly shapes: readonly (readonly number[])[];
  readonly data: TypedArray[];
  /** Bounds of the elements, once something that is not exact is stored. */
  err?: Float64Array[];
  /** Values of integer elements lie in lo..hi. */
  lo: number;
  hi: number;
  /** Packed rows that the reference writes: one memory a field, of shape [rows…, field…]. */
  readonly fields?: ReadonlyMap<string, Memory>;
  /** May hold f32 denormals, which kernels may read as 0. */
  readonly denormals: boolean;
}

/** Largest magnitude that f64 arithmetic on integers is trusted with: a sum that rounds down to it would not pass for exact. */
export const EXACT = 2 ** 53 - 1;

export function rangeOf(t: DType): readonly [number, number] {
  const { bytes, group, signed } = DTYPES[t];
  if (group !== 'int') return [0, 1];
  return signed ? [-(2 ** (8 * bytes - 1)), 2 ** (8 * bytes - 1) - 1] : [0, 2 ** (8 * bytes) - 1];
}

export function layoutOf(b: Buffer, role: 'given' | 'own'): Layout {
  if (b.row !== undefined) return 'row';
  if (b.dtype === 'bool') return 'bool';
  if (b.dtype === 'i64' || b.dtype === 'u64') return 'wide';
  return role === 'given' && isNarrowFloat(b.dtype) ? 'table' : 'number';
}

/** Where a field of a packed row lies, in bytes, and its extents. */
export interface FieldLayout {
  readonly name: string;
  readonly at: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
}
/** Bytes of one packed row, and its fields one behind the other. */
export interface RowLayout {
  readonly bytes: number;
  readonly fields: readonly FieldLayout[];
}

/** The reference's own storage: f64 for floats, so that values stay unrounded until something rounds them; packed rows field by field. */
export function allocate(b: Buffer, shapes: readonly (readonly number[])[], row?: RowLayout): Memory {
  if (row !== undefined) {
    const { row: _, ...plain } = b;
    const fields = row.fields.map(
      (f) =>
        [
          f.name,
          allocate(
            { ...plain, id: `${b.id}.${f.name}`, dtype: f.dtype },
            shapes.map((s) => [...s, ...f.shape]),
          ),
        ] as const,
    );
    return {
      id: b.id,
      buffer: b,
      layout: 'row',
      list: b.list !== undefined,
      shapes,
      data: [],
      lo: 0,
      hi: 0,
      fields: new Map(fields),
      denormals: false,
    };
  }
  const layout = layoutOf(b, 'own');
  const make = (n: number): TypedArray =>
    layout === 'wide' ? new Int32Array(2 * n) : isFloat(b.dtype) ? new Float64Array(n) : storage(b.dtype, n);
  const [lo, hi] = rangeOf(b.dtype);
  return {
    id: b.id,
    buffer: b,
    layout,
    list: b.list !== undefined,
    shapes,
    data: shapes.map((s) => make(elements(s))),
    lo,
    hi,
    denormals: false,
  };
}

const SCAN_LIMIT = 1 << 23;

/** A caller's tensors, read in place. Ranges of 64-bit integers and denormals are found by looking, unless the tensors are very large. */
export function given(b: Buffer, tensors: readonly Tensor[], bounds: boolean): Memory {
  const layout = layoutOf(b, 'given');
  const data = tensors.map((t) =>
    layout === 'wide' ? new Int32Array(t.data.buffer, t.data.byteOffset, 2 * t.data.length) : t.data,
  );
  const total = tensors.reduce((n, t) => n + t.data.length, 0);
  let [lo, hi] = rangeOf(b.dtype);
  if (layout === 'wide' && total <= 8 * SCAN_LIMIT) [lo, hi] = rangeWide(data, b.dtype === 'i64');
  const f32 = b.dtype === 'f32' || b.dtype === 'bf16';
  const denormals = b.row !== undefined || (f32 && bounds && (total > SCAN_LIMIT || hasDenormals(tensors)));
  return {
    id: b.id,
    buffer: b,
    layout,
    list: b.list !== undefined,
    shapes: tensors.map((t) => t.shape),
    data,
    lo,
    hi,
    denormals,
  };
}

function rangeWide(data: readonly TypedArray[], signed: boolean): readonly [number, number] {
  let lo = Infinity;
  let hi = -Infinity;
  for (const d of data) {
    if (!(d instanceof Int32Array)) continue;
    for (let i = 0; i < d.length; i += 2) {
      const h = d[i + 1] as number;
      const v = (signed ? h : h >>> 0) * 4294967296 + ((d[i] as number) >>> 0);
      if (v < lo) lo = v;
      if (v > hi) hi = v;
    }
  }
  return lo > hi ? [0, 0] : [lo, hi];
}

function hasDenormals(tensors: readonly Tensor[]): boolean {
  return tensors.some(({ data }) => {
    const bits = data instanceof Float32Array ? new Uint32Array(data.buffer, data.byteOffset, data.length) : data;
    const [exponent, rest] = data instanceof Float32Array ? [0x7f800000, 0x7fffff] : [0x7f80, 0x7f];
    for (let i = 0; i < bits.length; i++) {
      const b = bits[i] as number;
      if ((b & exponent) === 0 && (b & rest) !== 0) return true;
    }
    return false;
  });
}

/** Makes room for bounds; elements stored before are exact. */
export function inexact(m: Memory): void {
  m.err ??= m.shapes.map((s) => new Float64Array(elements(s)));
}

/** The value at flat index `i` of list element `l`, for sizes and results (64-bit integers rounded to f64). */
export function numberAt(m: Memory, l: number, i: number): number {
  const d = m.data[l];
  if (d === undefined) throw new Error(`internal: element ${l} of list ${m.id}`);
  if (m.layout !== 'wide') return Number(d[i]);
  const h = Number(d[2 * i + 1]);
  return (m.buffer.dtype === 'i64' ? h : h >>> 0) * 4294967296 + (Number(d[2 * i]) >>> 0);
}

/** Looks what range 64-bit integers that were just computed have, so that code reading them may hold them in an f64. */
export function tighten(m: Memory): void {
  if (m.layout === 'wide') [m.lo, m.hi] = rangeWide(m.data, m.buffer.dtype === 'i64');
}
