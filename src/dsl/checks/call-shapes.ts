import type { Span } from '../../diagnostics/span.ts';
import type { TAxis, TExpr, TOp } from '../typed.ts';
import { report } from './context.ts';
import type { Axis, Scope, TensorSym } from './context.ts';
import { binary, int, mapParts, product, same } from './make.ts';
import { text } from './operators.ts';
import { equalIn } from './proofs.ts';

/** An argument that has been matched to a parameter. */
export interface Given {
  readonly name: string;
  readonly sym?: TensorSym;
  readonly value?: TExpr;
}
/** What the callee's sizes are at the call. */
export interface Binding {
  readonly dims: Map<string, TExpr>;
  readonly packs: Map<string, readonly TExpr[]>;
  readonly raggeds: Map<string, { readonly ragged: string }>;
  readonly params: Map<string, TExpr>;
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

/** What the axes of a tensor of the caller hold. */
export const callerExtents = (a: Axis, span: Span): readonly TExpr[] => {
  if (a.kind === 'dense') return a.factors;
  if (a.kind === 'let') return a.parts.map((p) => p.hi);
  if (a.kind === 'pack') return [{ kind: 'dim', id: a.dim, type: 'i64', span }];
  if (a.kind === 'pairs')
    return [binary('floordiv', binary('mul', a.size, binary('sub', a.size, int(1, span))), int(2, span))];
  return [{ kind: 'total', ragged: a.ragged, type: 'i64', span }];
};

/** Extents of the axes that one axis of the callee is at the call: several for a pack. */
export function axisExtents(a: TAxis, b: Binding, span: Span): readonly (readonly TExpr[])[] {
  if (a.kind === 'pack') return (b.packs.get(a.dim) ?? []).map((e) => [e]);
  if (a.kind === 'dense') return [a.factors.map((f) => translate(f, b))];
  if (a.kind === 'pairs') return [[translate(a.size, b), translate(a.size, b)]];
  return [[{ kind: 'total', ragged: b.raggeds.get(a.ragged)?.ragged ?? a.ragged, type: 'i64', span }]];
}

/** An axis of the callee as axes of the caller: several for a pack. */
export function callerAxes(a: TAxis, b: Binding): readonly TAxis[] {
  if (a.kind === 'pack') return (b.packs.get(a.dim) ?? []).map((e) => ({ kind: 'dense', factors: [e] }));
  if (a.kind === 'dense') return [{ kind: 'dense', factors: a.factors.map((f) => translate(f, b)) }];
  if (a.kind === 'pairs') return [{ kind: 'pairs', size: translate(a.size, b) }];
  return [{ kind: 'ragged', ragged: b.raggeds.get(a.ragged)?.ragged ?? a.ragged }];
}

/** Binds the callee's dims from the arguments, in the order it binds them itself, and checks every other occurrence. */
export function unifyShapes(callee: TOp, given: ReadonlyMap<string, Given>, b: Binding, s: Scope, span: Span): boolean {
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
