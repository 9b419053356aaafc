import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';

/** Element kinds of array files that have a meaning here: NumPy's codes. */
export type NpyKind = 'b' | 'i' | 'u' | 'f';
export interface NpyHeader {
  readonly kind: NpyKind;
  /** Bytes of one element. */
  readonly size: number;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the data starts. */
  readonly offset: number;
}
export type HeaderResult =
  | { readonly ok: true; readonly header: NpyHeader }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const SIZES: Readonly<Record<NpyKind, readonly number[]>> = { b: [1], i: [1, 2, 4, 8], u: [1, 2, 4, 8], f: [2, 4, 8] };

/** Reads the header of a .npy file, versions 1 to 3 (numpy.lib.format). */
export function parseHeader(bytes: Uint8Array, file: string): HeaderResult {
  const fail = (d: Diagnostic): HeaderResult => ({ ok: false, diagnostics: [d] });
  const damaged = (problem: string): HeaderResult => fail(diagnostic('npy-header', { file, problem }));
  if (!MAGIC.every((b, i) => bytes[i] === b)) return fail(diagnostic('npy-foreign', { file, starts: startOf(bytes) }));
  const [major = 0, minor = 0] = bytes.subarray(6, 8);
  if (bytes.length < 8 || major < 1 || major > 3 || minor !== 0)
    return fail(diagnostic('npy-version', { file, version: `${major}.${minor}` }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) return damaged('it ends before its length');
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (bytes.length < start + length)
    return damaged(`it should have ${length} bytes, ${bytes.length - start} are there`);
  const text = new TextDecoder(major === 3 ? 'utf-8' : 'latin1').decode(bytes.subarray(start, start + length));

  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(text);
  if (descr === null) return damaged('it names no element type');
  if (order === null) return damaged('it names no memory order');
  if (shape === null) return damaged('it names no shape');
  const extents = (shape[1] ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '');
  if (!extents.every((s) => /^\d+L?$/.test(s))) return damaged(`(${shape[1] ?? ''}) is no shape`);
  const type = /^([<>|=])([a-zA-Z])(\d+)$/.exec(descr[1] ?? '');
  const kind = type?.[2];
  const size = Number(type?.[3]);
  if (type === null || !isKind(kind) || !SIZES[kind].includes(size))
    return fail(diagnostic('npy-kind', { file, descr: descr[1] ?? 'records' }));
  return {
    ok: true,
    header: {
      kind,
      size,
      bigEndian: type[1] === '>' && size > 1,
      fortran: order[1] === 'True',
      shape: extents.map((s) => Number.parseInt(s, 10)),
      offset: start + length,
    },
  };
}
const isKind = (k: string | undefined): k is NpyKind => k === 'b' || k === 'i' || k === 'u' || k === 'f';
function startOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  const head = [...bytes.subarray(0, 4)];
  return head.every((b) => b >= 32 && b < 127)
    ? `\`${String.fromCharCode(...head)}\``
    : head.map((b) => b.toString(16).padStart(2, '0')).join(' ');
}

/** Magic, version and header of a C-ordered little-endian array; the data is to follow at a multiple of 64. */
export function formatHeader(kind: NpyKind, size: number, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0] ?? 0},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${size === 1 ? '|' : '<'}${kind}${size}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const long = dict.length + 75 > 65535;
  const start = long ? 12 : 10;
  const length = Math.ceil((start + dict.length + 1) / 64) * 64 - start;
  const out = new Uint8Array(start + length).fill(0x20);
  out.set([...MAGIC, long ? 2 : 1, 0]);
  const view = new DataView(out.buffer);
  if (long) view.setUint32(8, length, true);
  else view.setUint16(8, length, true);
  out.set(new TextEncoder().encode(dict), start);
  out[out.length - 1] = 0x0a;
  return out;
}
