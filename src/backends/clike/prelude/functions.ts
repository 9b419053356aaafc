import type { Builtin } from '../../../dsl/typed.ts';
import type { Ty } from '../../../codegen/ir/tile.ts';
import { closure, mathFor } from '../math/library.ts';
import { spell } from '../math/snippet.ts';
import type { Collector } from './collector.ts';
import { bitsOf, clz, isIntType, mulhi, philox, popcount, rotate } from './integers.ts';
import { lanesSuffix, localType, perLane, storageType } from './types.ts';
import { either, instructionOf } from './x86.ts';

type Float = 'f32' | 'f64';
const isFloatTy = (t: Ty['dtype']): t is Float => t === 'f32' || t === 'f64';

/** Functions of the C library that are used as they are; `inline` ones are builtins that need no library on most targets. */
const LIBM: ReadonlySet<Builtin> = new Set<Builtin>([
  'exp',
  'exp2',
  'expm1',
  'log',
  'log2',
  'log1p',
  'sin',
  'cos',
  'tanh',
  'erf',
  'pow',
]);
const INLINE: Readonly<Partial<Record<Builtin, string>>> = {
  sqrt: 'sqrt',
  floor: 'floor',
  ceil: 'ceil',
  trunc: 'trunc',
  round: 'rint',
  fma: 'fma',
};
const suffix = (t: Float): string => (t === 'f32' ? 'f' : '');

function libm(c: Collector, fn: Builtin, t: Float): string {
  const T = storageType(c, t);
  const args = fn === 'pow' ? `${T}, ${T}` : T;
  return c.add(`${fn}${suffix(t)}`, () => `extern "C" ${T} ${fn}${suffix(t)}(${args});`);
}

/** Name of a scalar function for a builtin on floats; its helper is registered. */
function floatFunction(c: Collector, fn: Builtin, t: Float): string {
  const T = storageType(c, t);
  const f = suffix(t);
  const lit = (v: string): string => `${v}${f}`;
  const define = (params: string, body: string): string =>
    c.add(`${fn}_${t}`, () => `static inline ${T} ${fn}_${t}(${params}) {\n${body}\n}`);
  if (LIBM.has(fn)) return libm(c, fn, t);
  const inline = INLINE[fn];
  if (inline !== undefined) return `__builtin_${inline}${f}`;
  switch (fn) {
    case 'abs':
      return `__builtin_fabs${f}`;
    case 'rsqrt':
      return define(`${T} x`, `  return ${lit('1.0')} / __builtin_sqrt${f}(x);`);
    case 'sign':
      return define(`${T} x`, `  return x > 0 ? ${lit('1.0')} : x < 0 ? ${lit('-1.0')} : x;  // zeros and NaN stay`);
    case 'relu':
      return define(`${T} x`, `  return x < 0 ? ${lit('0.0')} : x;  // NaN stays`);
    case 'sigmoid':
      return define(`${T} x`, `  return ${lit('1.0')} / (${lit('1.0')} + ${libm(c, 'exp', t)}(-x));`);
    case 'silu':
      return define(`${T} x`, `  return x / (${lit('1.0')} + ${libm(c, 'exp', t)}(-x));`);
    case 'softplus':
      return define(
        `${T} x`,
        `  return (x > 0 ? x : x != x ? x : ${lit('0.0')}) + ${libm(c, 'log1p', t)}(${libm(c, 'exp', t)}(-__builtin_fabs${f}(x)));`,
      );
    case 'gelu':
      return define(
        `${T} x`,
        `  return ${lit('0.5')} * x * (${lit('1.0')} + ${libm(c, 'erf', t)}(x * ${lit('0.7071067811865476')}));`,
      );
    case 'gelu_tanh':
      return define(
        `${T} x`,
        `  return ${lit('0.5')} * x * (${lit('1.0')} + ${libm(c, 'tanh', t)}(${lit('0.7978845608028654')} * (x + ${lit('0.044715')} * x * x * x)));`,
      );
    case 'max':
    case 'min':
      return define(
        `${T} a, ${T} b`,
        `  return a != a ? a : ${fn === 'max' ? 'a > b' : 'a < b'} ? a : b;  // NaN of either propagates`,
      );
    case 'fmax':
    case 'fmin':
      return define(
        `${T} a, ${T} b`,
        `  return a != a ? b : b != b ? a : ${fn === 'fmax' ? 'a > b' : 'a < b'} ? a : b;  // ignores a NaN`,
      );
    case 'clip': {
      const [lo, hi] = [floatFunction(c, 'max', t), floatFunction(c, 'min', t)];
      return define(`${T} x, ${T} lo, ${T} hi`, `  return ${hi}(${lo}(x, lo), hi);`);
    }
    case 'isnan':
      return c.add(`isnan_${t}`, () => `static inline bool isnan_${t}(${T} x) {\n  return x != x;\n}`);
    case 'isinf':
      return c.add(
        `isinf_${t}`,
        () => `static inline bool isinf_${t}(${T} x) {\n  return __builtin_fabs${f}(x) == __builtin_inf${f}();\n}`,
      );
    default:
      throw new Error(`internal: ${fn} of ${t}`);
  }
}

