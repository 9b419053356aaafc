import { assertNever } from '../../assert.ts';
import type { Expr } from '../ast.ts';
import { DTYPES, isInt, widen } from '../dtypes.ts';
import type { TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { Scope, TensorSym } from './context.ts';
import { elementOf, typeIndex } from './indexing.ts';
import { convert, substitute, variable } from './make.ts';
import { isBuiltin, nearest } from './names.ts';
import { holdsIn } from './proofs.ts';
import { bindAxes, indexParts } from './shape.ts';
import { bad, value } from './value.ts';
import type { Value } from './value.ts';

type AccessExpr = Extract<Expr, { readonly kind: 'access' }>;

/** A name, with or without indices. */
export function typeAccess(e: AccessExpr, s: Scope): Value {
  const name = e.name.name;
  const plain = e.list === undefined && !e.indexed && e.fields.length === 0;
  const local = s.locals?.get(name);
  if (local !== undefined || s.locals !== undefined) {
    if (local !== undefined && plain) return local;
    if (local === undefined)
      report(s.op, 'fn-name', { name, known: nearest(name, s.locals?.keys() ?? []) }, e.name.span);
    else report(s.op, 'index-scalar', { name }, e.span);
    return bad(e.span);
  }
  const v = s.vars.get(name);
  if (v !== undefined) {
    if (s.op.broken.has(v.id)) return bad(e.span);
    if (plain) return s.size ? notSize(e, s) : value({ ...variable(v), span: e.span }, { flex: 'index' });
    report(s.op, 'index-scalar', { name }, e.span);
    return bad(e.span);
  }
  const sym = s.op.symbols.get(name);
  if (sym === undefined) return unknown(e, s);
  s.op.used.add(name);
  switch (sym.kind) {
    case 'dim': {
      if (e.indexed || e.fields.length > 0) return scalarIndexed(e, s);
      if (sym.perElement === undefined) {
        if (e.list !== undefined) report(s.op, 'list-none', { name }, e.span);
        return value(
          { kind: 'dim', id: name, type: 'i64', span: e.span },
          { flex: 'index', bad: e.list !== undefined },
        );
      }
      // Within the list's own type, which is read before the list has a name, the dim is that of the element at hand.
      if (e.list === undefined && !s.op.symbols.has(sym.perElement))
        return value({ kind: 'dim', id: name, type: 'i64', span: e.span }, { flex: 'index' });
      const list = listIndex(e, sym.perElement, s);
      if (list === undefined) return bad(e.span);
      return value({ kind: 'dim', id: name, list, type: 'i64', span: e.span }, { flex: 'index' });
    }
    case 'scalar': {
      if (!plain) return scalarIndexed(e, s);
      const type = widen(sym.dtype);
      const p: TExpr = { kind: 'param', name, dtype: sym.dtype, type, span: e.span };
      if ((sym.sizes || s.size) && isInt(sym.dtype) && sym.dtype !== 'u64')
        return value(convert(p, 'i64'), { flex: 'index' });
      if (s.size) return notSize(e, s);
      if (sym.fixed && sym.dtype === 'f64') return value(p, { flex: 'index' });
      return value(p, DTYPES[sym.dtype].value === sym.dtype ? {} : { stored: sym.dtype });
    }
    case 'tensor':
      return s.size ? notSize(e, s) : typeRead(e, sym, s);
    default:
      return assertNever(sym, 'typeAccess');
  }
}

function notSize(e: AccessExpr, s: Scope): Value {
  report(s.op, 'size-name', { name: e.name.name }, e.span);
  return bad(e.span);
}
function scalarIndexed(e: AccessExpr, s: Scope): Value {
  report(s.op, 'index-scalar', { name: e.name.name }, e.span);
  return bad(e.span);
}

function unknown(e: AccessExpr, s: Scope): Value {
  const name = e.name.name;
  if (s.op.raggeds.has(name)) report(s.op, 'ragged-value', { name }, e.name.span);
  else if (s.op.inner.has(name)) report(s.op, 'name-loop', { name }, e.name.span);
  else if (s.op.later.has(name)) report(s.op, 'name-later', { name }, e.name.span);
  else {
    const known = nearest(name, [...s.vars.keys(), ...s.op.symbols.keys()]);
    report(
      s.op,
      'name-unknown',
      {
        name,
        ...(known === undefined ? {} : { known }),
        call: isBuiltin(name) || s.op.scope.fns.has(name),
        indexed: e.indexed,
      },
      e.name.span,
    );
  }
  return bad(e.span);
}

/** The element that `x{f}` names, proven to exist. */
function listIndex(e: AccessExpr, name: string, s: Scope): TExpr | undefined {
  const sym = s.op.symbols.get(name);
  const list = sym?.kind === 'tensor' ? sym.list : undefined;
  if (list === undefined) {
    if (e.list !== undefined) report(s.op, 'list-none', { name }, e.span);
    return undefined;
  }
  if (e.list === undefined) {
    report(s.op, 'list-index', { name: e.name.name }, e.span);
    return undefined;
  }
  return elementOf(e.list, list.size, name, s);
}

/** Reads a tensor. */
function typeRead(e: AccessExpr, sym: TensorSym, s: Scope): Value {
  const { name } = sym;
  if (sym.role !== 'inout' && s.op.failed.has(name)) return bad(e.span);
  const list = sym.list === undefined && e.list === undefined ? undefined : listIndex(e, name, s);
  if ((sym.list !== undefined || e.list !== undefined) && list === undefined) return bad(e.span);
  if (!e.indexed && sym.axes.length > 0) {
    report(s.op, 'index-unindexed', { name, rank: sym.axes.length }, e.span);
    return bad(e.span);
  }
  const found = typeIndex(e.index, sym, sym.axes, list, s, e.span, name);
  if (found === undefined) return bad(e.span);
  const progress = s.op.progress.get(name);
  if (progress !== undefined && (sym.role === 'result' || sym.role === 'temp')) {
    if (progress.pieces.length === 0) {
      report(s.op, 'name-later', { name }, e.name.span);
      return bad(e.span);
    }
    if (s.op.quiet === 0) progress.readSpan ??= e.span;
    const { loop } = progress;
    const step = loop === undefined ? undefined : found.index.flatMap(indexParts)[loop.part]?.value;
    if (loop !== undefined && s.loop?.id === loop.id && !(step?.kind === 'var' && step.id === loop.id)) {
      report(s.op, 'loop-read', { name, index: s.loop.name }, e.span);
    }
  }
  const absent =
    found.absent ||
    (sym.presence !== undefined &&
      (sym.presence === 'unknown' || !holdsIn(substitute(sym.presence.where, bindAxes(sym.axes, found.index)), s)));
  const at = {
    kind: 'access' as const,
    tensor: name,
    ...(list === undefined ? {} : { list }),
    index: found.index,
    span: e.span,
  };
  const [field, ...more] = e.fields;
  if (sym.elem.kind === 'scalar') {
    if (field !== undefined) {
      report(s.op, 'field-none', { name, field: field.name.name }, field.span);
      return bad(e.span);
    }
    const { dtype } = sym.elem;
    return value(
      { ...at, dtype, type: widen(dtype) },
      { absent, ...(DTYPES[dtype].value === dtype ? {} : { stored: dtype }) },
    );
  }
  const fields = sym.elem.fields;
  if (field === undefined) {
    report(s.op, 'field-needed', { name, fields: fields.map((f) => f.name) }, e.span);
    return bad(e.span);
  }
  const f = fields.find((x) => x.name === field.name.name);
  if (f === undefined || more.length > 0) {
    const known = nearest(
      field.name.name,
      fields.map((x) => x.name),
    );
    report(
      s.op,
      'field-unknown',
      {
        field: (more[0] ?? field).name.name,
        name,
        fields: fields.map((x) => x.name),
        ...(known === undefined ? {} : { known }),
      },
      (more[0] ?? field).span,
    );
    return bad(e.span);
  }
  const inner = typeIndex(field.index, sym, f.axes, undefined, s, field.span, `${name}.${f.name}`);
  if (inner === undefined) return bad(e.span);
  return value(
    { ...at, field: { name: f.name, index: inner.index }, dtype: f.dtype, type: widen(f.dtype) },
    { absent: absent || inner.absent, ...(DTYPES[f.dtype].value === f.dtype ? {} : { stored: f.dtype }) },
  );
}
