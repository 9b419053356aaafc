import { assertNever } from '../../assert.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { AxisExpr, OpDecl, Param, Result, TypeExpr } from '../ast.ts';
import { DTYPES, isInt } from '../dtypes.ts';
import type { TAxis, TExpr, TField, TParam, TResult, TTensor } from '../typed.ts';
import { constant } from './constants.ts';
import { report } from './context.ts';
import type { OpContext, Scope, TensorSym } from './context.ts';
import { declare } from './declare.ts';
import { bindDims, isScalar, namesOf, sizesOf } from './dims.ts';
import { binary, int, not, product, some } from './make.ts';
import { resolveType, text } from './operators.ts';
import { equalIn, holdsIn } from './proofs.ts';
import { typeSize } from './sizes.ts';

const COMPARE = { '==': 'eq', '!=': 'ne', '<': 'lt', '<=': 'le', '>': 'gt', '>=': 'ge' } as const;
const emptyScope = (op: OpContext): Scope => ({ op, vars: new Map(), facts: [], guarded: false, size: false });

/** Parameters, dims, ragged axes, results and conditions of an operator. */
export function checkSignature(
  decl: OpDecl,
  op: OpContext,
): { readonly params: readonly TParam[]; readonly results: readonly TResult[] } {
  const s = emptyScope(op);
  for (const p of decl.params) if (isScalar(p)) declareScalar(p, decl, op);
  bindDims(decl, op);
  registerRaggeds(decl, op);
  for (const d of decl.dims) deriveDim(d, s);
  for (const c of decl.where) {
    const [a, b] = [typeSize(c.left, s), typeSize(c.right, s)];
    if (a === undefined || b === undefined) continue;
    const cond = binary(COMPARE[c.op], a, b, c.span);
    op.facts.push(cond);
    op.conditions.push({ cond, text: `${text(a, s)} ${c.op} ${text(b, s)}`, span: c.span });
  }
  const params = decl.params.map((p) => typeParam(p, s));
  const results = decl.results.map((r) => typeResult(r, s));
  for (const info of op.raggeds.values()) offsetsFit(info.ragged.id, decl, s);
  if (decl.results.length === 0 && !decl.params.some((p) => p.mode === 'inout'))
    report(op, 'op-no-result', { name: decl.name.name }, decl.name.span);
  return { params, results };
}

function declareScalar(p: Param, decl: OpDecl, op: OpContext): void {
  if (!declare(op, p.name, 'a parameter') || p.type.elem.kind !== 'name') return;
  const dtype = resolveType(p.type.elem.name.name, p.type.elem.name.span, op) ?? 'i64';
  const sizes = isInt(dtype) && (p.mode === 'const' || sizesOf(decl).some((e) => namesOf(e).has(p.name.name)));
  op.symbols.set(p.name.name, {
    kind: 'scalar',
    name: p.name.name,
    span: p.name.span,
    dtype,
    sizes,
    fixed: p.mode === 'const',
  });
}

function deriveDim(d: OpDecl['dims'][number], s: Scope): void {
  const size = typeSize(d.size, s);
  if (!declare(s.op, d.name, 'a dim')) return;
  const name = d.name.name;
  s.op.symbols.set(name, { kind: 'dim', name, span: d.name.span });
  const derived = size ?? int(0, d.span);
  s.op.dims.set(name, { id: name, span: d.name.span, source: { kind: 'derived', size: derived } });
  if (size !== undefined) s.op.facts.push(binary('eq', { kind: 'dim', id: name, type: 'i64', span: d.span }, size));
}

/** Registers ragged axes by name, inputs first; what stands to their left is filled in with the types. */
function registerRaggeds(decl: OpDecl, op: OpContext): void {
  const params = new Set(decl.params.map((p) => p.name.name));
  const results = new Set(decl.results.map((r) => r.name.name));
  for (const p of [...decl.params, ...decl.results]) {
    for (const a of p.type.axes) {
      if (a.kind !== 'ragged') continue;
      const id = a.name.name;
      const known = op.raggeds.get(id);
      if (known !== undefined) {
        if (known.ragged.offsets !== a.offsets.name)
          report(op, 'ragged-offsets', { name: id, offsets: known.ragged.offsets }, a.offsets.span);
        continue;
      }
      if (!params.has(a.offsets.name) && !results.has(a.offsets.name)) {
        report(op, 'ragged-offsets-unknown', { name: a.offsets.name }, a.offsets.span);
      }
      if (!declare(op, a.name, 'a ragged axis')) continue;
      if ((a.list === undefined) !== (a.offsetsList === undefined))
        report(op, 'ragged-list', { name: id, offsets: a.offsets.name }, a.span);
      const origin = results.has(a.offsets.name) && !params.has(a.offsets.name) ? 'result' : 'input';
      const ragged = { id, offsets: a.offsets.name, listed: a.list !== undefined, left: [], origin } as const;
      op.raggeds.set(id, { ragged, span: a.name.span, defined: origin === 'input' });
      op.used.add(a.offsets.name);
    }
  }
}

