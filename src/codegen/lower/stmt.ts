import { assertNever, must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { TStmt } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr, Place, Stage } from '../ir/stage.ts';
import { bindVar, bindVars } from './bind.ts';
import { lowerCall } from './call.ts';
import { declareTarget, lowerDefines, openTarget } from './define.ts';
import type { Define } from './define.ts';
import { declareBuffer } from './env.ts';
import { bindLhs, plainAxis } from './lhs.ts';
import { listOf, locate } from './place.ts';
import { EMPTY, emit, lowerExpr, lowerStmts } from './scope.ts';
import type { AxisIndex, Env, LoopAxis, Scope } from './scope.ts';

/** Lowers statements in order; all pieces of one name are taken together where the first stands. */
export function statements(env: Env, scope: Scope, stmts: readonly TStmt[]): void {
  const done = new Set<TStmt>();
  for (const s of stmts) {
    if (done.has(s)) continue;
    if (s.kind === 'define') {
      const pieces = stmts.filter((x): x is Define => x.kind === 'define' && x.target.name === s.target.name);
      pieces.forEach((p) => done.add(p));
      env.builder.owner = s.target.name;
      lowerDefines(env, scope, pieces);
    } else {
      env.builder.owner = ownerOf(s);
      lowerStmt(env, scope, s);
    }
  }
}

function ownerOf(s: Exclude<TStmt, { kind: 'define' }>): string {
  switch (s.kind) {
    case 'select':
    case 'call':
      return s.targets[0]?.name ?? s.kind;
    case 'scatter':
      return s.target;
    case 'temp':
      return s.name;
    case 'recur':
      return s.index.name;
    default:
      return s.ragged;
  }
}

function lowerStmt(env: Env, scope: Scope, s: Exclude<TStmt, { kind: 'define' }>): void {
  switch (s.kind) {
    case 'select':
      return lowerSelect(env, scope, s);
    case 'call':
      return lowerCall(env, scope, s);
    case 'temp':
      return declareBuffer(env, { name: s.name, span: s.span, type: s.type }, 'temp');
    case 'ragged':
      return lowerRagged(env, s);
    case 'pack':
      return lowerPack(env, scope, s);
    case 'scatter':
      return lowerScatter(env, scope, s);
    case 'recur':
      return lowerRecur(env, scope, s);
    default:
      return assertNever(s, 'lowerStmt');
  }
}

/** topk and sort: one stage; a target that nobody named is not written. */
function lowerSelect(env: Env, scope: Scope, s: Extract<TStmt, { kind: 'select' }>): void {
  const [first] = s.targets;
  const target = must(first, 'target of a selection');
  const lhs = s.role === 'let' ? bindLhs(env, scope, target.list, target.index) : openTarget(env, scope, target);
  const slot = must(lhs.axes.at(-1), 'slot of a selection');
  const axes = lhs.axes.slice(0, -1);
  const rows: Scope = { ...lhs.scope, axes };
  const bound = bindVar(env, rows, s.axis);
  const body = lowerExpr(env, bound.scope, s.body);
  const slotAxis: LoopAxis = slot.id === bound.axis.id ? { ...slot, id: `${slot.id}_at` } : slot;
  const places = s.targets.map((t): Place => {
    const own = s.role === 'let' ? declareTarget(env, scope, t) : openTarget(env, scope, t);
    const tensor = must(env.tensors.get(t.name), t.name);
    const rename = new Map<string, Expr>(
      own.axes.map((a, k) => [a.id, b.axisRef(k === own.axes.length - 1 ? slotAxis.id : must(axes[k], 'axis').id)]),
    );
    const index = own.index.map((x): AxisIndex => moved(x, rename));
    const list = own.listAxis === undefined ? undefined : rename.get(own.listAxis.id);
    return b.place(tensor.buf, locate(tensor, index, list), { list: listOf(tensor, list) });
  });
  const [values, indices] = places;
  emit(env.builder, (id) => ({
    kind: 'select',
    id,
    name: target.name,
    span: s.span,
    axes: axes.map(plainAxis),
    along: plainAxis(bound.axis),
    body,
    descending: s.descending,
    slot: plainAxis(slotAxis),
    ...(values === undefined ? {} : { values }),
    ...(indices === undefined ? {} : { indices }),
  }));
}
function moved(x: AxisIndex, axes: ReadonlyMap<string, Expr>): AxisIndex {
  const go = (e: Expr): Expr => (e.kind === 'axis' ? (axes.get(e.id) ?? e) : e);
  if (x.kind === 'flat') return { kind: 'flat', value: go(x.value) };
  return x.kind === 'parts' ? { kind: 'parts', values: x.values.map(go) } : { kind: 'pair', f: go(x.f), g: go(x.g) };
}

