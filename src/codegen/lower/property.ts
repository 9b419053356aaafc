import { must } from '../../assert.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { TOp, TParam, TProperty, TPropExpr, TStmt } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Expr, StageGraph } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { bindVars } from './bind.ts';
import { knownIn, lowerExpr, lowerStmts, EMPTY, emit } from './scope.ts';
import type { Env, LoopAxis, Scope } from './scope.ts';
import { openConds } from './known.ts';
import { layoutOf } from './layout.ts';
import type { Layout } from './layout.ts';
import { plainAxis } from './lhs.ts';
import { lowerInto } from './lower.ts';
import type { Consts } from './lower.ts';
import { store } from './store.ts';
import { declareTemp } from './temps.ts';

/** A property as a graph whose inputs are those of its operator, and what the operator left in its results and `inout` parameters. */
export interface PropertyGraph {
  readonly graph: StageGraph;
  /** Under which name the value that an `inout` parameter is left with is given; its own name stands for the entry value. */
  readonly after: Readonly<Record<string, string>>;
  /** Name of the result that says where there is something to compare: at each point, or once for whole tensors. */
  readonly holds: string;
  readonly sides: Sides;
}
export type Sides =
  /** Names of the results that hold the sides; `storage` are the types that they are stored in, where a side is one element. */
  | { readonly kind: 'points'; readonly left: string; readonly right: string; readonly storage: readonly DType[] }
  | { readonly kind: 'whole'; readonly left: WholeSide; readonly right: WholeSide };

/** A side over whole tensors: what is no tensor is a scalar, a result of the graph under the name `out`. */
export type WholeSide =
  | { readonly kind: 'scalar'; readonly out: string }
  | { readonly kind: 'tensor'; readonly name: string }
  | { readonly kind: 'binary'; readonly op: WholeOp; readonly a: WholeSide; readonly b: WholeSide }
  /** `dims` are the callee's, as results of the graph. */
  | {
      readonly kind: 'call';
      readonly op: TOp;
      readonly args: readonly WholeSide[];
      readonly dims: Readonly<Record<string, string>>;
    };
export type WholeOp = 'add' | 'sub' | 'mul' | 'div';

/** Lowers one property of an operator under the consts that the operator itself was lowered with. */
export function lowerProperty(op: TOp, p: TProperty, consts: Consts): PropertyGraph {
  const seen = fromOutside(op);
  let made: Omit<PropertyGraph, 'graph' | 'after'> | undefined;
  const lowered = lowerInto(seen.op, consts, (env) => {
    lowerStmts(env, EMPTY, seen.op.body);
    // Lets have read what an `inout` held before; the property itself speaks of what it holds afterwards.
    for (const [name, after] of Object.entries(seen.after)) env.tensors.set(name, must(env.tensors.get(after), after));
    env.builder.owner = 'property';
    made = p.left.kind === 'expr' && p.right.kind === 'expr' ? points(env, p) : whole(env, p);
  });
  if (!lowered.ok || made === undefined)
    throw new Error(
      `internal: property ${p.name}: ${lowered.ok ? '' : lowered.refusals.map((d) => d.message).join('; ')}`,
    );
  return { ...made, after: seen.after, graph: lowered.graph };
}

/** The operator as its properties see it: results are given, and only lets are computed. */
function fromOutside(op: TOp): { readonly op: TOp; readonly after: Readonly<Record<string, string>> } {
  const inouts = op.params.filter((p) => p.mode === 'inout');
  // No name of the source has a prime.
  const after = Object.fromEntries(inouts.map((p) => [p.name, `${p.name}'`]));
  const given = [
    ...op.params.map((p): TParam => (p.mode === 'inout' ? { ...p, mode: 'tensor' } : p)),
    ...inouts.map((p): TParam => ({ ...p, mode: 'tensor', name: `${p.name}'` })),
    ...op.results.map((r): TParam => ({ ...r, mode: 'tensor' })),
  ];
  const results = new Set(op.results.map((r) => r.name));
  return {
    after,
    op: {
      ...op,
      params: given,
      results: [],
      raggeds: op.raggeds.map(({ rule: _rule, ...r }) => ({ ...r, origin: 'input' as const })),
      body: op.body.flatMap((s) => letsOf(s, results)),
    },
  };
}
function letsOf(s: TStmt, results: ReadonlySet<string>): readonly TStmt[] {
  switch (s.kind) {
    case 'define':
    case 'call':
      return s.role === 'result' || s.role === 'inout' ? [] : [s];
    case 'select':
      return s.role === 'result' ? [] : [s];
    case 'scatter':
      return results.has(s.target) ? [] : [s];
    case 'ragged':
    case 'pack':
      return [];
    case 'recur':
      return [{ ...s, body: s.body.flatMap((x) => letsOf(x, results)) }];
    case 'temp':
      return [s];
  }
}

