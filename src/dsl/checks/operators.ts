import type { Span } from '../../diagnostics/span.ts';
import type { BinOp, Expr } from '../ast.ts';
import { DTYPES, isFloat, isInt, widen } from '../dtypes.ts';
import type { DType } from '../dtypes.ts';
import { showExpr } from '../prove/show.ts';
import type { TBinary, TExpr } from '../typed.ts';
import { assuming, report } from './context.ts';
import type { OpContext, Scope } from './context.ts';
import { binary, int, not } from './make.ts';
import { isDType } from './names.ts';
import { adapt, bad, holds, isFloatType, isIntType, settle, unify, value } from './value.ts';
import type { Value } from './value.ts';

const NAMES: Readonly<Record<BinOp, TBinary>> = {
  '||': 'or', '&&': 'and', '==': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge', '&': 'bitand', '|': 'bitor', '^': 'bitxor',
  '<<': 'shl', '>>': 'shr', '+': 'add', '-': 'sub', '*': 'mul', '/': 'div', '//': 'floordiv', '%': 'mod',
}; // prettier-ignore

type Of<K extends Expr['kind']> = Extract<Expr, { readonly kind: K }>;

/** A condition; anything but bool is an error. */
export function typeCondition(e: Expr, s: Scope): Value {
  const v = s.op.typeExpr(e, s);
  if (v.bad || v.e.type === 'bool') return v;
  report(s.op, 'type-condition', { found: describe(v) }, e.span);
  return { ...v, bad: true };
}

/** How messages name a value's type. */
export const describe = (v: Value): string =>
  v.flex === 'int' ? 'an integer' : v.flex === 'float' ? 'a float' : v.flex === 'index' ? 'an index' : v.e.type;

const merge = (e: TExpr, a: Value, b: Value, flex: Value['flex'] = 'no'): Value =>
  value(e, { flex, absent: a.absent || b.absent, bad: a.bad || b.bad });

/** Binary operators: operands of one type, conditions on the left of `&&` and `||` known on the right. */
export function typeBinary(e: Of<'binary'>, s: Scope): Value {
  const op = NAMES[e.op];
  if (e.op === '&&' || e.op === '||') {
    const a = typeCondition(e.left, s);
    const b = typeCondition(e.right, a.bad ? s : assuming(s, e.op === '&&' ? a.e : not(a.e)));
    return merge(binary(op, a.e, b.e, e.span), a, b);
  }
  const a = s.op.typeExpr(e.left, s);
  const b = s.op.typeExpr(e.right, s);
  if (a.bad || b.bad) return bad(e.span);
  if (e.op === '<<' || e.op === '>>') return shift(op, a, b, e, s);
  const [x, y] = unify(s.op, a, b, e.span);
  if (x.bad || y.bad) return bad(e.span);
  const type = x.e.type;
  switch (e.op) {
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      if (type === 'bool' && e.op !== '==' && e.op !== '!=') return refuse(s.op, 'type-number', e.op, x, e.span);
      const [p, q] = x.flex === 'no' || x.flex === 'index' ? [x, y] : [settle(s.op, x), settle(s.op, y)];
      return merge(binary(op, p.e, q.e, e.span), p, q);
    }
    case '/':
      if (s.size && isIntType(type)) return merge(binary('floordiv', x.e, y.e, e.span), x, y, x.flex);
      if (!isFloatType(type)) {
        if (type === 'bool') return refuse(s.op, 'type-number', e.op, x, e.span);
        report(s.op, 'type-divide', { left: text(x.e, s) }, e.span);
        return bad(e.span);
      }
      break;
    case '//':
    case '%':
    case '&':
    case '|':
    case '^':
      if (!isIntType(type)) return refuse(s.op, 'type-integer', e.op, x, e.span);
      break;
    case '+':
    case '-':
    case '*':
      if (type === 'bool') return refuse(s.op, 'type-number', e.op, x, e.span);
      break;
  }
  if (x.flex === 'int' && x.e.kind === 'int' && y.e.kind === 'int') return fold(op, x.e.value, y.e.value, e.span);
  return merge(binary(op, x.e, y.e, e.span), x, y, x.flex);
}

/** Source text of a typed expression, for messages. */
export const text = (e: TExpr, s: Scope): string =>
  showExpr(e, (id) => [...s.vars.values()].find((v) => v.id === id)?.name ?? id.replace(/\.\d+$/, ''));

function refuse(op: OpContext, code: 'type-number' | 'type-integer', what: string, v: Value, span: Span): Value {
  report(op, code, { what: `\`${what}\``, found: describe(v) }, span);
  return bad(span);
}

/** The count keeps its own integer type, at least i32; a literal or index count takes the type of what is shifted. */
function shift(op: TBinary, a: Value, b: Value, e: Of<'binary'>, s: Scope): Value {
  for (const v of [a, b]) if (!isIntType(v.e.type)) return refuse(s.op, 'type-integer', e.op, v, e.span);
  if (a.e.kind === 'int' && b.e.kind === 'int' && a.flex === 'int') return fold(op, a.e.value, b.e.value, e.span);
  const left =
    a.flex === 'int' && b.flex === 'index'
      ? { ...settle(s.op, a), flex: 'index' as const }
      : a.flex === 'int'
        ? settle(s.op, a)
        : a;
  const count = b.flex === 'no' ? b : adapt(s.op, b, b.flex === 'int' ? left.e.type : b.e.type);
  return merge(binary(op, left.e, count.e, e.span), left, count, left.flex === 'index' ? 'index' : 'no');
}

