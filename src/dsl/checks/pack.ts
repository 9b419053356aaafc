import type { Ident, Pack, RaggedDef } from '../ast.ts';
import type { TAxis, TStmt, TVar } from '../typed.ts';
import { assuming, report } from './context.ts';
import type { RaggedInfo, Scope } from './context.ts';
import { convert, int, variable } from './make.ts';
import { nearest } from './names.ts';
import { describe, typeCondition } from './operators.ts';
import { leftAxes } from './ragged.ts';
import { bindIndices, freshIndex, makeVar, withVars } from './ranges.ts';
import { bindDeclared } from './targets.ts';
import { isIntType, settle, store } from './value.ts';

/** The ragged axis of a result that a `ragged` or `pack` statement defines. */
function owned(name: Ident, s: Scope): RaggedInfo | undefined {
  const info = s.op.raggeds.get(name.name);
  if (info === undefined) {
    const known = nearest(name.name, s.op.raggeds.keys());
    report(
      s.op,
      'ragged-unknown',
      { fn: 'ragged', name: name.name, ...(known === undefined ? {} : { known }) },
      name.span,
    );
    return undefined;
  }
  if (info.ragged.origin === 'input') {
    report(s.op, 'ragged-input', { name: name.name, offsets: info.ragged.offsets }, name.span);
    return undefined;
  }
  if (info.defined) report(s.op, 'defined-twice', { name: name.name }, name.span);
  return info;
}

/** Indices of the rows of a ragged axis. */
function bindRow(
  index: readonly Ident[],
  info: RaggedInfo,
  s: Scope,
  span: Ident['span'],
  list?: TVar,
): { readonly vars: readonly TVar[]; readonly scope: Scope; readonly failed: boolean } {
  const lhs = index.map((i) => ({ kind: 'bind' as const, name: i, span: i.span }));
  const element = list === undefined ? undefined : variable(list);
  const bound = bindDeclared({ index: lhs, span }, leftAxes(info, span), info.ragged.left, element, s, info.ragged.id);
  return { vars: bound.vars, scope: bound.scope, failed: bound.failed || bound.vars.length !== index.length };
}

/** `ragged P[b] = size;` */
export function checkRagged(d: RaggedDef, s: Scope): TStmt | undefined {
  const { op } = s;
  const info = owned(d.name, s);
  if (info === undefined) return undefined;
  const { id } = info.ragged;
  if (info.ragged.listed !== (d.list !== undefined))
    report(op, info.ragged.listed ? 'list-index' : 'list-none', { name: id }, d.name.span);
  let scope = s;
  let list: TVar | undefined;
  if (d.list !== undefined && info.listSize !== undefined && freshIndex({ name: d.list.name, span: d.list.span }, s)) {
    list = makeVar(op, { name: d.list.name, span: d.list.span }, int(0, d.list.span), info.listSize);
    scope = withVars(s, [list]);
  }
  const row = bindRow(d.index, info, scope, d.span, list);
  const size = settle(op, s.op.typeExpr(d.size, row.scope));
  if (size.absent) report(op, 'absent-read', { what: `\`${id}\`` }, d.size.span);
  const integer = isIntType(size.e.type) && size.e.type !== 'u64';
  if (!size.bad && !integer) report(op, 'index-type', { found: describe(size) }, d.size.span);
  const failed = row.failed || size.bad || !integer;
  const rule = {
    kind: 'size' as const,
    ...(list === undefined ? {} : { list }),
    vars: row.vars,
    size: convert(size.e, 'i64'),
  };
  op.raggeds.set(id, {
    ...info,
    defined: true,
    broken: failed,
    ragged: failed ? info.ragged : { ...info.ragged, rule },
  });
  return failed ? undefined : { kind: 'ragged', ragged: id, span: d.span };
}

/** `pack P[c, r] from l where cond : o = …, pos = l;` */
export function checkPack(d: Pack, s: Scope): TStmt | undefined {
  const { op } = s;
  const info = owned(d.name, s);
  if (info === undefined) return undefined;
  const { id } = info.ragged;
  const row = bindRow(d.index, info, s, d.span);
  const from = bindIndices(
    [{ name: d.from.name, span: d.from.span }],
    [d.where, ...d.outs.map((o) => o.value)],
    row.scope,
  );
  const where = typeCondition(d.where, from.scope);
  if (where.absent) report(op, 'absent-read', { what: 'a condition' }, d.where.span);
  const inner = where.bad ? from.scope : assuming(from.scope, where.e);
  const seen = new Set<string>();
  let failed = row.failed || where.bad || from.vars.some((v) => op.broken.has(v.id));
  op.raggeds.set(id, {
    ...info,
    defined: true,
    ragged: failed ? info.ragged : { ...info.ragged, rule: { kind: 'pack' } },
  });
  const outs = d.outs.flatMap((o) => {
    const sym = op.symbols.get(o.name.name);
    const last: TAxis | undefined =
      sym?.kind === 'tensor' && sym.role === 'result' && sym.elem.kind === 'scalar'
        ? declaredLast(sym.axes)
        : undefined;
    if (sym?.kind !== 'tensor' || sym.elem.kind !== 'scalar' || last?.kind !== 'ragged' || last.ragged !== id) {
      report(op, 'pack-out', { name: o.name.name, axis: id }, o.name.span);
      op.failed.add(o.name.name);
      failed = true;
      return [];
    }
    if (seen.has(sym.name)) report(op, 'defined-twice', { name: sym.name }, o.name.span);
    seen.add(sym.name);
    const v = store(op, s.op.typeExpr(o.value, inner), sym.elem.dtype, false, o.value.span);
    if (v.absent) report(op, 'absent-read', { what: `\`${sym.name}\`` }, o.value.span);
    failed ||= v.bad;
    if (v.bad) op.failed.add(sym.name);
    return [{ name: sym.name, dtype: sym.elem.dtype, value: v.e }];
  });
  for (const o of d.outs) op.progress.get(o.name.name)?.pieces.push({ span: o.span, sides: [] });
  const [along] = from.vars;
  if (failed || along === undefined) return undefined;
  return { kind: 'pack', ragged: id, vars: row.vars, from: along, where: where.e, outs, span: d.span };
}

const declaredLast = (axes: readonly { readonly kind: string }[]): TAxis | undefined => {
  const last = axes.at(-1);
  return last !== undefined && isRagged(last) ? last : undefined;
};
const isRagged = (a: { readonly kind: string }): a is Extract<TAxis, { readonly kind: 'ragged' }> =>
  a.kind === 'ragged';
