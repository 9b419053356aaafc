import { EXACT } from '../memory.ts';
import type { Emitter, IntVal, Val, WideVal } from './code.ts';
import { bind, helper, once, spoiled } from './code.ts';

export type Whole = IntVal | WideVal;
type Type64 = 'i64' | 'u64';

export const is64 = (t: Whole['type']): t is Type64 => t === 'i64' || t === 'u64';
export function type64(t: Whole['type']): Type64 {
  if (t === 'i64' || t === 'u64') return t;
  throw new Error(`internal: ${t} has no halves`);
}

/** The halves of a 64-bit integer, whatever it is held in. */
export function toWide(em: Emitter, a: Whole): WideVal {
  if (a.rep === 'wide') return a;
  const type = type64(a.type);
  const h =
    a.lo >= 0 && a.hi < 4294967296
      ? { v: '0', block: a.block }
      : bind(em, a.lo >= -2147483648 && a.hi < 2147483648 ? `${a.v} >> 31` : `Math.floor(${a.v} / 4294967296) | 0`, [
          a,
        ]);
  const l = bind(em, `${a.v} | 0`, [a]);
  return { rep: 'wide', type, h: h.v, l: l.v, e: a.e, block: l.block };
}

/** An integer as one f64; 64-bit values beyond 2^53 round, which only indices far out of range can meet. */
export function toNumber(em: Emitter, a: Whole): IntVal {
  if (a.rep === 'int') return a;
  const n = bind(
    em,
    a.type === 'i64' ? `${a.h} * 4294967296 + (${a.l} >>> 0)` : `(${a.h} >>> 0) * 4294967296 + (${a.l} >>> 0)`,
    [a],
  );
  return { rep: 'int', type: a.type, v: n.v, e: a.e, lo: wholeRange(a)[0], hi: wholeRange(a)[1], block: n.block };
}
export function wholeRange(a: Whole): readonly [number, number] {
  if (a.rep === 'int') return [a.lo, a.hi];
  return [a.lo ?? (a.type === 'i64' ? -(2 ** 63) : 0), a.hi ?? (a.type === 'i64' ? 2 ** 63 : 2 ** 64)];
}
/** Holds a wide value in an f64 where its range is known to allow that. */
export function narrowed(em: Emitter, a: WideVal, lo: number, hi: number): Whole {
  if (lo < -EXACT || hi > EXACT) return a;
  const text =
    lo >= 0 && hi < 4294967296
      ? `${a.l} >>> 0`
      : lo >= -2147483648 && hi < 2147483648
        ? a.l
        : `${a.h} * 4294967296 + (${a.l} >>> 0)`;
  const n = bind(em, text, [a]);
  return { rep: 'int', type: a.type, v: n.v, e: a.e, lo, hi, block: n.block };
}

/** Calls a helper that returns the low half and leaves the high one in HI[0]. */
export function wideCall(
  em: Emitter,
  name: string,
  args: string,
  deps: readonly Val[],
  type: Type64,
  e?: string,
): WideVal {
  const f = helper(em, name);
  helper(em, 'HI');
  const { n, block } = once(em, `${f}(${args})`, deps, (k) => [`const l${k} = ${f}(${args}), h${k} = HI[0];`]);
  return { rep: 'wide', type, l: `l${n}`, h: `h${n}`, e, block };
}
const halves = (a: WideVal): string => `${a.h}, ${a.l}`;

function pair(
  em: Emitter,
  key: string,
  deps: readonly Val[],
  lines: (n: string) => readonly string[],
  type: Type64,
  e: string | undefined,
): WideVal {
  const { n, block } = once(em, key, deps, lines);
  return { rep: 'wide', type, l: `l${n}`, h: `h${n}`, e, block };
}

