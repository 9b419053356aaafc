import type { Monoid } from '../../../codegen/ir/stage.ts';
import type { DType, ValueType } from '../../../dsl/dtypes.ts';
import { DTYPES, isFloat, isNarrow, widen } from '../../../dsl/dtypes.ts';
import type { Accumulator } from './accumulator.ts';
import { declare, now } from './accumulator.ts';
import { intExtreme, intFold, wideExtreme, wideSum } from './accumulate-int.ts';
import { convertTo } from './cast.ts';
import type { BoolVal, Emitter, Val } from './code.ts';
import { fresh, helper, num, unit } from './code.ts';

/** `repeats`: the same term may come up again and again, as where rows are gathered; then roundings of a sum lean one way too. */
export function accumulator(em: Emitter, op: Monoid | 'mean', acc: DType, repeats = false): Accumulator {
  const type = widen(acc);
  if (type === 'bool') return logical(em, op === 'or' || op === 'max' || op === 'add' ? 'or' : 'and');
  if (isFloat(acc))
    return op === 'mul'
      ? floatProd(em, acc)
      : op === 'max' || op === 'min'
        ? floatExtreme(em, acc, op)
        : floatSum(em, acc, op === 'mean', repeats);
  if (op === 'max' || op === 'min')
    return type === 'i64' || type === 'u64' ? wideExtreme(em, type, op) : intExtreme(em, acc, op);
  if (op === 'add' && (type === 'i64' || type === 'u64')) return wideSum(em, type);
  return intFold(em, acc, op);
}

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
export function floatTerm(
  em: Emitter,
  v: Val,
  type: ValueType,
): { readonly v: string; readonly e: string | undefined } {
  const c = convertTo(em, type, v);
  if (c.rep !== 'float') throw new Error(`internal: a float fold over ${v.type}`);
  return { v: c.v, e: c.e };
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
function floatSum(em: Emitter, acc: DType, mean: boolean, repeats: boolean): Accumulator {
  const { type, u, worst: narrow } = accOf(acc);
  const worst = narrow || repeats;
  const s = fresh(em, 's');
  if (!em.bounds) {
    declare(em, mean ? [s, `${s}n`] : [s], []);
    return {
      step: (body) => [`${s} += ${floatTerm(em, body, type).v};${mean ? ` ${s}n++;` : ''}`],
      result: () => plain(em, type, mean ? `${s}n === 0 ? 0 : ${s} / ${s}n` : s),
    };
  }
  declare(em, [s, `${s}a`, `${s}q`, `${s}n`], []);
  return {
    step: (body, doubt) => {
      const { v, e } = floatTerm(em, body, type);
      const base = `${s} += ${v}; ${s}a += Math.abs(${v}); ${s}n++;${e === undefined ? '' : ` ${s}q += ${e};`}`;
      return doubt === undefined ? [base] : [base, `if (${doubt}) ${s}q = Infinity;`];
    },
    result: () =>
      finish(
        em,
        type,
        `${helper(em, mean ? 'endMean' : 'endSum')}(${s}, ${s}a, ${s}q, ${s}n, ${num(u)}, ${String(worst)}, ${String(type === 'f64')})`,
      ),
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
    result: () =>
      em.bounds
        ? finish(
            em,
            type,
            `${helper(em, 'endProd')}(${s}, ${s}r, ${s}x, ${s}y, ${s}n, ${num(u)}, ${String(type === 'f64')})`,
          )
        : plain(em, type, s),
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
      if (loose)
        lines.push(
          `${s}x = Math.${op}(${s}x, ${v} + ${e ?? '0'}); ${s}y = Math.${op}(${s}y, ${v} - ${e ?? '0'});${e === undefined ? '' : ` ${s}q += ${e};`}`,
        );
      return doubt === undefined ? lines : [...lines, `if (${doubt}) ${s}q = Infinity;`];
    },
    result: () =>
      loose ? finish(em, type, `${helper(em, 'endExtreme')}(${s}, ${s}x, ${s}y, ${s}q)`) : plain(em, type, s),
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
      return [
        `if (${unsure}) { if (${s} !== ${hitValue}) ${s}q = true; } else if (${hit}) { ${s} = ${hitValue}; ${s}q = false; }`,
      ];
    },
    result: () => ({
      rep: 'bool',
      type: 'bool',
      v: now(em, s),
      e: loose ? now(em, `${s}q`) : undefined,
      block: em.block,
    }),
    settled: `${s} === ${hitValue}`,
  };
}
