import { assertNever, must } from '../../assert.ts';
import { int, ix, floordiv, read, convert } from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { Expr } from '../ir/stage.ts';
import type { AxisIndex, LoopAxis, RaggedInfo, Tensor, ViewAxis } from './scope.ts';

const half = (e: Expr): Expr => floordiv(e, int(2));
/** Number of positions of an axis; a ragged one counts all rows, and needs the axes to its left. */
export function extentOf(axis: ViewAxis): Expr {
  switch (axis.kind) {
    case 'dense':
      return ix.product(axis.factors);
    case 'pairs':
      return half(ix.mul(axis.size, ix.sub(axis.size, int(1))));
    case 'ragged':
      throw new Error('internal: the extent of a ragged axis alone');
    default:
      return assertNever(axis, 'extentOf');
  }
}

/** Row-major position within one dense axis. Row f of pairs starts at f·F − f(f+1)/2. */
function positionIn(axis: ViewAxis, index: AxisIndex): Expr {
  if (index.kind === 'flat') return index.value;
  if (index.kind === 'parts') {
    if (axis.kind !== 'dense') throw new Error('internal: parts of an axis that is not composite');
    return ix.flat(index.values, axis.factors);
  }
  if (axis.kind !== 'pairs') throw new Error('internal: a pair on another axis');
  const twice = ix.mul(index.f, ix.sub(ix.sub(ix.mul(int(2), axis.size), index.f), int(1)));
  return ix.sub(ix.add(half(twice), ix.sub(index.g, index.f)), int(1));
}

/** Position in axes that lie one behind the other; a ragged axis turns what is left of it into a row. */
export function positionOf(axes: readonly ViewAxis[], index: readonly AxisIndex[], list: Expr | undefined): Expr {
  let at: Expr | undefined;
  axes.forEach((axis, k) => {
    const own = must(index[k], 'index of an axis');
    if (axis.kind === 'ragged') at = ix.add(rowStart(axis.ragged, at ?? int(0), list), positionIn(axis, own));
    else {
      const p = positionIn(axis, own);
      at = at === undefined ? p : ix.add(ix.mul(at, extentOf(axis)), p);
    }
  });
  return at ?? int(0);
}
/** Number of positions in axes that lie one behind the other. */
export function countOf(axes: readonly ViewAxis[], list: Expr | undefined): Expr {
  let n: Expr = int(1);
  for (const axis of axes) n = axis.kind === 'ragged' ? rowStart(axis.ragged, n, list) : ix.mul(n, extentOf(axis));
  return n;
}

/** offsets[row] as i64. `rowStart(number of rows)` is the total. */
export function rowStart(ragged: RaggedInfo, row: Expr, list: Expr | undefined): Expr {
  const offsets = ragged.offsets();
  const at: readonly AxisIndex[] = [{ kind: 'flat', value: row }];
  const own = ragged.listed ? list : undefined;
  return convert('i64', read(offsets.buf, offsets.dtype, locate(offsets, at, own), { list: listOf(offsets, own) }));
}
export const rowLength = (ragged: RaggedInfo, row: Expr, list: Expr | undefined): Expr =>
  ix.sub(rowStart(ragged, ix.add(row, int(1)), list), rowStart(ragged, row, list));
export const totalOf = (ragged: RaggedInfo, list: Expr | undefined): Expr =>
  rowStart(ragged, countOf(ragged.left(list), list), list);

/** The list index that an access of `t` carries: lets fold theirs into the index. */
export const listOf = (t: Tensor, list: Expr | undefined): Expr | undefined => (t.kind === 'let' ? undefined : list);

/** Buffer index of an element. */
export function locate(t: Tensor, index: readonly AxisIndex[], list: Expr | undefined): readonly Expr[] {
  if (t.kind === 'let') {
    const axes = letValues(t, index, list);
    return t.index.map((e) => substitute(e, { axes }));
  }
  const axes = t.axes(list);
  return t.groups.flatMap((g) => {
    const own = g.axes.map((k) => must(axes[k], 'axis of a group'));
    const at = g.axes.map((k) => must(index[k], 'index of a group'));
    const [first] = own;
    const [part] = at;
    if (!g.split || first?.kind !== 'dense') return [positionOf(own, at, list)];
    if (part?.kind !== 'parts') throw new Error('internal: a flat index into a split axis');
    return part.values;
  });
}

/** What each variable of a let is at an access. */
export function letValues(
  t: Extract<Tensor, { kind: 'let' }>,
  index: readonly AxisIndex[],
  list: Expr | undefined,
): ReadonlyMap<string, Expr> {
  const values = new Map<string, Expr>();
  if (t.list !== undefined) values.set(t.list.id, must(list, 'list index'));
  t.vars.forEach((vars, k) => {
    const at = must(index[k], 'index of a let');
    const parts = at.kind === 'parts' ? at.values : at.kind === 'pair' ? [at.f, at.g] : unflatten(vars, at.value);
    vars.forEach((v, i) => values.set(v.id, must(parts[i], 'part of an index')));
  });
  return values;
}
function unflatten(vars: readonly LoopAxis[], flat: Expr): readonly Expr[] {
  if (vars.length === 1) return [flat];
  const out: Expr[] = [];
  let rest = flat;
  for (const v of [...vars].reverse()) {
    const n = ix.sub(v.hi, v.lo);
    out.unshift(ix.add(v.lo, { kind: 'binary', type: 'i64', op: 'mod', a: rest, b: n }));
    rest = floordiv(rest, n);
  }
  return out;
}
