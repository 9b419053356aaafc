import type { Span } from '../../diagnostics/span.ts';
import type { Expr, Property } from '../ast.ts';
import type { TBinary, TProperty, TPropExpr } from '../typed.ts';
import { assuming, fresh, report } from './context.ts';
import type { Scope } from './context.ts';
import { describe, typeCondition } from './operators.ts';
import { bindIndices, ordered } from './ranges.ts';
import { operatorCall, resolveCall } from './resolve-call.ts';
import type { Resolved } from './resolve-call.ts';
import { bareName, freeNames } from './uses.ts';
import { adapt, settle, unify } from './value.ts';
import type { Value } from './value.ts';

const OPS: Partial<Record<string, TBinary>> = { '+': 'add', '-': 'sub', '*': 'mul', '/': 'div' };

/** A property: its free indices, after those of `forall`, are universal; bare tensors and operator calls are whole. */
export function checkProperty(d: Property, s: Scope): TProperty | undefined {
  const { op } = s;
  const exprs = [d.left, d.right, ...(d.where === undefined ? [] : [d.where])];
  const named = d.forall.map((f) => ({ name: f.name.name, span: f.name.span, domain: f.domain }));
  const free = freeNames(exprs, s).filter((f) => !named.some((n) => n.name === f.name));
  const { vars, scope } = bindIndices([...named, ...free], exprs, s, [], new Set(free.map((f) => f.name)));
  const where = d.where === undefined ? undefined : typeCondition(d.where, scope);
  if (where?.absent === true && d.where !== undefined) report(op, 'absent-read', { what: 'a condition' }, d.where.span);
  const inner = where === undefined || where.bad ? scope : assuming(scope, where.e);
  const left = side(d.left, inner);
  const right = side(d.right, inner);
  if (left === undefined || right === undefined || where?.bad === true || vars.some((v) => op.broken.has(v.id)))
    return undefined;
  const [index] = vars;
  if ((left.whole || right.whole) && index !== undefined) {
    report(op, 'property-index', { index: index.name }, index.span);
    return undefined;
  }
  const pair = oneType(left, right, inner, d);
  if (pair === undefined) return undefined;
  if (d.within !== undefined && d.op !== '~=') report(op, 'property-within', { op: d.op }, d.within.span);
  const within = d.within ?? { kind: d.op === '~=' ? ('auto' as const) : ('exact' as const), span: d.span };
  return {
    name: d.name,
    span: d.span,
    vars: ordered(vars),
    ...(where === undefined ? {} : { where: where.e }),
    left: pair[0],
    op: d.op,
    right: pair[1],
    within,
  };
}

type Side = { readonly whole: false; readonly v: Value } | { readonly whole: true; readonly e: TPropExpr };

/** True if an expression is a whole tensor, an operator call, or arithmetic over one. */
function isWhole(e: Expr, s: Scope): boolean {
  if (e.kind === 'paren') return isWhole(e.operand, s);
  if (e.kind === 'binary') return isWhole(e.left, s) || isWhole(e.right, s);
  const name = bareName(e);
  const sym = name === undefined ? undefined : s.op.symbols.get(name);
  return (
    (sym?.kind === 'tensor' && (sym.axes.length > 0 || sym.list !== undefined)) || operatorCall(e, s) !== undefined
  );
}

function side(e: Expr, s: Scope): Side | undefined {
  if (!isWhole(e, s)) {
    const v = s.op.typeExpr(e, s);
    if (v.absent && !v.bad) report(s.op, 'absent-read', { what: 'a property' }, e.span);
    return v.bad ? undefined : { whole: false, v };
  }
  const w = whole(e, s);
  return w === undefined ? undefined : { whole: true, e: w.e };
}

/** A whole tensor of a property, and a name that has its shape. */
interface Whole {
  readonly e: TPropExpr;
  readonly stand?: Expr;
}

