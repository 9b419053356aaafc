import type { Monoid } from '../../../codegen/ir/stage.ts';
import type { DType, ValueType } from '../../../dsl/dtypes.ts';
import { DTYPES, isFloat, isNarrow, widen } from '../../../dsl/dtypes.ts';
import { EXACT } from '../memory.ts';
import { convertTo, wrapTo } from './cast.ts';
import type { BoolVal, Emitter, Val } from './code.ts';
import { fresh, helper, num, unit } from './code.ts';
import type { Whole } from './wide.ts';
import { toNumber, toWide, wideCompare } from './wide.ts';

/**
 * A running fold in emitted code; its names are declared where it was made. `step` yields the lines that take one more term,
 * which may be in doubt, of `most` at most; `result` emits what ends the fold, in the current block.
 */
export interface Accumulator {
  readonly step: (body: Val, doubt: string | undefined, most: number) => readonly string[];
  readonly result: () => Val;
  /** Once this holds no term changes the result. */
  readonly settled?: string;
}

export function accumulator(em: Emitter, op: Monoid | 'mean', acc: DType): Accumulator {
  const type = widen(acc);
  if (type === 'bool') return logical(em, op === 'or' || op === 'max' || op === 'add' ? 'or' : 'and');
  if (isFloat(acc)) return op === 'mul' ? floatProd(em, acc) : op === 'max' || op === 'min' ? floatExtreme(em, acc, op) : floatSum(em, acc, op === 'mean');
  if (op === 'max' || op === 'min') return type === 'i64' || type === 'u64' ? wideExtreme(em, type, op) : intExtreme(em, acc, op);
  if (op === 'add' && (type === 'i64' || type === 'u64')) return wideSum(em, type);
  return intFold(em, acc, op);
}

export const declare = (em: Emitter, names: readonly string[], values: readonly string[]): void => void em.block.lines.push(`let ${names.map((n, i) => `${n} = ${values[i] ?? '0'}`).join(', ')};`);

export interface AccType {
  readonly type: 'f32' | 'f64';
  readonly u: number;
  readonly worst: boolean;
}
/** Accumulators narrower than f32 round every step, with errors that all lean one way: n u instead of the square root. */
export function accOf(acc: DType): AccType {
  const type = widen(acc) === 'f64' ? 'f64' : 'f32';
  return isNarrow(acc) ? { type, u: DTYPES[acc].unit, worst: true } : { type, u: unit(type), worst: false };
}
export function floatTerm(em: Emitter, v: Val, type: ValueType): { readonly v: string; readonly e: string | undefined } {
  const c = convertTo(em, type, v);
  if (c.rep !== 'float') throw new Error(`internal: a float fold over ${v.type}`);
  return { v: c.v, e: c.e };
}
export function whole(v: Val): Whole {
  if (v.rep === 'int' || v.rep === 'wide') return v;
  throw new Error(`internal: an integer fold over ${v.type}`);
}
/** Binds what an end helper returns, with its bound. */
export function finish(em: Emitter, type: 'f32' | 'f64', call: string): Val {
  const n = fresh(em, 'k');
  helper(em, 'ERR');
  em.block.lines.push(`const ${n} = ${call}, ${n}e = ERR[0];`);
  return { rep: 'float', type, v: n, e: `${n}e`, block: em.block };
}
/** A copy of the accumulator as it is now: scans go on adding to it. */
export function plain(em: Emitter, type: 'f32' | 'f64', text: string): Val {
  return { rep: 'float', type, v: now(em, text), block: em.block };
}
function now(em: Emitter, text: string): string {
  const n = fresh(em, 'k');
  em.block.lines.push(`const ${n} = ${text};`);
  return n;
}

