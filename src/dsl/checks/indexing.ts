import type { Span } from '../../diagnostics/span.ts';
import type { Expr, Index } from '../ast.ts';
import type { TExpr, TIndex, TIndexPart } from '../typed.ts';
import { quietly, report } from './context.ts';
import type { Axis, Scope, TensorSym } from './context.ts';
import { convert, product, same } from './make.ts';
import { describe, text } from './operators.ts';
import { holdsIn, inRange, knownOf, readsData } from './proofs.ts';
import { extents, flatExtent, partCount } from './shape.ts';
import { isIntType, settle } from './value.ts';
import type { Value } from './value.ts';

/** An index of a list, in `0..size`. */
export function elementOf(index: Expr, size: TExpr, name: string, s: Scope): TExpr | undefined {
  const v = asIndex(s.op.typeExpr(index, s), s);
  if (v.bad) return undefined;
  if (!inRangeOf(v.e, size, s)) {
    report(s.op, 'list-range', { name, index: text(v.e, s), size: text(size, s) }, index.span);
    return undefined;
  }
  return v.e;
}

function inRangeOf(v: TExpr, extent: TExpr, s: Scope): boolean {
  if (v.kind === 'var') {
    for (const x of s.vars.values())
      if (x.id === v.id && x.lo.kind === 'int' && x.lo.value >= 0n && same(x.hi, extent)) return true;
  }
  return inRange(v, extent, s);
}

/** An index value: integers of any width but u64, as i64. */
function asIndex(v: Value, s: Scope): Value {
  const own = settle(s.op, v);
  if (own.bad || own.e.type === 'i64') return own;
  if (!isIntType(own.e.type) || own.e.type === 'u64') {
    report(s.op, 'index-type', { found: describe(v) }, v.e.span);
    return { ...own, bad: true };
  }
  return { ...own, e: convert(own.e, 'i64') };
}

/** Parts of a written index: those of a tuple, or the whole. */
export function writtenParts(index: Index): readonly Expr[] | undefined {
  let e = index.expr;
  while (e.kind === 'paren') e = e.operand;
  return e.kind === 'tuple' ? e.parts : undefined;
}

/** Types the indices of an access and settles the policy of each part. `what` names the tensor in messages. */
export function typeIndex(
  written: readonly Index[],
  sym: TensorSym,
  axes: readonly Axis[],
  list: TExpr | undefined,
  s: Scope,
  span: Span,
  what: string,
): { readonly index: readonly TIndex[]; readonly absent: boolean } | undefined {
  if (written.length !== axes.length) {
    report(s.op, 'index-rank', { name: what, wanted: axes.length, found: written.length }, span);
    for (const w of written) for (const p of writtenParts(w) ?? [w.expr]) s.op.typeExpr(p, s);
    return undefined;
  }
  const index: TIndex[] = [];
  let absent = false;
  let failed = false;
  written.forEach((w, k) => {
    const axis = axes[k];
    if (axis === undefined) return;
    const tuple = writtenParts(w);
    const values = (tuple ?? [w.expr]).map((p) => asIndex(s.op.typeExpr(p, s), s));
    for (const v of values) absent ||= v.absent;
    if (tuple !== undefined && (tuple.length !== partCount(axis) || partCount(axis) < 2)) {
      report(s.op, 'index-tuple', { name: what, axis: k, wanted: partCount(axis), found: tuple.length }, w.span);
      failed = true;
      return;
    }
    const each = failed ? undefined : extents(s.op, sym, axes, k, (i) => index[i], list, w.span);
    if (each === undefined || values.some((v) => v.bad)) {
      failed = true;
      return;
    }
    const bounds = tuple === undefined ? [flatExtent(axis, each, w.span)] : each;
    const made = values.map((v, j) =>
      part(w, v.e, bounds[j] ?? product(each, w.span), s, { what, axis: k, span: (tuple?.[j] ?? w).span }),
    );
    if (made.some((m) => m === undefined)) failed = true;
    const done = made.filter((m) => m !== undefined);
    const [first, second] = done;
    if (first === undefined || done.length !== values.length) return;
    if (axis.kind === 'pairs' && second !== undefined)
      index.push(pair(first, second, axis.size, s, { what, axis: k, span: w.span }));
    else index.push(tuple === undefined ? { kind: 'flat', part: first } : { kind: 'parts', parts: done });
  });
  return failed ? undefined : { index, absent };
}