const floorDiv = (a: bigint, b: bigint): bigint =>
  b === 0n ? 0n : a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);

/** Literal integers are computed here, as i64 unless they only fit u64. */
function fold(op: TBinary, a: bigint, b: bigint, span: Span): Value {
  const count = b & 63n;
  const results: Partial<Record<TBinary, bigint>> = {
    add: a + b, sub: a - b, mul: a * b, floordiv: floorDiv(a, b), mod: b === 0n ? 0n : a - floorDiv(a, b) * b,
    bitand: a & b, bitor: a | b, bitxor: a ^ b, shl: a << count, shr: a >> count,
  }; // prettier-ignore
  const n = results[op] ?? 0n;
  return value(int(holds('u64', n) ? n : BigInt.asIntN(64, n), span), { flex: 'int' });
}

/** `-x`, `!x`, `~x`. */
export function typeUnary(e: Of<'unary'>, s: Scope): Value {
  const a = s.op.typeExpr(e.operand, s);
  if (a.bad) return bad(e.span);
  if (e.op === '!') {
    if (a.e.type !== 'bool') {
      report(s.op, 'type-condition', { found: describe(a) }, e.operand.span);
      return bad(e.span);
    }
    return { ...a, e: { kind: 'unary', op: 'not', a: a.e, type: 'bool', span: e.span } };
  }
  if (e.op === '~') {
    if (!isIntType(a.e.type)) return refuse(s.op, 'type-integer', '~', a, e.span);
    if (a.e.kind === 'int' && a.flex === 'int') return { ...a, e: int(~a.e.value, e.span) };
    return { ...without(a), e: { kind: 'unary', op: 'bitnot', a: a.e, type: a.e.type, span: e.span } };
  }
  if (a.e.type === 'bool') return refuse(s.op, 'type-number', '-', a, e.span);
  if (a.e.kind === 'int' && a.flex === 'int') return { ...a, e: int(-a.e.value, e.span) };
  if (a.e.kind === 'float' && a.flex === 'float') return { ...a, e: { ...a.e, value: -a.e.value, span: e.span } };
  return { ...without(a), e: { kind: 'unary', op: 'neg', a: a.e, type: a.e.type, span: e.span } };
}

/** The value without the storage type that it was read or rounded as. */
export function without(v: Value): Value {
  const { stored: _, ...rest } = v;
  return rest;
}

/** The type that a name stands for: a dtype, or a type parameter under its binding. */
export function resolveType(name: string, span: Span, op: OpContext): DType | undefined {
  const bound = op.types.get(name);
  if (bound !== undefined) {
    op.used.add(name);
    return bound;
  }
  if (isDType(name)) return name;
  report(op, 'type-unknown', { name, params: [...op.types.keys()] }, span);
  return undefined;
}

/** `e as T`, `e near T`, `e near tf32`. */
export function typeCast(e: Of<'cast'>, s: Scope): Value {
  let a = s.op.typeExpr(e.operand, s);
  if (e.to.name === 'tf32') {
    if (e.mode === 'as') report(s.op, 'cast-tf32', {}, e.span);
    if (a.bad || e.mode === 'as') return bad(e.span);
    a = settle(s.op, a.flex === 'index' || a.flex === 'int' ? adapt(s.op, a, 'f32') : a);
    if (a.e.type !== 'f32') return refuseCast(s.op, a, 'tf32', e);
    return { ...without(a), e: { kind: 'cast', mode: 'near', to: 'tf32', a: a.e, type: 'f32', span: e.span } };
  }
  const to = resolveType(e.to.name, e.to.span, s.op);
  if (a.bad || to === undefined) return bad(e.span);
  if (a.flex === 'int' && a.e.kind === 'int') a = adapt(s.op, a, to === 'u64' && a.e.value >= 0n ? 'u64' : 'i64');
  else if (a.flex === 'float') a = adapt(s.op, a, to === 'f64' ? 'f64' : 'f32');
  else a = settle(s.op, a);
  if (a.bad) return a;
  if (to === 'bool' && a.e.type !== 'bool') return refuseCast(s.op, a, to, e);
  if (e.mode === 'near' && !(isFloat(to) && isFloatType(a.e.type))) return refuseCast(s.op, a, to, e);
  const type = widen(to);
  const narrow = DTYPES[to].value !== to || (isInt(to) && DTYPES[to].bytes < 8);
  return {
    ...without(a),
    e: { kind: 'cast', mode: e.mode, to, a: a.e, type, span: e.span },
    ...(narrow ? { stored: to } : {}),
  };
}

function refuseCast(op: OpContext, v: Value, to: string, e: Of<'cast'>): Value {
  report(op, e.mode === 'near' ? 'cast-near' : 'cast-bool', { found: describe(v), to }, e.span);
  return bad(e.span);
}
