import type { AxisExpr, Expr, Ident, OpDecl, Param, Result, TypeExpr } from '../ast.ts';
import type { Dim } from '../typed.ts';
import { report } from './context.ts';
import type { OpContext } from './context.ts';

/** Names in a size expression. */
export function namesOf(e: Expr): ReadonlySet<string> {
  return new Set(identsOf(e).map((i) => i.name));
}
/** Names of sizes in an expression; the axis of `total(L)` is none. */
function identsOf(e: Expr): readonly Ident[] {
  switch (e.kind) {
    case 'access':
      return [e.name];
    case 'binary':
      return [...identsOf(e.left), ...identsOf(e.right)];
    case 'unary':
    case 'paren':
      return identsOf(e.operand);
    case 'tuple':
      return e.parts.flatMap(identsOf);
    case 'call':
      return e.callee.name === 'total' ? [] : e.args.flatMap((a) => identsOf(a.value));
    default:
      return [];
  }
}

interface Place {
  readonly param: string;
  readonly axis: number;
  readonly field?: string;
  readonly size: AxisExpr;
}

const plainName = (e: Expr): Ident | undefined => {
  let x = e;
  while (x.kind === 'paren') x = x.operand;
  return x.kind === 'access' && !x.indexed && x.list === undefined && x.fields.length === 0 ? x.name : undefined;
};

/**
 * Binds every dim of the inputs: bare in an axis first, then as the one unknown factor of a composite. Scalar parameters of the name
 * have bound it already. What stays unbound is reported.
 */
export function bindDims(decl: OpDecl, op: OpContext): void {
  const places: Place[] = [];
  const collect = (t: TypeExpr, param: string, field?: string): void => {
    t.axes.forEach((size, axis) => places.push({ param, axis, size, ...(field === undefined ? {} : { field }) }));
    if (t.elem.kind === 'row') for (const f of t.elem.fields) collect(f.type, param, f.name.name);
  };
  for (const p of decl.params) if (!isScalar(p)) collect(p.type, p.name.name);
  const derived = new Set(decl.dims.map((d) => d.name.name));
  const known = (name: string): boolean => op.symbols.has(name) || derived.has(name);
  const bind = (name: Ident, p: Place, factor: number): void => {
    if (op.types.has(name.name)) report(op, 'name-taken', { name: name.name, what: 'a dim' }, name.span);
    const at = { param: p.param, axis: p.axis, ...(p.field === undefined ? {} : { field: p.field }) };
    const source: Dim['source'] =
      p.size.kind === 'pack' ? { kind: 'pack', param: p.param, axis: p.axis } : { kind: 'axis', factor, ...at };
    const list = onlyList(name.name, decl);
    op.dims.set(name.name, {
      id: name.name,
      span: name.span,
      source,
      ...(list === undefined ? {} : { perElement: { list } }),
    });
    op.symbols.set(name.name, {
      kind: 'dim',
      name: name.name,
      span: name.span,
      ...(list === undefined ? {} : { perElement: list }),
    });
  };
  for (const p of places) {
    const name =
      p.size.kind === 'pack'
        ? p.size.name
        : p.size.kind === 'size' || p.size.kind === 'pairs'
          ? plainName(p.size.size)
          : undefined;
    if (name !== undefined && p.size.kind !== 'pairs' && !known(name.name)) bind(name, p, 0);
  }
  for (let progress = true; progress;) {
    progress = false;
    for (const p of places) {
      if (p.size.kind !== 'size' || p.size.size.kind !== 'tuple') continue;
      const { parts } = p.size.size;
      const open = parts.flatMap((f, factor) =>
        identsOf(f).every((n) => known(n.name)) ? [] : [{ name: plainName(f), factor }],
      );
      const [only] = open;
      if (
        open.length !== 1 ||
        only?.name === undefined ||
        identsOf(p.size.size).some((n) => n.name !== only.name?.name && !known(n.name))
      )
        continue;
      bind(only.name, p, only.factor);
      progress = true;
    }
  }
  reportUnbound(decl, places, op, known);
}

function reportUnbound(decl: OpDecl, places: readonly Place[], op: OpContext, known: (name: string) => boolean): void {
  const told = new Set<string>();
  const missing = (name: Ident, code: 'dim-unbound' | 'dim-composite', others: readonly string[]): void => {
    if (told.has(name.name)) return;
    told.add(name.name);
    if (code === 'dim-composite') {
      if (others[0] === name.name) report(op, code, { names: others }, name.span);
    }
    if (code === 'dim-unbound') report(op, code, { name: name.name }, name.span);
    op.symbols.set(name.name, { kind: 'dim', name: name.name, span: name.span });
  };
  for (const p of places) {
    if (p.size.kind !== 'size') continue;
    const open = identsOf(p.size.size).filter((n) => !known(n.name) && !told.has(n.name));
    const names = [...new Set(open.map((x) => x.name))];
    const several = p.size.size.kind === 'tuple' && names.length > 1;
    for (const n of open) missing(n, several ? 'dim-composite' : 'dim-unbound', names);
  }
  const before = new Set(decl.dims.map((d) => d.name.name));
  for (const e of sizesOf(decl))
    for (const n of identsOf(e))
      if (!known(n.name) && !before.has(n.name) && !op.raggeds.has(n.name)) missing(n, 'dim-unbound', []);
}

/** The list whose type alone mentions a dim. */
function onlyList(name: string, decl: OpDecl): string | undefined {
  const mentions = (p: Param | Result): boolean => typeNames(p.type).has(name);
  const owners = [...decl.params, ...decl.results].filter(mentions);
  const [only] = owners;
  const elsewhere =
    decl.dims.some((d) => namesOf(d.size).has(name)) ||
    [...decl.params, ...decl.results].some((p) => p.list !== undefined && namesOf(p.list.size).has(name));
  return owners.length === 1 && only?.list !== undefined && !elsewhere ? only.name.name : undefined;
}

function typeNames(t: TypeExpr): ReadonlySet<string> {
  const own = t.axes.flatMap((a) =>
    a.kind === 'pack' ? [a.name.name] : a.kind === 'size' || a.kind === 'pairs' ? [...namesOf(a.size)] : [],
  );
  return new Set([...own, ...(t.elem.kind === 'row' ? t.elem.fields.flatMap((f) => [...typeNames(f.type)]) : [])]);
}

/** True for a parameter that travels by value. */
export const isScalar = (p: Param): boolean =>
  p.mode !== 'inout' && p.list === undefined && p.type.axes.length === 0 && p.type.elem.kind === 'name';

/** Every size expression of a signature. */
export function sizesOf(decl: OpDecl): readonly Expr[] {
  const ofType = (t: TypeExpr): readonly Expr[] => [
    ...t.axes.flatMap((a) => (a.kind === 'size' || a.kind === 'pairs' ? [a.size] : [])),
    ...(t.elem.kind === 'row' ? t.elem.fields.flatMap((f) => ofType(f.type)) : []),
  ];
  return [
    ...[...decl.params, ...decl.results].flatMap((p) => [
      ...ofType(p.type),
      ...(p.list === undefined ? [] : [p.list.size]),
    ]),
    ...decl.dims.map((d) => d.size),
  ];
}
