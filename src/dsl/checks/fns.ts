import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { Expr, FnDecl, Ident } from '../ast.ts';
import { report } from './context.ts';
import type { ModuleScope, OpContext } from './context.ts';
import { checkFnBody } from './functions.ts';
import { BUILTINS, isBuiltin, isDType, isReserved, nearest } from './names.ts';
import { newContext } from './op.ts';

/** Functions by themselves: names, types, recursion, and the body where all parameters have types. */
export function checkFns(fns: readonly FnDecl[], scopeOf: (fn: FnDecl) => ModuleScope, into: Diagnostic[]): void {
  const reported = new Set<string>();
  for (const fn of fns) {
    const scope = scopeOf(fn);
    const op = newContext(undefined, {}, scope);
    const cycle = cycleOf(fn, scope);
    if (cycle !== undefined && !reported.has(fn.name.name)) {
      cycle.forEach((n) => reported.add(n));
      report(op, 'fn-recursive', { names: cycle }, fn.name.span);
    }
    checkNames(fn, op);
    if (cycle === undefined && op.diagnostics.length === 0) checkFnBody(fn, op);
    into.push(...op.diagnostics);
  }
}

function checkNames(fn: FnDecl, op: OpContext): void {
  if (isReserved(fn.name.name)) report(op, 'name-builtin', { name: fn.name.name }, fn.name.span);
  const seen = new Set<string>();
  const enter = (i: Ident, what: string): void => {
    if (isReserved(i.name)) report(op, 'name-builtin', { name: i.name }, i.span);
    else if (seen.has(i.name)) report(op, 'name-taken', { name: i.name, what }, i.span);
    seen.add(i.name);
  };
  const type = (t: Ident | undefined): void => {
    if (t !== undefined && !isDType(t.name)) report(op, 'type-unknown', { name: t.name, params: [] }, t.span);
  };
  const used = new Set<string>();
  for (const p of fn.params) {
    enter(p.name, 'a parameter');
    type(p.type);
  }
  type(fn.result);
  const look = (e: Expr): void => {
    visit(e, (x) => {
      if (x.kind === 'access') {
        const name = x.name.name;
        used.add(name);
        if (!seen.has(name)) report(op, 'fn-name', { name, known: nearest(name, seen) }, x.name.span);
      }
      if (
        x.kind === 'call' &&
        !isBuiltin(x.callee.name) &&
        x.callee.name !== 'bitcast' &&
        !op.scope.fns.has(x.callee.name) &&
        !op.scope.missing.has(x.callee.name)
      ) {
        const name = x.callee.name;
        if (op.scope.ops.has(name)) report(op, 'call-operator', { name }, x.callee.span);
        else if (name !== 'len' && name !== 'base' && name !== 'total') {
          const known = nearest(name, [...Object.keys(BUILTINS), ...op.scope.fns.keys()]);
          report(op, 'call-unknown', { name, ...(known === undefined ? {} : { known }) }, x.callee.span);
        } else report(op, 'fn-pure', { what: `\`${name}\`` }, x.span);
      }
      if (x.kind === 'reduce') report(op, 'fn-pure', { what: 'a reducer' }, x.span);
    });
  };
  for (const l of fn.lets) {
    look(l.value);
    enter(l.name, 'a `let`');
  }
  look(fn.body);
  const unused = (i: Ident, what: string): void => {
    if (!used.has(i.name)) report(op, 'name-unused', { name: i.name, what }, i.span);
  };
  for (const p of fn.params) unused(p.name, 'parameter');
  for (const l of fn.lets) unused(l.name, '`let`');
}

/** Calls `f` on an expression and its parts; bodies of reducers are left out. */
function visit(e: Expr, f: (e: Expr) => void): void {
  f(e);
  const go = (x: Expr): void => visit(x, f);
  switch (e.kind) {
    case 'paren':
    case 'unary':
    case 'cast':
    case 'strict':
      return go(e.operand);
    case 'binary':
      go(e.left);
      return go(e.right);
    case 'if':
      go(e.cond);
      go(e.then);
      return go(e.else);
    case 'guard':
      go(e.value);
      return go(e.other);
    case 'tuple':
      return e.parts.forEach(go);
    case 'call':
      return e.args.forEach((a) => {
        go(a.value);
        if (a.other !== undefined) go(a.other);
      });
    default:
  }
}

/** The names of a cycle of calls that starts at `fn`. */
function cycleOf(fn: FnDecl, scope: ModuleScope): readonly string[] | undefined {
  const walk = (f: FnDecl, path: readonly string[]): readonly string[] | undefined => {
    const calls = new Map<string, Span>();
    for (const e of [...f.lets.map((l) => l.value), f.body])
      visit(e, (x) => x.kind === 'call' && calls.set(x.callee.name, x.span));
    for (const name of calls.keys()) {
      if (scope.fnsOf(f.span.file).get(name) === fn) return [...path, name];
      const next = scope.fnsOf(f.span.file).get(name);
      if (next === undefined || path.includes(name)) continue;
      const found = walk(next, [...path, name]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(fn, [fn.name.name]);
}
