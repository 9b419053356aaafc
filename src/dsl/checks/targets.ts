import type { Span } from '../../diagnostics/span.ts';
import type { Expr, Lhs, Target } from '../ast.ts';
import type { TExpr, TIndex, TLhs, TTarget, TVar } from '../typed.ts';
import { report } from './context.ts';
import type { Axis, LetAxis, Piece, Scope, TensorSym } from './context.ts';
import { binary, int, same, substitute, variable } from './make.ts';
import { nearest } from './names.ts';
import { text } from './operators.ts';
import { holdsIn } from './proofs.ts';
import { raggedLater } from './ragged.ts';
import type { Use } from './uses.ts';
import { bindIndices, brokenVar, domainRange, freshIndex, makeVar, withVars } from './ranges.ts';
import type { NewIndex } from './ranges.ts';
import { extents, flatExtent, partCount } from './shape.ts';

type Side = Piece['sides'][number];
/** A left side with its variables bound. */
export interface BoundTarget {
  readonly index: readonly TLhs[];
  readonly vars: readonly TVar[];
  readonly scope: Scope;
  readonly sides: readonly Side[];
  readonly failed: boolean;
}

/** Written parts of a position: those of a tuple, or the position itself. */
const lhsParts = (l: Lhs): readonly Lhs[] => (l.kind === 'tuple' ? l.parts : [l]);

/** Binds the indices of a left side whose axes are declared: results, `inout`, states, fields. */
export function bindDeclared(
  target: { readonly index: readonly Lhs[]; readonly span: Span },
  sym: TensorSym,
  axes: readonly Axis[],
  list: TExpr | undefined,
  s: Scope,
  what: string,
): BoundTarget {
  const vars: TVar[] = [];
  const index: TLhs[] = [];
  const prior: TIndex[] = [];
  const sides: Side[] = [];
  const names = new Set<string>();
  let scope = s;
  let failed = false;
  if (target.index.length !== axes.length) {
    report(s.op, 'index-rank', { name: what, wanted: axes.length, found: target.index.length }, target.span);
    failed = true;
  }
  const one = (l: Lhs, lo: TExpr, extent: TExpr): { readonly lhs: TLhs; readonly value: TExpr } => {
    if (l.kind === 'int') {
      const value = int(l.value, l.span);
      if (!failed && !holdsIn(binary('lt', value, extent), scope))
        report(s.op, 'piece-range', { name: what, piece: String(l.value), extent: text(extent, scope) }, l.span);
      sides.push({ lo: value, hi: int(l.value + 1n, l.span), full: false, extent });
      return { lhs: { kind: 'int', value: l.value }, value };
    }
    if (l.kind === 'tuple') {
      report(s.op, 'index-tuple-place', {}, l.span);
      failed = true;
      return { lhs: { kind: 'int', value: 0n }, value: int(0, l.span) };
    }
    const loop = s.loop?.name === l.name.name ? s.loop : undefined;
    const v = loop ?? newVar(l, lo, extent);
    if (loop === undefined) {
      vars.push(v);
      scope = withVars(scope, [v]);
    }
    names.add(l.name.name);
    const full = loop === undefined ? l.domain === undefined : same(v.lo, lo) && same(v.hi, extent);
    if (!full && !failed && !s.op.broken.has(v.id)) inside(l, v, extent, scope);
    sides.push({ lo: v.lo, hi: v.hi, full, extent });
    return { lhs: { kind: 'var', var: v }, value: variable(v) };
  };
  const newVar = (l: Extract<Lhs, { readonly kind: 'bind' }>, lo: TExpr, hi: TExpr): TVar => {
    const i: NewIndex = { name: l.name.name, span: l.name.span };
    if (names.has(i.name)) report(s.op, 'index-twice', { name: i.name }, i.span);
    if (names.has(i.name) || !freshIndex(i, s) || failed) return brokenVar(s.op, i);
    if (l.domain === undefined) return makeVar(s.op, i, lo, hi);
    const range = domainRange(l.domain, scope, vars.toReversed());
    return range === undefined ? brokenVar(s.op, i) : makeVar(s.op, i, range.lo, range.hi);
  };
  const inside = (l: Lhs, v: TVar, extent: TExpr, at: Scope): void => {
    const fits = binary('and', binary('le', int(0, l.span), variable(v)), binary('lt', variable(v), extent));
    if (!holdsIn(fits, at))
      report(
        s.op,
        'piece-range',
        { name: what, piece: `${text(v.lo, at)}..${text(v.hi, at)}`, extent: text(extent, at) },
        l.span,
      );
  };
  target.index.forEach((l, k) => {
    const axis = axes[k];
    const each = axis === undefined || failed ? undefined : extents(s.op, sym, axes, k, (i) => prior[i], list, l.span);
    const written = lhsParts(l);
    const rows = axis?.kind === 'ragged' ? s.op.raggeds.get(axis.ragged) : undefined;
    if (rows?.defined === false) raggedLater(rows.ragged.id, l.span, s.op);
    failed ||= rows?.defined === false || rows?.broken === true;
    if (axis === undefined || each === undefined) {
      failed = true;
      for (const p of written) one(p, int(0, p.span), int(0, p.span));
      return;
    }
    if (l.kind === 'tuple' && (written.length !== partCount(axis) || partCount(axis) < 2)) {
      report(s.op, 'index-tuple', { name: what, axis: k, wanted: partCount(axis), found: written.length }, l.span);
      failed = true;
    }
    const bounds = l.kind === 'tuple' ? each : [flatExtent(axis, each, l.span)];
    const made: { lhs: TLhs; value: TExpr }[] = [];
    written.forEach((p, j) => {
      const before = made[0]?.value;
      const lo =
        axis.kind === 'pairs' && j === 1 && before !== undefined
          ? binary('add', before, int(1, p.span))
          : int(0, p.span);
      made.push(one(p, lo, bounds[j] ?? int(0, p.span)));
    });
    index.push(
      l.kind === 'tuple'
        ? { kind: 'tuple', parts: made.map((m) => m.lhs) }
        : (made[0]?.lhs ?? { kind: 'int', value: 0n }),
    );
    const partsOf = made.map((m, j) => ({ value: m.value, extent: bounds[j] ?? m.value, policy: 'proven' as const }));
    const [first] = partsOf;
    if (first !== undefined)
      prior.push(l.kind === 'tuple' ? { kind: 'parts', parts: partsOf } : { kind: 'flat', part: first });
  });
  return { index, vars, scope, sides: canonical(sides, index), failed };
}

