import type { Expr, Place } from '../../../codegen/ir/stage.ts';
import { isNarrowFloat } from '../../../codegen/numeric/formats.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import { DTYPES, isFloat, widen } from '../../../dsl/dtypes.ts';
import { EXACT, inexact, rangeOf } from '../memory.ts';
import { castTo, roundTo } from './cast.ts';
import type { Emitter, Val } from './code.ts';
import { bind, helper, num } from './code.ts';
import type { Spot } from './spot.ts';
import { inRange, indexOf, spot, spotAt } from './spot.ts';
import { toWide, type64 } from './wide.ts';

type Read = Extract<Expr, { kind: 'read' }>;

/** Emits a read; see Surroundings for buffers that are evaluated on demand or have no storage. */
export function emitRead(em: Emitter, e: Read): Val {
  const list = e.list === undefined ? undefined : indexOf(em, e.list);
  const index = e.index.map((x) => indexOf(em, x));
  const inlined = em.around.inline(em, e, index);
  if (inlined !== undefined) return inlined;
  em.around.demand?.(em, e.buf, index);
  const m = em.around.memory(e.buf, 'read');
  return load(em, spotAt(em, m, list, index, e.field));
}

/** The value at a spot, widened; out of range it is 0, reported as a fault (or unknown, in code that may not matter). */
export function load(em: Emitter, s: Spot): Val {
  const { m } = s;
  const dtype = s.field?.dtype ?? m.buffer.dtype;
  const type = widen(dtype);
  const quiet = em.speculative > 0;
  const checked = s.list !== undefined || !provenBelow(s);
  const miss = `${helper(em, 'miss')}(${em.around.site(em.stage, m.id)}, ${s.flat})`;
  const missed = em.doubts.length === 0 ? miss : `${em.doubts.join(' || ')} || ${miss}`;
  const get = (offset: string): string => {
    if (s.field !== undefined) return fieldText(em, dtype, s.data, s.flat + offset);
    const at = m.layout === 'wide' ? `2 * (${s.flat})${offset}` : s.flat;
    return m.layout === 'table' ? `${helper(em, `table_${dtype}`)}[${s.data}[${at}]]` : `${s.data}[${at}]`;
  };
  const cond = checked ? inRange(s) : '';
  const guard = (text: string, zero: string): string =>
    checked ? `${cond} ? ${text} : ${quiet ? zero : `(${missed}, ${zero})`}` : text;
  const read = (text: string, zero = '0'): { v: string; block: Val['block'] } =>
    bind(em, guard(text, zero), s.deps, true);
  const e = errorOf(em, s, dtype, checked && (quiet || em.doubts.length > 0) ? cond : undefined);
  if (type === 'bool') {
    const b = read(`${get('')} !== 0`, 'false');
    return {
      rep: 'bool',
      type: 'bool',
      v: b.v,
      e: e === undefined ? undefined : bind(em, `${e} > 0`, s.deps, true).v,
      block: b.block,
    };
  }
  if (type === 'f32' || type === 'f64') {
    const b = read(get(''));
    const rounded = isNarrowFloat(dtype) ? dtype : undefined;
    return { rep: 'float', type, v: b.v, e: e ?? denormal(em, s, b.v), rounded, block: b.block };
  }
  if (type === 'i32' || type === 'u32') {
    const b = read(get(''));
    const [lo, hi] = rangeOf(dtype);
    return { rep: 'int', type, v: b.v, e, lo, hi, block: b.block };
  }
  const high = s.field !== undefined ? ' + 4' : ' + 1';
  if (m.lo >= -(2 ** 31) && m.hi < 2 ** 31 && s.field === undefined) {
    const b = read(get(''));
    return { rep: 'int', type, v: b.v, e, lo: Math.min(m.lo, 0), hi: Math.max(m.hi, 0), block: b.block };
  }
  if (m.lo >= -EXACT && m.hi <= EXACT && s.field === undefined) {
    const b = read(`${get(high)} * 4294967296 + (${get('')} >>> 0)`);
    return { rep: 'int', type, v: b.v, e, lo: Math.min(m.lo, 0), hi: Math.max(m.hi, 0), block: b.block };
  }
  const l = read(get(''));
  const h = read(get(high));
  return { rep: 'wide', type, l: l.v, h: h.v, e, block: h.block };
}
function fieldText(em: Emitter, dtype: DType, view: string, at: string): string {
  const text = (kind: string): string => `${view}.get${kind}(${at}, true)`;
  if (isNarrowFloat(dtype))
    return `${helper(em, `table_${dtype}`)}[${DTYPES[dtype].bytes === 2 ? text('Uint16') : `${view}.getUint8(${at})`}]`;
  const kinds: Readonly<Partial<Record<DType, string>>> = {
    f64: 'Float64',
    f32: 'Float32',
    i8: 'Int8',
    i16: 'Int16',
    i32: 'Int32',
    u8: 'Uint8',
    u16: 'Uint16',
    u32: 'Uint32',
    bool: 'Uint8',
    i64: 'Int32',
    u64: 'Int32',
  };
  return text(kinds[dtype] ?? 'Uint8');
}
/** Bound of a stored element: what was stored with it; unknown if the index is. */
function errorOf(em: Emitter, s: Spot, dtype: DType, cond: string | undefined): string | undefined {
  const loose = [...s.index, ...(s.list === undefined ? [] : [s.list])].flatMap((i) =>
    i.e === undefined ? [] : [`${i.e} > 0`],
  );
  const err =
    s.m.err === undefined ? undefined : `${s.list === undefined ? `${s.name}e` : `${s.name}e[${s.list.v}]`}[${s.flat}]`;
  const inner = err === undefined ? '0' : err;
  const unknown = [...loose, ...(cond === undefined ? [] : [`!(${cond})`])];
  if (unknown.length === 0) return err === undefined ? undefined : bind(em, inner, s.deps, true).v;
  if (cond !== undefined && !em.bounds) return undefined;
  const base = err === undefined && isFloat(dtype) ? '0' : inner;
  return bind(em, `${unknown.join(' || ')} ? Infinity : ${base}`, s.deps, true).v;
}
/** Kernels may read an f32 denormal as 0. */
function denormal(em: Emitter, s: Spot, v: string): string | undefined {
  const dtype = s.field?.dtype ?? s.m.buffer.dtype;
  if (!em.bounds || !s.m.denormals || (dtype !== 'f32' && dtype !== 'bf16')) return undefined;
  return bind(em, `Math.abs(${v}) < ${num(2 ** -126)} ? Math.abs(${v}) : 0`, s.deps, true).v;
}