function intFunction(c: Collector, fn: Builtin, t: Ty['dtype'] & ('i32' | 'i64' | 'u32' | 'u64')): string {
  const T = storageType(c, t);
  const define = (params: string, body: string): string =>
    c.add(`${fn}_${t}`, () => `static inline ${T} ${fn}_${t}(${params}) {\n${body}\n}`);
  switch (fn) {
    case 'abs':
      return define(
        `${T} x`,
        t.startsWith('u')
          ? '  return x;'
          : `  return x < 0 ? (${T})(0 - (${storageType(c, bitsOf(t) === 32 ? 'u32' : 'u64')})x) : x;`,
      );
    case 'sign':
      return define(`${T} x`, '  return (x > 0) - (x < 0);');
    case 'relu':
      return define(`${T} x`, '  return x > 0 ? x : 0;');
    case 'max':
    case 'fmax':
      return c.add(`max_${t}`, () => `static inline ${T} max_${t}(${T} a, ${T} b) {\n  return a > b ? a : b;\n}`);
    case 'min':
    case 'fmin':
      return c.add(`min_${t}`, () => `static inline ${T} min_${t}(${T} a, ${T} b) {\n  return a < b ? a : b;\n}`);
    case 'clip': {
      const [lo, hi] = [intFunction(c, 'max', t), intFunction(c, 'min', t)];
      return define(`${T} x, ${T} lo, ${T} hi`, `  return ${hi}(${lo}(x, lo), hi);`);
    }
    case 'fma':
      return define(`${T} a, ${T} b, ${T} c`, '  return a * b + c;');
    case 'popcount':
      return popcount(c, t);
    case 'clz':
      return clz(c, t);
    case 'rotl':
    case 'rotr':
      return rotate(c, fn, t);
    case 'mulhi':
      return mulhi(c, t, 1);
    case 'floor':
    case 'ceil':
    case 'round':
    case 'trunc':
      return define(`${T} x`, '  return x;');
    case 'pow':
      return define(
        `${T} x, ${T} n`,
        `  ${T} r = 1;\n  for (; n > 0; n >>= 1, x *= x) if (n & 1) r *= x;\n  return r;`,
      );
    default:
      throw new Error(`internal: ${fn} of ${t}`);
  }
}

/** Name of the function that computes a builtin over operands of the given types. */
export function functionFor(c: Collector, fn: Builtin, result: Ty, args: readonly Ty[]): string {
  const arg = args[0]?.dtype ?? result.dtype;
  if (fn === 'philox') {
    const name = philox(c);
    return result.lanes === 1
      ? name
      : perLane(
          c,
          name,
          result.lanes,
          'u32',
          [
            { dtype: 'u64', name: 'seed' },
            { dtype: 'u64', name: 'counter' },
            { dtype: 'i32', name: 'word' },
          ],
          (a) => `${name}(${a.join(', ')})`,
        );
  }
  if (arg === 'f32') {
    const snippet = mathFor(fn, c.math);
    if (snippet !== undefined) return mathFunction(c, snippet.name, result.lanes);
  }
  if (result.lanes > 1) return lanesFunction(c, fn, result, args);
  if (isFloatTy(arg)) return floatFunction(c, fn, arg);
  if (isIntType(arg)) return intFunction(c, fn, arg);
  throw new Error(`internal: ${fn} of ${arg}`);
}