function whole(e: Expr, s: Scope): Whole | undefined {
  if (e.kind === 'paren') return whole(e.operand, s);
  if (!isWhole(e, s)) {
    const v = s.op.typeExpr(e, s);
    if (v.absent && !v.bad) report(s.op, 'absent-read', { what: 'a property' }, e.span);
    const own = v.bad || v.absent ? undefined : settle(s.op, v);
    return own === undefined || own.bad ? undefined : { e: { kind: 'expr', expr: own.e } };
  }
  const name = bareName(e);
  if (name !== undefined) return wholeTensor(name, e, s);
  const call = operatorCall(e, s);
  if (call !== undefined) {
    if (call.decl.results.length !== 1) {
      report(s.op, 'call-results', { name: call.decl.name.name, wanted: call.decl.results.length, found: 1 }, e.span);
      return undefined;
    }
    return callOf(call, s);
  }
  if (e.kind !== 'binary') return undefined;
  const op = OPS[e.op];
  if (op === undefined) {
    report(s.op, 'property-operator', { op: e.op }, e.span);
    return undefined;
  }
  const [a, b] = [whole(e.left, s), whole(e.right, s)];
  if (a === undefined || b === undefined) return undefined;
  const stand = a.stand ?? b.stand;
  return { e: { kind: 'binary', op, a: a.e, b: b.e }, ...(stand === undefined ? {} : { stand }) };
}

function wholeTensor(name: string, e: Expr, s: Scope): Whole | undefined {
  const sym = s.op.symbols.get(name);
  s.op.used.add(name);
  const problem =
    sym?.kind !== 'tensor'
      ? undefined
      : sym.role === 'let' || sym.role === 'temp' || sym.role === 'state'
        ? 'is no input and no result'
        : sym.elem.kind === 'row'
          ? 'holds packed rows'
          : undefined;
  if (problem !== undefined) {
    report(s.op, 'property-whole', { name, problem }, e.span);
    return undefined;
  }
  return { e: { kind: 'tensor', name }, stand: e };
}

/** A call in a property: arguments are whole tensors, other calls, or arithmetic over them. */
function callOf(c: NonNullable<ReturnType<typeof operatorCall>>, s: Scope): Whole | undefined {
  const inner = c.call.args.map((a) =>
    bareName(a.value) === undefined && isWhole(a.value, s) ? { w: whole(a.value, s) } : undefined,
  );
  if (inner.some((x) => x !== undefined && x.w?.stand === undefined)) return undefined;
  const args = c.call.args.map((a, i) => {
    const stand = inner[i]?.w?.stand;
    return stand === undefined ? a : { ...a, value: stand };
  });
  const done = resolveCall({ decl: c.decl, call: { ...c.call, args } }, s);
  if (done === undefined) return undefined;
  const byName = new Map<string, TPropExpr>();
  c.call.args.forEach((a, i) => {
    const e = inner[i]?.w?.e;
    const name = a.name?.name ?? c.decl.params[i]?.name.name;
    if (e !== undefined && name !== undefined) byName.set(name, e);
  });
  const list = done.call.op.params.map((p, i): TPropExpr => {
    const own = byName.get(p.name);
    const arg = done.call.args[i];
    if (own !== undefined || arg === undefined) return own ?? { kind: 'tensor', name: p.name };
    return arg.kind === 'tensor' ? { kind: 'tensor', name: arg.name } : { kind: 'expr', expr: arg.value };
  });
  const e: TPropExpr = { kind: 'call', op: done.call.op, args: list, dims: done.dims };
  const [result] = done.results;
  return { e, ...(result === undefined ? {} : { stand: standIn(result, c.call.span, s) }) };
}

/** A name for the result of a call, which no source can write, so that it can be the argument of another call. */
function standIn(result: Resolved['results'][number], span: Span, s: Scope): Expr {
  const name = fresh(s.op, '(call)');
  s.op.symbols.set(name, {
    kind: 'tensor',
    name,
    span,
    role: 'in',
    elem: { kind: 'scalar', dtype: result.dtype },
    axes: result.shape,
  });
  return { kind: 'access', name: { name, span }, index: [], indexed: false, fields: [], span };
}

/** Both sides in one type; whole sides go with whole sides or scalars. */
function oneType(a: Side, b: Side, s: Scope, d: Property): readonly [TPropExpr, TPropExpr] | undefined {
  if (!a.whole && !b.whole) {
    const [x, y] = unify(s.op, a.v, b.v, d.span);
    if (x.bad || y.bad) return undefined;
    const [p, q] = [settle(s.op, x), settle(s.op, y)];
    if (p.e.type === 'bool' && d.op !== '==') {
      report(s.op, 'type-number', { what: `\`${d.op}\``, found: describe(p) }, d.span);
      return undefined;
    }
    return [
      { kind: 'expr', expr: p.e },
      { kind: 'expr', expr: q.e },
    ];
  }
  const expr = (x: Side): TPropExpr =>
    x.whole
      ? x.e
      : {
          kind: 'expr',
          expr: (x.v.flex === 'no' || x.v.flex === 'index' ? settle(s.op, x.v) : adapt(s.op, x.v, 'f32')).e,
        };
  return [expr(a), expr(b)];
}
