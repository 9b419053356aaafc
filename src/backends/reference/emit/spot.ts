import { must } from '../../../assert.ts';
import type { Buffer, Expr } from '../../../codegen/ir/stage.ts';
import { DTYPES } from '../../../dsl/dtypes.ts';
import type { FieldLayout, Memory, RowLayout } from '../memory.ts';
import type { Emitter, IntVal, Val } from './code.ts';
import { bind, home } from './code.ts';
import { toNumber } from './wide.ts';

/** Name of a buffer in emitted code: its data, or with a suffix its bounds (e), shapes (s), byte view (v). */
export function nameOf(em: Emitter, m: Memory): string {
  for (const [name, other] of em.memories) if (other === m) return name;
  const name = `m${em.memories.size}`;
  em.memories.set(name, m);
  return name;
}

/** An index expression as a number. */
export function indexOf(em: Emitter, e: Expr): IntVal {
  const v = em.expr(em, e);
  if (v.rep === 'int' || v.rep === 'wide') return toNumber(em, v);
  throw new Error(`internal: index of type ${v.type}`);
}

/** Where an element lies: the array names in scope, the flat index, and what the index depends on. */
export interface Spot {
  readonly m: Memory;
  readonly name: string;
  readonly data: string;
  readonly flat: string;
  readonly list: IntVal | undefined;
  readonly index: readonly IntVal[];
  readonly deps: readonly Val[];
  readonly field?: FieldLayout;
}

const sameTail = (m: Memory, from: number): boolean =>
  m.shapes.every((s) => s.every((n, d) => d < from || n === m.shapes[0]?.[d]));
/** Extent of dimension d as code. */
function extent(m: Memory, name: string, list: IntVal | undefined, d: number): string {
  const first = m.shapes[0]?.[d];
  if (list === undefined || m.shapes.every((s) => s[d] === first)) return String(first ?? 0);
  return `${name}s[${list.v}][${d}]`;
}

/** Sum of index * stride, partial sums bound as far out as they can be. */
function flatten(
  em: Emitter,
  parts: readonly { readonly at: IntVal; readonly stride: string; readonly deps: readonly Val[] }[],
): { readonly v: string; readonly deps: readonly Val[] } {
  const terms = parts
    .filter((p) => p.at.v !== '0' && p.stride !== '0')
    .map((p) => ({ text: p.stride === '1' ? p.at.v : `${p.at.v} * ${p.stride}`, deps: [p.at, ...p.deps] }));
  terms.sort((x, y) => home(em, x.deps, false).depth - home(em, y.deps, false).depth);
  let sum: { v: string; deps: readonly Val[] } | undefined;
  for (const t of terms) {
    const deps = sum === undefined ? t.deps : [...sum.deps, ...t.deps];
    const b = bind(em, sum === undefined ? t.text : `${sum.v} + ${t.text}`, deps);
    sum = { v: b.v, deps };
  }
  return sum ?? { v: '0', deps: [] };
}

export function spot(
  em: Emitter,
  m: Memory,
  p: { readonly list?: Expr; readonly index: readonly Expr[]; readonly field?: string },
): Spot {
  return spotAt(
    em,
    m,
    p.list === undefined ? undefined : indexOf(em, p.list),
    p.index.map((e) => indexOf(em, e)),
    p.field,
  );
}
export function spotAt(
  em: Emitter,
  m: Memory,
  list: IntVal | undefined,
  index: readonly IntVal[],
  field?: string,
): Spot {
  if (m.fields !== undefined) return spotAt(em, must(m.fields.get(field ?? ''), `field of ${m.id}`), list, index);
  const name = nameOf(em, m);
  const data = list === undefined ? name : bind(em, `${name}[${list.v}]`, [list]).v;
  const listDeps = list === undefined ? [] : [list];
  if (m.buffer.row !== undefined && field !== undefined) return fieldSpot(em, m, name, list, index, field);
  const rank = index.length;
  const parts = index.map((at, d) => {
    const tail = Array.from({ length: rank - d - 1 }, (_, k) => extent(m, name, list, d + 1 + k));
    const known = list === undefined || sameTail(m, d + 1);
    const stride = known ? String(tail.reduce((a, b) => a * Number(b), 1)) : bind(em, tail.join(' * '), listDeps).v;
    return { at, stride, deps: known ? [] : listDeps };
  });
  const { v, deps } = flatten(em, parts);
  return { m, name, data, flat: v, list, index, deps: [...deps, ...listDeps, ...index] };
}

/** Layout of packed rows; extents of fields are over dims. */
export function rowLayout(em: Emitter, b: Buffer): RowLayout {
  let at = 0;
  const fields = (b.row ?? []).map((f): FieldLayout => {
    const shape = f.shape.map((e) => {
      const v = indexOf(em, e);
      if (v.lo !== v.hi) throw new Error(`internal: extent of field ${f.name} is not known`);
      return v.lo;
    });
    const field = { name: f.name, at, dtype: f.dtype, shape };
    at += shape.reduce((x, y) => x * y, DTYPES[f.dtype].bytes);
    return field;
  });
  return { bytes: at, fields };
}
function fieldSpot(
  em: Emitter,
  m: Memory,
  name: string,
  list: IntVal | undefined,
  index: readonly IntVal[],
  field: string,
): Spot {
  const layout = rowLayout(em, m.buffer);
  const f = must(
    layout.fields.find((x) => x.name === field),
    `field ${field} of ${m.id}`,
  );
  const rows = m.buffer.shape.length;
  const bytes = DTYPES[f.dtype].bytes;
  const parts = index.map((at, d) => {
    const tail =
      d < rows
        ? (m.shapes[0] ?? []).slice(d + 1, rows).reduce((a, b) => a * b, layout.bytes)
        : f.shape.slice(d - rows + 1).reduce((a, b) => a * b, bytes);
    return { at, stride: String(tail), deps: [] };
  });
  const { v, deps } = flatten(em, parts);
  return {
    m,
    name,
    data: list === undefined ? `${name}v` : `${name}v[${list.v}]`,
    flat: f.at === 0 ? v : `${v} + ${f.at}`,
    list,
    index,
    deps: [...deps, ...(list === undefined ? [] : [list]), ...index],
    field: f,
  };
}

/** Condition under which every index is in range. */
export function inRange(s: Spot): string {
  const conds = s.index.flatMap((i, d) => {
    const fieldDim = s.field === undefined ? undefined : d - s.m.buffer.shape.length;
    const n =
      fieldDim === undefined || fieldDim < 0 ? extent(s.m, s.name, s.list, d) : String(s.field?.shape[fieldDim] ?? 0);
    return [`${i.v} >= 0`, `${i.v} < ${n}`];
  });
  if (s.list !== undefined) conds.push(`${s.list.v} >= 0`, `${s.list.v} < ${s.m.shapes.length}`);
  return conds.length === 0 ? 'true' : conds.join(' && ');
}
