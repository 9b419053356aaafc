import { assertNever } from '../../assert.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { TExpr, TIndex, TIndexPart } from '../typed.ts';
import type { Axis, OpContext, TensorSym } from './context.ts';
import { binary, int, mapParts, product, substitute } from './make.ts';

/** How many parts a tuple index of the axis has; 1 means that only a plain index is legal. */
export function partCount(axis: Axis): number {
  switch (axis.kind) {
    case 'dense':
      return axis.factors.length;
    case 'pairs':
      return 2;
    case 'let':
      return axis.parts.length;
    case 'pack':
    case 'ragged':
      return 1;
    default:
      return assertNever(axis, 'partCount');
  }
}

/** Within a list's type a per-element dim or listed ragged axis means the element at hand; elsewhere the element is named. */
function atElement(e: TExpr, list: TExpr | undefined, op: OpContext): TExpr {
  if (list === undefined) return e;
  const go = (x: TExpr): TExpr => {
    if (x.kind === 'dim' && x.list === undefined && op.dims.get(x.id)?.perElement !== undefined) return { ...x, list };
    if (
      (x.kind === 'len' || x.kind === 'total') &&
      x.list === undefined &&
      op.raggeds.get(x.ragged)?.ragged.listed === true
    )
      return mapParts({ ...x, list }, go);
    return mapParts(x, go);
  };
  return go(e);
}

/** An index value in range by construction: a clamped part is clipped to its axis. */
export function settled(p: TIndexPart): TExpr {
  if (p.policy !== 'clamp') return p.value;
  const span = p.value.span;
  const last = binary('sub', p.extent, int(1, span));
  return { kind: 'call', fn: 'clip', args: [p.value, int(0, span), last], type: 'i64', span };
}

/** Parts of an index, a flat one being a single part. */
export function indexParts(i: TIndex): readonly TIndexPart[] {
  return i.kind === 'flat' ? [i.part] : i.kind === 'parts' ? i.parts : [i.f, i.g];
}

/** Variables of `let` axes with the index values they stand for; a flat index of a tuple axis is taken apart. */
export function bindAxes(axes: readonly Axis[], index: readonly TIndex[]): ReadonlyMap<string, TExpr> {
  const map = new Map<string, TExpr>();
  axes.forEach((axis, k) => {
    const at = index[k];
    if (axis.kind !== 'let' || at === undefined) return;
    const values = indexParts(at).map(settled);
    axis.parts.forEach((part, j) => {
      if (part.var === undefined) return;
      const flat = values[0];
      if (values.length === axis.parts.length) {
        const v = values[j];
        if (v !== undefined) map.set(part.var.id, v);
      } else if (flat !== undefined) {
        const rest = axis.parts.slice(j + 1).map((p) => substitute(p.hi, map));
        const outer = rest.length === 0 ? flat : binary('floordiv', flat, product(rest, flat.span), flat.span);
        map.set(part.var.id, j === 0 ? outer : binary('mod', outer, substitute(part.hi, map), flat.span));
      }
    });
  });
  return map;
}

/**
 * What the parts of axis `k` are bounded by. `prior(i)` is the index at axis i to the left, asked for only where the extent depends on it;
 * undefined if it is unknown.
 */
export function extents(
  op: OpContext,
  sym: TensorSym,
  axes: readonly Axis[],
  k: number,
  prior: (i: number) => TIndex | undefined,
  list: TExpr | undefined,
  span: Span,
): readonly TExpr[] | undefined {
  const axis = axes[k];
  if (axis === undefined) return undefined;
  switch (axis.kind) {
    case 'dense':
      return axis.factors.map((f) => atElement(f, sym.list === undefined ? undefined : list, op));
    case 'pack':
      return [{ kind: 'dim', id: axis.dim, type: 'i64', span }];
    case 'pairs':
      return [axis.size, axis.size];
    case 'ragged': {
      const info = op.raggeds.get(axis.ragged);
      if (info === undefined) return undefined;
      const at: TIndex[] = [];
      for (let i = 0; i < k; i++) {
        const p = prior(i);
        if (p === undefined) return undefined;
        at.push(p);
      }
      return [
        {
          kind: 'len',
          ragged: axis.ragged,
          ...(info.ragged.listed && list !== undefined ? { list } : {}),
          at,
          type: 'i64',
          span,
        },
      ];
    }
    case 'let': {
      const needed = axes
        .slice(0, k)
        .map((a, i) => (a.kind === 'let' && axis.parts.some((p) => mentions(p.hi, a)) ? prior(i) : null));
      if (needed.includes(undefined)) return undefined;
      const map = new Map<string, TExpr>();
      axes.slice(0, k).forEach((a, i) => {
        const at = needed[i];
        if (at !== undefined && at !== null) for (const [id, e] of bindAxes([a], [at])) map.set(id, e);
      });
      return axis.parts.map((p) => substitute(p.hi, map));
    }
    default:
      return assertNever(axis, 'extents');
  }
}

function mentions(e: TExpr, axis: Axis): boolean {
  if (axis.kind !== 'let') return false;
  const ids = new Set(axis.parts.flatMap((p) => (p.var === undefined ? [] : [p.var.id])));
  let found = false;
  const go = (x: TExpr): TExpr => {
    if (x.kind === 'var' && ids.has(x.id)) found = true;
    return mapParts(x, go);
  };
  go(e);
  return found;
}

/** The extent of a whole axis, for one flat index. */
export function flatExtent(axis: Axis, each: readonly TExpr[], span: Span): TExpr {
  const [size] = each;
  if (axis.kind !== 'pairs' || size === undefined) return product(each, span);
  return binary('floordiv', binary('mul', size, binary('sub', size, int(1, span))), int(2, span), span);
}
