import { assertNever } from '../../assert.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { hasErrors } from '../../diagnostics/diagnostic.ts';
import type { OpDecl, Stmt, Tol } from '../ast.ts';
import type { DType } from '../dtypes.ts';
import type { TExpr, TOp, TSchedule, TStmt } from '../typed.ts';
import { report } from './context.ts';
import type { ModuleScope, OpContext, Scope } from './context.ts';
import { checkDefine } from './define.ts';
import { typeExpr } from './expr.ts';
import { binary, both, variable } from './make.ts';
import { isReserved } from './names.ts';
import { checkPack, checkRagged } from './pack.ts';
import { checkPieces } from './pieces.ts';
import { checkProperty } from './property.ts';
import { checkRecur } from './recur.ts';
import { checkScatter, checkTemp } from './scatter.ts';
import { checkSignature } from './signature.ts';
import { checkSchedule, checkTolerance, checkTunable } from './tuning.ts';

/** An instance without its properties, which may call any operator, the instance itself too, and are checked by `finish`. */
export interface CheckedInstance {
  readonly op?: TOp;
  readonly finish: () => { readonly op?: TOp; readonly diagnostics: readonly Diagnostic[] };
}

/** One operator under one binding of its type parameters: its typed form, unless it has errors, and what is to be said about it. */
export function checkOp(decl: OpDecl, types: Readonly<Record<string, DType>>, scope: ModuleScope): CheckedInstance {
  const op = newContext(decl, types, scope);
  checkTypeParams(decl, op);
  const { params, results } = checkSignature(decl, op);
  const s: Scope = { op, vars: new Map(), facts: [], guarded: false, size: false };
  for (const d of decl.body) {
    if (d.kind === 'define' && d.isLet) for (const t of d.targets) op.later.add(t.name.name);
    if (d.kind === 'temp') op.later.add(d.name.name);
  }
  const body: TStmt[] = [];
  const tolerances: Record<string, Tol> = {};
  const tunables: { readonly name: string; readonly values: readonly bigint[] }[] = [];
  const schedules: TSchedule[] = [];
  for (const d of decl.body) {
    switch (d.kind) {
      case 'property':
        break;
      case 'tolerance':
        if (checkTolerance(d, new Set(Object.keys(tolerances)), op)) tolerances[d.name.name] = d.tol;
        break;
      case 'tunable':
        if (checkTunable(d, new Set(tunables.map((t) => t.name)), op))
          tunables.push({ name: d.name.name, values: d.values });
        break;
      case 'schedule':
        schedules.push(checkSchedule(d, op));
        break;
      default: {
        const made = statement(d, s);
        if (made !== undefined) body.push(made);
      }
    }
  }
  checkPieces(op);
  for (const r of op.raggeds.values()) if (!r.defined) report(op, 'ragged-undefined', { name: r.ragged.id }, r.span);
  const core: TOp = {
    name: decl.name.name,
    ...(decl.doc === undefined ? {} : { doc: decl.doc }),
    span: decl.span,
    types,
    dims: [...op.dims.values()],
    raggeds: [...op.raggeds.values()].map((r) => r.ragged),
    params,
    results,
    facts: op.conditions,
    body: started(body),
    properties: [],
    tolerances,
    tunables,
    schedules,
  };
  const sound = !hasErrors(op.diagnostics);
  const finish = (): ReturnType<CheckedInstance['finish']> => {
    const properties = decl.body.flatMap((d) => (d.kind === 'property' ? (checkProperty(d, s) ?? []) : []));
    checkUnused(decl, op);
    return hasErrors(op.diagnostics)
      ? { diagnostics: op.diagnostics }
      : { op: { ...core, properties }, diagnostics: op.diagnostics };
  };
  return sound ? { op: core, finish } : { finish };
}