function typeParam(p: Param, s: Scope): TParam {
  const { op } = s;
  const name = p.name.name;
  if (isScalar(p)) {
    const sym = op.symbols.get(name);
    const dtype = sym?.kind === 'scalar' ? sym.dtype : 'i64';
    const value = p.default === undefined ? undefined : constant(p.default, dtype, s);
    return {
      name,
      span: p.name.span,
      mode: p.mode === 'const' ? 'const' : 'scalar',
      type: { elem: { kind: 'scalar', dtype }, axes: [] },
      ...(value === undefined ? {} : { default: value }),
    };
  }
  if (p.mode === 'const') report(op, 'const-tensor', { name }, p.span);
  if (p.default !== undefined) report(op, 'default-tensor', { name }, p.default.span);
  const list = listSize(p, s);
  const type = typeTensor(p.type, p, s);
  if (declare(op, p.name, 'a parameter')) {
    const sym: TensorSym = {
      kind: 'tensor',
      name,
      span: p.name.span,
      role: p.mode === 'inout' ? 'inout' : 'in',
      ...list,
      elem: type.elem,
      axes: type.axes,
    };
    op.symbols.set(name, sym);
    if (p.mode === 'inout') op.progress.set(name, { span: p.name.span, pieces: [] });
  }
  return { name, span: p.name.span, mode: p.mode === 'inout' ? 'inout' : 'tensor', ...list, type };
}

function typeResult(r: Result, s: Scope): TResult {
  const list = listSize(r, s);
  const type = typeTensor(r.type, r, s);
  if (declare(s.op, r.name, 'a result')) {
    s.op.symbols.set(r.name.name, {
      kind: 'tensor',
      name: r.name.name,
      span: r.name.span,
      role: 'result',
      ...list,
      elem: type.elem,
      axes: type.axes,
    });
    s.op.progress.set(r.name.name, { span: r.name.span, pieces: [] });
  }
  return { name: r.name.name, span: r.name.span, ...list, type };
}

function listSize(p: Param | Result, s: Scope): { list?: { size: TExpr } } {
  if (p.list === undefined) return {};
  const size = typeSize(p.list.size, s) ?? int(0, p.list.span);
  s.op.facts.push(binary('le', int(0, p.list.span), size));
  return { list: { size } };
}

function typeTensor(t: TypeExpr, owner: Param | Result, s: Scope): TTensor {
  const axes: TAxis[] = [];
  for (const a of t.axes) axes.push(typeAxis(a, axes, owner, s));
  const packs = t.axes.filter((a) => a.kind === 'pack');
  packs.forEach((a, i) => {
    const at = t.axes.indexOf(a);
    if (i > 0 || (at !== 0 && at !== t.axes.length - 1)) report(s.op, 'pack-place', { name: a.name.name }, a.span);
  });
  if (t.elem.kind === 'name')
    return { elem: { kind: 'scalar', dtype: resolveType(t.elem.name.name, t.elem.name.span, s.op) ?? 'f32' }, axes };
  const fields: TField[] = [];
  for (const f of t.elem.fields) {
    if (fields.some((x) => x.name === f.name.name))
      report(s.op, 'name-taken', { name: f.name.name, what: 'a field' }, f.name.span);
    const inner = typeTensor(f.type, owner, s);
    if (inner.elem.kind === 'row' || inner.axes.some((a) => a.kind !== 'dense'))
      report(s.op, 'field-type', { name: f.name.name }, f.type.span);
    fields.push({ name: f.name.name, dtype: inner.elem.kind === 'scalar' ? inner.elem.dtype : 'u8', axes: inner.axes });
  }
  return { elem: { kind: 'row', fields }, axes };
}

