import type { Builtin } from '../../../dsl/typed.ts';
import type { ValueType } from '../../../dsl/dtypes.ts';
import { castTo, convertTo } from './cast.ts';
import type { BoolVal, Emitter, FloatVal, Val } from './code.ts';
import { bind, boolLit, floatLit, helper, intLit, isFloatType, num, spoiled, unit } from './code.ts';
import { boundedCall, floatAbs, floatExtreme, floatFma } from './float.ts';
import { bitCount, intAbs, intBinary, intExtreme, intSign, leadingZeros } from './int.ts';
import type { Whole } from './wide.ts';
import { is64, toWide, wideBinary, wideShift } from './wide.ts';

/** Smooth functions: the plain spelling, and the helper that carries a bound. */
const SMOOTH: Readonly<Partial<Record<Builtin, readonly [plain: string, bounded: string]>>> = {
  sqrt: ['Math.sqrt', 'bSqrt'],
  rsqrt: ['rsqrt', 'bRsqrt'],
  exp: ['Math.exp', 'bExp'],
  exp2: ['exp2', 'bExp2'],
  expm1: ['Math.expm1', 'bExpm1'],
  log: ['Math.log', 'bLog'],
  log2: ['Math.log2', 'bLog2'],
  log1p: ['Math.log1p', 'bLog1p'],
  sin: ['Math.sin', 'bSin'],
  cos: ['Math.cos', 'bCos'],
  tanh: ['Math.tanh', 'bTanh'],
  erf: ['erf', 'bErf'],
  sigmoid: ['sigmoid', 'bSigmoid'],
  gelu: ['gelu', 'bGelu'],
  gelu_tanh: ['geluTanh', 'bGeluTanh'],
  silu: ['silu', 'bSilu'],
  softplus: ['softplus', 'bSoftplus'],
};
const STEPS: Readonly<Partial<Record<Builtin, readonly [plain: string, bounded: string]>>> = {
  floor: ['Math.floor', 'bFloor'],
  ceil: ['Math.ceil', 'bCeil'],
  trunc: ['Math.trunc', 'bTrunc'],
  round: ['roundEven', 'bRound'],
  sign: ['Math.sign', 'bSign'],
};
/** Roundings allowed to a built-in: 32 ulp is the coarsest tier, 4 ulp inside `strict` (an ulp is at most 2 units). Square roots are within 2 and a half. */
const tier = (em: Emitter, fn: Builtin, type: 'f32' | 'f64'): number =>
  unit(type) * (fn === 'sqrt' ? (em.strict ? 1 : 4) : em.strict ? 8 : 64);

const plain = (em: Emitter, type: 'f32' | 'f64', f: string, args: string, deps: readonly Val[]): FloatVal => {
  const b = bind(em, `${f.includes('.') ? f : helper(em, f)}(${args})`, deps);
  return { rep: 'float', type, v: b.v, block: b.block };
};

/** A built-in function of evaluated arguments. */
export function emitCall(em: Emitter, fn: Builtin, args: readonly Val[], type: ValueType): Val {
  const [a, b, c] = args;
  if (a === undefined) throw new Error(`internal: ${fn} of nothing`);
  if (a.rep === 'float') return floatCall(em, fn, args, a, type);
  if (a.rep === 'bool') {
    if (fn === 'max' || fn === 'min') return boolExtreme(em, fn, a, b);
    throw new Error(`internal: ${fn} of bool`);
  }
  switch (fn) {
    case 'abs':
    case 'relu':
      return fn === 'abs' ? intAbs(em, a) : intExtreme(em, 'max', a, whole(intLit(em, 0n, a.type)));
    case 'sign':
      return intSign(em, a);
    case 'floor':
    case 'ceil':
    case 'round':
    case 'trunc':
      return a;
    case 'max':
    case 'fmax':
    case 'min':
    case 'fmin':
      return intExtreme(em, fn === 'max' || fn === 'fmax' ? 'max' : 'min', a, whole(b));
    case 'clip':
      return intExtreme(em, 'min', intExtreme(em, 'max', a, whole(b)), whole(c));
    case 'fma':
      return intBinary(em, 'add', intBinary(em, 'mul', a, whole(b)), whole(c));
    case 'isnan':
    case 'isinf':
      return boolLit(em, false);
    case 'popcount':
    case 'clz': {
      const { text, deps } = fn === 'popcount' ? bitCount(em, a) : leadingZeros(em, a);
      const n = bind(em, text, deps);
      return convertTo(em, type, { rep: 'int', type: 'i32', v: n.v, lo: 0, hi: 64, e: spoiled(em, a), block: n.block });
    }
    case 'rotl':
    case 'rotr':
      return rotate(em, fn, a, whole(b));
    case 'mulhi':
      return mulhi(em, a, whole(b));
    case 'philox':
      return philox(em, a, whole(b), c === undefined ? undefined : whole(c));
    default:
      throw new Error(`internal: ${fn} of ${a.type}`);
  }
}

