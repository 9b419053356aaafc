import { EXACT } from '../memory.ts';
import type { BoolVal, Emitter, IntVal } from './code.ts';
import { bind, helper, num, rootOf, spoiled } from './code.ts';
import type { Whole } from './wide.ts';
import { is64, narrowed, toNumber, toWide, wholeRange, wideBinary, wideCompare, wideShift } from './wide.ts';

type Type = Whole['type'];
const LIMITS: Readonly<Record<Type, readonly [number, number]>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i64: [-EXACT, EXACT],
  u64: [0, EXACT],
};
const fits = (t: Type, lo: number, hi: number): boolean => lo >= LIMITS[t][0] && hi <= LIMITS[t][1];
/** Reduces an exact f64 integer of at most 2^53 to 32 bits. */
const wrapText = (t: Type, text: string): string => (t === 'u32' ? `(${text}) >>> 0` : `(${text}) | 0`);

function make(
  em: Emitter,
  type: Type,
  text: string,
  lo: number,
  hi: number,
  deps: readonly Whole[],
  e?: string,
): IntVal {
  if (lo === hi && e === undefined) return { rep: 'int', type, v: num(lo), lo, hi, block: rootOf(em) };
  const b = bind(em, text, deps);
  return { rep: 'int', type, v: b.v, lo, hi, e, block: b.block };
}

/** What products and quotients of range ends span. */
function span(f: (a: number, b: number) => number, a: IntVal, bs: readonly number[]): readonly [number, number] {
  const all = [a.lo, a.hi].flatMap((x) => bs.map((y) => f(x, y)));
  return [Math.min(...all), Math.max(...all)];
}

/** Integer arithmetic in two's complement of the operands' type. */
export function intBinary(em: Emitter, op: string, x: Whole, y: Whole): Whole {
  const type = x.type;
  if (op === 'shl' || op === 'shr') return intShift(em, op, x, y);
  const e = sumOrSpoiled(em, op, x, y);
  if (x.rep === 'int' && y.rep === 'int') {
    const direct = ranged(em, op, x, y, e);
    if (direct !== undefined) return direct;
    if (!is64(type)) return wrapped(em, op, x, y, e);
  }
  const w = wideBinary(em, op, x, y);
  // Masks and remainders by known positive numbers fit an f64 again.
  if (op === 'mod' && y.rep === 'int' && y.lo > 0) return narrowed(em, w, 0, y.hi - 1);
  if (op === 'bitand' && y.rep === 'int' && y.lo >= 0) return narrowed(em, w, 0, y.hi);
  if (op === 'bitand' && x.rep === 'int' && x.lo >= 0) return narrowed(em, w, 0, x.hi);
  return w;
}

function sumOrSpoiled(em: Emitter, op: string, x: Whole, y: Whole): string | undefined {
  if (x.e === undefined && y.e === undefined) return undefined;
  if ((op === 'add' || op === 'sub') && x.rep === 'int' && y.rep === 'int')
    return bind(em, `${x.e ?? '0'} + ${y.e ?? '0'}`, [x, y]).v;
  return spoiled(em, x, y);
}

/** Plain f64 arithmetic where the result provably does not wrap. */
function ranged(em: Emitter, op: string, a: IntVal, b: IntVal, e: string | undefined): IntVal | undefined {
  const { type } = a;
  const out = (text: string, lo: number, hi: number): IntVal | undefined =>
    fits(type, lo, hi) ? make(em, type, text, lo, hi, [a, b], e) : undefined;
  switch (op) {
    case 'add':
      return out(`${a.v} + ${b.v}`, a.lo + b.lo, a.hi + b.hi);
    case 'sub':
      return out(`${a.v} - ${b.v}`, a.lo - b.hi, a.hi - b.lo);
    case 'mul': {
      const [lo, hi] = span((p, q) => p * q, a, [b.lo, b.hi]);
      return out(`${a.v} * ${b.v} + 0`, lo, hi);
    }
    case 'floordiv': {
      const one = b.lo > 0 || b.hi < 0;
      const ends = one ? [b.lo, b.hi] : [-1, 1, b.lo, b.hi].filter((q) => q !== 0);
      const [lo, hi] = span((p, q) => Math.floor(p / q), a, ends);
      return out(
        one ? `Math.floor(${a.v} / ${b.v})` : `${b.v} === 0 ? 0 : Math.floor(${a.v} / ${b.v})`,
        Math.min(lo, one ? lo : 0),
        Math.max(hi, one ? hi : 0),
      );
    }
    case 'mod': {
      if (b.lo > 0 && a.lo >= 0 && a.hi < b.lo) return a;
      const text = `${a.v} - Math.floor(${a.v} / ${b.v}) * ${b.v}`;
      const small = a.lo >= 0 && b.lo > 0 && a.hi < 2 ** 31 && b.hi < 2 ** 31 ? `${a.v} % ${b.v}` : text;
      return out(
        b.lo > 0 || b.hi < 0 ? small : `${b.v} === 0 ? 0 : ${text}`,
        Math.min(0, b.lo + 1),
        Math.max(0, b.hi - 1),
      );
    }
    case 'bitand':
    case 'bitor':
    case 'bitxor': {
      if (a.lo < 0 || b.lo < 0 || a.hi >= 2 ** 31 || b.hi >= 2 ** 31) return undefined;
      const top = 2 ** Math.ceil(Math.log2(Math.max(a.hi, b.hi) + 1)) - 1;
      return out(
        `${a.v} ${op === 'bitand' ? '&' : op === 'bitor' ? '|' : '^'} ${b.v}`,
        0,
        op === 'bitand' ? Math.min(a.hi, b.hi) : top,
      );
    }
    default:
      throw new Error(`internal: ${op} of integers`);
  }
}