/** A function of the vector math library, spelled for a number of lanes; the same code serves one lane, so that tails give the same numbers. */
function mathFunction(c: Collector, name: string, lanes: number): string {
  const [F, I] = [localType(c, { dtype: 'f32', lanes }), localType(c, { dtype: 'i32', lanes })];
  for (const s of closure([name])) c.add(`${s.name}${lanesSuffix(lanes)}`, () => spell(s.text, F, I));
  return name;
}

/** Functions that read the same in lanes as in scalars: the scalar text with vector types. */
const SAME: Readonly<
  Partial<Record<Builtin, (t: Ty['dtype']) => readonly [params: string, body: string] | undefined>>
> = {
  max: () => ['a b', 'a > b ? a : b'],
  min: () => ['a b', 'a < b ? a : b'],
  fmax: (t) => ['a b', isFloatTy(t) ? '(a > b) | (b != b) ? a : b' : 'a > b ? a : b'],
  fmin: (t) => ['a b', isFloatTy(t) ? '(a < b) | (b != b) ? a : b' : 'a < b ? a : b'],
  abs: (t) => (isFloatTy(t) ? undefined : ['x', t.startsWith('u') ? 'x' : 'x < 0 ? -x : x']),
  relu: () => ['x', 'x < 0 ? x & 0 : x'],
  fma: () => ['a b c', 'a * b + c'],
};

function lanesFunction(c: Collector, fn: Builtin, result: Ty, args: readonly Ty[]): string {
  const { lanes } = result;
  const arg = args[0]?.dtype ?? result.dtype;
  const T = localType(c, { dtype: arg, lanes });
  const base = `${fn}_${arg}`;
  const name = `${base}${lanesSuffix(lanes)}`;
  const define = (params: string, body: string, type = T): string =>
    c.add(
      name,
      () =>
        `static inline ${type} ${name}(${params
          .split(' ')
          .map((p) => `${T} ${p}`)
          .join(', ')}) {\n${body.startsWith('#') ? '' : '  '}${body}\n}`,
    );
  if (isFloatTy(arg)) {
    const f = suffix(arg);
    const one = `1.0${f}`;
    const U = localType(c, { dtype: arg === 'f32' ? 'u32' : 'u64', lanes });
    const signless = arg === 'f32' ? '0x7fffffffu' : '0x7fffffffffffffffull';
    const lane = (g: Builtin): string => functionFor(c, g, { dtype: arg, lanes }, [{ dtype: arg, lanes }]);
    switch (fn) {
      case 'abs':
        return define('x', `return __builtin_bit_cast(${T}, __builtin_bit_cast(${U}, x) & ${signless});`);
      case 'rsqrt':
        return define('x', `return ${one} / ${lane('sqrt')}(x);`);
      case 'relu':
        return define('x', `return x < 0 ? ${T}{} : x;  // NaN stays`);
      case 'sigmoid':
        return define('x', `return ${one} / (${one} + ${lane('exp')}(-x));`);
      case 'silu':
        return define('x', `return x / (${one} + ${lane('exp')}(-x));`);
      case 'gelu':
        return define('x', `return 0.5${f} * x * (${one} + ${lane('erf')}(x * 0.7071067811865476${f}));`);
      case 'gelu_tanh':
        return define(
          'x',
          `return 0.5${f} * x * (${one} + ${lane('tanh')}(0.7978845608028654${f} * (x + 0.044715${f} * x * x * x)));`,
        );
      case 'max':
      case 'min': {
        const plain = `return (a ${fn === 'max' ? '>' : '<'} b) | (a != a) ? a : b;`;
        return define(
          'a b',
          either(instructionOf(fn, arg, lanes), (i) => `return a != a ? a : ${i.call('a', 'b')};`, plain),
        );
      }
      case 'round':
      case 'floor':
      case 'ceil':
      case 'trunc': {
        const plain = {
          round: () => nearest(arg, T, U).join('\n  '),
          floor: () => `const ${T} r = ${lane('round')}(x);\n  return r > x ? r - ${one} : r;`,
          ceil: () => `return -${lane('floor')}(-x);`,
          trunc: () => `return x < 0 ? -${lane('floor')}(-x) : ${lane('floor')}(x);`,
        }[fn]();
        return define(
          'x',
          either(instructionOf(fn, arg, lanes), (i) => `return ${i.call('x')};`, plain),
        );
      }
      case 'isnan':
        return define('x', 'return x != x;', localType(c, { dtype: arg === 'f32' ? 'i32' : 'i64', lanes }));
      case 'isinf':
        return define(
          'x',
          `return (x == __builtin_inf${f}()) | (x == -__builtin_inf${f}());`,
          localType(c, { dtype: arg === 'f32' ? 'i32' : 'i64', lanes }),
        );
      case 'clip': {
        const two = [0, 1].map(() => ({ dtype: arg, lanes }));
        const [lo, hi] = [lanesFunction(c, 'max', result, two), lanesFunction(c, 'min', result, two)];
        return define('x lo hi', `return ${hi}(${lo}(x, lo), hi);`);
      }
      default:
        break;
    }
  }
  const same = SAME[fn]?.(arg);
  if (same !== undefined) return define(same[0], `return ${same[1]};`);
  const scalar = functionFor(
    c,
    fn,
    { dtype: result.dtype, lanes: 1 },
    args.map((a) => ({ dtype: a.dtype, lanes: 1 })),
  );
  const letters = ['a', 'b', 'c'];
  return perLane(
    c,
    base,
    lanes,
    result.dtype,
    args.map((a, k) => ({ dtype: a.dtype, name: letters[k] ?? 'd' })),
    (xs) => `${scalar}(${xs.join(', ')})`,
  );
}

