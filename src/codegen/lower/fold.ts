import type { Span } from '../../diagnostics/span.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { TReduce, TVar } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { AxisId, Expr, Reduce } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { reduceType } from '../ir/verify.ts';
import { zero } from './access.ts';
import { bindVars } from './bind.ts';
import { openConds } from './known.ts';
import { plainAxis } from './lhs.ts';
import { closeLocals, presence } from './presence.ts';
import { prefixFold } from './scan.ts';
import { knownIn, lowerExpr, pathOf } from './scope.ts';
import type { Env, LoopAxis, Scope } from './scope.ts';
import { solve } from './solve.ts';
import { loopsOf, tempOf } from './temps.ts';

type Op = Reduce['op'];
/** Folds whose value over at most one point is a choice. */
const POINTWISE: readonly Op[] = ['add', 'count', 'or', 'and'];

/** A fold of the source, or of an expansion. `map` turns the lowered body into what is folded. */
export interface Fold {
  readonly op: Op;
  readonly name: string;
  readonly span: Span;
  readonly acc: DType;
  readonly vars: readonly TVar[];
  readonly where?: TReduce['where'];
  readonly body: TReduce['body'];
  readonly value?: TReduce['value'];
  readonly map?: (body: Expr) => Expr;
}
/** A fold with everything lowered. */
export interface Lowered {
  readonly over: readonly LoopAxis[];
  readonly when: readonly Expr[];
  readonly body: Expr;
}

const isTrue = (e: Expr): boolean => e.kind === 'bool' && e.value;

function lowerBody(env: Env, scope: Scope, f: Fold): Lowered {
  // A fold skips what is absent and proves its own ranges: an enclosing guard does not reach into it.
  const { guard: _, ...unguarded } = scope;
  const bound = bindVars(env, { ...unguarded, path: pathOf(scope) }, f.vars);
  const close = (e: Expr): Expr => closeLocals(scope, e);
  const when: Expr[] = [];
  let inner = bound.scope;
  const restrict = (e: Expr): void => {
    when.push(...openConds(close(e), knownIn(env, inner)));
    inner = { ...inner, path: [...inner.path, e] };
  };
  if (f.where !== undefined) {
    const there = presence(env, inner, f.where);
    if (!isTrue(there)) restrict(there);
    restrict(lowerExpr(env, inner, f.where));
  }
  const there = presence(env, inner, f.body);
  if (!isTrue(there)) restrict(there);
  const lowered = lowerExpr(env, inner, f.body);
  const body = close(f.map === undefined ? lowered : f.map(lowered));
  const axes = bound.axes.map((a): LoopAxis => ({ ...a, lo: close(a.lo), hi: close(a.hi) }));
  const solved = solve({ over: axes, when }, POINTWISE.includes(f.op) ? 0 : 1);
  const replace = (x: Expr): Expr => substitute(x, { axes: solved.solved });
  const known = { ...knownIn(env, scope), axes: [...scope.axes, ...solved.over] };
  return { over: solved.over, when: openConds(b.all(solved.when), known), body: replace(body) };
}

/** The stage of a fold, and the read of its result. */
export function fold(env: Env, scope: Scope, f: Fold): Expr {
  const { builder } = env;
  const value = f.value === undefined ? undefined : closeLocals(scope, lowerExpr(env, scope, f.value));
  const before = builder.risk;
  let parts = lowerBody(env, scope, f);
  let where: Expr | undefined;
  if (builder.risk > before && !scope.distrust) {
    // The body was proven safe under conditions that hold here, one of which is that every loop around it has a point, also those that the stage
    // does not keep: it keeps the conditions that it can express, else tests each access.
    const known = new Set(loopsOf(exprsOf(parts, value), scope.axes).map((a) => a.id));
    const entered = scope.axes.filter((a) => !known.has(a.id)).map((a) => b.lt(a.lo, a.hi));
    const path = [...pathOf(scope), ...entered].map((c) => closeLocals(scope, c));
    if (path.every((c) => [...freeAxes(c)].every((id) => known.has(id) || id === builder.step)))
      where = path.length === 0 ? undefined : b.all(path);
    else parts = lowerBody(env, { ...scope, distrust: true }, f);
  }
  return finish(env, scope, f, parts, value, where);
}

