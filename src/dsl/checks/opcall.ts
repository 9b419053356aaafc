import type { Span } from '../../diagnostics/span.ts';
import type { Define, Expr, OpDecl, Target } from '../ast.ts';
import type { DType } from '../dtypes.ts';
import { DTYPES, widen } from '../dtypes.ts';
import type { TAxis, TExpr, TLhs, TOp, TOpCall, TStmt, TTarget, TVar } from '../typed.ts';
import { typeArg } from './guard.ts';
import { report } from './context.ts';
import type { CallExpr, Axis, LetAxis, Scope, TensorSym } from './context.ts';
import { namesOf, sizesOf } from './dims.ts';
import { declareLet } from './lets.ts';
import { binary, int, mapParts, product, same, some } from './make.ts';
import { isBuiltin, isDType } from './names.ts';
import { text } from './operators.ts';
import { equalIn, holdsIn } from './proofs.ts';
import { bareName } from './ranges.ts';
import { bindDeclared, bindLet, definable, targetOf } from './targets.ts';
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

/** An argument that has been matched to a parameter. */
interface Given {
  readonly name: string;
  readonly sym?: TensorSym;
  readonly value?: TExpr;
}
/** What the callee's sizes are at the call. */
interface Binding {
  readonly dims: Map<string, TExpr>;
  readonly packs: Map<string, readonly TExpr[]>;
  readonly raggeds: Map<string, { readonly ragged: string }>;
  readonly params: Map<string, TExpr>;
}

