import { elements, getAt, setAt, view, zeros } from '../../codegen/numeric/tensor.ts';
import type { Tensor } from '../../codegen/numeric/tensor.ts';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { isFloat } from '../../dsl/dtypes.ts';
import { formatHeader, parseHeader } from './header.ts';
import type { NpyHeader, NpyKind } from './header.ts';

export type TensorResult =
  { readonly ok: true; readonly tensor: Tensor } | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** How a storage type stands in an array file: bf16 and f8 travel as bit patterns. */
const STORED: Readonly<Record<DType, readonly [NpyKind, number]>> = {
  f64: ['f', 8],
  f32: ['f', 4],
  f16: ['f', 2],
  bf16: ['u', 2],
  f8e4m3: ['u', 1],
  f8e5m2: ['u', 1],
  f8e4m3fnuz: ['u', 1],
  i8: ['i', 1],
  i16: ['i', 2],
  i32: ['i', 4],
  i64: ['i', 8],
  u8: ['u', 1],
  u16: ['u', 2],
  u32: ['u', 4],
  u64: ['u', 8],
  bool: ['b', 1],
};
const NAMES: Readonly<Record<string, DType>> = {
  b1: 'bool',
  i1: 'i8',
  i2: 'i16',
  i4: 'i32',
  i8: 'i64',
  u1: 'u8',
  u2: 'u16',
  u4: 'u32',
  u8: 'u64',
  f2: 'f16',
  f4: 'f32',
  f8: 'f64',
};

/**
 * The array of a .npy file as a tensor of `dtype`. Fortran order and big-endian data are converted. Another element type is refused,
 * unless `cast` allows float data to be rounded to a float type.
 */
export function readNpy(
  bytes: Uint8Array,
  file: string,
  dtype: DType,
  options: { readonly cast?: boolean } = {},
): TensorResult {
  const parsed = parseHeader(bytes, file);
  if (!parsed.ok) return parsed;
  const h = parsed.header;
  const fail = (d: Diagnostic): TensorResult => ({ ok: false, diagnostics: [d] });
  const needed = elements(h.shape) * h.size;
  const has = bytes.length - h.offset;
  if (!(has >= needed)) return fail(diagnostic('npy-truncated', { file, needed, has }));
  const [kind, size] = STORED[dtype];
  const found = NAMES[`${h.kind}${h.size}`];
  if (found === undefined) throw new Error(`internal: ${h.kind}${h.size} has no type`);
  const exact = kind === h.kind && size === h.size;
  const castable = isFloat(dtype) && h.kind === 'f';
  if (!exact && !(castable && options.cast === true))
    return fail(
      diagnostic('npy-dtype', {
        file,
        found,
        wanted: dtype,
        stored: `${kind}${size}${isPattern(dtype) ? ` (${dtype} travels as bit patterns)` : ''}`,
        cast: castable,
      }),
    );
  const as = exact ? dtype : found;
  const tensor: Tensor = {
    dtype: as,
    shape: h.shape,
    data: view(as, ordered(bytes.subarray(h.offset, h.offset + needed), h), elements(h.shape)),
  };
  if (as === 'bool') tensor.data.forEach((b, i) => void (tensor.data[i] = Number(b) === 0 ? 0 : 1));
  return { ok: true, tensor: exact ? tensor : converted(tensor, dtype) };
}
const isPattern = (t: DType): boolean => isFloat(t) && STORED[t][0] === 'u';

/** The contents of a .npy file for a tensor. */
export function writeNpy(t: Tensor): Uint8Array {
  const [kind, size] = STORED[t.dtype];
  const head = formatHeader(kind, size, t.shape);
  const out = new Uint8Array(head.length + t.data.byteLength);
  out.set(head);
  out.set(new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength), head.length);
  return out;
}

function converted(from: Tensor, dtype: DType): Tensor {
  const to = zeros(dtype, from.shape);
  for (let i = 0; i < from.data.length; i++) setAt(to, i, getAt(from, i));
  return to;
}

/** Little-endian bytes in C order. */
function ordered(bytes: Uint8Array, h: NpyHeader): Uint8Array {
  if (!h.bigEndian && (!h.fortran || h.shape.length < 2)) return bytes;
  const { size, shape } = h;
  const out = new Uint8Array(bytes.length);
  const n = elements(shape);
  const index = shape.map(() => 0);
  const strides = shape.map((_, d) => (h.fortran ? elements(shape.slice(0, d)) : elements(shape.slice(d + 1))));
  for (let i = 0, from = 0; i < n; i++) {
    for (let b = 0; b < size; b++) out[i * size + b] = bytes[from * size + (h.bigEndian ? size - 1 - b : b)] ?? 0;
    for (let d = shape.length - 1; d >= 0; d--) {
      const next = (index[d] ?? 0) + 1;
      from += strides[d] ?? 0;
      if (next < (shape[d] ?? 0)) {
        index[d] = next;
        break;
      }
      from -= (strides[d] ?? 0) * next;
      index[d] = 0;
    }
  }
  return out;
}
