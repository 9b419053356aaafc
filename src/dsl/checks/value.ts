import type { Span } from '../../diagnostics/span.ts';
import { DTYPES, isFloat, isSigned, widen } from '../dtypes.ts';
import type { DType, ValueType } from '../dtypes.ts';
import { showExpr } from '../prove/show.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { OpContext } from './context.ts';
import { convert, int, mapParts } from './make.ts';

/**
 * A typed expression under construction. `flex` says how it adapts to the other operand: literals of integers and floats, and index and
 * size expressions, take its type; `no` keeps its own.
 */
export interface Value {
  readonly e: TExpr;
  readonly flex: 'no' | 'int' | 'float' | 'index';
  /** A narrower storage type that holds the value exactly: a read of it, or a rounding to it. */
  readonly stored?: DType;
  /** Some point that is read may be absent. */
  readonly absent: boolean;
  /** An error has been reported; whatever uses the value stays silent. */
  readonly bad: boolean;
}

/** A value that keeps its own type, present and without error unless `from` says otherwise. */
export const value = (e: TExpr, from: Partial<Omit<Value, 'e'>> = {}): Value => ({
  e,
  flex: 'no',
  absent: false,
  bad: false,
  ...from,
});
/** The value of an expression with an error. */
export const bad = (span: Span): Value => value(int(0, span), { bad: true, flex: 'int' });

/** True for f32 and f64. */
export const isFloatType = (t: ValueType): boolean => isFloat(t);
/** True for i32, i64, u32, u64. */
export const isIntType = (t: ValueType): boolean => DTYPES[t].group === 'int';

