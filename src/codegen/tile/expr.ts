import { assertNever, must } from '../../assert.ts';
import { isFloat, isNarrow } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { Expr } from '../ir/stage.ts';
import * as t from '../ir/tile-build.ts';
import type { TileOp, Val } from '../ir/tile.ts';
import { dependsOn } from './affine.ts';
import { lowerRead } from './access.ts';
import { positiveDim } from './facts.ts';
import { foldExpr } from './fold.ts';
import { aside, assign, bind, branched, cached, declare, nameFor, varying, withMask, withVar } from './scope.ts';
import type { Scope } from './scope.ts';
import { castTo } from './values.ts';

/**
 * Expression to value. Values with several parents become locals; sides of a lazy choice that need statements become branches.
 * In a scope with lanes a value has one lane where it is the same for all of them.
 */
export function lowerExpr(e: Expr, s: Scope): Val {
  switch (e.kind) {
    case 'int':
      return t.int(e.value, e.type);
    case 'float':
      return t.float(e.value, e.type);
    case 'bool':
      return t.bool(e.value);
    case 'axis':
      return lowerAxis(e.id, s);
    case 'var':
      return must(s.vars.get(e.id), `variable ${e.id}`);
    case 'scalar':
      return lowerScalar(e.dtype, t.name(s.cx.scalar(e.name), { dtype: e.type, lanes: 1 }));
    case 'dim':
      return e.list === undefined
        ? t.name(s.cx.dim(e.id))
        : { kind: 'dimOf', id: s.cx.dim(e.id), entry: lowerExpr(e.list, s), ty: { dtype: 'i64', lanes: 1 } };
    case 'let':
      return lowerLet(e, s);
    default: {
      const key = s.cx.intern(e);
      const known = cached(s.block, key) ?? cached(s.common, key);
      if (known !== undefined) return known;
      const v = lowerNode(e, s);
      const fixed =
        s.mask === undefined && v.ty.lanes === 1 && (s.across === undefined || !dependsOn(e, s.across, varying(s)));
      const shared = s.shared === true && fixed && (e.kind === 'read' || e.kind === 'call');
      if ((s.uses.get(key) ?? 0) < 2 && !shared) return v;
      const local = bind(s, nameFor(e), v);
      (fixed ? s.common : s.block).values.set(key, local);
      return local;
    }
  }
}

/** Scalars of narrow floats are passed as their bits. */
function lowerScalar(dtype: DType, v: Val): Val {
  if (!isNarrow(dtype) || !isFloat(dtype)) return v;
  return { kind: 'bitcast', from: 'u32', to: dtype, a: { ...v, ty: { dtype: 'u32', lanes: 1 } }, ty: v.ty };
}

function lowerAxis(id: string, s: Scope): Val {
  if (s.lane?.axis === id) {
    const { base, lanes, half } = s.lane;
    const first = half === 'odd' ? t.add(base, t.int(1)) : base;
    return t.add(
      t.splat(first, lanes),
      half === undefined ? t.iota(lanes) : t.mul(t.iota(lanes), t.splat(t.int(2), lanes)),
    );
  }
  return must(s.axes.get(id), `axis ${id}`);
}

function lowerLet(e: Expr & { readonly kind: 'let' }, s: Scope): Val {
  const value = bind(s, e.id, lowerExpr(e.value, s));
  const known = s.vars.get(e.id);
  // Cached values may mention an outer variable of this name.
  const inner = known === undefined ? s : branched(s);
  return lowerExpr(e.body, withVar(inner, e.id, value));
}

type Node = Exclude<Expr, { readonly kind: 'int' | 'float' | 'bool' | 'axis' | 'var' | 'scalar' | 'dim' | 'let' }>;
function lowerNode(e: Node, s: Scope): Val {
  switch (e.kind) {
    case 'read':
      return lowerRead(e, s);
    case 'unary':
      return t.unary(e.op, lowerExpr(e.a, s));
    case 'binary':
      return lowerBinary(e, s);
    case 'call': {
      // A call that is named as a whole needs no names inside.
      const inner = s.shared === true ? { ...s, shared: false } : s;
      return t.call(
        e.fn,
        e.args.map((a, k) => {
          const v = lowerExpr(a, inner);
          return e.fn === 'philox' && k === 2 ? t.convert(v, 'i32') : v;
        }),
        e.type,
      );
    }
    case 'bitcast': {
      const a = lowerExpr(e.a, s);
      return { kind: 'bitcast', from: storageOf(e.a), to: e.to, a, ty: { dtype: e.type, lanes: a.ty.lanes } };
    }
    case 'cast':
      // What may be rounded anywhere need not be rounded here.
      if (e.mode === 'near') return t.convert(lowerExpr(e.a, s), e.type);
      return castTo(lowerExpr(e.a, s), e.to);
    case 'convert':
      return t.convert(lowerExpr(e.a, s), e.type);
    case 'select':
      return lowerSelect(e, s);
    case 'strict':
      return lowerExpr(e.a, { ...s, strict: true });
    case 'reduce':
      return foldExpr(e, s);
    default:
      return assertNever(e, 'lowerNode');
  }
}