/** A resolved call: the instance, its arguments in the order of its parameters, and the extents of its results. */
export interface Resolved {
  readonly call: TOpCall;
  readonly results: readonly { readonly dtype: DType; readonly axes: readonly (readonly TExpr[])[] }[];
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
  }));
  return { call: { op: callee, args, span: call.span }, results };
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
    if (sym?.kind !== 'tensor' || a.other !== undefined) {
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

/** A size of the callee in terms of the caller. */
export function translate(e: TExpr, b: Binding): TExpr {
  if (e.kind === 'dim') {
    const pack = b.packs.get(e.id);
    return pack === undefined ? (b.dims.get(e.id) ?? e) : product(pack, e.span);
  }
  if (e.kind === 'param') return b.params.get(e.name) ?? e;
  const parts = mapParts(e, (x) => translate(x, b));
  if (parts.kind === 'convert' && parts.a.type === parts.type) return parts.a;
  return parts.kind === 'len' || parts.kind === 'base' || parts.kind === 'total'
    ? { ...parts, ragged: b.raggeds.get(parts.ragged)?.ragged ?? parts.ragged }
    : parts;
}

const callerExtents = (a: Axis, span: Span): readonly TExpr[] => {
  if (a.kind === 'dense') return a.factors;
  if (a.kind === 'let') return a.parts.map((p) => p.hi);
  if (a.kind === 'pack') return [{ kind: 'dim', id: a.dim, type: 'i64', span }];
  if (a.kind === 'pairs')
    return [binary('floordiv', binary('mul', a.size, binary('sub', a.size, int(1, span))), int(2, span))];
  return [{ kind: 'total', ragged: a.ragged, type: 'i64', span }];
};

/** Extents of the axes that one axis of the callee is at the call: several for a pack. */
function axisExtents(a: TAxis, b: Binding, span: Span): readonly (readonly TExpr[])[] {
  if (a.kind === 'pack') return (b.packs.get(a.dim) ?? []).map((e) => [e]);
  if (a.kind === 'dense') return [a.factors.map((f) => translate(f, b))];
  if (a.kind === 'pairs') return [[translate(a.size, b), translate(a.size, b)]];
  return [[{ kind: 'total', ragged: b.raggeds.get(a.ragged)?.ragged ?? a.ragged, type: 'i64', span }]];
}

/** Binds the callee's dims from the arguments, in the order it binds them itself, and checks every other occurrence. */
function unifyShapes(callee: TOp, given: ReadonlyMap<string, Given>, b: Binding, s: Scope, span: Span): boolean {
  const pairs: { readonly param: string; readonly axis: number; readonly theirs: TAxis; readonly ours: Axis }[] = [];
  const fail = (param: string, ours: string, theirs: string): false => {
    report(s.op, 'call-shape', { name: callee.name, param, found: ours, wanted: theirs }, span);
    return false;
  };
  for (const p of callee.params) {
    const sym = given.get(p.name)?.sym;
    if (sym === undefined) continue;
    if (p.type.elem.kind === 'row' || sym.elem.kind === 'row' || p.type.elem.dtype !== sym.elem.dtype) {
      if (JSON.stringify(p.type.elem) !== JSON.stringify(sym.elem))
        return fail(
          p.name,
          sym.elem.kind === 'scalar' ? sym.elem.dtype : 'a row',
          p.type.elem.kind === 'scalar' ? p.type.elem.dtype : 'a row',
        );
    }
    const { axes } = p.type;
    const packAt = axes.findIndex((a) => a.kind === 'pack');
    const spare = sym.axes.length - axes.length;
    if (packAt < 0 ? spare !== 0 : spare < -1) return fail(p.name, `${sym.axes.length} axes`, `${axes.length}`);
    axes.forEach((theirs, axis) => {
      if (theirs.kind === 'pack') {
        const mine = sym.axes.slice(axis, axis + spare + 1).flatMap((a) => callerExtents(a, span));
        const known = b.packs.get(theirs.dim);
        if (known === undefined) b.packs.set(theirs.dim, mine);
        return;
      }
      const ours = sym.axes[packAt >= 0 && axis > packAt ? axis + spare : axis];
      if (ours !== undefined) pairs.push({ param: p.name, axis, theirs, ours });
    });
  }
  for (const q of pairs) {
    if (q.theirs.kind === 'ragged') {
      if (q.ours.kind !== 'ragged') return fail(q.param, 'a plain axis', 'a ragged axis');
      const bound = b.raggeds.get(q.theirs.ragged);
      if (bound !== undefined && bound.ragged !== q.ours.ragged)
        return fail(q.param, `~${q.ours.ragged}`, `~${bound.ragged}`);
      b.raggeds.set(q.theirs.ragged, { ragged: q.ours.ragged });
    } else if (q.ours.kind === 'ragged') return fail(q.param, 'a ragged axis', 'a plain axis');
  }
  for (const d of callee.dims) {
    if (d.source.kind === 'derived') b.dims.set(d.id, translate(d.source.size, b));
    if (d.source.kind !== 'axis' || d.source.field !== undefined) continue;
    const { param, axis, factor } = d.source;
    const q = pairs.find((x) => x.param === param && x.axis === axis);
    if (q?.theirs.kind !== 'dense') continue;
    const ours = callerExtents(q.ours, span);
    const direct = ours.length === q.theirs.factors.length ? ours[factor] : undefined;
    const others = q.theirs.factors.filter((_, i) => i !== factor).map((f) => translate(f, b));
    b.dims.set(d.id, direct ?? binary('floordiv', product(ours, span), product(others, span)));
  }
  for (const q of pairs) {
    if (q.theirs.kind !== 'dense') continue;
    const ours = product(callerExtents(q.ours, span), span);
    const theirs = product(
      q.theirs.factors.map((f) => translate(f, b)),
      span,
    );
    if (!same(ours, theirs) && !equalIn(ours, theirs, s)) return fail(q.param, text(ours, s), text(theirs, s));
  }
  return true;
}

/** `let p[n, c] = log_softmax(x);`, `y[b, d] = near rmsnorm(x, g);`: one target per result. */
export function checkOpCall(d: Define, c: OperatorCall, near: boolean, s: Scope): TStmt | undefined {
  const { op } = s;
  if (d.where !== undefined) report(op, 'call-where', { name: c.decl.name.name }, d.where.span);
  const done = resolveCall(c, s);
  if (done !== undefined && d.targets.length !== c.decl.results.length) {
    report(
      op,
      'call-results',
      { name: c.decl.name.name, wanted: c.decl.results.length, found: d.targets.length },
      d.span,
    );
  }
  const targets = d.targets.map((t, i) =>
    d.isLet ? letResult(t, done?.results[i], s) : ownResult(t, done?.results[i], near, s),
  );
  if (done === undefined || targets.includes(undefined) || d.targets.length !== c.decl.results.length) return undefined;
  const [first] = d.targets;
  const sym = first === undefined ? undefined : op.symbols.get(first.name.name);
  const role = d.isLet ? 'let' : sym?.kind === 'tensor' && sym.role === 'inout' ? 'inout' : 'result';
  return { kind: 'call', role, targets: targets.filter((t) => t !== undefined), near, call: done.call, span: d.span };
}

type Shape = Resolved['results'][number] | undefined;

function letResult(t: Target, shape: Shape, s: Scope): TTarget | undefined {
  if (t.type !== undefined && isDType(t.type.name) && shape !== undefined && t.type.name !== shape.dtype)
    report(s.op, 'type-narrow', { found: shape.dtype, wanted: t.type.name }, t.type.span);
  const axes: LetAxis[] = [];
  const index: TLhs[] = [];
  const vars: TVar[] = [];
  const failed = shape === undefined || shape.axes.length !== t.index.length;
  if (shape !== undefined && failed)
    report(s.op, 'index-rank', { name: t.name.name, wanted: shape.axes.length, found: t.index.length }, t.span);
  const ranges = shape?.axes ?? [];
  const bound = bindLet({ ...t, index: [] }, [], s);
  if (!failed) {
    let scope = s;
    t.index.forEach((l, k) => {
      const each = ranges[k] ?? [];
      const parts = l.kind === 'tuple' ? l.parts : [l];
      if (parts.length !== 1 && parts.length !== each.length)
        report(s.op, 'index-tuple', { name: t.name.name, axis: k, wanted: each.length, found: parts.length }, l.span);
      const made = parts.map((p, j): TVar | undefined => {
        if (p.kind !== 'bind' || p.domain !== undefined) {
          report(s.op, 'call-index', {}, p.span);
          return undefined;
        }
        const hi = parts.length === 1 ? product(each, p.span) : (each[j] ?? int(0, p.span));
        const one = bindLet(
          { ...t, index: [{ ...p, domain: { kind: 'extent', size: ZERO(p.span), span: p.span } }] },
          [],
          scope,
        );
        const [v] = one.vars;
        if (v === undefined) return undefined;
        const ranged = { ...v, hi };
        vars.push(ranged);
        scope = { ...scope, vars: new Map([...scope.vars, [v.name, ranged]]) };
        return ranged;
      });
      axes.push({ kind: 'let', parts: made.flatMap((v) => (v === undefined ? [] : [{ var: v, hi: v.hi }])) });
      const lhs = made.flatMap((v): readonly TLhs[] => (v === undefined ? [] : [{ kind: 'var', var: v }]));
      const [first] = lhs;
      if (first !== undefined) index.push(l.kind === 'tuple' ? { kind: 'tuple', parts: lhs } : first);
    });
  }
  const dtype = shape?.dtype ?? 'f32';
  const whole = { ...bound, index, vars };
  declareLet(t, whole, axes, { dtype, failed }, s);
  return failed ? undefined : targetOf(t, whole, dtype);
}
const ZERO = (span: Span) => ({ kind: 'int' as const, value: 0n, hex: false, text: '0', span });

function ownResult(t: Target, shape: Shape, near: boolean, s: Scope): TTarget | undefined {
  const sym = definable(t, s);
  if (sym === undefined) return undefined;
  const bound = bindDeclared(t, sym, sym.axes, undefined, s, sym.name);
  s.op.progress.get(sym.name)?.pieces.push({ span: t.span, sides: bound.sides });
  if (shape === undefined) {
    s.op.failed.add(sym.name);
    return undefined;
  }
  const dtype = sym.elem.kind === 'scalar' ? sym.elem.dtype : 'u8';
  if (dtype !== shape.dtype && !(near && DTYPES[dtype].group === 'float' && DTYPES[shape.dtype].group === 'float'))
    report(s.op, 'type-narrow', { found: shape.dtype, wanted: dtype }, t.span);
  const ours = sym.axes.map((a) => callerExtents(a, t.span));
  const fits =
    ours.length === shape.axes.length &&
    ours.every((o, k) => equalIn(product(o, t.span), product(shape.axes[k] ?? [], t.span), s));
  if (!fits && !bound.failed)
    report(
      s.op,
      'call-result-shape',
      {
        name: sym.name,
        wanted: ours.map((o) => text(product(o, t.span), s)).join(', '),
        found: shape.axes.map((o) => text(product(o, t.span), s)).join(', '),
      },
      t.span,
    );
  if (bound.sides.some((x) => !x.full)) report(s.op, 'call-index', {}, t.span);
  return bound.failed || !fits ? undefined : targetOf(t, bound, dtype);
}