const RANGE: Readonly<Record<string, readonly [bigint, bigint]>> = {
  i8: [-(2n ** 7n), 2n ** 7n - 1n],
  i16: [-(2n ** 15n), 2n ** 15n - 1n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  i64: [-(2n ** 63n), 2n ** 63n - 1n],
  u8: [0n, 2n ** 8n - 1n],
  u16: [0n, 2n ** 16n - 1n],
  u32: [0n, 2n ** 32n - 1n],
  u64: [0n, 2n ** 64n - 1n],
};
/** True if an integer type holds `n`. */
export function holds(t: DType, n: bigint): boolean {
  const range = RANGE[t];
  return range !== undefined && n >= range[0] && n <= range[1];
}
/** Bits of the significand, the hidden one included. */
const SIGNIFICAND: Partial<Record<DType, number>> = {
  f64: 53,
  f32: 24,
  f16: 11,
  bf16: 8,
  f8e4m3: 4,
  f8e5m2: 3,
  f8e4m3fnuz: 4,
};
const LARGEST: Partial<Record<DType, number>> = { f16: 65504, f8e4m3: 448, f8e5m2: 57344, f8e4m3fnuz: 240 };

/** True if a float type holds the integer `n` exactly. */
function exactInt(t: DType, n: bigint): boolean {
  let m = n < 0n ? -n : n;
  if (Number(m) > (LARGEST[t] ?? Infinity)) return false;
  while (m !== 0n && (m & 1n) === 0n) m >>= 1n;
  return m < 2n ** BigInt(SIGNIFICAND[t] ?? 0);
}
/** True if a float type holds `x` exactly; small magnitudes are not looked at. */
function exactFloat(t: DType, x: number): boolean {
  if (t === 'f64' || Number.isNaN(x)) return true;
  if (t === 'f32') return Math.fround(x) === x;
  if (!Number.isFinite(x)) return t === 'f16' || t === 'bf16' || t === 'f8e5m2';
  if (Math.abs(x) > (LARGEST[t] ?? 3e38) || (x !== 0 && Math.abs(x) < 2 ** -6)) return false;
  const scale = 2 ** ((SIGNIFICAND[t] ?? 1) - 1 - Math.floor(Math.log2(Math.abs(x) || 1)));
  return Number.isInteger(x * scale);
}

/** The type that a value has by itself: i64 for integer literals and indices, f32 for float literals. */
export function settle(op: OpContext, v: Value): Value {
  if (v.bad || v.flex === 'no' || v.flex === 'index') return { ...v, flex: 'no' };
  return adapt(op, v, v.flex === 'int' ? 'i64' : 'f32');
}

/** The value in type `to`, by an implicit conversion of LANGUAGE §3.2; otherwise an error and a bad value. */
export function adapt(op: OpContext, v: Value, to: ValueType, span: Span = v.e.span): Value {
  if (v.bad) return { ...v, e: { ...v.e, type: to }, flex: 'no' };
  const from = v.e.type;
  if (v.flex === 'int' || v.flex === 'float') return { ...v, ...literal(op, v, to, span), flex: 'no' };
  if (from === to) return { ...v, flex: 'no' };
  if (from === 'bool' || to === 'bool')
    return fail(op, v, () => report(op, 'type-bool-number', { found: from, wanted: to, text: shown(v) }, span));
  if (v.flex === 'index' && !(isFloatType(from) && isIntType(to))) return { ...v, e: convert(v.e, to), flex: 'no' };
  if (isFloatType(from) !== isFloatType(to))
    return fail(op, v, () => report(op, 'type-int-float', { found: from, wanted: to, text: shown(v) }, span));
  if (isFloatType(from)) {
    if (to === 'f64') return { ...v, e: convert(v.e, to), flex: 'no' };
    return fail(op, v, () => report(op, 'type-narrow', { found: from, wanted: to, text: shown(v) }, span));
  }
  if (isSigned(from) !== isSigned(to))
    return fail(op, v, () => report(op, 'type-sign', { found: from, wanted: to, text: shown(v) }, span));
  if (DTYPES[from].bytes > DTYPES[to].bytes)
    return fail(op, v, () => report(op, 'type-narrow', { found: from, wanted: to, text: shown(v) }, span));
  return { ...v, e: convert(v.e, to), flex: 'no' };
}

function fail(op: OpContext, v: Value, tell: () => void): Value {
  if (op.quiet === 0) tell();
  return { ...v, bad: true, flex: 'no' };
}

/** Source text of a short value, for hints that show the fix. */
function shown(v: Value): string {
  const text = showExpr(v.e, (id) => id.replace(/\.\d+$/, ''));
  return text.length > 32 ? '…' : text;
}

/** A literal expression in type `to`: leaves take the type, operations between them follow. */
function literal(op: OpContext, v: Value, to: ValueType, span: Span): { e: TExpr; bad: boolean } {
  if (to === 'bool') {
    report(op, 'type-bool-number', { found: v.flex === 'int' ? 'an integer' : 'a float', wanted: to }, span);
    return { e: v.e, bad: true };
  }
  if (v.flex === 'float' && !isFloatType(to)) {
    report(op, 'type-int-float', { found: 'a float literal', wanted: to }, span);
    return { e: v.e, bad: true };
  }
  let failed = false;
  const go = (e: TExpr): TExpr => {
    if (e.kind === 'int') {
      if (!isFloatType(to)) {
        if (!holds(to, e.value)) {
          failed = true;
          report(
            op,
            'type-literal',
            { text: holds('i64', e.value) ? String(e.value) : `0x${e.value.toString(16)}`, type: to },
            e.span,
          );
        }
        return { ...e, type: to };
      }
      if (!exactInt(to, e.value)) {
        failed = true;
        report(op, 'type-literal', { text: String(e.value), type: to }, e.span);
      }
      return { kind: 'float', value: Number(e.value), type: to, span: e.span };
    }
    if (e.kind === 'float') return { ...e, value: to === 'f32' ? Math.fround(e.value) : e.value, type: to };
    if (e.kind === 'if') return { ...e, then: go(e.then), else: go(e.else), type: to };
    if (e.kind === 'guard') return { ...e, value: go(e.value), other: go(e.other), type: to };
    if (
      (e.kind === 'unary' && e.op === 'neg') ||
      (e.kind === 'binary' && !isIntType(e.type)) ||
      (e.kind === 'call' && !isIntType(e.type)) ||
      e.kind === 'strict'
    )
      return { ...mapParts(e, go), type: to };
    return convert(e, to);
  };
  return { e: go(v.e), bad: failed };
}

/** Two operands in one type; both bad if there is none. `what` is the operator, for the message. */
export function unify(op: OpContext, a: Value, b: Value, span: Span): readonly [Value, Value] {
  if (a.bad || b.bad)
    return [
      { ...a, bad: true },
      { ...b, bad: true },
    ];
  const order = { no: 3, index: 2, float: 1, int: 0 } as const;
  if (a.flex === b.flex && a.flex !== 'no') return a.e.type === b.e.type ? [a, b] : unifyConsts(op, a, b);
  const mixed = (a.flex === 'float' && b.flex === 'index') || (a.flex === 'index' && b.flex === 'float');
  if (mixed && isIntType(a.flex === 'index' ? a.e.type : b.e.type)) return [adapt(op, a, 'f32'), adapt(op, b, 'f32')];
  if (order[a.flex] > order[b.flex]) {
    const other = toward(op, b, a);
    return [{ ...a, bad: other.bad }, other];
  }
  if (order[b.flex] > order[a.flex]) {
    const other = toward(op, a, b);
    return [other, { ...b, bad: other.bad }];
  }
  const [s, t] = [a.e.type, b.e.type];
  if (s === t) return [a, b];
  const mixes = isFloatType(s) !== isFloatType(t);
  const to = mixes
    ? isFloatType(s)
      ? s
      : t
    : s !== 'bool' && t !== 'bool' && DTYPES[s].bytes < DTYPES[t].bytes
      ? t
      : s;
  const left = adapt(op, a, to, span);
  const right = left.bad ? b : adapt(op, b, to, span);
  return [
    { ...left, bad: left.bad || right.bad },
    { ...right, bad: left.bad || right.bad },
  ];
}

/** An index beside a float const: the const's type. */
function unifyConsts(op: OpContext, a: Value, b: Value): readonly [Value, Value] {
  const to = isFloatType(a.e.type) ? a.e.type : b.e.type;
  return [
    { ...adapt(op, a, to), flex: 'index' },
    { ...adapt(op, b, to), flex: 'index' },
  ];
}

/** `v` as the more fixed operand `other` has it. */
function toward(op: OpContext, v: Value, other: Value): Value {
  if (other.flex === 'float') return { ...value({ ...literal(op, v, 'f32', v.e.span).e }, v), flex: 'float' };
  if (v.flex === 'float' && isIntType(other.e.type)) {
    report(op, 'type-int-float', { found: other.e.type, wanted: 'f32', text: shown(other) }, other.e.span);
    return { ...v, bad: true };
  }
  if (other.flex === 'index') return { ...adapt(op, v, other.e.type), flex: 'index' };
  return adapt(op, v, other.e.type);
}

/** True if every value of the expression is one of storage type `t`, so that storing it needs no written rounding. */
export function fits(v: Value, t: DType): boolean {
  if (v.stored === t || (v.stored !== undefined && widens(v.stored, t))) return true;
  const go = (e: TExpr): boolean => {
    switch (e.kind) {
      case 'int':
        return DTYPES[t].group === 'int' ? holds(t, e.value) : exactInt(t, e.value);
      case 'float':
        return exactFloat(t, e.value);
      case 'access':
        return e.dtype === t || widens(e.dtype, t);
      case 'cast':
        return e.to === t;
      case 'convert':
        return go(e.a);
      case 'if':
        return go(e.then) && go(e.else);
      case 'guard':
        return go(e.value) && go(e.other);
      case 'unary':
        return e.op === 'neg' && isFloat(t) && go(e.a);
      case 'call':
        return (
          (e.fn === 'max' || e.fn === 'min' || e.fn === 'fmax' || e.fn === 'fmin' || e.fn === 'clip') &&
          e.args.every(go)
        );
      case 'reduce':
        return (
          (e.reducer === 'max' || e.reducer === 'min') &&
          isFloat(t) &&
          t !== 'f8e4m3' &&
          t !== 'f8e4m3fnuz' &&
          go(e.body)
        );
      default:
        return false;
    }
  };
  return go(v.e);
}

/** True if every value of an integer or float type is one of `to`, a wider type of its group and sign. */
export const widens = (from: DType, to: DType): boolean =>
  DTYPES[from].group === DTYPES[to].group &&
  DTYPES[from].signed === DTYPES[to].signed &&
  DTYPES[from].bytes < DTYPES[to].bytes &&
  from !== 'bool';

/** The value as it is stored in `t`: widened implicitly, or already a value of `t`; narrowing must have been written. */
export function store(op: OpContext, v: Value, t: DType, near: boolean, span: Span): Value {
  const to = widen(t);
  if (v.bad) return adapt(op, v, to);
  const sameGroup = DTYPES[v.e.type].group === DTYPES[t].group;
  if (v.flex !== 'int' && v.flex !== 'float' && v.e.type === 'f64' && to === 'f32' && (near || fits(v, t))) {
    return { ...v, e: { kind: 'cast', mode: near ? 'near' : 'as', to, a: v.e, type: to, span: v.e.span }, flex: 'no' };
  }
  if (v.flex === 'no' && sameGroup && !isFloat(t) && v.e.type !== to && fits(v, t))
    return { ...v, e: convert(v.e, to) };
  const out = adapt(op, v, to, span);
  if (out.bad || t === to || near || fits(out, t)) return out;
  report(op, 'type-narrow', { found: v.flex === 'no' ? out.e.type : 'the value', wanted: t, text: shown(v) }, span);
  return { ...out, bad: true };
}
