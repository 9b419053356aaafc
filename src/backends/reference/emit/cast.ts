import type { NarrowFloat } from '../../../codegen/numeric/formats.ts';
import { NARROW, isNarrowFloat, quantum } from '../../../codegen/numeric/formats.ts';
import type { DType, ValueType } from '../../../dsl/dtypes.ts';
import { DTYPES, isFloat, widen } from '../../../dsl/dtypes.ts';
import { EXACT, rangeOf } from '../memory.ts';
import type { BoolVal, Emitter, FloatVal, Val } from './code.ts';
import { bind, floatLit, helper, num, once, spoiled, unit } from './code.ts';
import { boundedCall, floatCompare } from './float.ts';
import { intCompare } from './int.ts';
import type { Whole } from './wide.ts';
import { is64, toWide, type64, wideCall } from './wide.ts';

const FLOATS: Readonly<Record<'f32' | 'f64', number>> = { f32: 3.4028234663852886e38, f64: Infinity };

/** Rounds a float through a storage type, exactly there. Values a kernel holds in that type already pass. */
export function roundTo(em: Emitter, t: DType, a: FloatVal): FloatVal {
  const type = widen(t) === 'f64' ? 'f64' : 'f32';
  if (a.rounded === t || (t === type && a.type === type)) return a;
  if (a.literal !== undefined && t === 'f32') return floatLit(em, Math.fround(a.literal), 'f32');
  if (t === 'f64') return { ...a, type: 'f64' };
  if (isNarrowFloat(t)) return roundNarrow(em, t, a);
  if (a.e !== undefined) return boundedCall(em, type, 'bStep', `Math.fround, ${a.v}, ${a.e}`, [a]);
  const b = bind(em, `Math.fround(${a.v})`, [a]);
  return { rep: 'float', type, v: b.v, block: b.block };
}
/**
 * Rounding through a narrow type in line: adding and subtracting g rounds (see magicTable), and half a last place is g / (1.5 * 2^53).
 * No value within e of x rounds elsewhere if x is farther than e from the nearest tie; anything near a tie, zero or the range's end takes the slow path.
 */
function roundNarrow(em: Emitter, t: NarrowFloat, a: FloatVal): FloatVal {
  const slow = helper(em, `round_${t}`);
  const magic = helper(em, `magic_${t}`);
  helper(em, 'SPLIT');
  helper(em, 'PARTS');
  const half = num(1 / (1.5 * 2 ** 53));
  const max = num(NARROW[t].max);
  const { n, block } = once(em, `${slow}(${a.v}):${a.e ?? ''}`, [a], (k) => {
    const head = `SPLIT[0] = ${a.v}; const g${k} = ${magic}[(PARTS[1] >>> 20) & 2047]; let v${k} = ${a.v} + g${k} - g${k};`;
    const range = `v${k} !== 0 && v${k} <= ${max} && v${k} >= -${max}`;
    if (a.e === undefined) return [head, `if (!(${range})) v${k} = ${slow}(${a.v});`];
    helper(em, 'bStep');
    helper(em, 'ERR');
    const far = `Math.abs(${a.v} - v${k}) + ${a.e} < g${k} * ${half} && ${a.e} < g${k} * ${num(0.5 / (1.5 * 2 ** 53))}`;
    return [
      head,
      `let e${k} = 0;`,
      `if (!(${far} && ${range})) { v${k} = bStep(${slow}, ${a.v}, ${a.e}); e${k} = ERR[0]; }`,
    ];
  });
  return { rep: 'float', type: 'f32', v: `v${n}`, e: a.e === undefined ? undefined : `e${n}`, rounded: t, block };
}
/** One rounding somewhere: the value stays, the bound grows. */
export function nearTo(em: Emitter, t: DType | 'tf32', a: FloatVal): FloatVal {
  const type = t === 'f64' ? 'f64' : 'f32';
  if (!em.bounds || a.rounded === t || (t === type && a.type === type)) return { ...a, type };
  const [u, step, max] =
    t === 'tf32'
      ? [2 ** -11, 0, FLOATS.f32]
      : isNarrowFloat(t)
        ? [DTYPES[t].unit, quantum(NARROW[t]) / 2, NARROW[t].max]
        : [unit(type), 0, FLOATS[type]];
  return boundedCall(em, type, 'bNear', `${a.v}, ${a.e ?? '0'}, ${num(u)}, ${num(step)}, ${num(max)}`, [a]);
}

