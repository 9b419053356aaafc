import type { Expr, Property } from '../ast.ts';
import type { TBinary, TProperty, TPropExpr } from '../typed.ts';
import { assuming, report } from './context.ts';
import type { Scope } from './context.ts';
import { describe, typeCondition } from './operators.ts';
import { bindIndices, ordered } from './ranges.ts';
import { operatorCall, resolveCall } from './resolve-call.ts';
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
  return (sym?.kind === 'tensor' && sym.axes.length > 0) || operatorCall(e, s) !== undefined;
}

function side(e: Expr, s: Scope): Side | undefined {
  if (!isWhole(e, s)) {
    const v = s.op.typeExpr(e, s);
    if (v.absent && !v.bad) report(s.op, 'absent-read', { what: 'a property' }, e.span);
    return v.bad ? undefined : { whole: false, v };
  }
  const w = whole(e, s);
  return w === undefined ? undefined : { whole: true, e: w };
}

function whole(e: Expr, s: Scope): TPropExpr | undefined {
  if (e.kind === 'paren') return whole(e.operand, s);
  if (!isWhole(e, s)) {
    const v = settle(s.op, s.op.typeExpr(e, s));
    return v.bad ? undefined : { kind: 'expr', expr: v.e };
  }
  const name = bareName(e);
  if (name !== undefined) {
    s.op.used.add(name);
    return { kind: 'tensor', name };
  }
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
  return a === undefined || b === undefined ? undefined : { kind: 'binary', op, a, b };
}

/** A call in a property: arguments are whole tensors, or arithmetic over them. */
function callOf(c: NonNullable<ReturnType<typeof operatorCall>>, s: Scope): TPropExpr | undefined {
  const inner = c.call.args.map((a) =>
    bareName(a.value) === undefined && isWhole(a.value, s)
      ? { arg: a, e: whole(a.value, s), stand: standIn(a.value, s) }
      : undefined,
  );
  const args = c.call.args.map((a, i) => {
    const stand = inner[i]?.stand;
    return stand === undefined ? a : { ...a, value: stand };
  });
  if (inner.some((x) => x !== undefined && (x.e === undefined || x.stand === undefined))) return undefined;
  const done = resolveCall({ decl: c.decl, call: { ...c.call, args } }, s);
  if (done === undefined) return undefined;
  const byName = new Map<string, TPropExpr>();
  c.call.args.forEach((a, i) => {
    const e = inner[i]?.e;
    const name = a.name?.name ?? c.decl.params[i]?.name.name;
    if (e !== undefined && name !== undefined) byName.set(name, e);
  });
  const list = done.call.op.params.map((p, i): TPropExpr => {
    const own = byName.get(p.name);
    const arg = done.call.args[i];
    if (own !== undefined || arg === undefined) return own ?? { kind: 'tensor', name: p.name };
    return arg.kind === 'tensor' ? { kind: 'tensor', name: arg.name } : { kind: 'expr', expr: arg.value };
  });
  return { kind: 'call', op: done.call.op, args: list, result: 0 };
}

/** The tensor whose shape an elementwise expression has. */
function standIn(e: Expr, s: Scope): Expr | undefined {
  if (e.kind === 'paren') return standIn(e.operand, s);
  if (e.kind === 'binary') return standIn(e.left, s) ?? standIn(e.right, s);
  const name = bareName(e);
  return name !== undefined && isWhole(e, s) ? e : undefined;
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
