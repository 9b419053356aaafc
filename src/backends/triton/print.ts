import { assertNever } from '../../assert.ts';
import { DTYPES, widen } from '../../dsl/dtypes.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import type { Val } from '../../codegen/ir/tile.ts';
import { OPERATORS } from '../../codegen/render/printer.ts';
import { callText } from './calls.ts';
import { DEVICE_FUNCTIONS } from './functions.ts';
import { fieldOf, pointerTo } from './pointer.ts';
import { loose, tight } from './text.ts';
import type { Guard, PrintCx, Text } from './text.ts';
import { isFloatValue, STORAGE, VALUE } from './types.ts';

/** Names that a kernel's own names must not take. */
const TAKEN: ReadonlySet<string> = new Set([
  ...Object.keys(DEVICE_FUNCTIONS),
  // Letters that look like digits.
  ...'l O I tl triton torch and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield None True False int float bool range len min max abs programs config most tiles block'.split(
    ' ',
  ),
]);
export const pyName = (id: string): string => (TAKEN.has(id) ? `${id}_` : id);

/**
 * Values as Triton text. Triton computes both sides of a choice; what the language computes lazily is loaded under a mask here, `mask` being the
 * conditions under which a value counts.
 */
export type Lazy = readonly Guard[];
export function printValue(v: Val, cx: PrintCx, mask: Lazy = []): string {
  return print(v, cx, mask).text;
}
/** The same as a tensor of the value's type, also where it is a literal. */
export function printTyped(v: Val, cx: PrintCx, mask: Lazy = []): string {
  return isLiteral(v) ? `tl.full((), ${printValue(v, cx)}, ${VALUE[v.ty.dtype]})` : printValue(v, cx, mask);
}

function print(v: Val, cx: PrintCx, mask: Lazy): Text {
  switch (v.kind) {
    case 'int':
      return integer(v.value, v.ty.dtype);
    case 'float':
      return floatText(v.value);
    case 'bool':
      return tight(v.value ? 'True' : 'False');
    case 'name':
      return tight(cx.name(v.id));
    case 'load':
      return load(v, cx, mask);
    case 'unary':
      if (v.op === 'not') return tight(`tl.where(${printValue(v.a, cx, mask)}, False, True)`);
      if (v.ty.dtype === 'u32' || v.ty.dtype === 'u64') {
        // The interpreter has no complement of unsigned integers.
        const ones = `${typedTight(v.a, cx, mask)} ^ ${2n ** (v.ty.dtype === 'u32' ? 32n : 64n) - 1n}`;
        return loose(v.op === 'neg' ? `(${ones}) + 1` : ones);
      }
      return loose(`${v.op === 'neg' ? '-' : '~'}${typedTight(v.a, cx, mask)}`);
    case 'binary':
      return binary(v, cx, mask);
    case 'call':
      return callText(
        v.fn,
        v,
        v.args.map((x) => printTyped(x, cx, mask)),
        cx,
      );
    case 'bitcast': {
      const stored = encode(v.a, v.from, cx, mask);
      const bits = `${stored}.to(tl.${STORAGE[v.to]}, bitcast=True)`;
      return decode(STORAGE[v.from] === STORAGE[v.to] ? stored : bits, v.to, v.ty.dtype, cx);
    }
    case 'round':
      if (v.to === 'tf32') return print(v.a, cx, mask);
      return decode(encode(v.a, v.to, cx, mask), v.to, v.ty.dtype, cx);
    case 'convert':
      return convert(v.a, v.ty.dtype, cx, mask);
    case 'select': {
      const cond = condition(v.cond, cx, mask);
      const then = printTyped(v.then, cx, hasLoad(v.then) ? [...mask, cond] : mask);
      const otherwise = printTyped(v.else, cx, hasLoad(v.else) ? [...mask, negated(cond, cx)] : mask);
      return tight(`tl.where(${cond.text}, ${then}, ${otherwise})`);
    }
    case 'opaque':
    case 'splat':
      return print(v.a, cx, mask);
    case 'dimOf':
      return tight(`tl.load(${cx.name(v.id)} + ${inner(print(v.entry, cx, mask))})`);
    case 'iota':
      return tight(printTyped({ kind: 'int', value: 0n, ty: v.ty }, cx));
    default:
      return assertNever(v, 'print');
  }
}
const inner = (t: Text): string => (t.tight ? t.text : `(${t.text})`);
function typedTight(x: Val, cx: PrintCx, mask: Lazy): string {
  return isLiteral(x) ? printTyped(x, cx) : inner(print(x, cx, mask));
}