/** Both sides at every point of the property's indices, and where its `where` holds. */
function points(env: Env, p: TProperty): Omit<PropertyGraph, 'graph' | 'after'> {
  if (p.left.kind !== 'expr' || p.right.kind !== 'expr') throw new Error('internal: sides of points');
  const bound = bindVars(env, EMPTY, p.vars);
  const layout = denseLayout(env, bound.axes, p.span);
  const where = p.where === undefined ? b.bool(true) : lowerExpr(env, bound.scope, p.where);
  const holds = put(env, 'holds', bound.scope, layout, where, p.span);
  const inside: Scope = { ...bound.scope, path: [...bound.scope.path, where] };
  const sideOf = (name: string, e: Extract<TPropExpr, { kind: 'expr' }>): string =>
    put(env, name, inside, layout, lowerExpr(env, inside, e.expr), p.span, where);
  const storage = [p.left.expr, p.right.expr].map((e) => (e.kind === 'access' ? e.dtype : e.type));
  return { holds, sides: { kind: 'points', left: sideOf('left', p.left), right: sideOf('right', p.right), storage } };
}

/** Room for a value at every point: a range that depends on an index gets as much as its largest one needs. */
function denseLayout(env: Env, axes: readonly LoopAxis[], span: Span): Layout {
  const layout = layoutOf(axes, true);
  if (!layout.virtual) return { shape: layout.shape, index: layout.index, virtual: false };
  const fixed = (a: LoopAxis): boolean => freeAxes(a.lo).size === 0 && freeAxes(a.hi).size === 0;
  const shape = axes.map((a, k) => {
    if (fixed(a)) return b.ix.sub(a.hi, a.lo);
    const temp = declareTemp(env.builder, `${a.id}_most`, 'i64', { shape: [], index: [], virtual: false }, span);
    emit(env.builder, (id) => ({
      kind: 'reduce',
      id,
      name: `${a.id}_most`,
      span,
      axes: [],
      out: b.place(temp, []),
      reduce: { op: 'max', acc: 'i64', over: axes.slice(0, k).map(plainAxis), body: a.hi },
      post: b.call('max', [b.acc('i64'), b.int(0)], 'i64'),
    }));
    return b.read(temp, 'i64', []);
  });
  const index = axes.map((a) => (fixed(a) ? b.ix.sub(b.axisRef(a.id), a.lo) : b.axisRef(a.id)));
  return { shape, index, virtual: false };
}

/** Stores a value at every point as a result of the graph; yields its name. */
function put(
  env: Env,
  base: string,
  scope: Scope,
  layout: Layout,
  value: Expr,
  span: Span,
  where: Expr = b.bool(true),
): string {
  const { builder } = env;
  const since = builder.stages.length;
  const name = builder.bufferName(base);
  const dtype: DType = value.type;
  builder.buffers.push({ id: name, role: 'out', dtype, shape: layout.shape, span });
  store(builder, {
    name,
    span,
    axes: scope.axes,
    where: b.all(openConds(where, knownIn(env, scope))),
    out: b.place(name, layout.index),
    dtype,
    near: false,
    value,
    since,
    reusable: false,
  });
  return name;
}

/** Scalars of a property over whole tensors; the tensors are put together when its calls have been made. */
function whole(env: Env, p: TProperty): Omit<PropertyGraph, 'graph' | 'after'> {
  const none: Layout = { shape: [], index: [], virtual: false };
  const scalar = (name: string, e: Expr): string => put(env, name, EMPTY, none, e, p.span);
  const go = (e: TPropExpr): WholeSide => {
    switch (e.kind) {
      case 'expr':
        return { kind: 'scalar', out: scalar('value', lowerExpr(env, EMPTY, e.expr)) };
      case 'tensor':
        return { kind: 'tensor', name: e.name };
      case 'binary':
        return { kind: 'binary', op: wholeOp(e.op), a: go(e.a), b: go(e.b) };
      case 'call': {
        const dims = Object.entries(e.dims).map(
          ([id, d]) => [id, scalar(`dim_${id}`, b.convert('i64', lowerExpr(env, EMPTY, d)))] as const,
        );
        return { kind: 'call', op: e.op, args: e.args.map(go), dims: Object.fromEntries(dims) };
      }
    }
  };
  const holds = scalar('holds', p.where === undefined ? b.bool(true) : lowerExpr(env, EMPTY, p.where));
  return { holds, sides: { kind: 'whole', left: go(p.left), right: go(p.right) } };
}
function wholeOp(op: string): WholeOp {
  if (op === 'add' || op === 'sub' || op === 'mul' || op === 'div') return op;
  throw new Error(`internal: ${op} between whole tensors`);
}
