import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { Buffer, Expr, RowField } from '../ir/stage.ts';
import { keyOf } from '../ir/rewrite.ts';
import * as t from '../ir/tile-build.ts';
import type { Ref, Val } from '../ir/tile.ts';
import { walksRow } from './affine.ts';
import { firstLane, valueOf, varying, withAxis } from './scope.ts';
import type { Scope } from './scope.ts';
import { identity } from './values.ts';

interface Access {
  readonly buf: string;
  readonly list?: Expr | undefined;
  readonly index: readonly Expr[];
  readonly field?: string | undefined;
}
/** An element address (or one for each lane), and the condition under which it may be touched, if there is one. */
export interface Address {
  readonly ref: Ref;
  /** Lanes touch consecutive elements from `ref` on. */
  readonly contiguous: boolean;
  readonly within?: Val;
}

const index = (e: Expr, s: Scope): Val => t.convert(valueOf(e, s), 'i64');

/** Bytes of one packed row, and of the fields before `field`. */
export function rowLayout(
  row: readonly RowField[],
  s: Scope,
): { readonly bytes: Val; readonly start: ReadonlyMap<string, Val> } {
  const start = new Map<string, Val>();
  let at = t.int(0);
  for (const f of row) {
    start.set(f.name, at);
    at = t.add(at, t.mul(t.product(f.shape.map((e) => index(e, s))), t.int(DTYPES[f.dtype].bytes)));
  }
  return { bytes: at, start };
}

function extents(b: Buffer, list: Val | undefined, keep: readonly number[], s: Scope): readonly Val[] {
  const at = b.list && list ? withAxis(s, b.list.elem, list) : s;
  // The outermost extent is never needed to address an element.
  return keep.map((k, i) => (i === 0 ? t.int(0) : index(must(b.shape[k], 'extent'), at)));
}

function flatRef(a: Access, s: Scope): { ref: Ref; first: Val | undefined } {
  const b = s.cx.buffer(a.buf);
  const storage = s.cx.storage(a.buf);
  if (storage.kind !== 'array') throw new Error(`internal: ${a.buf} has no memory`);
  const entry = a.list ? index(a.list, s) : undefined;
  const own = b.row ? a.index.slice(0, b.shape.length) : a.index;
  const kept = storage.keep.map((k) => index(must(own[k], 'index'), s));
  let flat = t.flatIndex(kept, extents(b, entry, storage.keep, s));
  if (storage.origin !== undefined) flat = t.sub(flat, storage.origin);
  if (b.row) {
    const layout = rowLayout(b.row, s);
    const f = must(
      b.row.find((x) => x.name === a.field),
      'row field',
    );
    const inner = t.flatIndex(
      a.index.slice(b.shape.length).map((e) => index(e, s)),
      f.shape.map((e) => index(e, s)),
    );
    flat = t.add(
      t.add(t.mul(flat, layout.bytes), must(layout.start.get(f.name), 'field')),
      t.mul(inner, t.int(DTYPES[f.dtype].bytes)),
    );
  }
  return { ref: { array: storage.id, index: flat, ...(entry ? { entry } : {}) }, first: kept[0] };
}

/** Address of an access; a run of consecutive elements where the lane axis walks the innermost axis, one address for each lane otherwise. */
export function address(a: Access, s: Scope): Address {
  const b = s.cx.buffer(a.buf);
  const storage = s.cx.storage(a.buf);
  const keep = storage.kind === 'array' ? storage.keep : [];
  const walked = [...keep.map((k) => must(a.index[k], 'index')), ...(b.row ? a.index.slice(b.shape.length) : [])];
  const { lane } = s;
  const contiguous =
    lane !== undefined &&
    walksRow(
      { buf: a.buf, index: walked },
      lane.axis,
      (id) => ({ ...s.cx.buffer(id), shape: keep.map((k) => must(b.shape[k], 'extent')) }),
      varying(s),
    ) &&
    (a.list === undefined || index(a.list, s).ty.lanes === 1);
  const scope = contiguous ? firstLane(s) : s;
  const { ref, first } = flatRef(a, scope);
  if (b.capacity === undefined || first === undefined) return { ref, contiguous };
  // The first axis of a ragged result holds as many items as the caller made room for.
  const row = contiguous && walked.length === 1 ? index(must(walked[0], 'index'), s) : first;
  return { ref, contiguous, within: t.lt(row, t.name(s.cx.capacity(b.capacity.ragged))) };
}