/** Emits lines that store `value` at a place, rounded to its storage type. */
export function emitStore(em: Emitter, p: Place, value: Val, uncertain?: string): void {
  const m = em.around.memory(p.buf, 'write');
  storeAt(em, spot(em, m, p), value, uncertain);
}
export function storeAt(em: Emitter, s: Spot, value: Val, uncertain?: string): void {
  const { m } = s;
  const { dtype } = m.buffer;
  const v = value.rep === 'float' && isFloat(dtype) ? roundTo(em, dtype, value) : castTo(em, dtype, value);
  const lines = em.block.lines;
  // A typed array drops stores beyond its end: the comparison makes that a fault.
  const limit = s.list === undefined ? String(m.shapes[0]?.reduce((a, b) => a * b, 1) ?? 0) : `${s.data}.length`;
  const flat = bind(em, s.flat, s.deps).v;
  if (s.list !== undefined || !provenBelow(s))
    lines.push(
      `if (!(${flat} >= 0 && ${flat} < ${limit})) ${helper(em, 'miss')}(${em.around.site(em.stage, m.id)}, ${flat});`,
    );
  const e = v.rep === 'bool' ? (v.e === undefined ? undefined : `${v.e} ? 1 : 0`) : v.e;
  if (v.rep === 'bool') lines.push(`${s.data}[${flat}] = ${v.v} ? 1 : 0;`);
  else if (v.rep === 'float' || (v.rep === 'int' && m.layout !== 'wide')) lines.push(`${s.data}[${flat}] = ${v.v};`);
  else {
    const w = toWide(em, { ...v, type: type64(v.type) });
    lines.push(`${s.data}[2 * ${flat}] = ${w.l}; ${s.data}[2 * ${flat} + 1] = ${w.h};`);
  }
  const error = uncertain === undefined ? e : `${uncertain} ? Infinity : ${e ?? '0'}`;
  if (error !== undefined) inexact(m);
  if (m.err !== undefined)
    lines.push(`${s.list === undefined ? `${s.name}e` : `${s.name}e[${s.list.v}]`}[${flat}] = ${error ?? '0'};`);
}
/** Ranges alone show that the flat index is in range. */
function provenBelow(s: Spot): boolean {
  const rows = s.m.buffer.shape.length;
  const extents = s.field === undefined ? s.m.shapes[0] : [...(s.m.shapes[0] ?? []).slice(0, rows), ...s.field.shape];
  return s.index.every((i, d) => i.lo >= 0 && i.hi < (extents?.[d] ?? 0));
}