function whole(a: Val | undefined): Whole {
  if (a?.rep === 'int' || a?.rep === 'wide') return a;
  throw new Error('internal: an integer argument is missing');
}
function float(a: Val | undefined): FloatVal {
  if (a?.rep === 'float') return a;
  throw new Error('internal: a float argument is missing');
}
function boolExtreme(em: Emitter, fn: 'max' | 'min', a: BoolVal, b: Val | undefined): BoolVal {
  if (b?.rep !== 'bool') throw new Error('internal: max of mixed types');
  const v = bind(em, `${a.v} ${fn === 'max' ? '||' : '&&'} ${b.v}`, [a, b]);
  const es = [a.e, b.e].filter((e) => e !== undefined);
  return {
    rep: 'bool',
    type: 'bool',
    v: v.v,
    e: es.length === 0 ? undefined : bind(em, es.join(' || '), [a, b]).v,
    block: v.block,
  };
}

function floatCall(em: Emitter, fn: Builtin, args: readonly Val[], a: FloatVal, type: ValueType): Val {
  const t = a.type;
  const smooth = SMOOTH[fn];
  if (smooth !== undefined) {
    if (!em.bounds) return plain(em, t, smooth[0], a.v, [a]);
    return boundedCall(em, t, smooth[1], `${a.v}, ${a.e ?? '0'}, ${num(tier(em, fn, t))}, ${String(t === 'f64')}`, [a]);
  }
  const steps = STEPS[fn];
  if (steps !== undefined)
    return a.e === undefined ? plain(em, t, steps[0], a.v, [a]) : boundedCall(em, t, steps[1], `${a.v}, ${a.e}`, [a]);
  switch (fn) {
    case 'abs':
      return floatAbs(em, a);
    case 'relu':
      return floatExtreme(em, 'max', a, floatLit(em, 0, t));
    case 'max':
    case 'min':
    case 'fmax':
    case 'fmin':
      return floatExtreme(em, fn, a, float(args[1]));
    case 'clip':
      return floatExtreme(em, 'min', floatExtreme(em, 'max', a, float(args[1])), float(args[2]));
    case 'fma':
      return floatFma(em, a, float(args[1]), float(args[2]));
    case 'pow': {
      const y = float(args[1]);
      if (!em.bounds) return plain(em, t, 'power', `${a.v}, ${y.v}`, [a, y]);
      return boundedCall(
        em,
        t,
        'bPow',
        `${a.v}, ${a.e ?? '0'}, ${y.v}, ${y.e ?? '0'}, ${num(tier(em, fn, t))}, ${String(t === 'f64')}`,
        [a, y],
      );
    }
    case 'isnan':
    case 'isinf': {
      const v = bind(em, fn === 'isnan' ? `${a.v} !== ${a.v}` : `${a.v} === Infinity || ${a.v} === -Infinity`, [a]);
      return {
        rep: 'bool',
        type: 'bool',
        v: v.v,
        e: a.e === undefined ? undefined : bind(em, `${a.e} === Infinity`, [a]).v,
        block: v.block,
      };
    }
    default:
      throw new Error(`internal: ${fn} of ${isFloatType(type) ? type : a.type}`);
  }
}

function rotate(em: Emitter, fn: 'rotl' | 'rotr', a: Whole, count: Whole): Whole {
  if (is64(a.type)) return wideShift(em, fn, a, count);
  if (a.rep !== 'int') throw new Error('internal: 32-bit rotation');
  const c = bind(em, `${count.rep === 'int' ? count.v : count.l} & 31`, [count]);
  const [left, right] = fn === 'rotl' ? [c.v, `(32 - ${c.v} & 31)`] : [`(32 - ${c.v} & 31)`, c.v];
  const text = `${c.v} === 0 ? ${a.v} : ((${a.v} << ${left}) | (${a.v} >>> ${right}))${a.type === 'u32' ? ' >>> 0' : ''}`;
  const b = bind(em, text, [a, count]);
  const [lo, hi] = a.type === 'u32' ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  return { rep: 'int', type: a.type, v: b.v, lo, hi, e: spoiled(em, a, count), block: b.block };
}
function mulhi(em: Emitter, a: Whole, b: Whole): Whole {
  if (is64(a.type)) return wideBinary(em, 'mulhi', a, b);
  if (a.rep !== 'int' || b.rep !== 'int') throw new Error('internal: 32-bit mulhi');
  const f = helper(em, a.type === 'u32' ? 'mulhiU32' : 'mulhi32');
  const v = bind(em, `${f}(${a.v}, ${b.v})`, [a, b]);
  const [lo, hi] = a.type === 'u32' ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  return { rep: 'int', type: a.type, v: v.v, lo, hi, e: spoiled(em, a, b), block: v.block };
}
function philox(em: Emitter, seed: Whole, ctr: Whole, word: Whole | undefined): Val {
  const s = toWide(em, whole(castTo(em, 'u64', seed)));
  const c = toWide(em, whole(castTo(em, 'u64', ctr)));
  const w = word ?? whole(intLit(em, 0n, 'i32'));
  const v = bind(em, `${helper(em, 'philox')}(${s.h}, ${s.l}, ${c.h}, ${c.l}, ${w.rep === 'int' ? w.v : w.l})`, [
    s,
    c,
    w,
  ]);
  return { rep: 'int', type: 'u32', v: v.v, lo: 0, hi: 2 ** 32 - 1, e: spoiled(em, seed, ctr, w), block: v.block };
}
