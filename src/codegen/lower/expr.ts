import { assertNever, must } from '../../assert.ts';
import type { TExpr } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr } from '../ir/stage.ts';
import { foldNode, wrap, isIntType } from '../passes/fold.ts';
import { lowerAccess, lowerRow } from './access.ts';
import { needsGuard } from './partial.ts';
import { totalOf } from './place.ts';
import { lowerReduce } from './reduce.ts';
import { assume, lowerExpr, pathOf } from './scope.ts';
import type { Env, Scope } from './scope.ts';

const folded = (e: Expr): Expr => foldNode(e) ?? e;
const at = (e: Expr, span: TExpr['span']): Expr => (e.span === undefined && e.kind === 'read' ? { ...e, span } : e);

/**
 * Lowers an expression under the conditions of its scope. Reductions in it become stages of their own; what is left is safe to evaluate
 * wherever `scope.path` holds.
 */
export function expression(env: Env, scope: Scope, e: TExpr): Expr {
  return b.convert(e.type, folded(lower(env, scope, e)));
}

function lower(env: Env, scope: Scope, e: TExpr): Expr {
  const go = (x: TExpr): Expr => lowerExpr(env, scope, x);
  switch (e.kind) {
    case 'int':
      return literal(e.value, e.type);
    case 'float':
      return b.float(e.value, e.type);
    case 'bool':
      return b.bool(e.value);
    case 'dim':
      return retype(env.dim(e.id, e.list === undefined ? scope.elem : go(e.list)), e.type);
    case 'param':
      return retype(must(env.params.get(e.name), `parameter ${e.name}`), e.type);
    case 'var':
      return retype(must(scope.vars.get(e.id), `variable ${e.id}`), e.type);
    case 'len':
    case 'base':
      return retype(lowerRow(env, scope, e), e.type);
    case 'total':
      return retype(
        totalOf(must(env.raggeds.get(e.ragged), e.ragged), e.list === undefined ? scope.elem : go(e.list)),
        e.type,
      );
    case 'access':
      return at(lowerAccess(env, scope, e), e.span);
    case 'unary':
      return { kind: 'unary', type: e.type, op: e.op, a: go(e.a) };
    case 'binary':
      return lowerBinary(env, scope, e);
    case 'call':
      return { kind: 'call', type: e.type, fn: e.fn, args: e.args.map(go) };
    case 'bitcast':
      return { kind: 'bitcast', type: e.type, to: e.to, a: go(e.a) };
    case 'cast':
      return { kind: 'cast', type: e.type, mode: e.mode, to: e.to, a: go(e.a) };
    case 'convert':
      return retype(go(e.a), e.type);
    case 'strict':
      return { kind: 'strict', type: e.type, a: go(e.a) };
    case 'if': {
      const cond = go(e.cond);
      if (cond.kind === 'bool') return go(cond.value ? e.then : e.else);
      const [then, thenConds] = lowerBranch(env, scope, cond, e.then);
      const [other, elseConds] = lowerBranch(env, scope, b.not(cond), e.else);
      if (thenConds.length + elseConds.length > 0)
        scope.guard?.push(b.select(cond, b.all(thenConds), b.all(elseConds)));
      return b.select(cond, then, other);
    }
    case 'guard':
      return lowerGuard(env, scope, e);
    case 'let': {
      if (needsGuard(env, e.value)) {
        const locals = new Map(scope.locals).set(e.id, { kind: 'source', value: e.value, locals: scope.locals });
        return lowerExpr(env, { ...scope, locals }, e.body);
      }
      const value = go(e.value);
      if (isLeaf(value))
        return lowerExpr(env, { ...scope, locals: new Map(scope.locals).set(e.id, { kind: 'leaf', value }) }, e.body);
      const id = env.builder.varName(plainName(e.id));
      const locals = new Map(scope.locals).set(e.id, { kind: 'value', id, value });
      const body = lowerExpr(env, { ...scope, locals }, e.body);
      return b.letIn(id, value, body);
    }
    case 'local': {
      const l = must(scope.locals.get(e.id), `local ${e.id}`);
      if (l.kind === 'source') return lowerExpr(env, { ...scope, locals: l.locals }, l.value);
      return l.kind === 'leaf' ? l.value : b.variable(l.id, l.value.type);
    }
    case 'reduce':
      return lowerReduce(env, scope, e);
    default:
      return assertNever(e, 'lowerExpr');
  }
}

const isLeaf = (e: Expr): boolean =>
  e.kind === 'int' ||
  e.kind === 'float' ||
  e.kind === 'bool' ||
  e.kind === 'axis' ||
  e.kind === 'dim' ||
  e.kind === 'scalar' ||
  e.kind === 'var';
const plainName = (id: string): string => /[A-Za-z_]\w*/.exec(id)?.[0] ?? 'v';
const literal = (v: bigint, type: TExpr['type']): Expr =>
  isIntType(type) ? b.int(wrap(v, type), type) : b.float(Number(v), type);
/** Converts, and folds at once where the operand is a literal. */
const retype = (e: Expr, type: TExpr['type']): Expr => folded(b.convert(type, e));

/** A side that is evaluated only where `cond` holds; its guard conditions are its own. */
function lowerBranch(env: Env, scope: Scope, cond: Expr, e: TExpr): readonly [Expr, readonly Expr[]] {
  const inner = assume(scope, cond);
  if (scope.guard === undefined) return [lowerExpr(env, inner, e), []];
  const guard: Expr[] = [];
  const value = lowerExpr(env, { ...inner, path: [...inner.path, ...scope.guard], guard }, e);
  return [value, guard];
}

function lowerBinary(env: Env, scope: Scope, e: Extract<TExpr, { kind: 'binary' }>): Expr {
  const a = lowerExpr(env, scope, e.a);
  if (e.op !== 'and' && e.op !== 'or')
    return { kind: 'binary', type: e.type, op: e.op, a, b: lowerExpr(env, scope, e.b) };
  const taken = e.op === 'and' ? a : b.not(a);
  if (a.kind === 'bool') return taken.kind === 'bool' && taken.value ? lowerExpr(env, scope, e.b) : a;
  const [right, conds] = lowerBranch(env, scope, taken, e.b);
  if (conds.length > 0) scope.guard?.push(b.select(taken, b.all(conds), b.bool(true)));
  return e.op === 'and' ? b.and(a, right) : b.or(a, right);
}

/** `value` where all its guarded accesses are in range and present, else `other`: one lazy select. */
function lowerGuard(env: Env, scope: Scope, e: Extract<TExpr, { kind: 'guard' }>): Expr {
  const guard: Expr[] = [];
  const value = lowerExpr(env, { ...scope, path: pathOf(scope), guard }, e.value);
  const cond = b.all(guard);
  if (cond.kind === 'bool' && cond.value) return value;
  return b.select(cond, value, lowerExpr(env, assume(scope, b.not(cond)), e.other));
}
