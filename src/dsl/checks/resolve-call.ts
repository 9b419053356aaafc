import type { Span } from '../../diagnostics/span.ts';
import type { Expr, OpDecl } from '../ast.ts';
import type { DType } from '../dtypes.ts';
import { DTYPES, widen } from '../dtypes.ts';
import type { TAxis, TExpr, TOpCall } from '../typed.ts';
import { axisExtents, callerAxes, translate, unifyShapes } from './call-shapes.ts';
import type { Binding, Given } from './call-shapes.ts';
import { report } from './context.ts';
import type { CallExpr, Scope } from './context.ts';
import { namesOf, sizesOf } from './dims.ts';
import { typeArg } from './guard.ts';
import { int, product, some } from './make.ts';
import { isBuiltin } from './names.ts';
import { text } from './operators.ts';
import { holdsIn } from './proofs.ts';
import { bareName } from './uses.ts';
import { settle, store, value } from './value.ts';

/** A call of an operator that is a whole right side. */
export interface OperatorCall {
  readonly call: CallExpr;
  readonly decl: OpDecl;
}
/** The operator call that a right side is, if it is one; a `fn` of the name comes first. */
export function operatorCall(e: Expr, s: Scope): OperatorCall | undefined {
  let x = e;
  while (x.kind === 'paren') x = x.operand;
  if (x.kind !== 'call' || s.op.scope.fns.has(x.callee.name)) return undefined;
  const whole = x.args.some((a) => {
    const name = bareName(a.value);
    const sym = name === undefined ? undefined : s.op.symbols.get(name);
    return sym?.kind === 'tensor' && sym.axes.length > 0;
  });
  // An operator may have the name of a built-in: over whole tensors it is meant, over scalars the built-in.
  if (isBuiltin(x.callee.name) && !whole) return undefined;
  const decl = s.op.scope.ops.get(x.callee.name);
  return decl === undefined ? undefined : { call: x, decl };
}

/** A resolved call: the instance, its arguments in the order of its parameters, and the extents of its results. */
export interface Resolved {
  readonly call: TOpCall;
  readonly results: readonly {
    readonly dtype: DType;
    readonly axes: readonly (readonly TExpr[])[];
    /** The same as axes of the caller, ragged ones included. */
    readonly shape: readonly TAxis[];
  }[];
  /** The callee's dims in terms of the caller; fields of packed rows have none. */
  readonly dims: Readonly<Record<string, TExpr>>;
}

/** Matches the arguments of a call, infers type parameters and sizes, proves shapes. Undefined after an error. */
export function resolveCall(c: OperatorCall, s: Scope): Resolved | undefined {
  const { call, decl } = c;
  const { op } = s;
  const name = decl.name.name;
  const given = matchArgs(c, s);
  if (given === undefined) return undefined;
  const types: Record<string, DType> = {};
  for (const t of decl.typeParams) {
    const found = decl.params.flatMap((p) => {
      const g = given.get(p.name.name);
      if (p.type.elem.kind !== 'name' || p.type.elem.name.name !== t.name.name || g === undefined) return [];
      if (g.sym !== undefined) return g.sym.elem.kind === 'scalar' ? [g.sym.elem.dtype] : [];
      return g.value === undefined ? [] : [g.value.type];
    });
    const [dtype] = found;
    if (dtype === undefined || !t.choices.includes(dtype)) {
      report(
        op,
        'call-types',
        { name, param: t.name.name, choices: t.choices, ...(dtype === undefined ? {} : { found: dtype }) },
        call.span,
      );
      return undefined;
    }
    types[t.name.name] = dtype;
  }
  const callee = op.scope.instance(decl, types);
  if (callee === 'recursive') {
    report(op, 'call-recursive', { name }, call.span);
    return undefined;
  }
  if (callee === undefined) return undefined;
  if (
    callee.params.some((p) => p.mode === 'inout') ||
    callee.raggeds.some((r) => r.origin === 'result') ||
    callee.results.some((r) => r.list !== undefined || r.type.elem.kind === 'row')
  ) {
    report(op, 'call-kind', { name }, call.span);
    return undefined;
  }
  const b: Binding = { dims: new Map(), packs: new Map(), raggeds: new Map(), params: new Map() };
  const args: TOpCall['args'][number][] = [];
  for (const p of callee.params) {
    const g = given.get(p.name);
    if (g?.sym !== undefined) {
      args.push({ kind: 'tensor', name: g.sym.name });
      continue;
    }
    const dtype = p.type.elem.kind === 'scalar' ? p.type.elem.dtype : 'u8';
    const v =
      g?.value === undefined
        ? literalOf(p.default, dtype, call.span)
        : store(op, value(g.value, { flex: flexOf.get(g.value) ?? 'no' }), dtype, false, g.value.span);
    if (v.bad) return undefined;
    const fixed = p.mode === 'const';
    if (
      !v.bad &&
      (fixed
        ? !isConstant(v.e, s)
        : sizeParams(decl).has(p.name) && some(v.e, (x) => x.kind === 'access' || x.kind === 'reduce'))
    ) {
      report(op, 'call-const', { name, param: p.name, fixed }, v.e.span);
      return undefined;
    }
    args.push({ kind: 'value', value: v.e });
    b.params.set(p.name, v.e);
  }
  if (!unifyShapes(callee, given, b, s, call.span)) return undefined;
  for (const f of callee.facts) {
    const cond = translate(f.cond, b);
    if (!holdsIn(cond, s)) op.conditions.push({ cond, text: text(cond, s), span: call.span });
  }
  const results = callee.results.map((r) => ({
    dtype: r.type.elem.kind === 'scalar' ? r.type.elem.dtype : ('u8' as const),
    axes: r.type.axes.flatMap((a) => axisExtents(a, b, call.span)),
    shape: r.type.axes.flatMap((a) => callerAxes(a, b)),
  }));
  const packs = [...b.packs].map(([id, extents]) => [id, product(extents, call.span)] as const);
  return { call: { op: callee, args, span: call.span }, results, dims: Object.fromEntries([...b.dims, ...packs]) };
}