/** Adding and subtracting a number whose last place is 1 rounds to an integer, ties to even; larger numbers, infinities and NaN are integers already or stay. */
function nearest(t: 'f32' | 'f64', T: string, U: string): readonly string[] {
  const [sign, whole] = t === 'f32' ? ['0x80000000u', '8388608.0f'] : ['0x8000000000000000ull', '4503599627370496.0'];
  return [
    `const ${U} sign = __builtin_bit_cast(${U}, x) & ${sign};`,
    `const ${T} size = __builtin_bit_cast(${T}, __builtin_bit_cast(${U}, x) ^ sign);`,
    `const ${T} r = (size + ${whole}) - ${whole};`,
    `return size < ${whole} ? __builtin_bit_cast(${T}, __builtin_bit_cast(${U}, r) | sign) : x;`,
  ];
}

/**
 * Lanes over one scalar as products with a reciprocal, within 2 ulp. A power of two takes half of the divisor's exponent away, from the lanes as well:
 * so neither the reciprocal nor the scaled lanes leave the range where the quotient stays in it. Without a branch, so that compilers compute both once
 * before a loop.
 */
export function divideByScalar(c: Collector, lanes: number): string {
  const T = localType(c, { dtype: 'f32', lanes });
  const [S, I] = [storageType(c, 'f32'), storageType(c, 'i32')];
  const name = `divide_f32${lanesSuffix(lanes)}`;
  return c.add(
    name,
    () => `static inline ${T} ${name}(${T} a, ${S} b) {
  const ${I} exponent = __builtin_bit_cast(${I}, b) & 0x7f800000;
  const ${I} half = 0x3f800000 + ((0x3f800000 - exponent) >> 1);
  const ${S} scale = __builtin_bit_cast(${S}, half & 0x7f800000);
  return a * scale * (1.0f / (b * scale));
}`,
  );
}
