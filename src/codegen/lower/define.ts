import { must } from '../../assert.ts';
import type { TStmt, TTarget } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import { sameExpr, substitute } from '../ir/rewrite.ts';
import type { Expr, Place } from '../ir/stage.ts';
import { bindLhs } from './lhs.ts';
import type { Lhs, Part } from './lhs.ts';
import { atMost, openConds } from './known.ts';
import { layoutOf } from './layout.ts';
import { listOf, locate, positionOf } from './place.ts';
import { presence } from './presence.ts';
import { store } from './store.ts';
import { declareTemp } from './temps.ts';
import { EMPTY, knownIn, lowerExpr } from './scope.ts';
import type { Env, LoopAxis, Scope, Tensor } from './scope.ts';
import { mergeLayout } from './views.ts';

export type Define = Extract<TStmt, { kind: 'define' }>;
type LetTensor = Extract<Tensor, { kind: 'let' }>;

/** Lowers all pieces of one name. Lets and states are declared from what their left sides range over. */
export function lowerDefines(env: Env, scope: Scope, pieces: readonly Define[]): void {
  const first = must(pieces[0], 'definition');
  if (first.role === 'let' || (first.role === 'state' && !env.tensors.has(first.target.name)))
    declareLet(env, scope, pieces);
  else for (const d of pieces) lowerPiece(env, scope, d);
}

function lowerPiece(env: Env, scope: Scope, d: Define): void {
  const since = env.builder.stages.length;
  const lhs = openField(env, openTarget(env, scope, d.target), d.target);
  const domain = lowerDomain(env, lhs, d);
  store(
    env.builder,
    {
      name: d.target.name,
      span: d.span,
      axes: lhs.axes,
      where: b.all(openConds(domain.where, knownIn(env, lhs.scope))),
      out: placeOf(env, lhs, d.target),
      dtype: d.target.dtype,
      near: d.near,
      value: lowerExpr(env, domain.scope, d.value),
      since,
      reusable: false,
    },
    d.role === 'inout' ? env.builder.last : undefined,
  );
}

/** Opens the loops of a target of a result, inout or state. */
export function openTarget(env: Env, scope: Scope, t: TTarget): Lhs {
  const tensor = must(env.tensors.get(t.name), t.name);
  return bindLhs(env, scope, t.list, t.index, tensor.kind === 'view' ? tensor.axes(undefined) : undefined);
}

/** Where an element of a declared tensor lies, fields included. Field loops come after those of the row. */
function placeOf(env: Env, lhs: Lhs & { readonly field?: Lhs }, t: TTarget): Place {
  const tensor = must(env.tensors.get(t.name), t.name);
  const index = locate(tensor, lhs.index, lhs.list);
  const list = listOf(tensor, lhs.list);
  if (t.field === undefined) return b.place(tensor.buf, index, { list });
  const field = must(tensor.kind === 'view' ? tensor.fields?.get(t.field.name) : undefined, `field ${t.field.name}`);
  const inner = must(lhs.field, 'loops of a field');
  const factors = field.factors(lhs.list);
  const at = inner.index.map((x, k) =>
    positionOf([{ kind: 'dense', factors: must(factors[k], 'field axis') }], [x], lhs.list),
  );
  return b.place(tensor.buf, [...index, ...at], { list, field: t.field.name });
}

/** The `where` of a piece, and the scope in which its value stands. */
function lowerDomain(env: Env, lhs: Lhs, d: Define): { readonly where: Expr; readonly scope: Scope } {
  if (d.where === undefined) return { where: b.bool(true), scope: lhs.scope };
  const where = lowerExpr(env, lhs.scope, d.where);
  return { where, scope: { ...lhs.scope, path: [...lhs.scope.path, where] } };
}

/** A let: its storage, the stages that fill it, and where it has a value. */
function declareLet(env: Env, scope: Scope, pieces: readonly Define[]): void {
  const first = must(pieces[0], 'definition');
  const { name, dtype, span } = first.target;
  const opened = pieces.map((d) => ({
    d,
    since: env.builder.stages.length,
    lhs: bindLhs(env, scope, d.target.list, d.target.index),
  }));
  const { lhs } = must(opened[0], 'definition');
  const vars =
    opened.length === 1 && lhs.parts.every((p) => p.every((x) => x.value.kind === 'axis'))
      ? lhs.parts.map((p) => p.map((x) => x.axis))
      : spread(
          env,
          opened.map((o) => o.lhs),
        );
  const list = lhs.listAxis;
  const layout = mergeLayout(
    env,
    name,
    layoutOf([...(list === undefined ? [] : [list]), ...vars.flat()], opened.length > 1),
    vars,
    list !== undefined,
  );
  const buf = declareTemp(env.builder, name, dtype, layout, span);
  const present: Expr[] = [];
  let partial = false;
  for (const o of opened) {
    const domain = lowerDomain(env, o.lhs, o.d);
    const readable = presence(env, domain.scope, o.d.value);
    const where = b.and(domain.where, readable);
    if (!isTrue(where)) partial = true;
    const inside = isTrue(readable) ? domain.scope : { ...domain.scope, path: [...domain.scope.path, readable] };
    const at = coordinates(list, vars, o.lhs);
    store(env.builder, {
      name,
      span: o.d.span,
      axes: o.lhs.axes,
      where: b.all(openConds(where, knownIn(env, o.lhs.scope))),
      out: b.place(
        buf,
        layout.index.map((e) => substitute(e, { axes: at })),
      ),
      dtype,
      near: o.d.near,
      value: lowerExpr(env, inside, o.d.value),
      since: o.since,
      reusable: opened.length === 1 && o.d.role === 'let',
    });
    present.push(b.and(membership(vars, o.lhs, opened.length > 1), rename(o.lhs, vars, where)));
  }
  const tensor: LetTensor = {
    kind: 'let',
    buf,
    dtype,
    vars,
    index: layout.index,
    ...(list === undefined ? {} : { list }),
    ...(partial ? { present: present.reduce(b.or) } : {}),
  };
  env.tensors.set(name, tensor);
}