function floatSum(em: Emitter, acc: DType, mean: boolean): Accumulator {
  const { type, u, worst } = accOf(acc);
  const s = fresh(em, 's');
  if (!em.bounds) {
    declare(em, mean ? [s, `${s}n`] : [s], []);
    return { step: (body) => [`${s} += ${floatTerm(em, body, type).v};${mean ? ` ${s}n++;` : ''}`], result: () => plain(em, type, mean ? `${s}n === 0 ? 0 : ${s} / ${s}n` : s) };
  }
  declare(em, [s, `${s}a`, `${s}q`, `${s}n`], []);
  return {
    step: (body, doubt) => {
      const { v, e } = floatTerm(em, body, type);
      const base = `${s} += ${v}; ${s}a += Math.abs(${v}); ${s}n++;${e === undefined ? '' : ` ${s}q += ${e};`}`;
      return doubt === undefined ? [base] : [base, `if (${doubt}) ${s}q = Infinity;`];
    },
    result: () => finish(em, type, `${helper(em, mean ? 'endMean' : 'endSum')}(${s}, ${s}a, ${s}q, ${s}n, ${num(u)}, ${String(worst)}, ${String(type === 'f64')})`),
  };
}
function floatProd(em: Emitter, acc: DType): Accumulator {
  const { type, u } = accOf(acc);
  const s = fresh(em, 's');
  declare(em, [s, `${s}r`, `${s}x`, `${s}y`, `${s}n`], ['1', '0', '1', '1', '0']);
  return {
    step: (body, doubt) => {
      const { v, e } = floatTerm(em, body, type);
      const lines = [`${s} *= ${v};`];
      if (em.bounds) lines.push(`{ const t = Math.abs(${v}); if (t > 1) ${s}x *= t; else ${s}y *= t; }`, `${s}n++;`);
      if (e !== undefined) lines.push(`if (${e} !== 0) ${s}r += -Math.log1p(-${e} / Math.abs(${v}));`);
      return doubt === undefined ? lines : [...lines, `if (${doubt}) ${s}r = Infinity;`];
    },
    result: () => (em.bounds ? finish(em, type, `${helper(em, 'endProd')}(${s}, ${s}r, ${s}x, ${s}y, ${s}n, ${num(u)}, ${String(type === 'f64')})`) : plain(em, type, s)),
  };
}
function floatExtreme(em: Emitter, acc: DType, op: 'max' | 'min'): Accumulator {
  const { type } = accOf(acc);
  const s = fresh(em, 's');
  const start = op === 'max' ? '-Infinity' : 'Infinity';
  let loose = false;
  declare(em, [s, `${s}x`, `${s}y`, `${s}q`], [start, start, start, '0']);
  return {
    step: (body, doubt) => {
      const { v, e } = floatTerm(em, body, type);
      loose = e !== undefined || doubt !== undefined;
      const lines = [`${s} = Math.${op}(${s}, ${v});`];
      if (loose) lines.push(`${s}x = Math.${op}(${s}x, ${v} + ${e ?? '0'}); ${s}y = Math.${op}(${s}y, ${v} - ${e ?? '0'});${e === undefined ? '' : ` ${s}q += ${e};`}`);
      return doubt === undefined ? lines : [...lines, `if (${doubt}) ${s}q = Infinity;`];
    },
    result: () => (loose ? finish(em, type, `${helper(em, 'endExtreme')}(${s}, ${s}x, ${s}y, ${s}q)`) : plain(em, type, s)),
  };
}