/** The sides with variables renamed by position, so that pieces of one tensor can be compared. */
function canonical(sides: readonly Side[], index: readonly TLhs[]): readonly Side[] {
  const map = new Map<string, TExpr>();
  let n = 0;
  const go = (l: TLhs): void => {
    if (l.kind === 'tuple') l.parts.forEach(go);
    else {
      if (l.kind === 'var') map.set(l.var.id, positional(n, l.var.span));
      n++;
    }
  };
  index.forEach(go);
  return sides.map((x) => ({
    ...x,
    lo: substitute(x.lo, map),
    hi: substitute(x.hi, map),
    extent: substitute(x.extent, map),
  }));
}
/** The variable that stands for position `n` in pieces. */
export const positional = (n: number, span: Span): TExpr => ({ kind: 'var', id: `@${n}`, type: 'i64', span });

/** A condition over the variables of a left side, over positions instead. */
export function canonicalWhere(where: TExpr, index: readonly TLhs[]): TExpr {
  const map = new Map<string, TExpr>();
  let n = 0;
  const go = (l: TLhs): void => {
    if (l.kind === 'tuple') l.parts.forEach(go);
    else {
      if (l.kind === 'var') map.set(l.var.id, positional(n, l.var.span));
      n++;
    }
  };
  index.forEach(go);
  return substitute(where, map);
}