/** An empty context. */
export function newContext(
  decl: OpDecl | undefined,
  types: Readonly<Record<string, DType>>,
  scope: ModuleScope,
): OpContext {
  return {
    ...(decl === undefined ? {} : { decl }),
    scope,
    typeExpr,
    types: new Map(Object.entries(types)),
    diagnostics: [],
    dims: new Map(),
    raggeds: new Map(),
    symbols: new Map(),
    facts: [],
    conditions: [],
    progress: new Map(),
    used: new Set(),
    failed: new Set(),
    ids: new Map(),
    broken: new Set(),
    later: new Set(),
    inner: new Set(),
    quiet: 0,
  };
}

function statement(
  d: Exclude<Stmt, { readonly kind: 'property' | 'tolerance' | 'tunable' | 'schedule' }>,
  s: Scope,
): TStmt | undefined {
  switch (d.kind) {
    case 'define':
      return checkDefine(d, s);
    case 'temp':
      return checkTemp(d, s);
    case 'ragged':
      return checkRagged(d, s);
    case 'pack':
      return checkPack(d, s);
    case 'scatter':
      return checkScatter(d, s);
    case 'recur':
      return checkRecur(d, s);
    default:
      return assertNever(d, 'statement');
  }
}

function checkTypeParams(decl: OpDecl, op: OpContext): void {
  const seen = new Set<string>();
  for (const t of decl.typeParams) {
    if (isReserved(t.name.name)) report(op, 'name-builtin', { name: t.name.name }, t.name.span);
    else if (seen.has(t.name.name))
      report(op, 'name-taken', { name: t.name.name, what: 'a type parameter' }, t.name.span);
    if (new Set(t.choices).size !== t.choices.length) report(op, 'type-twice', { name: t.name.name }, t.span);
    seen.add(t.name.name);
  }
}

/** A `let` in one piece whose ranges do not start at 0 is absent below their start. */
function started(body: readonly TStmt[]): readonly TStmt[] {
  const pieces = new Map<string, number>();
  for (const d of body)
    if (d.kind === 'define' && d.role === 'let') pieces.set(d.target.name, (pieces.get(d.target.name) ?? 0) + 1);
  return body.map((d): TStmt => {
    if (d.kind === 'recur') return { ...d, body: started(d.body) };
    if (d.kind !== 'define' || d.role !== 'let' || pieces.get(d.target.name) !== 1) return d;
    const vars = d.target.index.flatMap((l) =>
      l.kind === 'var' ? [l.var] : l.kind === 'tuple' ? l.parts.flatMap((p) => (p.kind === 'var' ? [p.var] : [])) : [],
    );
    const from = vars
      .filter((v) => v.lo.kind !== 'int' || v.lo.value !== 0n)
      .map((v) => binary('le', v.lo, variable(v)));
    const where = from.reduce<TExpr | undefined>((a, b) => both(a, b), d.where);
    return where === undefined || from.length === 0 ? d : { ...d, where };
  });
}

/** Warnings about what nothing reads. */
function checkUnused(decl: OpDecl, op: OpContext): void {
  if (hasErrors(op.diagnostics)) return;
  // A tensor that is never read may still be what tells a size or the rows of an axis.
  const tells = new Set([...op.dims.values()].flatMap((d) => (d.source.kind === 'derived' ? [] : [d.source.param])));
  for (const p of decl.params) if (p.type.axes.some((a) => a.kind === 'ragged')) tells.add(p.name.name);
  for (const p of decl.params) {
    if (tells.has(p.name.name)) continue;
    if (!op.used.has(p.name.name) && p.mode !== 'inout')
      report(op, 'name-unused', { name: p.name.name, what: 'parameter' }, p.name.span);
  }
  for (const [name, sym] of op.symbols) {
    if (sym.kind === 'tensor' && (sym.role === 'let' || sym.role === 'temp') && !op.used.has(name))
      report(op, 'name-unused', { name, what: '`let`' }, sym.span);
  }
  for (const d of decl.dims)
    if (!op.used.has(d.name.name)) report(op, 'name-unused', { name: d.name.name, what: '`dim`' }, d.name.span);
  for (const t of decl.typeParams)
    if (!op.used.has(t.name.name))
      report(op, 'name-unused', { name: t.name.name, what: 'type parameter' }, t.name.span);
}
