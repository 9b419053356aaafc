import { must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { Dim, TOp, TParam, TStmt, TTensor } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr } from '../ir/stage.ts';
import { newEnv } from './env.ts';
import { extentOf, countOf } from './place.ts';
import { constant } from './params.ts';
import { EMPTY, lowerExpr, lowerStmts } from './scope.ts';
import type { Env, Group, RaggedInfo, Scope, Tensor, ViewAxis } from './scope.ts';
import { declareTarget } from './define.ts';
import { tempOf } from './temps.ts';
import { cover } from './views.ts';

type CallStmt = Extract<TStmt, { kind: 'call' }>;
type View = Extract<Tensor, { kind: 'view' }>;

/** Inlines a called operator: its stages on the caller's buffers, its temporaries beside the caller's. */
export function lowerCall(env: Env, scope: Scope, s: CallStmt): void {
  const callee = s.call.op;
  if (s.role === 'let') for (const t of s.targets) declareTarget(env, scope, t);
  const params = new Map<string, Expr>();
  const bound = new Map<string, { readonly type: TTensor; readonly tensor: View }>();
  callee.params.forEach((p, k) => {
    const arg = s.call.args[k];
    if (arg?.kind === 'tensor')
      bound.set(p.name, { type: p.type, tensor: asView(must(env.tensors.get(arg.name), arg.name)) });
    else params.set(p.name, valueOf(env, scope, s, p, arg?.value));
  });
  s.targets.forEach((t, k) => {
    const r = callee.results[k];
    if (r !== undefined) bound.set(r.name, { type: r.type, tensor: asView(must(env.tensors.get(t.name), t.name)) });
  });
  const raggeds = raggedsOf(callee, bound);
  const inner: Env = newEnv(env.builder, env.lowering, callee, params, (id) => dimOf(inner, bound, id), raggeds);
  for (const [name, x] of bound) inner.tensors.set(name, reframe(inner, x.type, x.tensor));
  const body = s.near ? callee.body.map((x) => soften(callee, x)) : callee.body;
  lowerStmts(inner, { ...EMPTY, path: [] }, body);
}

/** A scalar or const argument. Anything but a name or literal is computed once. */
function valueOf(
  env: Env,
  scope: Scope,
  s: CallStmt,
  p: TParam,
  value: Parameters<typeof lowerExpr>[2] | undefined,
): Expr {
  const { dtype } = must(p.type.elem.kind === 'scalar' ? p.type.elem : undefined, 'scalar parameter');
  const type = widen(dtype);
  if (value === undefined) return constant(p.default ?? 0, type);
  const e = b.convert(type, lowerExpr(env, scope, value));
  const literal = e.kind === 'int' || e.kind === 'float' || e.kind === 'bool';
  if (p.mode === 'const' && !literal) throw new Error(`internal: const ${p.name} of ${s.call.op.name} is no constant`);
  if (literal || e.kind === 'scalar' || e.kind === 'dim') return e;
  return tempOf(env.builder, { name: p.name, dtype, axes: [], key: e, span: s.call.span }, (id, out) => ({
    kind: 'map',
    id,
    name: p.name,
    span: s.call.span,
    axes: [],
    out,
    value: e,
  }));
}
/** A let that a call reads or fills has one dense axis for each position. */
function asView(t: Tensor): View {
  if (t.kind === 'view') return t;
  const axes = t.vars.map((own): ViewAxis => ({ kind: 'dense', factors: own.map((v) => b.ix.sub(v.hi, v.lo)) }));
  const groups: Group[] = [];
  // Each buffer axis of the let is over the loops of one or more whole positions.
  let next = 0;
  for (const e of t.index) {
    const own: number[] = [];
    const ids = new Set(axisIds(e));
    while (next < t.vars.length && (t.vars[next] ?? []).some((v) => ids.has(v.id))) own.push(next++);
    groups.push({ axes: own, split: false });
  }
  return { kind: 'view', buf: t.buf, dtype: t.dtype, axes: () => axes, groups };
}
const axisIds = (e: Expr): readonly string[] =>
  e.kind === 'axis' ? [e.id] : e.kind === 'binary' ? [...axisIds(e.a), ...axisIds(e.b)] : [];