/** True for expressions of literals and const parameters. */
const isConstant = (e: TExpr, s: Scope): boolean =>
  !some(e, (x) => {
    const leaf =
      x.kind === 'access' ||
      x.kind === 'dim' ||
      x.kind === 'var' ||
      x.kind === 'len' ||
      x.kind === 'base' ||
      x.kind === 'total' ||
      x.kind === 'local';
    return leaf || (x.kind === 'param' && s.op.decl?.params.find((p) => p.name.name === x.name)?.mode !== 'const');
  });
/** Names that stand in the sizes of a signature. */
const sizeParams = (decl: OpDecl): ReadonlySet<string> => new Set(sizesOf(decl).flatMap((e) => [...namesOf(e)]));

/** How scalar arguments adapt; literals and indices are settled by the parameter's type. */
const flexOf = new WeakMap<TExpr, 'no' | 'int' | 'float' | 'index'>();

function matchArgs(c: OperatorCall, s: Scope): Map<string, Given> | undefined {
  const { call, decl } = c;
  const given = new Map<string, Given>();
  let failed = false;
  call.args.forEach((a, i) => {
    const p = a.name === undefined ? decl.params[i] : decl.params.find((x) => x.name.name === a.name?.name);
    if (p === undefined || given.has(p.name.name)) {
      failed = true;
      if (a.name === undefined)
        report(
          s.op,
          'call-count',
          {
            name: decl.name.name,
            least: decl.params.filter((x) => x.default === undefined).length,
            most: decl.params.length,
            found: call.args.length,
          },
          a.span,
        );
      else report(s.op, 'call-named', { name: decl.name.name, argument: a.name.name }, a.name.span);
      return;
    }
    const scalar = p.mode !== 'inout' && p.list === undefined && p.type.axes.length === 0;
    const bare = bareName(a.value);
    const sym = bare === undefined ? undefined : s.op.symbols.get(bare);
    if (scalar) {
      const v = typeArg(a, s);
      failed ||= v.bad;
      const own = v.flex === 'no' ? settle(s.op, v) : v;
      flexOf.set(own.e, own.flex);
      given.set(p.name.name, { name: p.name.name, value: own.e });
      return;
    }
    if (sym?.kind !== 'tensor' || a.other !== undefined || a.policy !== undefined) {
      failed = true;
      report(s.op, 'call-tensor', { name: decl.name.name, param: p.name.name }, a.span);
      return;
    }
    s.op.used.add(sym.name);
    const progress = s.op.progress.get(sym.name);
    if (progress !== undefined && sym.role !== 'inout') {
      if (progress.pieces.length === 0) report(s.op, 'name-later', { name: sym.name }, a.span);
      progress.readSpan ??= a.span;
    }
    if (s.op.failed.has(sym.name)) failed = true;
    if (sym.presence !== undefined) report(s.op, 'absent-read', { what: `\`${decl.name.name}\`` }, a.span);
    if ((sym.list === undefined) !== (p.list === undefined)) {
      failed = true;
      report(s.op, sym.list === undefined ? 'list-none' : 'list-index', { name: sym.name }, a.span);
    }
    given.set(p.name.name, { name: p.name.name, sym });
  });
  for (const p of decl.params) {
    if (given.has(p.name.name) || p.default !== undefined || failed) continue;
    failed = true;
    report(s.op, 'call-missing', { name: decl.name.name, param: p.name.name }, call.span);
  }
  return failed ? undefined : given;
}

function literalOf(v: number | bigint | boolean | undefined, dtype: DType, span: Span): ReturnType<typeof value> {
  const type = widen(dtype);
  if (typeof v === 'boolean') return value({ kind: 'bool', value: v, type: 'bool', span });
  return value(
    DTYPES[dtype].group === 'float'
      ? { kind: 'float', value: Number(v ?? 0), type, span }
      : int(BigInt(v ?? 0), span, type),
  );
}