/** Unsigned types take no negative number. */
function integer(value: bigint, t: ValueType): Text {
  const v = t === 'u64' ? BigInt.asUintN(64, value) : t === 'u32' ? BigInt.asUintN(32, value) : value;
  return v < 0n ? loose(String(v)) : tight(String(v));
}

/** A literal, as text. */
export function literalText(v: Val): string {
  if (v.kind === 'int') return integer(v.value, v.ty.dtype).text;
  if (v.kind === 'float') return floatText(v.value).text;
  throw new Error('internal: not a literal');
}

function floatText(x: number): Text {
  if (Number.isNaN(x)) return tight('float("nan")');
  if (!Number.isFinite(x)) return x > 0 ? tight('float("inf")') : tight('float("-inf")');
  const text = Object.is(x, -0) ? '-0.0' : String(x);
  const full = /[.e]/.test(text) ? text : `${text}.0`;
  return full.startsWith('-') ? loose(full) : tight(full);
}

/** A condition as a name, so that it can mask loads. */
export function condition(v: Val, cx: PrintCx, mask: Lazy = []): Guard {
  const axes = cx.axes(v);
  if (v.kind === 'name') return { text: cx.name(v.id), axes, loop: false };
  return { text: named(cx, 'cond', printTyped(v, cx, mask)), axes, loop: false };
}
export const negated = (cond: Guard, cx: PrintCx): Guard => ({
  ...cond,
  text: named(cx, 'cond', `tl.where(${cond.text}, False, True)`),
});
/** A text under a name: one that it has already, or a new one. */
export function named(cx: PrintCx, base: string, text: string): string {
  const known = cx.known.get(text);
  if (known !== undefined) return known;
  const id = cx.fresh(base);
  cx.before(`${id} = ${text}`);
  cx.known.set(text, id);
  return id;
}

function binary(v: Val & { readonly kind: 'binary' }, cx: PrintCx, mask: Lazy): Text {
  const { op, a, b } = v;
  const t = a.ty.dtype;
  // Each operand is printed once: printing may put lines before the statement.
  const typed = (x: Val): string => printTyped(x, cx, mask);
  const strong = (x: Val): string => typedTight(x, cx, mask);
  switch (op) {
    case 'and':
    case 'or': {
      const token = op === 'and' ? '&' : '|';
      if (!hasLoad(b)) return loose(`${strong(a)} ${token} ${strong(b)}`);
      const left = condition(a, cx, mask);
      const taken = [...mask, op === 'and' ? left : negated(left, cx)];
      return loose(`${left.text} ${token} ${typedTight(b, cx, taken)}`);
    }
    case 'shl':
    case 'shr': {
      const bits = t === 'i32' || t === 'u32' ? 31 : 63;
      const value = strong(a);
      const count =
        b.kind === 'int' ? String(b.value & BigInt(bits)) : `(${inner(print(b, cx, mask))} & ${bits}).to(${VALUE[t]})`;
      return loose(`${value} ${OPERATORS[op][0]} ${count}`);
    }
    case 'floordiv':
    case 'mod':
      return tight(`${cx.use(op === 'mod' ? 'floor_mod' : 'floor_div')}(${typed(a)}, ${typed(b)})`);
    case 'div':
      if (t === 'f32') return tight(`tl.div_rn(${typed(a)}, ${typed(b)})`);
      return loose(`${strong(a)} ${isFloatValue(t) ? '/' : '//'} ${strong(b)}`);
    default: {
      // Two literals would be computed by Python, whose integers do not wrap.
      const left = isLiteral(a) && isLiteral(b) ? typed(a) : operand(a, op === 'add' && isSum(a), cx, mask);
      return loose(`${left} ${OPERATORS[op][0]} ${operand(b, op === 'add' && isProduct(b), cx, mask)}`);
    }
  }
}
const isProduct = (v: Val): boolean => v.kind === 'binary' && v.op === 'mul';
const isSum = (v: Val): boolean => isProduct(v) || (v.kind === 'binary' && v.op === 'add');
/** An operand, without parentheses where it binds as its place wants it to. */
function operand(v: Val, plain: boolean, cx: PrintCx, mask: Lazy): string {
  const text = print(v, cx, mask);
  return plain ? text.text : inner(text);
}
/** An index as it is added to a pointer. */
export const indexText = (v: Val, cx: PrintCx, mask: Lazy = []): string => operand(v, isSum(v), cx, mask);
export const isLiteral = (v: Val): boolean => v.kind === 'int' || v.kind === 'float' || v.kind === 'bool';