/** 32-bit arithmetic that may wrap. */
function wrapped(em: Emitter, op: string, a: IntVal, b: IntVal, e: string | undefined): IntVal {
  const { type } = a;
  const [lo, hi] = LIMITS[type];
  const text: Readonly<Record<string, string>> = {
    add: `${a.v} + ${b.v}`,
    sub: `${a.v} - ${b.v}`,
    mul: `Math.imul(${a.v}, ${b.v})`,
    floordiv: `${b.v} === 0 ? 0 : Math.floor(${a.v} / ${b.v})`,
    bitand: `${a.v} & ${b.v}`,
    bitor: `${a.v} | ${b.v}`,
    bitxor: `${a.v} ^ ${b.v}`,
  };
  return make(em, type, wrapText(type, text[op] ?? ''), lo, hi, [a, b], e);
}

function intShift(em: Emitter, op: 'shl' | 'shr', x: Whole, y: Whole): Whole {
  const e = spoiled(em, x, y);
  const count = y.rep === 'int' && y.lo === y.hi ? y.lo : undefined;
  if (x.rep === 'int' && count !== undefined) {
    const width = is64(x.type) ? 64 : 32;
    const by = ((count % width) + width) % width;
    const f = 2 ** by;
    if (op === 'shr')
      return make(
        em,
        x.type,
        is64(x.type) ? `Math.floor(${x.v} / ${f})` : `${x.v} ${x.type === 'u32' ? '>>>' : '>>'} ${by}`,
        Math.floor(x.lo / f),
        Math.floor(x.hi / f),
        [x],
        e,
      );
    if (fits(x.type, x.lo * f, x.hi * f)) return make(em, x.type, `${x.v} * ${f}`, x.lo * f, x.hi * f, [x], e);
  }
  if (is64(x.type)) return wideShift(em, op, x, y);
  const a = toNumber(em, x);
  const c = y.rep === 'wide' ? y.l : y.v;
  const [lo, hi] = LIMITS[x.type];
  const text =
    op === 'shl' ? wrapText(x.type, `${a.v} << (${c} & 31)`) : `${a.v} ${x.type === 'u32' ? '>>>' : '>>'} (${c} & 31)`;
  return make(em, x.type, text, lo, hi, [a, y], e);
}

export function intNegate(em: Emitter, a: Whole): Whole {
  if (a.rep === 'int' && fits(a.type, -a.hi, -a.lo)) return make(em, a.type, `0 - ${a.v}`, -a.hi, -a.lo, [a], a.e);
  if (a.rep === 'int' && !is64(a.type))
    return make(em, a.type, wrapText(a.type, `0 - ${a.v}`), LIMITS[a.type][0], LIMITS[a.type][1], [a], a.e);
  const zero: IntVal = { rep: 'int', type: a.type, v: '0', lo: 0, hi: 0, block: a.block };
  return wideBinary(em, 'sub', zero, a);
}
export function intNot(em: Emitter, a: Whole): Whole {
  if (a.type === 'i32' || a.type === 'u32') {
    const [lo, hi] = LIMITS[a.type];
    return make(em, a.type, wrapText(a.type, `~${a.v}`), lo, hi, [a], spoiled(em, a));
  }
  const w = toWide(em, a);
  const l = bind(em, `~${w.l}`, [w]);
  const h = bind(em, `~${w.h}`, [w]);
  return { rep: 'wide', type: w.type, l: l.v, h: h.v, e: spoiled(em, a), block: l.block };
}