/** The caller's tensor under the axes of the callee's type. */
function reframe(inner: Env, type: TTensor, t: View): View {
  const covers = cover(type.axes, t.axes(undefined).length);
  const groups = t.groups.map((g): Group => ({
    axes: covers.flatMap((own, k) => (own.some((x) => g.axes.includes(x)) ? [k] : [])),
    split: false,
  }));
  const axes = (list: Expr | undefined): readonly ViewAxis[] => {
    const outer = t.axes(list);
    return type.axes.map((a, k): ViewAxis => {
      const own = must(covers[k], 'axes').map((x) => must(outer[x], 'axis'));
      if (a.kind === 'ragged') return must(own[0], 'ragged axis');
      if (a.kind === 'dense')
        return { kind: 'dense', factors: a.factors.map((f) => b.convert('i64', lowerExpr(inner, EMPTY, f))) };
      return { kind: 'dense', factors: [countOf(own, list)] };
    });
  };
  return { ...t, axes, groups };
}

function raggedsOf(
  callee: TOp,
  bound: ReadonlyMap<string, { readonly type: TTensor; readonly tensor: View }>,
): ReadonlyMap<string, RaggedInfo> {
  const out = new Map<string, RaggedInfo>();
  for (const { type, tensor } of bound.values()) {
    const outer = tensor.axes(undefined);
    const covers = cover(type.axes, outer.length);
    type.axes.forEach((a, k) => {
      const own = outer[covers[k]?.[0] ?? -1];
      if (a.kind === 'ragged' && own?.kind === 'ragged') out.set(a.ragged, own.ragged);
    });
  }
  for (const r of callee.raggeds)
    if (!out.has(r.id)) throw new Error(`internal: ragged axis ${r.id} of ${callee.name} has no counterpart`);
  return out;
}

/** A dim of the callee from the extents of what it was given. */
function dimOf(
  inner: Env,
  bound: ReadonlyMap<string, { readonly type: TTensor; readonly tensor: View }>,
  id: string,
): Expr {
  const dim: Dim = must(
    inner.op.dims.find((d) => d.id === id),
    `dim ${id}`,
  );
  if (dim.source.kind === 'derived') return b.convert('i64', lowerExpr(inner, EMPTY, dim.source.size));
  const { type, tensor } = must(bound.get(dim.source.param), dim.source.param);
  const { axis } = dim.source;
  const outer = tensor.axes(undefined);
  const own = must(cover(type.axes, outer.length)[axis], 'axis').map((k) => must(outer[k], 'axis'));
  const declared = must(type.axes[axis], 'axis');
  const whole = own.map(extentOf);
  if (dim.source.kind === 'pack' || declared.kind !== 'dense') return b.ix.product(whole);
  const { factor } = dim.source;
  const [only] = own;
  if (only?.kind === 'dense' && only.factors.length === declared.factors.length)
    return must(only.factors[factor], 'factor');
  const others = declared.factors
    .filter((_, k) => k !== factor)
    .map((f) => b.convert('i64', lowerExpr(inner, EMPTY, f)));
  return others.length === 0 ? b.ix.product(whole) : b.floordiv(b.ix.product(whole), b.ix.product(others));
}

/** Under `near` the last rounding of each result may move. */
function soften(callee: TOp, s: TStmt): TStmt {
  if (
    s.kind !== 'define' ||
    s.role !== 'result' ||
    s.value.kind !== 'cast' ||
    s.value.mode !== 'as' ||
    s.value.to === 'tf32'
  )
    return s;
  return callee.results.some((r) => r.name === s.target.name) && s.value.to === s.target.dtype
    ? { ...s, value: { ...s.value, mode: 'near' } }
    : s;
}