function hasLoad(v: Val): boolean {
  switch (v.kind) {
    case 'load':
    case 'dimOf':
      return true;
    case 'unary':
    case 'bitcast':
    case 'round':
    case 'convert':
    case 'splat':
    case 'opaque':
      return hasLoad(v.a);
    case 'binary':
      return hasLoad(v.a) || hasLoad(v.b);
    case 'call':
      return v.args.some(hasLoad);
    case 'select':
      return hasLoad(v.cond) || hasLoad(v.then) || hasLoad(v.else);
    default:
      return false;
  }
}

function load(v: Val & { readonly kind: 'load' }, cx: PrintCx, mask: Lazy): Text {
  const lazy = v.mask === undefined ? mask : [...mask, condition(v.mask, cx, mask)];
  const at = pointerTo(v.from.array, indexText(v.from.index, cx, mask), cx.axes(v.from.index), cx, lazy);
  const known = cx.known.get(at.key) ?? (lazy.length > 0 ? cx.known.get(at.open) : undefined);
  const value = (stored: string): Text =>
    v === cx.raw ? asStored(stored, v.dtype) : decode(stored, v.dtype, v.ty.dtype, cx);
  if (known !== undefined) return value(known);
  cx.read(v.from.array);
  const id = cx.fresh(v.from.array);
  if (cx.array(v.from.array).bytes) {
    cx.before(`${id} = ${fieldOf(at, v.dtype)}`);
    cx.known.set(at.key, id);
    return value(id);
  }
  cx.before(`${id} = tl.load(${at.text}${at.mask === undefined ? '' : `, mask=${at.mask}, other=0`})`);
  cx.known.set(at.key, id);
  return value(id);
}
const asStored = (stored: string, dtype: DType): Text =>
  tight(dtype === 'bf16' ? `${stored}.to(tl.bfloat16, bitcast=True)` : stored);

/** An element as it is stored, widened for arithmetic. */
export function decode(stored: string, dtype: DType, to: ValueType, cx: PrintCx): Text {
  if (dtype === 'bool') return loose(`${stored} != 0`);
  if (dtype === 'bf16' || dtype.startsWith('f8')) return tight(`${cx.use(`${dtype}_decode`)}(${stored})`);
  const plain = VALUE[to] === `tl.${STORAGE[dtype]}`;
  return tight(plain ? stored : `${stored}.to(${VALUE[to]})`);
}
/** A value as it is stored: rounded, wrapped or saturated. */
export function encode(v: Val, dtype: DType, cx: PrintCx, mask: Lazy = []): string {
  // Storing rounds by itself.
  if (v.kind === 'round' && v.to === dtype) return encode(v.a, dtype, cx, mask);
  if (DTYPES[dtype].group === 'int' && isFloatValue(v.ty.dtype)) {
    const whole = DTYPES[dtype].bytes < 4 ? toNarrow(v, dtype, cx, mask) : toInteger(v, widen(dtype), cx, mask);
    return `${whole}.to(tl.${STORAGE[dtype]})`;
  }
  if (dtype === 'bf16' || dtype.startsWith('f8')) {
    const real = v.ty.dtype === 'f32' ? printTyped(v, cx, mask) : `${typedTight(v, cx, mask)}.to(tl.float32)`;
    return `${cx.use(`${dtype}_encode`)}(${real})`;
  }
  const x = typedTight(v, cx, mask);
  return VALUE[v.ty.dtype] === `tl.${STORAGE[dtype]}` ? x : `${x}.to(tl.${STORAGE[dtype]})`;
}

