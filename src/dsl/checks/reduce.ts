import { assertNever } from '../../assert.ts';
import type { Expr, Reducer } from '../ast.ts';
import { DTYPES, widen } from '../dtypes.ts';
import type { DType, ValueType } from '../dtypes.ts';
import type { TExpr, TVar } from '../typed.ts';
import { assuming, fresh, quietly, report } from './context.ts';
import type { Scope } from './context.ts';
import { typeArg } from './guard.ts';
import { convert, substitute, variable } from './make.ts';
import { describe, resolveType, typeCondition } from './operators.ts';
import { bindIndices, ordered, withVars } from './ranges.ts';
import { adapt, bad, isFloatType, isIntType, settle, unify, value } from './value.ts';
import type { Value } from './value.ts';

type ReduceExpr = Extract<Expr, { readonly kind: 'reduce' }>;

const SEARCH: ReadonlySet<Reducer> = new Set(['lower_bound', 'upper_bound']);
/** Reducers whose accumulator type may be written. */
const TYPED: ReadonlySet<Reducer> = new Set(['sum', 'prod', 'mean', 'var', 'logsumexp', 'softmax']);
/** Reducers whose result depends on the order of their indices. */
const POSITIONS: ReadonlySet<Reducer> = new Set(['argmax', 'argmin', 'first']);

/** A reduction over the indices it binds; `softmax` names indices that are bound already. */
export function typeReduce(e: ReduceExpr, s: Scope): Value {
  const wanted = SEARCH.has(e.reducer) ? 2 : 1;
  if (e.args.length !== wanted || e.args.some((a) => a.name !== undefined)) {
    report(s.op, 'reduce-arguments', { name: e.reducer, wanted, found: e.args.length }, e.span);
    return bad(e.span);
  }
  if (SEARCH.has(e.reducer) && e.binders.length !== 1) report(s.op, 'reduce-one-index', { name: e.reducer }, e.span);
  if (e.type !== undefined && !TYPED.has(e.reducer)) report(s.op, 'reduce-type', { name: e.reducer }, e.type.span);
  if (e.reducer === 'softmax') return typeSoftmax(e, s);
  const [first, second] = e.args;
  if (first === undefined) return bad(e.span);
  const exprs = [first, ...(SEARCH.has(e.reducer) ? [] : e.args.slice(1))].map((a) =>
    a.other === undefined ? a.value : guardOf(a),
  );
  const binders = e.binders.map((b) => ({
    name: b.name.name,
    span: b.name.span,
    ...(b.domain === undefined ? {} : { domain: b.domain }),
  }));
  const { vars, scope } = bindIndices(binders, e.where === undefined ? exprs : [...exprs, e.where], {
    ...s,
    guarded: false,
  });
  const where = e.where === undefined ? undefined : typeCondition(e.where, scope);
  const inner = where === undefined || where.bad ? scope : assuming(scope, where.e);
  const body = typeArg(first, inner);
  const sought = second === undefined ? undefined : typeArg(second, s);
  if (where?.absent === true) report(s.op, 'absent-read', { what: 'a condition' }, e.where?.span ?? e.span);
  if (body.bad || where?.bad === true || sought?.bad === true || vars.some((v) => s.op.broken.has(v.id)))
    return bad(e.span);
  const order = ordered(vars);
  if (POSITIONS.has(e.reducer) && order.some((v, i) => v !== vars[i]))
    report(s.op, 'reduce-order', { name: e.reducer }, e.span);
  return finish(e, body, sought, POSITIONS.has(e.reducer) ? vars : order, where?.e, s);
}

/** The guard of an argument as an expression, for the search for bare occurrences. */
const guardOf = (a: ReduceExpr['args'][number]): Expr => ({
  kind: 'guard',
  value: a.value,
  other: a.other ?? a.value,
  span: a.span,
});

/** Body in its type, accumulator, type of the result. */
function finish(
  e: ReduceExpr,
  body: Value,
  sought: Value | undefined,
  vars: readonly TVar[],
  where: TExpr | undefined,
  s: Scope,
): Value {
  const own = (v: Value): Value => settle(s.op, v);
  const build = (
    b: TExpr,
    type: ValueType,
    acc: DType,
    stored?: DType,
    flex: Value['flex'] = 'no',
    sought2?: TExpr,
  ): Value =>
    value(
      {
        kind: 'reduce',
        reducer: e.reducer,
        acc,
        vars,
        ...(where === undefined ? {} : { where }),
        body: b,
        ...(sought2 === undefined ? {} : { value: sought2 }),
        type,
        span: e.span,
      },
      { flex, ...(stored === undefined ? {} : { stored }) },
    );
  const refuse = (wanted: string): Value => {
    report(s.op, 'reduce-body', { name: e.reducer, wanted, found: describe(body) }, e.args[0]?.span ?? e.span);
    return bad(e.span);
  };
  switch (e.reducer) {
    case 'any':
    case 'all':
      return body.e.type === 'bool' ? build(body.e, 'bool', 'bool') : refuse('a condition');
    case 'count':
    case 'first':
      return body.e.type === 'bool' ? build(body.e, 'i64', 'i64') : refuse('a condition');
    case 'argmax':
    case 'argmin': {
      const b = own(body);
      return b.e.type === 'bool' ? refuse('a number') : build(b.e, 'i64', b.e.type);
    }
    case 'max':
    case 'min': {
      const b = own(body);
      if (b.e.type === 'bool') return refuse('a number');
      const keep =
        body.stored !== undefined &&
        DTYPES[body.stored].group === 'float' &&
        body.stored !== 'f8e4m3' &&
        body.stored !== 'f8e4m3fnuz';
      return build(b.e, b.e.type, b.e.type, keep ? body.stored : undefined);
    }
    case 'lower_bound':
    case 'upper_bound': {
      if (sought === undefined) return bad(e.span);
      const [x, y] = unify(s.op, body, sought, e.span);
      if (x.bad || y.bad) return bad(e.span);
      if (sought.absent) return { ...build(own(x).e, 'i64', own(x).e.type, undefined, 'no', own(y).e), absent: true };
      return own(x).e.type === 'bool'
        ? refuse('a number')
        : build(own(x).e, 'i64', own(x).e.type, undefined, 'no', own(y).e);
    }
    case 'sum':
    case 'prod':
    case 'mean':
    case 'var':
    case 'logsumexp':
    case 'softmax': {
      const float = e.reducer !== 'sum' && e.reducer !== 'prod';
      const acc = accumulate(e, body, float, s);
      if (acc === undefined) return bad(e.span);
      const narrow = widen(acc.type) === acc.type ? undefined : acc.type;
      return build(acc.body, acc.body.type, acc.type, narrow);
    }
    default:
      return assertNever(e.reducer, 'finish');
  }
}