/** An integer, correctly rounded to f32 or f64; `e` carries over. */
export function intToFloat(em: Emitter, a: Whole, type: 'f32' | 'f64'): FloatVal {
  const exact = type === 'f64' ? EXACT : 2 ** 24;
  if (a.rep === 'int') {
    if (a.lo === a.hi && a.e === undefined) return floatLit(em, type === 'f32' ? Math.fround(a.lo) : a.lo, type);
    const b = bind(em, a.lo >= -exact && a.hi <= exact ? `${a.v} + 0` : `Math.fround(${a.v})`, [a]);
    return { rep: 'float', type, v: b.v, e: a.e, block: b.block };
  }
  const f = helper(em, `${type === 'f32' ? 'toF32' : 'toNum'}${a.type === 'i64' ? 'S' : 'U'}`);
  const b = bind(em, `${f}(${a.h}, ${a.l})`, [a]);
  return { rep: 'float', type, v: b.v, e: a.e, block: b.block };
}

/** Truncates, saturates to the range of `t`, NaN gives 0. */
export function floatToInt(em: Emitter, t: DType, a: FloatVal): Val {
  const type = widen(t);
  if (type === 'i64' || type === 'u64') {
    if (a.e === undefined) return wideCall(em, type === 'i64' ? 'truncS64' : 'truncU64', a.v, [a], type);
    const s = boundedCall(em, 'f64', 'bStep', `Math.trunc, ${a.v}, ${a.e}`, [a]);
    return wideCall(em, type === 'i64' ? 'truncS64' : 'truncU64', s.v, [s], type, s.e);
  }
  const [lo, hi] = rangeOf(t);
  const f = helper(em, 'truncTo');
  if (type !== 'i32' && type !== 'u32') throw new Error(`internal: float to ${t}`);
  if (a.e === undefined) {
    const b = bind(em, `${f}(${a.v}, ${num(lo)}, ${num(hi)})`, [a]);
    return { rep: 'int', type, v: b.v, lo, hi, block: b.block };
  }
  const s = boundedCall(em, 'f64', 'bStep', `(x) => ${f}(x, ${num(lo)}, ${num(hi)}), ${a.v}, ${a.e}`, [a]);
  return { rep: 'int', type, v: s.v, e: s.e, lo, hi, block: s.block };
}

const WRAP: Readonly<Record<string, (v: string) => string>> = {
  i8: (v) => `(${v}) << 24 >> 24`,
  i16: (v) => `(${v}) << 16 >> 16`,
  u8: (v) => `(${v}) & 255`,
  u16: (v) => `(${v}) & 65535`,
  i32: (v) => `(${v}) | 0`,
  u32: (v) => `(${v}) >>> 0`,
};
/** Wraps an integer to the range of `t`. */
export function wrapTo(em: Emitter, t: DType, a: Whole): Whole {
  const type = widen(t);
  const [lo, hi] = rangeOf(t);
  if (type === 'i64' || type === 'u64') {
    if (a.rep === 'int' && a.lo >= lo) return { ...a, type };
    const w = toWide(em, { ...a, type: type64(is64(a.type) ? a.type : 'i64') });
    return { ...w, type };
  }
  if (type !== 'i32' && type !== 'u32') throw new Error(`internal: wrap to ${t}`);
  if (a.rep === 'int' && a.lo >= lo && a.hi <= hi) return { ...a, type };
  const wrap = WRAP[t];
  if (wrap === undefined) throw new Error(`internal: wrap to ${t}`);
  const b = bind(em, wrap(a.rep === 'int' ? a.v : a.l), [a]);
  return { rep: 'int', type, v: b.v, lo, hi, e: spoiled(em, a), block: b.block };
}