function typeAxis(a: AxisExpr, left: readonly TAxis[], owner: Param | Result, s: Scope): TAxis {
  switch (a.kind) {
    case 'size': {
      const written = a.size.kind === 'tuple' ? a.size.parts : [a.size];
      const factors = written.map((f) => typeSize(f, s) ?? int(0, f.span));
      for (const f of factors)
        if (f.kind !== 'int' && f.kind !== 'dim') s.op.facts.push(binary('le', int(0, f.span), f));
      return { kind: 'dense', factors };
    }
    case 'pack': {
      s.op.used.add(a.name.name);
      if (!s.op.dims.has(a.name.name)) report(s.op, 'dim-unbound', { name: a.name.name }, a.span);
      return { kind: 'pack', dim: a.name.name };
    }
    case 'pairs':
      return { kind: 'pairs', size: typeSize(a.size, s) ?? int(0, a.span) };
    case 'ragged': {
      const info = s.op.raggeds.get(a.name.name);
      if (info !== undefined) {
        for (const n of [a.list, a.offsetsList]) {
          if (n !== undefined && owner.list !== undefined && n.name !== owner.list.index.name) {
            report(s.op, 'name-unknown', { name: n.name, known: owner.list.index.name, call: false }, n.span);
          }
        }
        const size = owner.list === undefined ? undefined : typeSize(owner.list.size, s);
        if (info.ragged.listed && size === undefined) report(s.op, 'list-none', { name: a.name.name }, a.span);
        if (info.ragged.left.length === 0 && left.length > 0) {
          s.op.raggeds.set(a.name.name, {
            ...info,
            ragged: { ...info.ragged, left: [...left] },
            ...(info.ragged.listed && size !== undefined ? { listSize: size } : {}),
          });
        } else if (!sameAxes(info.ragged.left, left, s)) report(s.op, 'ragged-left', { name: a.name.name }, a.span);
      }
      if (left.length === 0) report(s.op, 'ragged-first', { name: a.name.name }, a.span);
      return { kind: 'ragged', ragged: a.name.name };
    }
    default:
      return assertNever(a, 'typeAxis');
  }
}

function sameAxes(a: readonly TAxis[], b: readonly TAxis[], s: Scope): boolean {
  return (
    a.length === b.length &&
    a.every((x, i) => {
      const y = b[i];
      if (y === undefined || x.kind !== y.kind) return false;
      if (x.kind === 'pack') return y.kind === 'pack' && x.dim === y.dim;
      if (x.kind === 'ragged') return y.kind === 'ragged' && x.ragged === y.ragged;
      if (x.kind === 'pairs') return y.kind === 'pairs' && equalIn(x.size, y.size, s);
      return (
        y.kind === 'dense' && equalIn(product(x.factors, s.op.facts[0]?.span ?? SPAN), product(y.factors, SPAN), s)
      );
    })
  );
}
const SPAN: Span = { file: '', start: 0, end: 0 };

/** Rows of a ragged axis: the items of the innermost ragged axis to its left times what follows it, or the product of all axes. */
function rowCount(left: readonly TAxis[], span: Span): TExpr {
  let out: TExpr = int(1, span);
  const times = (f: TExpr): TExpr => product([out, f], span);
  for (const a of left) {
    if (a.kind === 'dense') for (const f of a.factors) out = times(f);
    else if (a.kind === 'pack') out = times({ kind: 'dim', id: a.dim, type: 'i64', span });
    else if (a.kind === 'ragged') out = { kind: 'total', ragged: a.ragged, type: 'i64', span };
    else out = times(binary('floordiv', binary('mul', a.size, binary('sub', a.size, int(1, span))), int(2, span)));
  }
  return out;
}

/** Offsets are one axis of integers with one entry more than rows; of results this is proven, of inputs it is the caller's. */
function offsetsFit(id: string, decl: OpDecl, s: Scope): void {
  const info = s.op.raggeds.get(id);
  const sym = info === undefined ? undefined : s.op.symbols.get(info.ragged.offsets);
  if (info === undefined || sym?.kind !== 'tensor') {
    if (sym !== undefined && info !== undefined)
      report(s.op, 'ragged-offsets-type', { name: info.ragged.offsets }, sym.span);
    return;
  }
  const [axis] = sym.axes;
  const integer =
    sym.elem.kind === 'scalar' &&
    isInt(sym.elem.dtype) &&
    DTYPES[sym.elem.dtype].signed &&
    DTYPES[sym.elem.dtype].bytes >= 4;
  if (!integer || sym.axes.length !== 1 || axis?.kind !== 'dense') {
    report(s.op, 'ragged-offsets-type', { name: sym.name }, sym.span);
    return;
  }
  const size = product(axis.factors, sym.span);
  const result = info.ragged.origin === 'result';
  const span = [...decl.results, ...decl.params].find((p) => p.name.name === sym.name)?.type.span ?? sym.span;
  const wanted = binary('add', rowCount(info.ragged.left, span), int(1, span));
  if (!equalIn(size, wanted, s)) {
    const params = { name: sym.name, axis: id, wanted: text(wanted, s) };
    const cond = binary('eq', size, wanted, span);
    // Of an input it is a condition on the caller, where sizes alone tell it.
    if (result || holdsIn(not(cond), s)) report(s.op, 'ragged-offsets-size', params, span);
    else if (!some(wanted, (x) => x.kind === 'total')) {
      s.op.conditions.push({ cond, text: `${text(size, s)} == ${text(wanted, s)}`, span });
      s.op.facts.push(cond);
    }
  }
  if (!result) return;
  s.op.progress.get(sym.name)?.pieces.push({ span, sides: [] });
}
