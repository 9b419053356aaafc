import type { Span } from '../../diagnostics/span.ts';
import type { Domain, Expr } from '../ast.ts';
import type { TExpr, TIndex, TVar } from '../typed.ts';
import { fresh, report } from './context.ts';
import type { OpContext, Scope } from './context.ts';
import { elementOf } from './indexing.ts';
import { int, rangeFacts, same, variable } from './make.ts';
import { isReserved, nearest } from './names.ts';
import { text } from './operators.ts';
import { equalIn } from './proofs.ts';
import { leftAxes, raggedNamed } from './ragged.ts';
import { extents } from './shape.ts';
import { typeSize } from './sizes.ts';
import { collectUses } from './uses.ts';
import type { Use } from './uses.ts';

/** An index that a left side, a reducer or a statement introduces. */
export interface NewIndex {
  readonly name: string;
  readonly span: Span;
  readonly domain?: Domain;
}
/** Reports a name that is taken; true if it is free for an index. */
export function freshIndex(i: NewIndex, s: Scope): boolean {
  const what = s.vars.has(i.name)
    ? 'an index'
    : s.op.symbols.has(i.name) || s.op.raggeds.has(i.name)
      ? 'a name of the operator'
      : undefined;
  if (isReserved(i.name)) report(s.op, 'name-builtin', { name: i.name }, i.span);
  else if (what !== undefined) report(s.op, 'index-shadow', { name: i.name, what }, i.span);
  else return true;
  return false;
}

/** A variable over `lo..hi`. */
export const makeVar = (op: OpContext, i: NewIndex, lo: TExpr, hi: TExpr): TVar => ({
  id: fresh(op, i.name),
  name: i.name,
  span: i.span,
  lo,
  hi,
});

/** The scope with variables added, and what their ranges say. */
export const withVars = (s: Scope, vars: readonly TVar[]): Scope => ({
  ...s,
  vars: new Map([...s.vars, ...vars.map((v) => [v.name, v] as const)]),
  facts: [...s.facts, ...vars.filter((v) => !s.op.broken.has(v.id)).flatMap(rangeFacts)],
});

/** A variable that an error left without a range. */
export function brokenVar(op: OpContext, i: NewIndex): TVar {
  const v = makeVar(op, i, int(0, i.span), int(0, i.span));
  op.broken.add(v.id);
  return v;
}

/** The range that `in` gives an index; `row` are variables that may be the row of a ragged axis, nearest first. */
export function domainRange(
  d: Domain,
  s: Scope,
  row: readonly TVar[],
): { readonly lo: TExpr; readonly hi: TExpr } | undefined {
  if (d.kind === 'range') {
    const lo = typeSize(d.lo, s);
    const hi = typeSize(d.hi, s);
    return lo === undefined || hi === undefined ? undefined : { lo, hi };
  }
  const named = raggedNamed(d.size, s.op);
  if (named === undefined) {
    const hi = typeSize(d.size, s);
    return hi === undefined ? undefined : { lo: int(0, d.span), hi };
  }
  const { ragged } = named.info;
  const list =
    named.list === undefined || named.size === undefined ? undefined : elementOf(named.list, named.size, ragged.id, s);
  const at: TIndex[] = [];
  for (let k = 0; k < ragged.left.length; k++) {
    const each = extents(s.op, leftAxes(named.info, d.span), ragged.left, k, (i) => at[i], list, d.span);
    const chosen = each?.map((extent) => {
      const fits = (v: TVar): boolean => v.lo.kind === 'int' && v.lo.value === 0n && same(v.hi, extent);
      const near = row.filter(fits);
      const all = near.length > 0 ? near.slice(0, 1) : [...s.vars.values()].filter(fits);
      return all.length === 1 ? all[0] : undefined;
    });
    if (chosen === undefined || chosen.includes(undefined)) {
      report(s.op, 'ragged-row', { name: ragged.id }, d.span);
      return undefined;
    }
    const partsOf = chosen.flatMap((v, j) =>
      v === undefined ? [] : [{ value: variable(v), extent: each?.[j] ?? v.hi, policy: 'proven' as const }],
    );
    const [first] = partsOf;
    if (first !== undefined)
      at.push(partsOf.length === 1 ? { kind: 'flat', part: first } : { kind: 'parts', parts: partsOf });
  }
  return {
    lo: int(0, d.span),
    hi: { kind: 'len', ragged: ragged.id, ...(list === undefined ? {} : { list }), at, type: 'i64', span: d.span },
  };
}