interface Place {
  readonly what: string;
  readonly axis: number;
  readonly span: Span;
}

/** One part of an index with its policy; undefined after an error. */
function part(w: Index, v: TExpr, extent: TExpr, s: Scope, at: Place): TIndexPart | undefined {
  if (w.policy !== 'none') return { value: v, extent, policy: w.policy };
  if (s.op.quiet > 0) return { value: v, extent, policy: s.guarded ? 'guarded' : 'proven' };
  if (inRangeOf(v, extent, s)) return { value: v, extent, policy: 'proven' };
  if (s.guarded) return { value: v, extent, policy: 'guarded' };
  const shown = text(v, s);
  const params = { name: at.what, axis: at.axis, index: shown, extent: text(extent, s) };
  const nameOf = (id: string): string =>
    [...s.vars.values()].find((x) => x.id === id)?.name ?? id.replace(/\.\d+$/, '');
  if (v.kind === 'var' && !readsData(extent, s)) {
    const x = [...s.vars.values()].find((y) => y.id === v.id);
    report(
      s.op,
      'index-extent',
      { ...params, range: x === undefined ? '' : `${text(x.lo, s)}..${text(x.hi, s)}` },
      at.span,
    );
  } else if (readsData(v, s)) report(s.op, 'index-data', params, at.span);
  else report(s.op, 'index-range', { ...params, known: knownOf(v, s, nameOf) }, at.span);
  return undefined;
}

function pair(f: TIndexPart, g: TIndexPart, size: TExpr, s: Scope, at: Place): TIndex {
  const ordered: TExpr = { kind: 'binary', op: 'lt', a: f.value, b: g.value, type: 'bool', span: at.span };
  const proven = f.policy === 'proven' && g.policy === 'proven';
  if (proven && !holdsIn(ordered, s)) {
    if (s.guarded) return { kind: 'pair', f: { ...f, policy: 'guarded' }, g: { ...g, policy: 'guarded' }, size };
    report(s.op, 'index-pair', { name: at.what, f: text(f.value, s), g: text(g.value, s) }, at.span);
  }
  return { kind: 'pair', f, g, size };
}

/** Arguments of `len` and `base`: indices of the axes to the left of a ragged axis. */
export function typeRow(
  args: readonly Index[],
  axes: readonly Axis[],
  s: Scope,
  span: Span,
  what: string,
): readonly TIndex[] | undefined {
  const sym: TensorSym = { kind: 'tensor', name: what, span, role: 'in', elem: { kind: 'scalar', dtype: 'i64' }, axes };
  return typeIndex(args, sym, axes, undefined, s, span, what)?.index;
}

/** The extents of one axis of a named tensor as an index that stands bare in it has them; undefined if it cannot be told yet. */
export function extentAt(
  sym: TensorSym,
  axes: readonly Axis[],
  k: number,
  j: number | undefined,
  written: readonly Index[],
  list: TExpr | undefined,
  s: Scope,
  span: Span,
): TExpr | undefined {
  const prior = (i: number): TIndex | undefined => {
    const w = written[i];
    if (w === undefined) return undefined;
    return quietly(s.op, () => {
      const tuple = writtenParts(w);
      const parts: TIndexPart[] = [];
      for (const p of tuple ?? [w.expr]) {
        const v = asIndex(s.op.typeExpr(p, s), s);
        if (v.bad) return undefined;
        const each = extents(s.op, sym, axes, i, prior, list, span);
        const axis = axes[i];
        const bound =
          axis === undefined || each === undefined
            ? undefined
            : tuple === undefined
              ? flatExtent(axis, each, span)
              : each[parts.length];
        if (bound === undefined) return undefined;
        parts.push({ value: v.e, extent: bound, policy: w.policy === 'none' ? 'proven' : w.policy });
      }
      const [first] = parts;
      if (first === undefined) return undefined;
      return tuple === undefined ? { kind: 'flat' as const, part: first } : { kind: 'parts' as const, parts };
    });
  };
  const axis = axes[k];
  const each = extents(s.op, sym, axes, k, prior, list, span);
  if (axis === undefined || each === undefined) return undefined;
  return j === undefined ? flatExtent(axis, each, span) : each[j];
}