const OPS: Readonly<Record<string, string>> = { eq: '===', ne: '!==', lt: '<', le: '<=', gt: '>', ge: '>=' };
export function intCompare(em: Emitter, op: string, x: Whole, y: Whole): BoolVal {
  const text = x.rep === 'int' && y.rep === 'int' ? `${x.v} ${OPS[op] ?? ''} ${y.v}` : wideCompare(em, op, x, y);
  const b = bind(em, text, [x, y]);
  if (x.e === undefined && y.e === undefined) return { rep: 'bool', type: 'bool', v: b.v, block: b.block };
  const [p, q] = [toNumber(em, x), toNumber(em, y)];
  const s = bind(em, `${x.e ?? '0'} + ${y.e ?? '0'}`, [x, y]);
  const e = bind(em, `${s.v} > 0 && Math.abs(${p.v} - ${q.v}) <= ${s.v}`, [p, q, x, y]);
  return { rep: 'bool', type: 'bool', v: b.v, e: e.v, block: e.block };
}

/** The larger or the smaller of two integers. */
export function intExtreme(em: Emitter, op: 'max' | 'min', x: Whole, y: Whole): Whole {
  const e =
    x.e === undefined && y.e === undefined ? undefined : bind(em, `Math.max(${x.e ?? '0'}, ${y.e ?? '0'})`, [x, y]).v;
  if (x.rep === 'int' && y.rep === 'int') {
    const f = op === 'max' ? Math.max : Math.min;
    if (e === undefined && (op === 'max' ? x.lo >= y.hi : x.hi <= y.lo)) return x;
    if (e === undefined && (op === 'max' ? y.lo >= x.hi : y.hi <= x.lo)) return y;
    return make(em, x.type, `Math.${op}(${x.v}, ${y.v})`, f(x.lo, y.lo), f(x.hi, y.hi), [x, y], e);
  }
  const [a, b] = [toWide(em, x), toWide(em, y)];
  const first = bind(em, wideCompare(em, op === 'max' ? 'ge' : 'le', a, b), [a, b]);
  const l = bind(em, `${first.v} ? ${a.l} : ${b.l}`, [a, b]);
  const h = bind(em, `${first.v} ? ${a.h} : ${b.h}`, [a, b]);
  const [p, q] = [wholeRange(x), wholeRange(y)];
  const f = op === 'max' ? Math.max : Math.min;
  const [lo, hi] = [f(p[0], q[0]), f(p[1], q[1])];
  return narrowed(em, { rep: 'wide', type: a.type, l: l.v, h: h.v, lo, hi, e, block: l.block }, lo, hi);
}

/** abs and sign of an integer; the absolute value of the least integer wraps to itself. */
export function intAbs(em: Emitter, a: Whole): Whole {
  if (a.rep === 'int') {
    if (a.lo >= 0) return a;
    const hi = Math.max(-a.lo, a.hi);
    if (a.type === 'i32') return make(em, a.type, `Math.abs(${a.v}) | 0`, LIMITS.i32[0], LIMITS.i32[1], [a], a.e);
    return make(em, a.type, `Math.abs(${a.v})`, 0, hi, [a], a.e);
  }
  if (a.type === 'u64') return a;
  const s = bind(em, `${a.h} >> 31`, [a]);
  const m = { rep: 'wide', type: a.type, l: s.v, h: s.v, e: a.e, block: s.block } as const;
  return wideBinary(em, 'sub', wideBinary(em, 'bitxor', a, m), m);
}
export function intSign(em: Emitter, a: Whole): Whole {
  const text =
    a.rep === 'int'
      ? `Math.sign(${a.v}) + 0`
      : a.type === 'i64'
        ? `(${a.h} >> 31) | ((${a.l} | ${a.h}) === 0 ? 0 : 1)`
        : `(${a.l} | ${a.h}) === 0 ? 0 : 1`;
  return make(em, a.type, text, -1, 1, [a], spoiled(em, a));
}
export const bitCount = (em: Emitter, a: Whole): { readonly text: string; readonly deps: readonly Whole[] } => {
  const f = helper(em, 'popcount32');
  if (!is64(a.type)) return { text: `${f}(${toNumber(em, a).v} | 0)`, deps: [a] };
  const w = toWide(em, a);
  return { text: `${f}(${w.l}) + ${f}(${w.h})`, deps: [w] };
};
export const leadingZeros = (em: Emitter, a: Whole): { readonly text: string; readonly deps: readonly Whole[] } => {
  if (!is64(a.type)) return { text: `Math.clz32(${toNumber(em, a).v})`, deps: [a] };
  const w = toWide(em, a);
  return { text: `${w.h} === 0 ? 32 + Math.clz32(${w.l}) : Math.clz32(${w.h})`, deps: [w] };
};
