import type { Val } from '../../codegen/ir/tile.ts';
import type { Builtin } from '../../dsl/typed.ts';
import { loose, tight, Unsupported } from './text.ts';
import type { PrintCx, Text } from './text.ts';
import { isFloatValue, VALUE } from './types.ts';

/** Functions that are one call of tl, or one of ours, on floats. */
const TL: Readonly<Partial<Record<Builtin, string>>> = { floor: 'tl.floor', ceil: 'tl.ceil', abs: 'tl.abs' };
const WIDE: ReadonlySet<Builtin> = new Set([
  'exp',
  'exp2',
  'log',
  'log2',
  'sin',
  'cos',
  'erf',
  'expm1',
  'log1p',
  'tanh',
]);

/** A built-in function of operands that are printed already, as tensors of their types. */
export function callText(fn: Builtin, v: Val & { readonly kind: 'call' }, args: readonly string[], cx: PrintCx): Text {
  const t = v.ty.dtype;
  const [x = '', y = '', z = ''] = args;
  const of = v.args[0]?.ty.dtype ?? t;
  const float = isFloatValue(of);
  const own = (name: string, ...list: readonly string[]): string => `${cx.use(name)}(${list.join(', ')})`;
  const back = (text: string): Text => tight(t === 'f64' ? text : `${text}.to(${VALUE[t]})`);
  const named = (text: string): string => {
    const id = cx.fresh('part');
    cx.before(`${id} = ${text}`);
    return id;
  };
  if (fn === 'philox')
    return tight(own('philox', `(${x}).to(tl.uint64)`, `(${y}).to(tl.uint64)`, `(${z}).to(tl.uint64) & 3`));
  if (!float) return integerCall(fn, v, args, cx);
  if (WIDE.has(fn)) return back(own(fn, x));
  const tl = TL[fn];
  if (tl !== undefined) return tight(`${tl}(${x})`);
  switch (fn) {
    case 'max':
      return tight(own('maximum', x, y));
    case 'min':
      return tight(own('minimum', x, y));
    case 'fmax':
    case 'fmin':
    case 'trunc':
    case 'sign':
      return tight(own(fn, ...args));
    case 'pow':
      return back(own('pow', x, y));
    case 'round':
      return tight(own('round_even', x));
    case 'clip':
      return tight(own('minimum', own('maximum', x, y), z));
    case 'fma':
      return tight(`tl.fma(${x}, ${y}, ${z})`);
    case 'sqrt':
      return tight(t === 'f32' ? `tl.sqrt_rn(${x})` : `tl.sqrt(${x})`);
    case 'rsqrt':
      return t === 'f32'
        ? tight(`tl.div_rn(tl.full((), 1.0, tl.float32), tl.sqrt_rn(${x}))`)
        : loose(`1.0 / tl.sqrt(${x})`);
    case 'relu': {
      const a = named(x);
      return tight(`tl.where(${a} < 0, 0.0, ${a})`);
    }
    case 'isnan': {
      const a = named(x);
      return loose(`${a} != ${a}`);
    }
    case 'isinf':
      return loose(`tl.abs(${x}) == float("inf")`);
    case 'sigmoid':
      return back(`(1.0 / (1.0 + ${own('exp', `-(${x})`)}))`);
    case 'silu': {
      const a = named(x);
      return back(`(${a}.to(tl.float64) / (1.0 + ${own('exp', `-${a}`)}))`);
    }
    case 'gelu': {
      const a = named(`(${x}).to(tl.float64)`);
      return back(`(0.5 * ${a} * (1.0 + ${own('erf', `${a} * 0.7071067811865476`)}))`);
    }
    case 'gelu_tanh': {
      const a = named(`(${x}).to(tl.float64)`);
      return back(
        `(0.5 * ${a} * (1.0 + ${own('tanh', `0.7978845608028654 * (${a} + 0.044715 * ${a} * ${a} * ${a})`)}))`,
      );
    }
    case 'softplus': {
      const a = named(`(${x}).to(tl.float64)`);
      return back(
        `(tl.where(${a} > 0, ${a}, tl.where(${a} != ${a}, ${a}, 0.0)) + ${own('log1p', own('exp', `-tl.abs(${a})`))})`,
      );
    }
    default:
      throw new Unsupported(`the function ${fn}`);
  }
}

function integerCall(fn: Builtin, v: Val & { readonly kind: 'call' }, args: readonly string[], cx: PrintCx): Text {
  const t = v.args[0]?.ty.dtype ?? 'i64';
  const [x = '', y = '', z = ''] = args;
  const bits = t === 'i32' || t === 'u32' ? 32 : 64;
  const u = `tl.uint${bits}`;
  const back = (text: string): Text => tight(`(${text}).to(${VALUE[v.ty.dtype]})`);
  const named = (text: string): string => {
    const id = cx.fresh('part');
    cx.before(`${id} = ${text}`);
    return id;
  };
  switch (fn) {
    case 'max':
    case 'fmax':
      return tight(`tl.maximum(${x}, ${y})`);
    case 'min':
    case 'fmin':
      return tight(`tl.minimum(${x}, ${y})`);
    case 'clip':
      return tight(`tl.minimum(tl.maximum(${x}, ${y}), ${z})`);
    case 'abs': {
      const a = named(x);
      return tight(t.startsWith('u') ? a : `tl.where(${a} < 0, -${a}, ${a})`);
    }
    case 'relu':
      return tight(`tl.maximum(${x}, tl.full((), 0, ${VALUE[t]}))`);
    case 'sign': {
      const a = named(x);
      return back(`(${a} > 0).to(tl.int32) - (${a} < 0).to(tl.int32)`);
    }
    case 'fma':
      return loose(`(${x}) * (${y}) + (${z})`);
    case 'popcount':
      return back(`${cx.use('popcount')}((${x}).to(${u}))`);
    case 'clz':
      return back(`${bits} - ${cx.use('popcount')}(${cx.use('smear')}((${x}).to(${u}))).to(tl.int32)`);
    case 'rotl':
    case 'rotr': {
      const [a, n] = [named(`(${x}).to(${u})`), named(`(${y}).to(${u}) & ${bits - 1}`)];
      const [l, r] = fn === 'rotl' ? ['<<', '>>'] : ['>>', '<<'];
      return back(`(${a} ${l} ${n}) | (${a} ${r} ((${bits} - ${n}) & ${bits - 1}))`);
    }
    case 'mulhi':
      if (t === 'u64') return tight(`${cx.use('mulhi_u64')}(${x}, ${y})`);
      if (t === 'i64') {
        const [a, b] = [named(x), named(y)];
        const high = `${cx.use('mulhi_u64')}(${a}.to(tl.uint64), ${b}.to(tl.uint64)).to(tl.int64)`;
        return loose(`${high} - tl.where(${a} < 0, ${b}, 0) - tl.where(${b} < 0, ${a}, 0)`);
      }
      return back(
        `((${x}).to(tl.${t === 'u32' ? 'uint64' : 'int64'}) * (${y}).to(tl.${t === 'u32' ? 'uint64' : 'int64'})) >> 32`,
      );
    default:
      throw new Unsupported(`the function ${fn} of integers`);
  }
}