const exprsOf = (p: Lowered, value: Expr | undefined): readonly Expr[] => {
  const own = new Set(p.over.map((a) => a.id));
  const outside = [...p.over.flatMap((a) => [a.lo, a.hi]), ...p.when, p.body, ...(value === undefined ? [] : [value])];
  const drop = new Map<AxisId, Expr>([...own].map((id) => [id, b.int(0)]));
  return outside.map((e) => substitute(e, { axes: drop }));
};

/** Emits the stage of a lowered fold. */
function finish(
  env: Env,
  scope: Scope,
  f: Pick<Fold, 'op' | 'name' | 'span' | 'acc'>,
  p: Lowered,
  value: Expr | undefined,
  where: Expr | undefined,
): Expr {
  const rest = where === undefined ? {} : { where };
  if (p.over.length === 0) return pointwise(f, p);
  const scan =
    where === undefined
      ? prefixFold(env, scope, f, p, (inner, at) => finish(env, at, f, inner, undefined, undefined))
      : undefined;
  if (scan !== undefined) return scan;
  const arg = f.op === 'argmax' || f.op === 'argmin' || f.op === 'first';
  const { over, shift, ...moved } = arg ? fromZero(p) : { ...p, shift: undefined };
  const when = b.all(moved.when);
  const typed =
    f.op === 'count' || f.op === 'first'
      ? moved.body
      : f.op === 'argmax' || f.op === 'argmin' || f.op === 'lower' || f.op === 'upper'
        ? moved.body
        : b.convert(widen(f.acc), moved.body);
  const plain = over.map(plainAxis);
  const reduce: Reduce = {
    op: f.op,
    acc: f.acc,
    over: plain,
    ...(when.kind === 'bool' && when.value ? {} : { when }),
    body: typed,
    ...(value === undefined ? {} : { value }),
  };
  const type = reduceType(reduce);
  const axes = loopsOf(
    exprsOf({ ...p, over, when: moved.when, body: moved.body }, value).concat(where === undefined ? [] : [where]),
    scope.axes,
  );
  const out = tempOf(
    env.builder,
    { name: f.name, dtype: type, axes, key: [reduce, where], span: f.span },
    (id, place) => ({
      kind: 'reduce',
      id,
      name: place.buf,
      span: f.span,
      axes: axes.map(plainAxis),
      ...rest,
      out: place,
      reduce,
    }),
  );
  return shift === undefined ? out : b.select(b.lt(out, b.int(0)), out, b.ix.add(out, shift));
}

/** Every variable was solved: the domain is one point or none. */
function pointwise(f: Pick<Fold, 'op' | 'acc'>, p: Lowered): Expr {
  const there = b.all(p.when);
  switch (f.op) {
    case 'add':
      return b.select(there, b.convert(widen(f.acc), p.body), zero(widen(f.acc)));
    case 'count':
      return b.select(b.and(there, p.body), b.int(1), b.int(0));
    case 'or':
      return b.and(there, p.body);
    case 'and':
      return b.or(b.not(there), p.body);
    default:
      throw new Error(`internal: ${f.op} over a single point`);
  }
}

/** Loops that start at 0, as positions count; `shift` is what a single index must be raised by. */
function fromZero(p: Lowered): Lowered & { readonly shift: Expr | undefined } {
  const moves = new Map<AxisId, Expr>();
  const over = p.over.map((a): LoopAxis => {
    const lo = substitute(a.lo, { axes: moves });
    const hi = substitute(a.hi, { axes: moves });
    if (lo.kind === 'int' && lo.value === 0n) return { ...a, lo, hi };
    moves.set(a.id, b.ix.add(b.axisRef(a.id), lo));
    return { id: a.id, name: a.name, lo: b.int(0), hi: b.ix.sub(hi, lo) };
  });
  const move = (e: Expr): Expr => substitute(e, { axes: moves });
  const [only] = p.over;
  const shift = p.over.length === 1 && only !== undefined && moves.has(only.id) ? only.lo : undefined;
  return { over, when: p.when.map(move), body: move(p.body), shift };
}
