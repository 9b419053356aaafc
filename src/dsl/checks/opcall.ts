import type { Span } from '../../diagnostics/span.ts';
import type { Define, Target } from '../ast.ts';
import { DTYPES } from '../dtypes.ts';
import type { DType } from '../dtypes.ts';
import type { TLhs, TStmt, TTarget, TVar } from '../typed.ts';
import { callerExtents } from './call-shapes.ts';
import { report } from './context.ts';
import type { LetAxis, Scope } from './context.ts';
import { declareLet } from './lets.ts';
import { int, product } from './make.ts';
import { resolveType, text } from './operators.ts';
import { equalIn } from './proofs.ts';
import { resolveCall } from './resolve-call.ts';
import type { OperatorCall, Resolved } from './resolve-call.ts';
import { bindDeclared, bindLet, definable, targetOf } from './targets.ts';

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
    d.isLet ? letResult(t, done?.results[i], near, s) : ownResult(t, done?.results[i], near, s),
  );
  if (done === undefined || targets.includes(undefined) || d.targets.length !== c.decl.results.length) return undefined;
  const [first] = d.targets;
  const sym = first === undefined ? undefined : op.symbols.get(first.name.name);
  const role = d.isLet ? 'let' : sym?.kind === 'tensor' && sym.role === 'inout' ? 'inout' : 'result';
  return { kind: 'call', role, targets: targets.filter((t) => t !== undefined), near, call: done.call, span: d.span };
}

type Shape = Resolved['results'][number] | undefined;

/** True if a result of the callee may be stored as `to`: of the same type, or rounded by `near`. */
const storable = (from: DType, to: DType, near: boolean): boolean =>
  from === to || (near && DTYPES[from].group === 'float' && DTYPES[to].group === 'float');

function letResult(t: Target, shape: Shape, near: boolean, s: Scope): TTarget | undefined {
  const written = t.type === undefined ? undefined : resolveType(t.type.name, t.type.span, s.op);
  if (t.type !== undefined && written !== undefined && shape !== undefined && !storable(shape.dtype, written, near))
    report(s.op, 'type-narrow', { found: shape.dtype, wanted: written }, t.type.span);
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
  const dtype = written ?? shape?.dtype ?? 'f32';
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
  if (!storable(shape.dtype, dtype, near)) report(s.op, 'type-narrow', { found: shape.dtype, wanted: dtype }, t.span);
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