/**
 * Gives each new index its range: its `in`, else the axes in which it occurs bare and unguarded in `exprs`. Variables come in the order of
 * `list`; a range may mention any of them, so ragged ones find their row wherever it stands. Indices without a range are reported and broken.
 */
export function bindIndices(
  list: readonly NewIndex[],
  exprs: readonly Expr[],
  s: Scope,
  extra: readonly Use[] = [],
  /** Names that were found, not written as indices: without a range they are unknown names. */
  loose: ReadonlySet<string> = new Set(),
): { readonly vars: readonly TVar[]; readonly scope: Scope } {
  const names = new Set(list.map((i) => i.name));
  const uses = [...collectUses(exprs, names, s.op), ...extra];
  const found = new Map<NewIndex, TVar>();
  const seen = new Set<string>();
  const open: NewIndex[] = [];
  for (const i of list) {
    if (seen.has(i.name) || !freshIndex(i, s)) {
      if (seen.has(i.name)) report(s.op, 'index-twice', { name: i.name }, i.span);
      found.set(i, brokenVar(s.op, i));
    } else open.push(i);
    seen.add(i.name);
  }
  const inner = (): Scope => withVars(s, [...found.values()]);
  let pending = open;
  for (;;) {
    const left = pending.filter((i) => {
      const range = i.domain === undefined ? inferred(i, uses, inner()) : undefined;
      const given =
        i.domain === undefined ? range : (domainRange(i.domain, inner(), [...found.values()].toReversed()) ?? 'bad');
      if (given === undefined) return true;
      found.set(i, given === 'bad' ? brokenVar(s.op, i) : makeVar(s.op, i, given.lo, given.hi));
      return false;
    });
    if (left.length === 0 || left.length === pending.length) {
      for (const i of left) {
        const excused = uses.some((u) => u.name === i.name && u.excused === true);
        if (!excused && loose.has(i.name)) unknownName(i, s);
        else if (!excused) report(s.op, 'index-free', { name: i.name }, i.span);
        found.set(i, brokenVar(s.op, i));
      }
      break;
    }
    pending = left;
  }
  const vars = list.flatMap((i) => found.get(i) ?? []);
  const scope = withVars(s, vars);
  for (const i of open) if (i.domain === undefined) agree(i, found.get(i), uses, scope);
  return { vars, scope };
}

function unknownName(i: NewIndex, s: Scope): void {
  const known = nearest(i.name, [...s.vars.keys(), ...s.op.symbols.keys()]);
  report(s.op, 'name-unknown', { name: i.name, ...(known === undefined ? {} : { known }), call: false }, i.span);
}

function inferred(i: NewIndex, uses: readonly Use[], s: Scope): { lo: TExpr; hi: TExpr } | undefined {
  for (const u of uses) {
    if (u.name !== i.name) continue;
    const hi = u.extent(s);
    if (hi !== undefined) return { lo: int(0, i.span), hi };
  }
  return undefined;
}

/** All extents that an index meets must be equal. */
function agree(i: NewIndex, v: TVar | undefined, uses: readonly Use[], s: Scope): void {
  if (v === undefined || s.op.broken.has(v.id) || s.op.quiet > 0) return;
  for (const u of uses) {
    const other = u.name === i.name ? u.extent(s) : undefined;
    if (other === undefined || same(other, v.hi) || equalIn(other, v.hi, s)) continue;
    report(s.op, 'index-extents', { name: i.name, one: text(v.hi, s), other: text(other, s) }, u.span);
    s.op.broken.add(v.id);
    return;
  }
}

/** Variables in an order in which every range mentions earlier ones only. */
export function ordered(vars: readonly TVar[]): readonly TVar[] {
  const out: TVar[] = [];
  const mentionsLater = (v: TVar, rest: readonly TVar[]): boolean => rest.some((r) => r !== v && text1(v.hi).has(r.id));
  let rest = [...vars];
  while (rest.length > 0) {
    const next = rest.find((v) => !mentionsLater(v, rest)) ?? rest[0];
    if (next === undefined) break;
    out.push(next);
    rest = rest.filter((v) => v !== next);
  }
  return out;
}
const text1 = (e: TExpr): ReadonlySet<string> => {
  const ids = new Set<string>();
  JSON.stringify(e, (name, x: unknown) => {
    if (name === 'id' && typeof x === 'string') ids.add(x);
    return typeof x === 'bigint' ? String(x) : x;
  });
  return ids;
};
