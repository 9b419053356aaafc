import { must } from '../../assert.ts';
import type { TExpr, TVar } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr } from '../ir/stage.ts';
import { positionOf } from './place.ts';
import { lowerExpr, pathOf } from './scope.ts';
import type { AxisIndex, Env, LoopAxis, Scope } from './scope.ts';

/** Conditions under which a guard would take its value. */
export function guardConds(env: Env, scope: Scope, value: TExpr): Expr {
  const guard: Expr[] = [];
  lowerExpr(env, { ...scope, path: pathOf(scope), guard }, value);
  return b.all(guard);
}

/** The loop of an index variable, under an id that no enclosing loop has, and the scope inside it. */
export function bindVar(env: Env, scope: Scope, v: TVar): { readonly axis: LoopAxis; readonly scope: Scope } {
  const taken = new Set([
    ...scope.axes.map((a) => a.id),
    ...(env.builder.step === undefined ? [] : [env.builder.step]),
  ]);
  let id = v.name;
  for (let k = 1; taken.has(id); k++) id = `${v.name}_${k}`;
  const row = rowOf(env, scope, v.hi);
  const axis: LoopAxis = {
    id,
    name: v.name,
    lo: lowerExpr(env, scope, v.lo),
    hi: lowerExpr(env, scope, v.hi),
    ...(row === undefined ? {} : { row }),
  };
  return { axis, scope: { ...scope, vars: new Map(scope.vars).set(v.id, b.axisRef(id)), axes: [...scope.axes, axis] } };
}
export function bindVars(
  env: Env,
  scope: Scope,
  vars: readonly TVar[],
): { readonly axes: readonly LoopAxis[]; readonly scope: Scope } {
  const axes: LoopAxis[] = [];
  let inner = scope;
  for (const v of vars) {
    const bound = bindVar(env, inner, v);
    axes.push(bound.axis);
    inner = bound.scope;
  }
  return { axes, scope: inner };
}

/** The ragged row that a variable runs over, if its upper end is the plain length of one. */
function rowOf(env: Env, scope: Scope, hi: TExpr): LoopAxis['row'] {
  if (hi.kind !== 'len') return undefined;
  const parts = hi.at.flatMap((x) => (x.kind === 'flat' ? [x.part] : x.kind === 'parts' ? x.parts : [x.f, x.g]));
  if (parts.some((p) => p.policy !== 'proven')) return undefined;
  const ragged = must(env.raggeds.get(hi.ragged), hi.ragged);
  const list = hi.list === undefined ? undefined : lowerExpr(env, scope, hi.list);
  const value = (x: TExpr): Expr => lowerExpr(env, scope, x);
  const index = hi.at.map((x): AxisIndex => {
    if (x.kind === 'flat') return { kind: 'flat', value: value(x.part.value) };
    if (x.kind === 'parts') return { kind: 'parts', values: x.parts.map((p) => value(p.value)) };
    return { kind: 'pair', f: value(x.f.value), g: value(x.g.value) };
  });
  const position = positionOf(ragged.left(list), index, list);
  return list === undefined ? { ragged, position } : { ragged, position, list };
}