/** Sum of 64-bit integers: in an f64 while the terms' range and number allow, else in halves. */
function wideSum(em: Emitter, type: 'i64' | 'u64'): Accumulator {
  const s = fresh(em, 's');
  let small = false;
  let loose = false;
  let [lo, hi] = [0, 0];
  declare(em, [s, `${s}h`, `${s}q`], []);
  return {
    step: (body, doubt, most) => {
      const v = whole(convertTo(em, type, body));
      loose = v.e !== undefined || doubt !== undefined;
      const tail = doubt === undefined ? (v.e === undefined ? '' : ` ${s}q += ${v.e};`) : ` ${s}q = ${doubt} ? Infinity : ${s}q + ${v.e ?? '0'};`;
      if (v.rep === 'int' && v.lo * most > -EXACT && v.hi * most < EXACT && (type === 'i64' || v.lo >= 0)) {
        small = true;
        [lo, hi] = [Math.min(0, v.lo * most), Math.max(0, v.hi * most)];
        return [`${s} += ${v.v};${tail}`];
      }
      const w = toWide(em, v);
      return [`{ const t = (${s} >>> 0) + (${w.l} >>> 0); ${s}h = (${s}h + ${w.h} + (t > 4294967295 ? 1 : 0)) | 0; ${s} = t | 0; }${tail}`];
    },
    result: () => {
      const e = loose ? now(em, `${s}q`) : undefined;
      if (small) return { rep: 'int', type, v: now(em, s), lo, hi, e, block: em.block };
      return { rep: 'wide', type, l: now(em, s), h: now(em, `${s}h`), e, block: em.block };
    },
  };
}
/** Wrapping sums of 32 bits, products, and bitwise folds. A term that is not exact spoils the result. */
function intFold(em: Emitter, acc: DType, op: Monoid | 'mean'): Accumulator {
  const type = widen(acc);
  const s = fresh(em, 's');
  const start = op === 'mul' ? '1' : op === 'and' ? '-1' : '0';
  const step = (a: string, v: string): string => (op === 'mul' ? `Math.imul(${a}, ${v})` : `${a} ${op === 'and' ? '&' : op === 'or' ? '|' : '+'} ${v}`);
  let loose = false;
  const spoil = (v: Val, doubt: string | undefined): string => {
    const parts = [...(v.e === undefined ? [] : [`${v.e} > 0`]), ...(doubt === undefined ? [] : [doubt])];
    loose ||= parts.length > 0;
    return parts.length === 0 ? '' : ` if (${parts.join(' || ')}) ${s}q = Infinity;`;
  };
  declare(em, [s, `${s}h`, `${s}q`], [start, op === 'and' ? '-1' : '0', '0']);
  const bound = (): string | undefined => (loose ? now(em, `${s}q`) : undefined);
  if (type === 'i64' || type === 'u64')
    return {
      step: (body, doubt) => {
        const w = toWide(em, whole(convertTo(em, type, body)));
        if (op === 'mul') return [`${s} = ${helper(em, 'mul64')}(${s}h, ${s}, ${w.h}, ${w.l}); ${s}h = ${helper(em, 'HI')}[0];${spoil(w, doubt)}`];
        return [`${s} = ${step(s, w.l)}; ${s}h = ${step(`${s}h`, w.h)};${spoil(w, doubt)}`];
      },
      result: () => ({ rep: 'wide', type, l: now(em, s), h: now(em, `${s}h`), e: bound(), block: em.block }),
    };
  if (type !== 'i32' && type !== 'u32') throw new Error(`internal: an integer fold in ${acc}`);
  const [lo, hi] = type === 'u32' ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  return {
    step: (body, doubt) => {
      const v = toNumber(em, whole(convertTo(em, type, body)));
      return [`${s} = (${step(s, v.v)}) ${type === 'u32' ? '>>> 0' : '| 0'};${spoil(v, doubt)}`];
    },
    result: () => wrapTo(em, acc, { rep: 'int', type, v: now(em, type === 'u32' ? `${s} >>> 0` : s), lo, hi, e: bound(), block: em.block }),
  };
}
function extremeBound(s: string, v: Val, doubt: string | undefined): string {
  return v.e === undefined && doubt === undefined ? '' : ` ${s}q = Math.max(${s}q, ${doubt === undefined ? (v.e ?? '0') : `${doubt} ? Infinity : ${v.e ?? '0'}`});`;
}
function wideExtreme(em: Emitter, type: 'i64' | 'u64', op: 'max' | 'min'): Accumulator {
  const s = fresh(em, 's');
  const high = type === 'i64' ? '2147483647' : '-1';
  const start = op === 'max' ? ['0', type === 'i64' ? '-2147483648' : '0'] : ['-1', high];
  let loose = false;
  declare(em, [s, `${s}h`, `${s}q`], [...start, '0']);
  const so = { rep: 'wide', type, l: s, h: `${s}h`, block: em.block } as const;
  return {
    step: (body, doubt) => {
      const v = whole(convertTo(em, type, body));
      const w = toWide(em, v);
      loose ||= v.e !== undefined || doubt !== undefined;
      return [`if (${wideCompare(em, op === 'max' ? 'gt' : 'lt', w, so)}) { ${s} = ${w.l}; ${s}h = ${w.h}; }${extremeBound(s, v, doubt)}`];
    },
    result: () => ({ rep: 'wide', type, l: now(em, s), h: now(em, `${s}h`), e: loose ? now(em, `${s}q`) : undefined, block: em.block }),
  };
}
function intExtreme(em: Emitter, acc: DType, op: 'max' | 'min'): Accumulator {
  const type = widen(acc);
  if (type !== 'i32' && type !== 'u32') throw new Error(`internal: ${op} in ${acc}`);
  const s = fresh(em, 's');
  const bits = 8 * DTYPES[acc].bytes;
  const [lo, hi] = DTYPES[acc].signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  let loose = false;
  declare(em, [s, `${s}q`], [String(op === 'max' ? lo : hi), '0']);
  return {
    step: (body, doubt) => {
      const v = toNumber(em, whole(convertTo(em, type, body)));
      loose ||= v.e !== undefined || doubt !== undefined;
      return [`${s} = Math.${op}(${s}, ${v.v});${extremeBound(s, v, doubt)}`];
    },
    result: () => ({ rep: 'int', type, v: now(em, s), lo, hi, e: loose ? now(em, `${s}q`) : undefined, block: em.block }),
  };
}

export function boolTerm(v: Val): BoolVal {
  if (v.rep === 'bool') return v;
  throw new Error(`internal: a logical fold over ${v.type}`);
}
/** any and all: unstable where the outcome hangs on unstable terms alone. */
function logical(em: Emitter, op: 'and' | 'or'): Accumulator {
  const s = fresh(em, 's');
  const hitValue = String(op === 'or');
  let loose = false;
  declare(em, [s, `${s}q`], [op === 'and' ? 'true' : 'false', 'false']);
  return {
    step: (body, doubt) => {
      const b = boolTerm(body);
      loose ||= b.e !== undefined || doubt !== undefined;
      const hit = op === 'or' ? b.v : `!${b.v}`;
      const unsure = [b.e, doubt].filter((x) => x !== undefined).join(' || ');
      if (unsure === '') return [`if (${hit}) { ${s} = ${hitValue}; ${s}q = false; }`];
      return [`if (${unsure}) { if (${s} !== ${hitValue}) ${s}q = true; } else if (${hit}) { ${s} = ${hitValue}; ${s}q = false; }`];
    },
    result: () => ({ rep: 'bool', type: 'bool', v: now(em, s), e: loose ? now(em, `${s}q`) : undefined, block: em.block }),
    settled: `${s} === ${hitValue}`,
  };
}
