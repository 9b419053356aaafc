import type { Span } from '../../diagnostics/span.ts';
import type { Arg, Expr, Index } from '../ast.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { CallExpr, OpContext, RaggedInfo, Scope, TensorSym } from './context.ts';
import { elementOf, typeRow } from './indexing.ts';
import { nearest } from './names.ts';
import { bad, value } from './value.ts';
import type { Value } from './value.ts';

/** A ragged axis as it is named: `L` or `A{f}`. */
export interface NamedRagged {
  readonly info: RaggedInfo;
  readonly list?: Expr;
  /** Extent of the list, for listed axes. */
  readonly size?: TExpr;
}

/** The ragged axis that an expression names, if it is one. */
export function raggedNamed(e: Expr, op: OpContext): NamedRagged | undefined {
  let x = e;
  while (x.kind === 'paren') x = x.operand;
  if (x.kind !== 'access' || x.indexed || x.fields.length > 0 || op.symbols.has(x.name.name)) return undefined;
  const info = op.raggeds.get(x.name.name);
  if (info === undefined) return undefined;
  const size = info.listSize;
  return { info, ...(x.list === undefined ? {} : { list: x.list }), ...(size === undefined ? {} : { size }) };
}

/** Arguments as indices. */
export const rowArgs = (args: readonly Arg[]): readonly Index[] =>
  args.map((a) => ({
    policy: a.policy ?? 'none',
    expr: a.other === undefined ? a.value : { kind: 'guard', value: a.value, other: a.other, span: a.span },
    span: a.span,
  }));

/** A stand-in for the axes to the left of a ragged axis, so that they are indexed like those of a tensor. */
export const leftAxes = (info: RaggedInfo, span: Span): TensorSym => ({
  kind: 'tensor',
  name: info.ragged.id,
  span,
  role: 'in',
  elem: { kind: 'scalar', dtype: 'i64' },
  axes: info.ragged.left,
});

/** Reports rows that are defined further down; rows that nothing defines are reported once, where the axis is declared. */
export function raggedLater(name: string, span: Span, op: OpContext): void {
  const later = op.decl?.body.some((d) => (d.kind === 'ragged' || d.kind === 'pack') && d.name.name === name);
  if (later === true) report(op, 'ragged-later', { name }, span);
}

/** `len(L, b)`, `base(L, b)`, `total(L)`. */
export function typeLength(e: CallExpr, s: Scope): Value {
  const fn = e.callee.name;
  const [first, ...rest] = e.args;
  const named = first === undefined ? undefined : raggedNamed(first.value, s.op);
  if (first === undefined || named === undefined) {
    const word = first?.value.kind === 'access' ? first.value.name.name : '';
    const known = nearest(word, s.op.raggeds.keys());
    report(
      s.op,
      'ragged-unknown',
      { fn, name: word, ...(known === undefined ? {} : { known }) },
      first?.span ?? e.span,
    );
    return bad(e.span);
  }
  for (const a of e.args)
    if (a.name !== undefined) report(s.op, 'call-named', { name: fn, argument: a.name.name }, a.name.span);
  const { info } = named;
  const { id } = info.ragged;
  s.op.used.add(info.ragged.offsets);
  if (!info.defined && !s.size) {
    raggedLater(id, first.span, s.op);
    return bad(e.span);
  }
  if (info.ragged.listed !== (named.list !== undefined)) {
    report(s.op, info.ragged.listed ? 'list-index' : 'list-none', { name: id }, first.span);
    return bad(e.span);
  }
  const list =
    named.list === undefined || named.size === undefined ? undefined : elementOf(named.list, named.size, id, s);
  if (named.list !== undefined && list === undefined) return bad(e.span);
  const element = list === undefined ? {} : { list };
  if (fn === 'total') {
    if (rest.length > 0) report(s.op, 'call-count', { name: fn, least: 1, most: 1, found: e.args.length }, e.span);
    return value(
      { kind: 'total', ragged: id, ...element, type: 'i64', span: e.span },
      { flex: 'index', bad: rest.length > 0 },
    );
  }
  if (s.size) {
    report(s.op, 'size-expression', {}, e.span);
    return bad(e.span);
  }
  const at = typeRow(rowArgs(rest), info.ragged.left, s, e.span, id);
  if (at === undefined) return bad(e.span);
  return value(
    { kind: fn === 'len' ? 'len' : 'base', ragged: id, ...element, at, type: 'i64', span: e.span },
    { flex: 'index' },
  );
}