/** Reads an element, or one for each lane where the address changes with the lane. */
export function lowerRead(e: Expr & { readonly kind: 'read' }, s: Scope): Val {
  if (s.cx.storage(e.buf).kind === 'register') return must(s.registers.get(e.buf), `value of ${e.buf}`);
  const { ref, contiguous, within } = address(e, s);
  const lanes = contiguous
    ? (s.lane?.lanes ?? 1)
    : ref.index.ty.lanes > 1 || (ref.entry?.ty.lanes ?? 1) > 1
      ? (s.lane?.lanes ?? 1)
      : 1;
  if (lanes === 1) {
    const v = t.load(ref, e.dtype, e.type, 1);
    return within === undefined ? v : t.select(within, v, identity('add', e.type));
  }
  const mask = t.and(always(e, s) ? undefined : s.mask, within);
  const half = contiguous ? s.lane?.half : undefined;
  return t.load(contiguous ? ref : { ...ref, index: t.splat(ref.index, lanes) }, e.dtype, e.type, lanes, mask, half);
}
/** True if the element exists whatever the scope's mask says: every index is an axis that ends where the buffer does, or an item of a ragged row. */
function always(e: Expr & { readonly kind: 'read' }, s: Scope): boolean {
  const b = s.cx.buffer(e.buf);
  if (b.row !== undefined || b.list !== undefined) return false;
  return e.index.every((i, k) => {
    const extent = must(b.shape[k], 'extent');
    return i.kind === 'axis' ? s.ends.get(i.id) === keyOf(extent) : k === 0 && isItem(i, extent, s);
  });
}
/** `off[r] + l` for an axis l from 0 to `off[r + 1] - off[r]`, where the buffer holds the items that `off` counts. */
function isItem(i: Expr, extent: Expr, s: Scope): boolean {
  if (i.kind !== 'binary' || i.op !== 'add' || i.a.kind !== 'read' || i.b.kind !== 'axis') return false;
  const [row] = i.a.index;
  if (row === undefined || i.a.index.length !== 1 || extent.kind !== 'read' || extent.buf !== i.a.buf) return false;
  const one: Expr = { kind: 'int', type: 'i64', value: 1n };
  const next: Expr = { ...i.a, index: [{ kind: 'binary', type: 'i64', op: 'add', a: row, b: one }] };
  return s.ends.get(i.b.id) === keyOf({ kind: 'binary', type: 'i64', op: 'sub', a: next, b: i.a });
}

/** The storage type of a place: that of the field in packed rows. */
export function storedAs(place: Access, s: Scope): DType {
  const { row, dtype } = s.cx.buffer(place.buf);
  if (row === undefined) return dtype;
  return must(
    row.find((f) => f.name === place.field),
    'row field',
  ).dtype;
}

/** Stores a value (of one lane or several) under the scope's mask and the capacity of the target. */
export function lowerStore(place: Access, dtype: DType, value: Val, s: Scope, stream = false): void {
  const { ref, contiguous, within } = address(place, s);
  const lanes = s.lane?.lanes ?? 1;
  const mask = t.and(s.mask, within);
  const wide = contiguous || ref.index.ty.lanes > 1 ? lanes : 1;
  if (lanes > 1 && wide === 1) throw new Error(`internal: lanes of ${place.buf} share one element`);
  const array = s.cx.target(place.buf) ?? ref.array;
  const to = { ...ref, array, ...(contiguous || wide === 1 ? {} : { index: t.splat(ref.index, lanes) }) };
  const first = s.storing === undefined ? undefined : t.binary('eq', t.name('lane'), t.int(0));
  const cond = t.and(first, mask);
  if (wide === 1 && cond !== undefined) {
    s.block.ops.push({ kind: 'if', cond, then: [{ kind: 'store', to, dtype, value }], else: [] });
    return;
  }
  s.block.ops.push({
    kind: 'store',
    to,
    dtype,
    value: t.splat(value, wide),
    ...(mask === undefined ? {} : { mask: t.splat(mask, wide) }),
    ...(stream && contiguous && mask === undefined ? { stream: true } : {}),
  });
}

/** Stores the halves of a run: `even` and `odd` are its values at even and odd places, `s` the scope of the even ones. */
export function lowerHalves(place: Access, dtype: DType, even: Val, odd: Val, s: Scope, stream: boolean): void {
  const { ref } = address(place, s);
  const lanes = s.lane?.lanes ?? 1;
  const to = { ...ref, array: s.cx.target(place.buf) ?? ref.array };
  s.block.ops.push({
    kind: 'store',
    to,
    dtype,
    value: t.splat(even, lanes),
    odd: t.splat(odd, lanes),
    ...(stream ? { stream } : {}),
  });
}
