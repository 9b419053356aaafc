import { axisRef, int, ix } from '../ir/build.ts';
import { sameExpr } from '../ir/rewrite.ts';
import type { AxisId, Expr } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { lengthOf, nonNegative, upperBound } from './known.ts';
import { countOf, rowStart, totalOf } from './place.ts';
import type { LoopAxis, RaggedInfo } from './scope.ts';

/** Storage of a temporary over loop axes: `index` is over their ids. */
export interface Layout {
  readonly shape: readonly Expr[];
  readonly index: readonly Expr[];
  /** An extent depends on an index: there is no dense storage, `index` are the axes themselves. */
  readonly virtual: boolean;
  /** Set where the first extent is the total of a ragged result, whose room the caller limits. */
  readonly capacity?: string;
}

interface Part {
  readonly ids: readonly AxisId[];
  readonly index: Expr;
  readonly extent: Expr;
  readonly ragged?: RaggedInfo;
}

/**
 * One buffer axis for each loop axis, except that a loop over the rows of a ragged axis joins the loops that make up its row, as in the ragged
 * tensor itself: over (b, l in L) the shape is [total(L)]. An extent that depends on an index falls back to a bound from above, if one is plain;
 * with `stored`, which is for what no reader can compute by itself, a row then counts as long as all rows together.
 */
export function layoutOf(axes: readonly LoopAxis[], stored = false): Layout {
  const virtual = { shape: axes.map((x) => x.hi), index: axes.map((x) => axisRef(x.id)), virtual: true };
  let parts: readonly Part[] = [];
  for (const a of axes) {
    const next = raggedPart(a, parts) ?? densePart(a, axes, stored);
    if (next === undefined) return virtual;
    parts = [...parts.filter((p) => !next.ids.includes(p.ids[0] ?? '')), next];
  }
  // Room along a ragged result is what the caller gives: that axis comes first, where its bound can be told from an address.
  const limited = parts.filter((p) => p.ragged?.origin === 'result');
  if (limited.length > 1) return virtual;
  const result = limited[0]?.ragged;
  parts = [...limited, ...parts.filter((p) => !limited.includes(p))];
  return {
    shape: parts.map((p) => p.extent),
    index: parts.map((p) => p.index),
    virtual: false,
    ...(result === undefined ? {} : { capacity: result.id }),
  };
}

function densePart(a: LoopAxis, axes: readonly LoopAxis[], stored: boolean): Part | undefined {
  const fixed = freeAxes(a.lo).size === 0 && freeAxes(a.hi).size === 0;
  if (fixed) return { ids: [a.id], index: ix.sub(axisRef(a.id), a.lo), extent: lengthOf(a, { axes }) };
  const bound = nonNegative(a.lo, { axes }) ? upperBound(a.hi, { axes }) : undefined;
  if (bound !== undefined)
    return { ids: [a.id], index: axisRef(a.id), extent: lengthOf({ ...a, lo: int(0), hi: bound }, { axes }) };
  const ragged = stored ? allRows(a) : undefined;
  if (ragged === undefined) return undefined;
  return { ids: [a.id], index: axisRef(a.id), extent: totalOf(ragged, a.row?.list), ragged };
}

function raggedPart(a: LoopAxis, parts: readonly Part[]): Part | undefined {
  if (a.row === undefined || !sameExpr(a.lo, int(0))) return undefined;
  const { ragged, position, list } = a.row;
  if (list !== undefined && freeAxes(list).size > 0) return undefined;
  const needed = freeAxes(position);
  const rows = parts.filter((p) => p.ids.every((id) => needed.has(id)));
  if (rows.flatMap((p) => p.ids).length !== needed.size) return undefined;
  const flat = ix.flat(
    rows.map((p) => p.index),
    rows.map((p) => p.extent),
  );
  const extents = ix.product(rows.map((p) => p.extent));
  if (!sameExpr(flat, position) || !sameExpr(extents, countOf(ragged.left(list), list))) return undefined;
  return {
    ids: [...rows.flatMap((p) => p.ids), a.id],
    index: ix.add(rowStart(ragged, position, list), axisRef(a.id)),
    extent: totalOf(ragged, list),
    ragged,
  };
}
/** The ragged axis whose rows all together are as long as no single one can be. */
function allRows(a: LoopAxis): RaggedInfo | undefined {
  if (a.row === undefined || (a.row.list !== undefined && freeAxes(a.row.list).size > 0)) return undefined;
  return a.row.ragged;
}
