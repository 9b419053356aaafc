import { must } from '../../assert.ts';
import type { Reducer } from '../../dsl/ast.ts';
import type { ValueType } from '../../dsl/dtypes.ts';
import type { TReduce } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr, Reduce } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { zero } from './access.ts';
import { fold } from './fold.ts';
import { softmaxDomain } from './presence.ts';
import { lowerExpr } from './scope.ts';
import type { Env, Scope } from './scope.ts';

const OPS: Readonly<Record<Exclude<Reducer, 'softmax' | 'logsumexp'>, Reduce['op']>> = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
  any: 'or',
  all: 'and',
  count: 'count',
  argmax: 'argmax',
  argmin: 'argmin',
  first: 'first',
  mean: 'mean',
  var: 'var',
  lower_bound: 'lower',
  upper_bound: 'upper',
};
/** Makes a stage of a reduction, over the loops that it depends on, and yields the read of its result. */
export function lowerReduce(env: Env, scope: Scope, e: TReduce): Expr {
  switch (e.reducer) {
    case 'softmax':
      return softmax(env, scope, e);
    case 'logsumexp':
      return logsumexp(env, scope, e);
    default:
      return fold(env, scope, { ...e, op: OPS[e.reducer], name: e.reducer });
  }
}

const infinity = (negative: boolean, type: ValueType): Expr => b.float(negative ? -Infinity : Infinity, type);
const exp = (e: Expr): Expr => b.call('exp', [e], e.type);

/** Maximum and sum of exponentials of the difference, each a stage. */
function shifted(env: Env, scope: Scope, e: TReduce): { readonly peak: Expr; readonly sum: Expr } {
  const base = {
    span: e.span,
    acc: e.acc,
    vars: e.vars,
    body: e.body,
    ...(e.where === undefined ? {} : { where: e.where }),
  };
  const peak = fold(env, scope, { ...base, op: 'max', name: 'peak' });
  const sum = fold(env, scope, {
    ...base,
    op: 'add',
    name: 'sum',
    map: (body) => exp(b.sub(b.convert(peak.type, body), peak)),
  });
  return { peak, sum };
}

/** exp(x − max) / Σ exp(x − max); a row whose maximum is −inf is 0, +inf and NaN make it NaN. */
function softmax(env: Env, scope: Scope, e: TReduce): Expr {
  const over = must(e.over, 'softmax indices');
  const outer = over.flatMap((id) => [...freeAxes(must(scope.vars.get(id), 'softmax index'))]);
  // The row does not depend on the point that the result is taken at, save through the ranges of other indices.
  const ranged = new Set(
    scope.axes.flatMap((a) => (outer.includes(a.id) ? [] : [...freeAxes(a.lo), ...freeAxes(a.hi)])),
  );
  const row: Scope = {
    ...scope,
    axes: scope.axes.filter((a) => !outer.includes(a.id) || ranged.has(a.id)),
    path: scope.path.filter((c) => ![...freeAxes(c)].some((id) => outer.includes(id))),
  };
  const { peak, sum } = shifted(env, row, e);
  const x = b.convert(peak.type, lowerExpr(env, scope, must(e.at, 'softmax point')));
  const value = b.select(b.eq(peak, infinity(true, peak.type)), zero(peak.type), b.div(exp(b.sub(x, peak)), sum));
  const domain = softmaxDomain(env, scope, e);
  if (domain.kind !== 'bool') scope.guard?.push(domain);
  return domain.kind === 'bool' ? value : b.select(domain, value, zero(value.type));
}
/** max + log Σ exp(x − max); an infinite maximum is the result. */
function logsumexp(env: Env, scope: Scope, e: TReduce): Expr {
  const { peak, sum } = shifted(env, scope, e);
  return b.select(b.call('isinf', [peak], 'bool'), peak, b.add(peak, b.call('log', [sum], sum.type)));
}