export function toBool(em: Emitter, a: Val): BoolVal {
  if (a.rep === 'bool') return a;
  if (a.rep === 'float') return floatCompare(em, 'ne', a, floatLit(em, 0, a.type));
  return intCompare(em, 'ne', a, { rep: 'int', type: a.type, v: '0', lo: 0, hi: 0, block: a.block });
}

/** Any value as another type: implicit conversions and `as`. */
export function castTo(em: Emitter, t: DType, a: Val): Val {
  if (t === 'bool') return toBool(em, a);
  if (a.rep === 'bool') {
    const b = bind(em, `${a.v} ? 1 : 0`, [a]);
    const e = a.e === undefined ? undefined : bind(em, `${a.e} ? 1 : 0`, [a]).v;
    if (isFloat(t))
      return {
        rep: 'float',
        type: widen(t) === 'f64' ? 'f64' : 'f32',
        v: b.v,
        e,
        rounded: isNarrowFloat(t) ? t : undefined,
        block: b.block,
      };
    return wrapTo(em, t, { rep: 'int', type: 'i32', v: b.v, e, lo: 0, hi: 1, block: b.block });
  }
  if (a.rep === 'float') return isFloat(t) ? roundTo(em, t, a) : floatToInt(em, t, a);
  return isFloat(t) ? roundTo(em, t, intToFloat(em, a, widen(t) === 'f64' ? 'f64' : 'f32')) : wrapTo(em, t, a);
}
/** Conversion to an arithmetic type; nothing to do where the type is right. */
export const convertTo = (em: Emitter, t: ValueType, a: Val): Val => (a.type === t ? a : castTo(em, t, a));

/** The bits of `a` as another type of the same size; of a narrow type the value was cast to just before. */
export function bitcastTo(em: Emitter, t: DType, a: Val): Val {
  const from: DType = a.rep === 'float' ? (a.rounded ?? a.type) : a.type;
  const type = widen(t);
  if (DTYPES[from].bytes === DTYPES[t].bytes && isFloat(from) === isFloat(t)) return castTo(em, t, a);
  if (a.rep === 'float') {
    const e = a.e === undefined ? undefined : bind(em, `${a.e} > 0 ? Infinity : 0`, [a]).v;
    if (isNarrowFloat(from)) {
      const bits = bind(em, `${helper(em, `bits_${from}`)}(${a.v})`, [a]);
      const [, hi] = rangeOf(DTYPES[from].bytes === 1 ? 'u8' : 'u16');
      return wrapTo(em, t, { rep: 'int', type: 'i32', v: bits.v, e, lo: 0, hi, block: bits.block });
    }
    if (from === 'f64') return wideCall(em, 'bitsF64', a.v, [a], type64(type === 'u64' ? 'u64' : 'i64'), e);
    const b = bind(em, `${helper(em, 'bitsF32')}(${a.v})`, [a]);
    return wrapTo(em, t, { rep: 'int', type: 'i32', v: b.v, e, lo: -(2 ** 31), hi: 2 ** 31 - 1, block: b.block });
  }
  if (a.rep === 'bool') return castTo(em, t, a);
  const e = spoiled(em, a);
  if (t === 'f64') {
    const w = toWide(em, a);
    const b = bind(em, `${helper(em, 'f64Bits')}(${w.h}, ${w.l})`, [w]);
    return { rep: 'float', type: 'f64', v: b.v, e, block: b.block };
  }
  const bits = a.rep === 'int' ? a.v : a.l;
  const b = isNarrowFloat(t)
    ? bind(em, `${helper(em, `table_${t}`)}[${bits} & ${num((1 << NARROW[t].bits) - 1)}]`, [a])
    : bind(em, `${helper(em, 'f32Bits')}(${bits})`, [a]);
  return { rep: 'float', type: 'f32', v: b.v, e, rounded: isNarrowFloat(t) ? t : undefined, block: b.block };
}