/** `ragged P[b] = size;`: the offsets are a prefix sum of the sizes. */
function lowerRagged(env: Env, s: Extract<TStmt, { kind: 'ragged' }>): void {
  const ragged = must(
    env.op.raggeds.find((r) => r.id === s.ragged),
    s.ragged,
  );
  if (ragged.rule?.kind !== 'size') return;
  const { list, vars, size } = ragged.rule;
  const bound = bindVars(env, EMPTY, list === undefined ? vars : [list, ...vars]);
  const [first] = bound.axes;
  const offsets = must(env.raggeds.get(s.ragged), s.ragged).offsets();
  const value = b.convert('i64', lowerExpr(env, bound.scope, size));
  emit(env.builder, (id) => ({
    kind: 'offsets',
    id,
    name: ragged.offsets,
    span: s.span,
    axes: bound.axes.map(plainAxis),
    out: offsets.buf,
    ...(list === undefined || first === undefined ? {} : { list: b.axisRef(first.id) }),
    size: value,
  }));
}

function lowerPack(env: Env, scope: Scope, s: Extract<TStmt, { kind: 'pack' }>): void {
  const bound = bindVars(env, scope, s.vars);
  const from = bindVar(env, bound.scope, s.from);
  const when = lowerExpr(env, from.scope, s.where);
  const inner: Scope = { ...from.scope, path: [...from.scope.path, when] };
  const outs = s.outs.map((o) => ({
    buf: must(env.tensors.get(o.name), o.name).buf,
    value: b.convert(widen(o.dtype), lowerExpr(env, inner, o.value)),
  }));
  emit(env.builder, (id) => ({
    kind: 'pack',
    id,
    name: s.ragged,
    span: s.span,
    axes: bound.axes.map(plainAxis),
    offsets: must(env.raggeds.get(s.ragged), s.ragged).offsets().buf,
    from: plainAxis(from.axis),
    when,
    outs,
  }));
}

/** Ranges of dropped positions and non-emptiness of clamped ones go into `where`, so that every target of a visited point is in range. */
function lowerScatter(env: Env, scope: Scope, s: Extract<TStmt, { kind: 'scatter' }>): void {
  const bound = bindVars(env, scope, s.vars);
  const conds: Expr[] = [];
  if (s.where !== undefined) conds.push(lowerExpr(env, bound.scope, s.where));
  const here = (): Scope => ({ ...bound.scope, path: [...bound.scope.path, ...conds] });
  const index = s.index.map((x): AxisIndex => {
    const v = lowerExpr(env, here(), x.value);
    if (x.policy === 'proven') return { kind: 'flat', value: v };
    const extent = lowerExpr(env, here(), x.extent);
    if (x.policy === 'drop') {
      conds.push(b.ge(v, b.int(0)), b.lt(v, extent));
      return { kind: 'flat', value: v };
    }
    conds.push(b.gt(extent, b.int(0)));
    return {
      kind: 'flat',
      value: b.call('min', [b.call('max', [v, b.int(0)], 'i64'), b.ix.sub(extent, b.int(1))], 'i64'),
    };
  });
  const tensor = must(env.tensors.get(s.target), s.target);
  const value = b.convert(widen(s.dtype), lowerExpr(env, here(), s.value));
  const init = b.convert(widen(s.dtype), lowerExpr(env, scope, s.init));
  const where = b.all(conds);
  emit(env.builder, (id) => ({
    kind: 'scatter',
    id,
    name: s.target,
    span: s.span,
    axes: bound.axes.map(plainAxis),
    ...(where.kind === 'bool' && where.value ? {} : { where }),
    op: s.op,
    out: b.place(tensor.buf, locate(tensor, index, undefined)),
    drop: false,
    value,
    init,
  }));
}

/** States get their entry values before the loop; what a step computes are stages of the loop's body. */
function lowerRecur(env: Env, scope: Scope, s: Extract<TStmt, { kind: 'recur' }>): void {
  const { builder } = env;
  lowerStmts(env, scope, s.states);
  const names = [...new Set(s.states.flatMap((x) => (x.kind === 'define' ? [x.target.name] : [])))];
  const states = names.map((n) => must(env.tensors.get(n), n).buf);
  const bound = bindVar(env, scope, s.index);
  const outside = { stages: builder.stages, memo: builder.memo, step: builder.step };
  const body: Stage[] = [];
  builder.stages = body;
  builder.memo = new Map(outside.memo);
  builder.step = bound.axis.id;
  lowerStmts(env, { ...scope, vars: bound.scope.vars }, s.body);
  builder.stages = outside.stages;
  builder.memo = outside.memo;
  if (outside.step === undefined) delete builder.step;
  else builder.step = outside.step;
  emit(builder, (id) => ({
    kind: 'recur',
    id,
    name: s.index.name,
    span: s.span,
    axes: [],
    step: plainAxis(bound.axis),
    states,
    body,
  }));
}