/** Truncates and saturates; NaN is 0. Limits are the largest floats whose integers fit. */
const LIMITS: Readonly<Record<'f32' | 'f64', Readonly<Record<string, readonly [string, string, string, string]>>>> = {
  f32: {
    i32: ['-2147483648.0', '2147483520.0', '2147483648.0', '2147483647'],
    u32: ['0.0', '4294967040.0', '4294967296.0', '4294967295'],
    i64: ['-9223372036854775808.0', '9223371487098961920.0', '9223372036854775808.0', '9223372036854775807'],
    u64: ['0.0', '18446742974197923840.0', '18446744073709551616.0', '18446744073709551615'],
  },
  f64: {
    i32: ['-2147483648.0', '2147483647.0', '2147483648.0', '2147483647'],
    u32: ['0.0', '4294967295.0', '4294967296.0', '4294967295'],
    i64: ['-9223372036854775808.0', '9223372036854774784.0', '9223372036854775808.0', '9223372036854775807'],
    u64: ['0.0', '18446744073709549568.0', '18446744073709551616.0', '18446744073709551615'],
  },
};
/** A float as a name, and its truncation between two floats; NaN is 0. */
function clamped(
  v: Val,
  [least, most]: readonly [string, string],
  to: ValueType,
  cx: PrintCx,
  mask: Lazy,
): { readonly id: string; readonly kept: string } {
  const id = cx.fresh('real');
  cx.before(`${id} = ${printTyped(v, cx, mask)}`);
  const number = `tl.where(${id} != ${id}, 0.0, ${id})`;
  return { id, kept: `tl.minimum(tl.maximum(${number}, ${least}), ${most}).to(${VALUE[to]})` };
}
/** To types of 8 and 16 bits, whose limits are floats. */
function toNarrow(v: Val, dtype: DType, cx: PrintCx, mask: Lazy): string {
  const { bytes, signed } = DTYPES[dtype];
  const above = 2 ** (8 * bytes - (signed ? 1 : 0));
  return clamped(v, [`${signed ? -above : 0}.0`, `${above - 1}.0`], 'i32', cx, mask).kept;
}
function toInteger(v: Val, to: ValueType, cx: PrintCx, mask: Lazy): string {
  const limits = LIMITS[v.ty.dtype === 'f64' ? 'f64' : 'f32'][to];
  if (limits === undefined) throw new Error(`internal: ${v.ty.dtype} to ${to}`);
  const [least, most, above, largest] = limits;
  const { id, kept } = clamped(v, [least, most], to, cx, mask);
  return `tl.where(${id} >= ${above}, tl.full((), ${largest}, ${VALUE[to]}), ${kept})`;
}
function convert(a: Val, to: ValueType, cx: PrintCx, mask: Lazy): Text {
  if (a.ty.dtype === to) return print(a, cx, mask);
  if (a.kind === 'int' && isFloatValue(to)) return floatText(Number(a.value));
  if (a.kind === 'int' && to !== 'bool') return tight(printTyped({ ...a, ty: { ...a.ty, dtype: to } }, cx));
  if (to === 'bool') return loose(`${inner(print(a, cx, mask))} != 0`);
  if (isFloatValue(a.ty.dtype) && !isFloatValue(to)) return tight(toInteger(a, to, cx, mask));
  return tight(`${typedTight(a, cx, mask)}.to(${VALUE[to]})`);
}
