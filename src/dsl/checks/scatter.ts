import type { Scatter, TempDecl } from '../ast.ts';
import { DTYPES, isInt } from '../dtypes.ts';
import type { TAxis, TExpr, TStmt } from '../typed.ts';
import { assuming, report } from './context.ts';
import type { Scope } from './context.ts';
import { declare } from './declare.ts';
import { convert, int, product } from './make.ts';
import { describe, resolveType, text, typeCondition } from './operators.ts';
import { inRange, readsData } from './proofs.ts';
import { bindIndices, ordered } from './ranges.ts';
import { typeSize } from './sizes.ts';
import { bareName, freeNames } from './uses.ts';
import type { Use } from './uses.ts';
import { isIntType, settle, store } from './value.ts';

/** `let h: i64[K];`: room that a scatter fills. */
export function checkTemp(d: TempDecl, s: Scope): TStmt | undefined {
  s.op.later.delete(d.name.name);
  const axes: TAxis[] = [];
  for (const a of d.type.axes) {
    if (a.kind === 'pack') axes.push({ kind: 'pack', dim: a.name.name });
    else if (a.kind === 'size') {
      const factors = (a.size.kind === 'tuple' ? a.size.parts : [a.size]).map((f) => typeSize(f, s) ?? int(0, f.span));
      axes.push({ kind: 'dense', factors });
    } else report(s.op, 'temp-axis', { name: d.name.name }, a.span);
  }
  if (d.type.elem.kind === 'row') report(s.op, 'temp-axis', { name: d.name.name }, d.type.span);
  if (d.type.elem.kind === 'row' || axes.length !== d.type.axes.length) s.op.failed.add(d.name.name);
  const dtype =
    d.type.elem.kind === 'name' ? resolveType(d.type.elem.name.name, d.type.elem.name.span, s.op) : undefined;
  if (!declare(s.op, d.name, 'a temporary')) return undefined;
  const elem = { kind: 'scalar', dtype: dtype ?? 'f32' } as const;
  s.op.symbols.set(d.name.name, { kind: 'tensor', name: d.name.name, span: d.name.span, role: 'temp', elem, axes });
  s.op.progress.set(d.name.name, { span: d.name.span, pieces: [] });
  return { kind: 'temp', name: d.name.name, type: { elem, axes }, span: d.span };
}

/** `scatter add g[drop ids[i], d] = e init 0;`: free names are its indices, every one over all its values. */
export function checkScatter(d: Scatter, s: Scope): TStmt | undefined {
  const { op } = s;
  const name = d.target.name;
  const sym = op.symbols.get(name);
  if (sym?.kind !== 'tensor' || (sym.role !== 'result' && sym.role !== 'temp')) {
    report(op, 'scatter-target', { name }, d.target.span);
    return undefined;
  }
  op.used.add(name);
  const progress = op.progress.get(name);
  const [before] = progress?.pieces ?? [];
  if (before !== undefined)
    report(op, 'defined-twice', { name }, d.span, {
      related: [{ message: 'the other definition', span: before.span }],
    });
  if (
    sym.list !== undefined ||
    sym.elem.kind === 'row' ||
    sym.axes.some((a) => a.kind === 'ragged' || a.kind === 'pairs')
  ) {
    report(op, 'scatter-target', { name }, d.target.span);
    op.failed.add(name);
    return undefined;
  }
  const { dtype } = sym.elem;
  if (d.index.length !== sym.axes.length)
    report(op, 'index-rank', { name, wanted: sym.axes.length, found: d.index.length }, d.span);
  const extents = sym.axes.map((a): TExpr =>
    a.kind === 'dense'
      ? product(a.factors, d.span)
      : a.kind === 'pack'
        ? { kind: 'dim', id: a.dim, type: 'i64', span: d.span }
        : int(0, d.span),
  );
  const exprs = [...d.index.map((i) => i.expr), d.value, ...(d.where === undefined ? [] : [d.where])];
  const free = freeNames(exprs, s);
  const own = d.index.flatMap((i, k): readonly Use[] => {
    const bare = i.policy === 'none' ? bareName(i.expr) : undefined;
    const hi = extents[k];
    return bare === undefined || hi === undefined ? [] : [{ name: bare, span: i.span, extent: () => hi }];
  });
  const bound = bindIndices(free, exprs, s, own, new Set(free.map((f) => f.name)));
  const where = d.where === undefined ? undefined : typeCondition(d.where, bound.scope);
  const inner = where === undefined || where.bad ? bound.scope : assuming(bound.scope, where.e);
  const v = store(op, s.op.typeExpr(d.value, inner), dtype, false, d.value.span);
  const init = store(op, s.op.typeExpr(d.init, s), dtype, false, d.init.span);
  for (const x of [v, init, ...(where === undefined ? [] : [where])])
    if (x.absent) report(op, 'absent-read', { what: '`scatter`' }, x.e.span);
  const bool = DTYPES[dtype].group === 'bool';
  if (d.op !== 'unique' && (bool ? d.op !== 'or' : d.op === 'or' && !isInt(dtype)))
    report(op, 'scatter-type', { op: d.op, type: dtype }, d.span);
  let failed = v.bad || init.bad || where?.bad === true || d.index.length !== sym.axes.length;
  const index = d.index.flatMap((i, k) => {
    const at = settle(op, s.op.typeExpr(i.expr, inner));
    const extent = extents[k];
    if (at.bad || extent === undefined) {
      failed = true;
      return [];
    }
    if (!isIntType(at.e.type) || at.e.type === 'u64') {
      report(op, 'index-type', { found: describe(at) }, i.span);
      failed = true;
      return [];
    }
    if (at.absent) report(op, 'absent-read', { what: '`scatter`' }, i.span);
    const position = convert(at.e, 'i64');
    if (i.policy === 'none' && !inRange(position, extent, inner)) {
      failed = true;
      report(
        op,
        'scatter-range',
        { name, axis: k, index: text(position, inner), extent: text(extent, inner), data: readsData(position, inner) },
        i.span,
      );
    }
    return [{ policy: i.policy === 'none' ? ('proven' as const) : i.policy, value: position, extent }];
  });
  progress?.pieces.push({ span: d.span, sides: [] });
  if (failed || bound.vars.some((x) => op.broken.has(x.id))) {
    op.failed.add(name);
    return undefined;
  }
  return {
    kind: 'scatter',
    op: d.op,
    target: name,
    dtype,
    vars: ordered(bound.vars),
    index,
    ...(where === undefined ? {} : { where: where.e }),
    value: v.e,
    init: init.e,
    span: d.span,
  };
}
