import type { Expr, FnDecl } from '../ast.ts';
import { widen } from '../dtypes.ts';
import type { DType } from '../dtypes.ts';
import type { TExpr } from '../typed.ts';
import { fresh, report } from './context.ts';
import type { CallExpr, OpContext, Scope } from './context.ts';
import { typeArg } from './guard.ts';
import { isDType } from './names.ts';
import { adapt, bad, settle, store, value } from './value.ts';
import type { Value } from './value.ts';

const inlining: FnDecl[] = [];

/** Expands a call of a `fn`; names used more than once become `let` nodes. */
export function inlineFn(e: CallExpr, fn: FnDecl, s: Scope): Value {
  const args = e.args.map((a) => ({ arg: a, v: typeArg(a, s) }));
  if (inlining.includes(fn)) return bad(e.span);
  if (args.length !== fn.params.length) {
    report(
      s.op,
      'call-count',
      { name: fn.name.name, least: fn.params.length, most: fn.params.length, found: args.length },
      e.span,
    );
    return bad(e.span);
  }
  const bound = new Map<string, Value>();
  args.forEach(({ arg, v }, i) => {
    const by = arg.name === undefined ? fn.params[i] : fn.params.find((p) => p.name.name === arg.name?.name);
    if (by === undefined || bound.has(by.name.name)) {
      report(s.op, 'call-named', { name: fn.name.name, argument: arg.name?.name ?? '' }, arg.name?.span ?? arg.span);
      return;
    }
    const type = by.type === undefined ? undefined : fnType(by.type.name, s.op);
    bound.set(by.name.name, type === undefined ? v : store(s.op, v, type, false, v.e.span));
  });
  if (bound.size !== fn.params.length || [...bound.values()].some((v) => v.bad)) return bad(e.span);
  inlining.push(fn);
  try {
    return expandFn(fn, bound, s, e.span);
  } finally {
    inlining.pop();
  }
}

/** The type that a `fn` parameter or result is declared with; unknown names are reported where the `fn` is declared. */
function fnType(name: string, op: OpContext): DType | undefined {
  return isDType(name) ? name : op.types.get(name);
}

/** The body over given parameters. */
function expandFn(fn: FnDecl, given: ReadonlyMap<string, Value>, s: Scope, span: Expr['span']): Value {
  const locals = new Map<string, Value>();
  const inner: Scope = { ...s, locals, fns: s.op.scope.fnsOf(fn.span.file), size: false };
  const wraps: { readonly id: string; readonly value: TExpr }[] = [];
  let absent = false;
  const bind = (name: string, v: Value, uses: number): void => {
    absent ||= v.absent && uses > 0;
    if (uses < 2 || isLeaf(v.e) || v.flex === 'int' || v.flex === 'float') {
      locals.set(name, v);
      return;
    }
    const id = fresh(s.op, name);
    wraps.push({ id, value: v.e });
    locals.set(name, { ...v, absent: false, e: { kind: 'local', id, type: v.e.type, span: v.e.span } });
  };
  const rest = [...fn.lets.map((l) => l.value), fn.body];
  for (const [name, v] of given)
    bind(
      name,
      v,
      rest.reduce((n, x) => n + uses(x, name), 0),
    );
  let failed = false;
  fn.lets.forEach((l, i) => {
    const v = s.op.typeExpr(l.value, inner);
    failed ||= v.bad;
    bind(
      l.name.name,
      v,
      rest.slice(i + 1).reduce((n, x) => n + uses(x, l.name.name), 0),
    );
  });
  let body = s.op.typeExpr(fn.body, inner);
  const type = fn.result === undefined ? undefined : fnType(fn.result.name, s.op);
  if (type !== undefined) body = fits(body, type, s);
  if (failed || body.bad) return bad(span);
  let e: TExpr = wraps.length === 0 ? { ...body.e, span } : body.e;
  for (const w of wraps.toReversed()) e = { kind: 'let', id: w.id, value: w.value, body: e, type: e.type, span };
  return { ...body, e, absent: absent || body.absent };
}

const fits = (v: Value, type: DType, s: Scope): Value =>
  v.flex === 'no' ? store(s.op, v, type, false, v.e.span) : adapt(s.op, v, widen(type));

const isLeaf = (e: TExpr): boolean =>
  e.kind === 'int' ||
  e.kind === 'float' ||
  e.kind === 'bool' ||
  e.kind === 'param' ||
  e.kind === 'var' ||
  e.kind === 'dim' ||
  e.kind === 'local';

/** How often a name occurs. */
function uses(e: Expr, name: string): number {
  switch (e.kind) {
    case 'access':
      return e.name.name === name ? 1 : 0;
    case 'binary':
      return uses(e.left, name) + uses(e.right, name);
    case 'unary':
    case 'cast':
    case 'paren':
    case 'strict':
      return uses(e.operand, name);
    case 'if':
      return uses(e.cond, name) + uses(e.then, name) + uses(e.else, name);
    case 'guard':
      return uses(e.value, name) + uses(e.other, name);
    case 'call':
      return e.args.reduce((n, a) => n + uses(a.value, name) + (a.other === undefined ? 0 : uses(a.other, name)), 0);
    case 'tuple':
      return e.parts.reduce((n, p) => n + uses(p, name), 0);
    default:
      return 0;
  }
}

/** A `fn` whose parameters all have types, checked by itself: the errors of its body show even if nothing calls it. */
export function checkFnBody(fn: FnDecl, op: OpContext): void {
  const given = new Map<string, Value>();
  for (const p of fn.params) {
    const type = p.type === undefined || !isDType(p.type.name) ? undefined : p.type.name;
    if (type === undefined) return;
    const local: TExpr = { kind: 'local', id: p.name.name, type: widen(type), span: p.name.span };
    given.set(p.name.name, value(local));
  }
  const s: Scope = { op, vars: new Map(), facts: [], guarded: false, size: false };
  inlining.push(fn);
  try {
    settle(op, expandFn(fn, given, s, fn.body.span));
  } finally {
    inlining.pop();
  }
}