const isTrue = (e: Expr): boolean => e.kind === 'bool' && e.value;

/** Axes of a let that is defined by pieces: from the lowest start to the highest end. */
function spread(env: Env, all: readonly Lhs[]): readonly (readonly LoopAxis[])[] {
  const first = must(all[0], 'piece');
  return first.parts.map((parts, k) =>
    parts.map((_, i): LoopAxis => {
      const own = all.map((l) => must(l.parts[k]?.[i], 'part of a piece').axis);
      const pick = (fn: 'min' | 'max', of: (a: LoopAxis) => Expr): Expr =>
        own.map(of).reduce((x, y) => extreme(env, fn, x, y));
      return { id: `p${k}_${i}`, name: `p${k}_${i}`, lo: pick('min', (a) => a.lo), hi: pick('max', (a) => a.hi) };
    }),
  );
}
function extreme(env: Env, fn: 'min' | 'max', x: Expr, y: Expr): Expr {
  const known = knownIn(env, EMPTY);
  const [low, high] = fn === 'min' ? [x, y] : [y, x];
  if (atMost(low, high, known)) return x;
  return atMost(high, low, known) ? y : b.call(fn, [x, y], 'i64');
}

/** What each axis of the let is at a point of the piece. */
function coordinates(
  list: LoopAxis | undefined,
  vars: readonly (readonly LoopAxis[])[],
  lhs: Lhs,
): ReadonlyMap<string, Expr> {
  const at = new Map<string, Expr>();
  if (list !== undefined && lhs.list !== undefined) at.set(list.id, lhs.list);
  vars.forEach((own, k) => own.forEach((v, i) => at.set(v.id, must(lhs.parts[k]?.[i], 'part').value)));
  return at;
}
const pairs = (vars: readonly (readonly LoopAxis[])[], lhs: Lhs): readonly (readonly [LoopAxis, Part])[] =>
  vars.flatMap((own, k) => own.map((v, i) => [v, must(lhs.parts[k]?.[i], 'part')] as const));
/** Where a point of the let belongs to the piece. */
function membership(vars: readonly (readonly LoopAxis[])[], lhs: Lhs, several: boolean): Expr {
  if (!several) return b.bool(true);
  const conds = pairs(vars, lhs).map(([v, p]) =>
    b.and(
      sameExpr(v.lo, p.axis.lo) ? b.bool(true) : b.ge(b.axisRef(v.id), p.axis.lo),
      sameExpr(v.hi, p.axis.hi) ? b.bool(true) : b.lt(b.axisRef(v.id), p.axis.hi),
    ),
  );
  return rename(lhs, vars, b.all(conds));
}
/** A condition over the piece's loops as one over the axes of the let. */
function rename(lhs: Lhs, vars: readonly (readonly LoopAxis[])[], e: Expr): Expr {
  const axes = new Map<string, Expr>();
  for (const [v, p] of pairs(vars, lhs)) if (p.value.kind === 'axis') axes.set(p.value.id, b.axisRef(v.id));
  return substitute(e, { axes });
}

/** Opens the loops of a target, those of its field after those of its row. */
export function openField(env: Env, lhs: Lhs, t: TTarget): Lhs & { readonly field?: Lhs } {
  if (t.field === undefined) return lhs;
  const field = bindLhs(env, lhs.scope, undefined, t.field.index);
  return { ...lhs, scope: field.scope, axes: [...lhs.axes, ...field.axes], field };
}

/** Storage of a let that a statement other than a definition fills. */
export function declareTarget(env: Env, scope: Scope, t: TTarget): ReturnType<typeof bindLhs> {
  const lhs = bindLhs(env, scope, t.list, t.index);
  const vars = lhs.parts.map((p) => p.map((x) => x.axis));
  const list = lhs.listAxis;
  const layout = mergeLayout(
    env,
    t.name,
    layoutOf([...(list === undefined ? [] : [list]), ...vars.flat()], true),
    vars,
    list !== undefined,
  );
  const buf = declareTemp(env.builder, t.name, t.dtype, layout, t.span);
  env.tensors.set(t.name, {
    kind: 'let',
    buf,
    dtype: t.dtype,
    vars,
    index: layout.index,
    ...(list === undefined ? {} : { list }),
  });
  return lhs;
}
