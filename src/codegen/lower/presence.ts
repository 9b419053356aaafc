import { must } from '../../assert.ts';
import type { TExpr } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { Expr } from '../ir/stage.ts';
import { guardConds } from './bind.ts';
import { lowerTarget, presenceAt } from './access.ts';
import { mentionsPartial, operands } from './partial.ts';
import { assume, lowerExpr } from './scope.ts';
import type { Env, Scope } from './scope.ts';

const TRUE = b.bool(true);
const isTrue = (e: Expr): boolean => e.kind === 'bool' && e.value;
/** A condition that matters only where `cond` holds. */
const within = (cond: Expr, e: Expr): Expr => (isTrue(e) ? TRUE : b.select(cond, e, TRUE));

/**
 * Where everything that `e` reads has a value. Folds take care of their own points; a guard needs its other value only; a side of a choice counts
 * where it is taken.
 */
export function presence(env: Env, scope: Scope, e: TExpr): Expr {
  const { guard: _, ...unguarded } = scope;
  return present(env, unguarded, e);
}
function present(env: Env, scope: Scope, e: TExpr): Expr {
  if (!mentionsPartial(env, e)) return TRUE;
  const go = (x: TExpr, s: Scope = scope): Expr => present(env, s, x);
  const every = (list: readonly TExpr[]): Expr => b.all(list.map((x) => go(x)));
  switch (e.kind) {
    case 'access': {
      const t = lowerTarget(env, scope, e);
      const own = presenceAt(env, scope, t) ?? TRUE;
      const ranges = [...t.tests, ...t.guarded];
      return b.and(every(operands(e)), ranges.length === 0 ? own : within(b.all(ranges), own));
    }
    case 'if': {
      const cond = lowerExpr(env, scope, e.cond);
      const [then, other] = [go(e.then, assume(scope, cond)), go(e.else, assume(scope, b.not(cond)))];
      return b.and(go(e.cond), isTrue(then) && isTrue(other) ? TRUE : b.select(cond, then, other));
    }
    case 'binary': {
      if (e.op !== 'and' && e.op !== 'or') return every([e.a, e.b]);
      const a = lowerExpr(env, scope, e.a);
      const taken = e.op === 'and' ? a : b.not(a);
      return b.and(go(e.a), within(taken, go(e.b, assume(scope, taken))));
    }
    case 'guard': {
      const other = go(e.other);
      return isTrue(other) ? TRUE : b.select(guardConds(env, scope, e.value), TRUE, other);
    }
    case 'let':
      return go(e.body, {
        ...scope,
        locals: new Map(scope.locals).set(e.id, { kind: 'source', value: e.value, locals: scope.locals }),
      });
    case 'local': {
      const l = must(scope.locals.get(e.id), `local ${e.id}`);
      return l.kind === 'source' ? go(l.value, { ...scope, locals: l.locals }) : TRUE;
    }
    case 'reduce': {
      if (e.at === undefined)
        return every([...e.vars.flatMap((v) => [v.lo, v.hi]), ...(e.value === undefined ? [] : [e.value])]);
      return b.and(softmaxDomain(env, scope, e), go(e.at));
    }
    default:
      return every(operands(e));
  }
}

/** The `where` of a softmax at the point that its result is taken at. */
export function softmaxDomain(env: Env, scope: Scope, e: Extract<TExpr, { kind: 'reduce' }>): Expr {
  if (e.where === undefined) return TRUE;
  const vars = new Map(scope.vars);
  e.vars.forEach((v, k) => vars.set(v.id, must(scope.vars.get(must(e.over?.[k], 'softmax index')), 'softmax index')));
  return lowerExpr(env, { ...scope, vars }, e.where);
}

/** Lets bound outside of `e` by their values, so that it can stand elsewhere. */
export function closeLocals(scope: Scope, e: Expr): Expr {
  const vars = new Map<string, Expr>();
  for (const l of scope.locals.values()) if (l.kind === 'value') vars.set(l.id, substitute(l.value, { vars }));
  return vars.size === 0 ? e : substitute(e, { vars });
}