export function wideBinary(em: Emitter, op: string, x: Whole, y: Whole): WideVal {
  const a = toWide(em, x);
  const b = toWide(em, y);
  const e = spoiled(em, x, y);
  const deps = [a, b];
  const both = `${halves(a)}, ${halves(b)}`;
  const signed = a.type === 'i64' ? 'S' : 'U';
  switch (op) {
    case 'add':
      return pair(
        em,
        `add64(${both})`,
        deps,
        (n) => [
          `const s${n} = (${a.l} >>> 0) + (${b.l} >>> 0), l${n} = s${n} | 0, h${n} = (${a.h} + ${b.h} + (s${n} > 4294967295 ? 1 : 0)) | 0;`,
        ],
        a.type,
        e,
      );
    case 'sub':
      return pair(
        em,
        `sub64(${both})`,
        deps,
        (n) => [
          `const l${n} = (${a.l} - ${b.l}) | 0, h${n} = (${a.h} - ${b.h} - ((${a.l} >>> 0) < (${b.l} >>> 0) ? 1 : 0)) | 0;`,
        ],
        a.type,
        e,
      );
    case 'bitand':
    case 'bitor':
    case 'bitxor': {
      const o = op === 'bitand' ? '&' : op === 'bitor' ? '|' : '^';
      return pair(
        em,
        `${op}64(${both})`,
        deps,
        (n) => [`const l${n} = ${a.l} ${o} ${b.l}, h${n} = ${a.h} ${o} ${b.h};`],
        a.type,
        e,
      );
    }
    case 'mul':
      return wideCall(em, 'mul64', both, deps, a.type, e);
    case 'floordiv':
      return wideCall(em, `div${signed}64`, both, deps, a.type, e);
    case 'mod':
      return wideCall(em, `mod${signed}64`, both, deps, a.type, e);
    case 'mulhi':
      return wideCall(em, `mulhi${signed}64`, both, deps, a.type, e);
    default:
      throw new Error(`internal: ${op} of 64-bit integers`);
  }
}

/** Shifts and rotations; a literal count is spelt out. */
export function wideShift(em: Emitter, op: 'shl' | 'shr' | 'rotl' | 'rotr', x: Whole, count: Whole): WideVal {
  const a = toWide(em, x);
  const c = count.rep === 'wide' ? count.l : count.v;
  const e = spoiled(em, x, count);
  const deps = [a, count];
  if (count.rep === 'int' && count.lo === count.hi) {
    const by = ((count.lo % 64) + 64) % 64;
    const [h, l] = shifted(op, a.h, a.l, op === 'rotr' ? (64 - by) % 64 : by, a.type === 'i64');
    return pair(em, `${op}64(${halves(a)}, ${by})`, deps, (n) => [`const l${n} = ${l}, h${n} = ${h};`], a.type, e);
  }
  const name = op === 'shr' ? `shr${a.type === 'i64' ? 'S' : 'U'}64` : `${op}64`;
  return wideCall(em, name, `${halves(a)}, ${c}`, deps, a.type, e);
}
function shifted(
  op: 'shl' | 'shr' | 'rotl' | 'rotr',
  h: string,
  l: string,
  by: number,
  signed: boolean,
): readonly [string, string] {
  if (by === 0) return [h, l];
  const right = signed ? '>>' : '>>>';
  const rest = 32 - (by % 32);
  if (op === 'shl')
    return by >= 32 ? [`${l} << ${by - 32}`, '0'] : [`(${h} << ${by}) | (${l} >>> ${rest})`, `${l} << ${by}`];
  if (op === 'shr')
    return by >= 32
      ? [signed ? `${h} >> 31` : '0', `(${h} ${right} ${by - 32}) | 0`]
      : [`(${h} ${right} ${by}) | 0`, `((${l} >>> ${by}) | (${h} << ${rest})) | 0`];
  const [x, y] = by >= 32 ? [l, h] : [h, l];
  return by % 32 === 0
    ? [x, y]
    : [`(${x} << ${by % 32}) | (${y} >>> ${rest})`, `(${y} << ${by % 32}) | (${x} >>> ${rest})`];
}

export function wideCompare(em: Emitter, op: string, x: Whole, y: Whole): string {
  const a = toWide(em, x);
  const b = toWide(em, y);
  if (op === 'eq' || op === 'ne') return `${op === 'ne' ? '!' : ''}(${a.l} === ${b.l} && ${a.h} === ${b.h})`;
  const lt = helper(em, a.type === 'i64' ? 'ltS64' : 'ltU64');
  const less = (p: WideVal, q: WideVal): string => `${lt}(${halves(p)}, ${halves(q)})`;
  return op === 'lt' ? less(a, b) : op === 'gt' ? less(b, a) : op === 'le' ? `!${less(b, a)}` : `!${less(a, b)}`;
}
