import type { Monoid } from '../../../codegen/ir/stage.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import { DTYPES, widen } from '../../../dsl/dtypes.ts';
import { EXACT } from '../memory.ts';
import type { Accumulator } from './accumulator.ts';
import { declare, now, whole } from './accumulator.ts';
import { convertTo, wrapTo } from './cast.ts';
import type { Emitter, Val } from './code.ts';
import { fresh, helper } from './code.ts';
import { toNumber, toWide, wideCompare } from './wide.ts';

/** Sum of 64-bit integers: in an f64 while the terms' range and number allow, else in halves. */
export function wideSum(em: Emitter, type: 'i64' | 'u64'): Accumulator {
  const s = fresh(em, 's');
  let small = false;
  let loose = false;
  let [lo, hi] = [0, 0];
  declare(em, [s, `${s}h`, `${s}q`], []);
  return {
    step: (body, doubt, most) => {
      const v = whole(convertTo(em, type, body));
      loose = v.e !== undefined || doubt !== undefined;
      const tail =
        doubt === undefined
          ? v.e === undefined
            ? ''
            : ` ${s}q += ${v.e};`
          : ` ${s}q = ${doubt} ? Infinity : ${s}q + ${v.e ?? '0'};`;
      if (v.rep === 'int' && v.lo * most > -EXACT && v.hi * most < EXACT && (type === 'i64' || v.lo >= 0)) {
        small = true;
        [lo, hi] = [Math.min(0, v.lo * most), Math.max(0, v.hi * most)];
        return [`${s} += ${v.v};${tail}`];
      }
      const w = toWide(em, v);
      return [
        `{ const t = (${s} >>> 0) + (${w.l} >>> 0); ${s}h = (${s}h + ${w.h} + (t > 4294967295 ? 1 : 0)) | 0; ${s} = t | 0; }${tail}`,
      ];
    },
    result: () => {
      const e = loose ? now(em, `${s}q`) : undefined;
      if (small) return { rep: 'int', type, v: now(em, s), lo, hi, e, block: em.block };
      return { rep: 'wide', type, l: now(em, s), h: now(em, `${s}h`), e, block: em.block };
    },
  };
}
/** Wrapping sums of 32 bits, products, and bitwise folds. A term that is not exact spoils the result. */
export function intFold(em: Emitter, acc: DType, op: Monoid | 'mean'): Accumulator {
  const type = widen(acc);
  const s = fresh(em, 's');
  const start = op === 'mul' ? '1' : op === 'and' ? '-1' : '0';
  const step = (a: string, v: string): string =>
    op === 'mul' ? `Math.imul(${a}, ${v})` : `${a} ${op === 'and' ? '&' : op === 'or' ? '|' : '+'} ${v}`;
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
        if (op === 'mul')
          return [
            `${s} = ${helper(em, 'mul64')}(${s}h, ${s}, ${w.h}, ${w.l}); ${s}h = ${helper(em, 'HI')}[0];${spoil(w, doubt)}`,
          ];
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
    result: () =>
      wrapTo(em, acc, {
        rep: 'int',
        type,
        v: now(em, type === 'u32' ? `${s} >>> 0` : s),
        lo,
        hi,
        e: bound(),
        block: em.block,
      }),
  };
}
function extremeBound(s: string, v: Val, doubt: string | undefined): string {
  return v.e === undefined && doubt === undefined
    ? ''
    : ` ${s}q = Math.max(${s}q, ${doubt === undefined ? (v.e ?? '0') : `${doubt} ? Infinity : ${v.e ?? '0'}`});`;
}
export function wideExtreme(em: Emitter, type: 'i64' | 'u64', op: 'max' | 'min'): Accumulator {
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
      return [
        `if (${wideCompare(em, op === 'max' ? 'gt' : 'lt', w, so)}) { ${s} = ${w.l}; ${s}h = ${w.h}; }${extremeBound(s, v, doubt)}`,
      ];
    },
    result: () => ({
      rep: 'wide',
      type,
      l: now(em, s),
      h: now(em, `${s}h`),
      e: loose ? now(em, `${s}q`) : undefined,
      block: em.block,
    }),
  };
}
export function intExtreme(em: Emitter, acc: DType, op: 'max' | 'min'): Accumulator {
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
    result: () => ({
      rep: 'int',
      type,
      v: now(em, s),
      lo,
      hi,
      e: loose ? now(em, `${s}q`) : undefined,
      block: em.block,
    }),
  };
}
