import type { ValueType } from '../../dsl/dtypes.ts';
import { isComparison } from '../ir/build.ts';
import * as b from '../ir/build.ts';
import type { Expr } from '../ir/stage.ts';

const INT: Readonly<Partial<Record<ValueType, readonly [bits: number, signed: boolean]>>> = {
  i32: [32, true],
  i64: [64, true],
  u32: [32, false],
  u64: [64, false],
};
export const isIntType = (t: ValueType): boolean => INT[t] !== undefined;
/** Two's complement of `v` in the width of `t`. */
export function wrap(v: bigint, t: ValueType): bigint {
  const [bits, signed] = INT[t] ?? [64, true];
  return signed ? BigInt.asIntN(bits, v) : BigInt.asUintN(bits, v);
}
const round = (v: number, t: ValueType): number => (t === 'f32' ? Math.fround(v) : v);
const floorDiv = (x: bigint, y: bigint): bigint => {
  if (y === 0n) return 0n;
  const q = x / y;
  return x % y !== 0n && x < 0n !== y < 0n ? q - 1n : q;
};

function ints(op: string, x: bigint, y: bigint, t: ValueType): bigint | undefined {
  const bits = BigInt(INT[t]?.[0] ?? 64);
  switch (op) {
    case 'add':
      return wrap(x + y, t);
    case 'sub':
      return wrap(x - y, t);
    case 'mul':
      return wrap(x * y, t);
    case 'floordiv':
      return wrap(floorDiv(x, y), t);
    case 'mod':
      return y === 0n ? 0n : wrap(x - floorDiv(x, y) * y, t);
    case 'bitand':
      return x & y;
    case 'bitor':
      return x | y;
    case 'bitxor':
      return x ^ y;
    case 'shl':
      return wrap(x << (((y % bits) + bits) % bits), t);
    case 'shr':
      return x >> (((y % bits) + bits) % bits);
    default:
      return undefined;
  }
}
function compare(op: string, x: bigint | number, y: bigint | number): boolean {
  switch (op) {
    case 'eq':
      return x === y;
    case 'ne':
      return x !== y;
    case 'lt':
      return x < y;
    case 'le':
      return x <= y;
    case 'gt':
      return x > y;
    default:
      return x >= y;
  }
}
function floats(op: string, x: number, y: number): number | undefined {
  if (op === 'add') return x + y;
  if (op === 'sub') return x - y;
  if (op === 'mul') return x * y;
  return op === 'div' ? x / y : undefined;
}

/** The value of a node whose operands are literals, with exactly the language's semantics; undefined where it is not a constant. */
export function foldNode(e: Expr): Expr | undefined {
  switch (e.kind) {
    case 'binary': {
      const { a, b: c, op } = e;
      if (a.kind === 'int' && c.kind === 'int') {
        if (isComparison(op)) return b.bool(compare(op, a.value, c.value));
        const v = ints(op, a.value, c.value, e.type);
        return v === undefined ? undefined : b.int(v, e.type);
      }
      if (a.kind === 'float' && c.kind === 'float') {
        if (isComparison(op)) return b.bool(compare(op, a.value, c.value));
        const v = floats(op, a.value, c.value);
        return v === undefined ? undefined : b.float(round(v, e.type), e.type);
      }
      if (a.kind === 'bool' && c.kind === 'bool' && (op === 'eq' || op === 'ne'))
        return b.bool((a.value === c.value) === (op === 'eq'));
      return undefined;
    }
    case 'unary':
      if (e.op === 'not') return e.a.kind === 'bool' ? b.bool(!e.a.value) : undefined;
      if (e.a.kind === 'int') return b.int(wrap(e.op === 'neg' ? -e.a.value : ~e.a.value, e.type), e.type);
      return e.a.kind === 'float' && e.op === 'neg' ? b.float(-e.a.value, e.type) : undefined;
    case 'convert':
      return convertLiteral(e.a, e.type);
    case 'cast':
      // Between integers of arithmetic width a cast wraps.
      return e.mode === 'as' && e.a.kind === 'int' && e.to === e.type && isIntType(e.type)
        ? b.int(wrap(e.a.value, e.type), e.type)
        : undefined;
    case 'call':
      return foldCall(e.fn, e.args, e.type);
    default:
      return undefined;
  }
}
function foldCall(fn: string, args: readonly Expr[], type: ValueType): Expr | undefined {
  const [x, y] = args;
  if (x?.kind !== 'int' || y?.kind !== 'int' || args.length !== 2) return undefined;
  if (fn === 'min') return b.int(x.value < y.value ? x.value : y.value, type);
  return fn === 'max' ? b.int(x.value > y.value ? x.value : y.value, type) : undefined;
}
function convertLiteral(a: Expr, type: ValueType): Expr | undefined {
  if (a.kind === 'int')
    return isIntType(type)
      ? b.int(wrap(a.value, type), type)
      : type === 'bool'
        ? undefined
        : b.float(nearest(a.value, type), type);
  return a.kind === 'float' && !isIntType(type) && type !== 'bool' ? b.float(round(a.value, type), type) : undefined;
}
/** Rounds once: going through f64 first would round twice for f32. */
function nearest(v: bigint, type: ValueType): number {
  const wide = Number(v);
  if (type !== 'f32' || BigInt(wide) === v) return round(wide, type);
  const near = Math.fround(wide);
  const diff = BigInt(wide) - v;
  // f64 rounding may have landed on the midpoint of two f32 values: step back towards v before rounding again.
  return near === wide ? near : Math.fround(wide - Math.sign(Number(diff)) * Math.abs(wide) * 2 ** -52);
}
