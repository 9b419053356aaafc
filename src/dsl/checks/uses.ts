import type { Span } from '../../diagnostics/span.ts';
import type { Expr, Index } from '../ast.ts';
import type { TExpr } from '../typed.ts';
import { quietly } from './context.ts';
import type { Axis, OpContext, Scope, TensorSym } from './context.ts';
import { elementOf, extentAt, writtenParts } from './indexing.ts';
import { leftAxes, raggedNamed, rowArgs } from './ragged.ts';

/** One bare, unguarded occurrence: its extent, as far as it can be told in a scope. */
export interface Use {
  readonly name: string;
  readonly span: Span;
  readonly extent: (s: Scope) => TExpr | undefined;
  /** In a tensor that is unknown or has an error: the range cannot be told, and that has been reported. */
  readonly excused?: true;
}

/** The name of an expression that is nothing but a name. */
export function bareName(e: Expr): string | undefined {
  let x = e;
  while (x.kind === 'paren') x = x.operand;
  return x.kind === 'access' && !x.indexed && x.list === undefined && x.fields.length === 0 ? x.name.name : undefined;
}

/** Calls `visit` on an expression's direct parts; `guarded` tells whether they stand left of `??`. */
export function eachPart(e: Expr, guarded: boolean, visit: (e: Expr, guarded: boolean) => void): void {
  const index = (list: readonly Index[]): void => list.forEach((i) => visit(i.expr, guarded));
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'const':
      return;
    case 'paren':
    case 'unary':
    case 'cast':
    case 'strict':
      return visit(e.operand, guarded);
    case 'binary':
      visit(e.left, guarded);
      return visit(e.right, guarded);
    case 'if':
      visit(e.cond, guarded);
      visit(e.then, guarded);
      return visit(e.else, guarded);
    case 'guard':
      visit(e.value, true);
      return visit(e.other, guarded);
    case 'tuple':
      return e.parts.forEach((p) => visit(p, guarded));
    case 'call':
    case 'reduce': {
      const inner = e.kind === 'call' && guarded;
      for (const a of e.args) {
        visit(a.value, inner || a.other !== undefined);
        if (a.other !== undefined) visit(a.other, inner);
      }
      if (e.kind === 'reduce' && e.where !== undefined) visit(e.where, false);
      return;
    }
    case 'access':
      if (e.list !== undefined) visit(e.list, guarded);
      index(e.index);
      e.fields.forEach((f) => index(f.index));
  }
}

/** Bare, unguarded occurrences of some names as indices, in order. */
export function collectUses(exprs: readonly Expr[], names: ReadonlySet<string>, op: OpContext): readonly Use[] {
  const uses: Use[] = [];
  const indices = (
    written: readonly Index[],
    sym: TensorSym,
    axes: readonly Axis[],
    listed: Expr | undefined,
  ): void => {
    if (written.length !== axes.length) return;
    written.forEach((w, k) => {
      if (w.policy !== 'none') return;
      const tuple = writtenParts(w);
      (tuple ?? [w.expr]).forEach((p, j) => {
        const name = bareName(p);
        if (name === undefined || !names.has(name)) return;
        const extent = (s: Scope): TExpr | undefined => {
          const size = sym.list?.size;
          const list =
            listed === undefined || size === undefined
              ? undefined
              : quietly(op, () => elementOf(listed, size, sym.name, s));
          return extentAt(sym, axes, k, tuple === undefined ? undefined : j, written, list, s, p.span);
        };
        uses.push({ name, span: p.span, extent });
      });
    });
  };
  const go = (e: Expr, guarded: boolean): void => {
    if (e.kind === 'access') {
      const sym = op.symbols.get(e.name.name);
      if (e.indexed && (sym === undefined || op.failed.has(e.name.name))) {
        for (const w of e.index) {
          for (const p of writtenParts(w) ?? [w.expr]) {
            const name = bareName(p);
            if (name !== undefined && names.has(name))
              uses.push({ name, span: p.span, extent: () => undefined, excused: true });
          }
        }
        return;
      }
      if (sym?.kind === 'tensor') {
        const list = e.list === undefined ? undefined : bareName(e.list);
        if (e.list !== undefined && list !== undefined && names.has(list) && sym.list !== undefined) {
          const { size } = sym.list;
          uses.push({ name: list, span: e.list.span, extent: () => size });
        }
        if (!guarded) {
          indices(e.index, sym, sym.axes, e.list);
          for (const f of e.fields) {
            const field = sym.elem.kind === 'row' ? sym.elem.fields.find((x) => x.name === f.name.name) : undefined;
            if (field !== undefined) indices(f.index, sym, field.axes, undefined);
          }
        }
      }
    }
    if (e.kind === 'call' && !guarded && (e.callee.name === 'len' || e.callee.name === 'base')) {
      const [first, ...rest] = e.args;
      const named = first === undefined ? undefined : raggedNamed(first.value, op);
      if (named !== undefined) {
        const listName = named.list === undefined ? undefined : bareName(named.list);
        if (named.list !== undefined && listName !== undefined && names.has(listName) && named.size !== undefined) {
          const { size } = named;
          uses.push({ name: listName, span: named.list.span, extent: () => size });
        }
        indices(rowArgs(rest), leftAxes(named.info, e.span), named.info.ragged.left, named.list);
      }
    }
    eachPart(e, guarded, go);
  };
  exprs.forEach((e) => go(e, false));
  return uses;
}

/** Names that nothing declares, in order of first occurrence: the free indices of a statement. */
export function freeNames(exprs: readonly Expr[], s: Scope): readonly { readonly name: string; readonly span: Span }[] {
  const found = new Map<string, Span>();
  const go = (e: Expr, bound: ReadonlySet<string>): void => {
    const name = bareName(e);
    if (
      name !== undefined &&
      e.kind === 'access' &&
      !bound.has(name) &&
      !s.vars.has(name) &&
      !s.op.symbols.has(name) &&
      !s.op.raggeds.has(name)
    ) {
      if (!found.has(name)) found.set(name, e.span);
    }
    const inner =
      e.kind === 'reduce'
        ? new Set([...bound, ...(e.reducer === 'softmax' ? [] : e.binders.map((b) => b.name.name))])
        : bound;
    if (e.kind === 'reduce' && e.reducer === 'softmax') {
      for (const b of e.binders)
        if (!bound.has(b.name.name) && !s.vars.has(b.name.name) && !found.has(b.name.name))
          found.set(b.name.name, b.span);
    }
    eachPart(e, false, (p) => go(p, inner));
  };
  exprs.forEach((e) => go(e, new Set()));
  return [...found].map(([name, span]) => ({ name, span }));
}