/** Binds the indices of a `let` or a state: their ranges come from `in` or from where they occur in `exprs`. */
export function bindLet(
  target: Target,
  exprs: readonly Expr[],
  s: Scope,
  extra: readonly Use[] = [],
): BoundTarget & { readonly axes: readonly LetAxis[] } {
  const flat = target.index.flatMap(lhsParts);
  const fresh = flat.flatMap((l): readonly NewIndex[] =>
    l.kind === 'bind' && l.name.name !== s.loop?.name
      ? [{ name: l.name.name, span: l.name.span, ...(l.domain === undefined ? {} : { domain: l.domain }) }]
      : [],
  );
  const bound = bindIndices(fresh, exprs, s, extra);
  const byName = new Map(bound.vars.map((v) => [v.name, v] as const));
  if (s.loop !== undefined) byName.set(s.loop.name, s.loop);
  const earlier = new Set<string>(s.loop === undefined ? [] : [s.loop.id]);
  const sides: Side[] = [];
  const part = (l: Lhs): { readonly lhs: TLhs; readonly axis: LetAxis['parts'][number] } => {
    if (l.kind === 'tuple') report(s.op, 'index-tuple-place', {}, l.span);
    if (l.kind !== 'bind') {
      const value = l.kind === 'int' ? l.value : 0n;
      const hi = int(value + 1n, l.span);
      sides.push({ lo: int(value, l.span), hi, full: false, extent: hi });
      return { lhs: { kind: 'int', value }, axis: { hi } };
    }
    const v = byName.get(l.name.name) ?? brokenVar(s.op, { name: l.name.name, span: l.span });
    const later = bound.vars.find((x) => !earlier.has(x.id) && x.id !== v.id && mentions(v.hi, x.id));
    if (later !== undefined) report(s.op, 'index-order', { name: v.name, after: later.name }, l.span);
    earlier.add(v.id);
    sides.push({ lo: v.lo, hi: v.hi, full: l.domain === undefined, extent: v.hi });
    return { lhs: { kind: 'var', var: v }, axis: { var: v, hi: v.hi } };
  };
  const index: TLhs[] = [];
  const axes: LetAxis[] = [];
  for (const l of target.index) {
    const made = lhsParts(l).map(part);
    axes.push({ kind: 'let', parts: made.map((m) => m.axis) });
    const [first] = made;
    if (l.kind === 'tuple') index.push({ kind: 'tuple', parts: made.map((m) => m.lhs) });
    else if (first !== undefined) index.push(first.lhs);
  }
  const failed = bound.vars.some((v) => s.op.broken.has(v.id));
  return { index, vars: bound.vars, scope: bound.scope, sides: canonical(sides, index), failed, axes };
}

const mentions = (e: TExpr, id: string): boolean =>
  e.kind === 'var'
    ? e.id === id
    : JSON.stringify(e, (_, x: unknown) => (typeof x === 'bigint' ? String(x) : x)).includes(`"id":"${id}"`);

/** The tensor that a definition without `let` names; reports names that cannot be defined. */
export function definable(target: Target, s: Scope): TensorSym | undefined {
  const name = target.name.name;
  const sym = s.op.symbols.get(name);
  if (sym === undefined) {
    const known = nearest(name, [...s.op.progress.keys()]);
    if (known !== undefined) s.op.failed.add(known);
    report(s.op, 'define-unknown', { name, ...(known === undefined ? {} : { known }) }, target.name.span);
    return undefined;
  }
  const role = sym.kind === 'tensor' ? sym.role : 'in';
  if (sym.kind !== 'tensor' || role === 'in' || role === 'let' || role === 'temp') {
    report(
      s.op,
      'define-read-only',
      {
        name,
        what: sym.kind === 'dim' ? 'a dim' : role === 'let' ? 'a `let`' : role === 'temp' ? 'a temporary' : 'an input',
      },
      target.name.span,
    );
    return undefined;
  }
  if ([...s.op.raggeds.values()].some((r) => r.ragged.offsets === name && r.ragged.origin === 'result')) {
    report(s.op, 'define-offsets', { name }, target.name.span);
    return undefined;
  }
  return sym;
}

/** The variable of `y{f}` on a left side. */
export function bindList(
  target: Target,
  sym: TensorSym,
  s: Scope,
): { readonly var?: TVar; readonly scope: Scope; readonly failed: boolean } {
  if (sym.list === undefined) {
    if (target.list !== undefined) report(s.op, 'list-none', { name: sym.name }, target.list.span);
    return { scope: s, failed: target.list !== undefined };
  }
  if (target.list === undefined) {
    report(s.op, 'list-index', { name: sym.name }, target.name.span);
    return { scope: s, failed: true };
  }
  const i: NewIndex = { name: target.list.name, span: target.list.span };
  if (!freshIndex(i, s)) return { scope: s, failed: true };
  const v = makeVar(s.op, i, int(0, i.span), sym.list.size);
  return { var: v, scope: withVars(s, [v]), failed: false };
}

/** A bound left side as the typed tree has it. */
export const targetOf = (
  target: Target,
  bound: BoundTarget,
  dtype: TTarget['dtype'],
  list?: TVar,
  field?: TTarget['field'],
): TTarget => ({
  name: target.name.name,
  span: target.span,
  ...(list === undefined ? {} : { list }),
  index: bound.index,
  ...(field === undefined ? {} : { field }),
  dtype,
});