/** The storage type whose bits a bitcast reads: of a read its own, else the arithmetic type. */
const storageOf = (e: Expr): DType =>
  e.kind === 'read' ? e.dtype : e.kind === 'cast' && e.to !== 'tf32' ? e.to : e.type;

function lowerBinary(e: Expr & { readonly kind: 'binary' }, s: Scope): Val {
  const a = lowerExpr(e.a, s);
  if (e.op === 'and' || e.op === 'or') return lowerLazy(e, a, s);
  const b = lowerExpr(e.b, s);
  const isStrict = s.strict === true && (e.type === 'f32' || e.type === 'f64');
  const exact = (v: Val): Val => (isStrict ? { kind: 'opaque', a: v, ty: v.ty } : v);
  // A product must not be contracted with a sum around it; a divisor that nothing is known of is divided by.
  if (e.op === 'mul') return exact(t.binary(e.op, a, b));
  return t.binary(e.op, a, e.op === 'div' ? exact(b) : b);
}

/** Values that may be computed even where nobody wants them. */
function isSafe(ops: readonly TileOp[]): boolean {
  return ops.every((op) => op.kind === 'let' && pure(op.value));
}
function pure(v: Val): boolean {
  switch (v.kind) {
    case 'load':
      return v.mask !== undefined;
    case 'unary':
    case 'bitcast':
    case 'round':
    case 'convert':
    case 'splat':
    case 'opaque':
      return pure(v.a);
    case 'binary':
      return pure(v.a) && pure(v.b);
    case 'call':
      return v.args.every(pure);
    case 'select':
      return pure(v.cond) && pure(v.then) && pure(v.else);
    default:
      return true;
  }
}

/** Where lanes are masked, a condition that all of them share joins their masks: what a mask protects is then computed anywhere. */
const underAll = (s: Scope, cond: Val): Scope =>
  s.mask === undefined ? s : withMask(s, t.splat(cond, s.mask.ty.lanes));

/** `a && b`, `a || b`: statements that b needs run only where b is wanted. */
function lowerLazy(e: Expr & { readonly kind: 'binary' }, a: Val, s: Scope): Val {
  const isAnd = e.op === 'and';
  if (a.ty.lanes > 1) return t.binary(e.op, a, lowerExpr(e.b, withMask(branched(s), isAnd ? a : t.unary('not', a))));
  const side = aside(s);
  const b = lowerExpr(e.b, underAll(side, isAnd ? a : t.unary('not', a)));
  if (isSafe(side.block.ops)) {
    s.block.ops.push(...side.block.ops);
    if (b.ty.lanes === 1 || pure(b)) return t.binary(e.op, a, b);
    // Masks are joined whatever they are; a condition of all lanes decides whether the other one is looked at.
    return isAnd ? t.select(a, b, t.bool(false)) : t.select(a, t.bool(true), b);
  }
  const out = declare(s, 'holds', t.splat(t.bool(!isAnd), b.ty.lanes));
  assign(side, out, b);
  s.block.ops.push({ kind: 'if', cond: isAnd ? a : t.unary('not', a), then: side.block.ops, else: [] });
  return out;
}

function lowerSelect(e: Expr & { readonly kind: 'select' }, s: Scope): Val {
  const dim = positiveDim(e.cond);
  if (dim !== undefined) s.cx.wishes.positive.add(dim);
  if (dim !== undefined && s.cx.facts.positive.has(dim)) return lowerExpr(e.then, s);
  const cond = lowerExpr(e.cond, s);
  if (cond.kind === 'bool') return lowerExpr(cond.value ? e.then : e.else, s);
  if (cond.ty.lanes > 1) {
    const test = bind(s, 'm', cond);
    const then = lowerExpr(e.then, withMask(branched(s), test));
    const other = lowerExpr(e.else, withMask(branched(s), t.unary('not', test)));
    return t.select(test, then, other);
  }
  const [yes, no] = [aside(s), aside(s)];
  const then = lowerExpr(e.then, underAll(yes, cond));
  const other = lowerExpr(e.else, underAll(no, t.unary('not', cond)));
  if (isSafe(yes.block.ops) && isSafe(no.block.ops)) {
    s.block.ops.push(...yes.block.ops, ...no.block.ops);
    return t.select(cond, then, other);
  }
  const lanes = Math.max(then.ty.lanes, other.ty.lanes);
  const id = s.fresh('choice');
  const ty = { dtype: then.ty.dtype, lanes };
  s.block.ops.push({ kind: 'var', id, ty });
  const out = { ...t.name(id, ty), kind: 'name' as const, id };
  assign(yes, out, t.splat(then, lanes));
  assign(no, out, t.splat(other, lanes));
  s.block.ops.push({ kind: 'if', cond, then: yes.block.ops, else: no.block.ops });
  return out;
}