/** The accumulator of a sum-like reducer, and the body in its arithmetic type; operands of a product are promoted before it. */
export function accumulate(
  e: ReduceExpr,
  v: Value,
  float: boolean,
  s: Scope,
): { readonly type: DType; readonly body: TExpr } | undefined {
  const written = e.type === undefined ? undefined : resolveType(e.type.name, e.type.span, s.op);
  if (e.type !== undefined && written === undefined) return undefined;
  let b = v;
  if (v.flex === 'int' || v.flex === 'index' || v.flex === 'float') {
    const aim =
      written === undefined
        ? float
          ? v.flex === 'float'
            ? 'f32'
            : undefined
          : v.flex === 'float'
            ? 'f32'
            : 'i64'
        : widen(written);
    if (aim !== undefined && aim !== 'bool') b = adapt(s.op, v, aim);
  }
  const type = b.e.type;
  const wrong = type === 'bool' || (float && !isFloatType(type));
  if (b.bad) return undefined;
  if (wrong) {
    report(
      s.op,
      'reduce-body',
      { name: e.reducer, wanted: float ? 'a float' : 'a number', found: describe(v) },
      e.args[0]?.span ?? e.span,
    );
    return undefined;
  }
  if (written === undefined) return { type, body: b.e };
  if (
    written === 'bool' ||
    DTYPES[written].group !== DTYPES[type].group ||
    (isIntType(type) && DTYPES[written].signed !== DTYPES[type].signed && DTYPES[written].bytes >= 4)
  ) {
    report(s.op, 'reduce-accumulator', { name: e.reducer, acc: written, found: type }, e.type?.span ?? e.span);
    return undefined;
  }
  const to = widen(written);
  if (to === type) return { type: written, body: b.e };
  if (DTYPES[to].bytes > DTYPES[type].bytes) return { type: written, body: promote(b.e, to) };
  return { type: written, body: { kind: 'cast', mode: 'as', to, a: b.e, type: to, span: b.e.span } };
}

const promote = (e: TExpr, to: ValueType): TExpr =>
  e.kind === 'binary' && e.op === 'mul' ? { ...e, a: promote(e.a, to), b: promote(e.b, to), type: to } : convert(e, to);

/** `softmax[n](e)`: the row is reduced over fresh copies of the named indices, the result is taken at the indices themselves. */
function typeSoftmax(e: ReduceExpr, s: Scope): Value {
  const [arg] = e.args;
  if (arg === undefined) return bad(e.span);
  const over: TVar[] = [];
  for (const b of e.binders) {
    const v = s.vars.get(b.name.name);
    if (b.domain !== undefined) report(s.op, 'softmax-domain', { name: b.name.name }, b.span);
    if (v === undefined) report(s.op, 'softmax-index', { name: b.name.name }, b.name.span);
    else over.push(v);
  }
  if (over.length !== e.binders.length || over.some((v) => s.op.broken.has(v.id))) return bad(e.span);
  const copies = new Map<string, TExpr>();
  const vars = over.map((v) => {
    const copy: TVar = { ...v, id: fresh(s.op, v.name), lo: substitute(v.lo, copies), hi: substitute(v.hi, copies) };
    copies.set(v.id, variable(copy));
    return copy;
  });
  const inner = withVars({ ...s, guarded: false }, vars);
  const where = e.where === undefined ? undefined : typeCondition(e.where, inner);
  const scope = where === undefined || where.bad ? inner : assuming(inner, where.e);
  const body = typeArg(arg, scope);
  if (where?.absent === true) report(s.op, 'absent-read', { what: 'a condition' }, e.where?.span ?? e.span);
  if (body.bad || where?.bad === true) return bad(e.span);
  const here = quietly(s.op, () => typeArg(arg, { ...s, guarded: false }));
  const acc = accumulate(e, body, true, s);
  const at = quietly(s.op, () => accumulate(e, here, true, s));
  if (acc === undefined) return bad(e.span);
  return value(
    {
      kind: 'reduce',
      reducer: 'softmax',
      acc: acc.type,
      vars,
      ...(where === undefined ? {} : { where: where.e }),
      body: acc.body,
      over: over.map((v) => v.id),
      at: at?.body ?? acc.body,
      type: acc.body.type,
      span: e.span,
    },
    { absent: body.absent || where !== undefined },
  );
}
