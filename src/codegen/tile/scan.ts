import { must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { ValueType } from '../../dsl/dtypes.ts';
import { keyOf } from '../ir/rewrite.ts';
import type { Axis, Stage } from '../ir/stage.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';
import { lowerStore, storedAs } from './access.ts';
import { walksRow } from './affine.ts';
import type { Rows } from './affine.ts';
import { combine } from './fold.ts';
import { boundsOf, sweep } from './loops.ts';
import { assign, bind, branched, declare, laneAt, valueOf, withAxis, withLane } from './scope.ts';
import type { Scope } from './scope.ts';
import { identity } from './values.ts';
import { laneable } from './vectorise.ts';

export type Scan = Stage & { readonly kind: 'scan' };

/** True if every element of the row takes part and has a result of its own, all of them in the accumulator's type. */
export function isWholeScan(s: Scan): boolean {
  const at = s.axes.find((a) => a.id === s.at);
  if (at === undefined || s.when !== undefined || s.where !== undefined || s.out.list !== undefined) return false;
  if (widen(s.acc) !== s.acc || s.acc === 'bool' || s.body.type === 'bool') return false;
  return keyOf(at.lo) === keyOf(s.along.lo) && keyOf(at.hi) === keyOf(s.along.hi);
}
/** True if such a scan can take several elements of a row at once. */
export const scansInLanes = (s: Scan, buffer: Rows): boolean =>
  isWholeScan(s) && s.out.field === undefined && walksRow(s.out, s.at, buffer) && laneable(s.body, s.along.id);

/** How a whole scan walks its row. Sums of f32 are carried in f64: the error of a long row is that of its last few additions. */
export function walkOf(stage: Scan): {
  readonly at: Axis;
  readonly type: ValueType;
  /** Type of what is carried from step to step. */
  readonly wide: ValueType;
  readonly reverse: boolean;
  readonly exclusive: boolean;
} {
  const type = widen(stage.acc);
  return {
    at: must(
      stage.axes.find((a) => a.id === stage.at),
      'scanned axis',
    ),
    type,
    wide: type === 'f32' && stage.monoid === 'add' ? 'f64' : type,
    reverse: stage.compare === 'ge' || stage.compare === 'gt',
    exclusive: stage.compare === 'lt' || stage.compare === 'gt',
  };
}

/**
 * Prefix folds of vectors, each joined with the fold of all before it. The accumulator takes a vector's total, which is computed beside its prefixes, so
 * that steps wait for one another by one operation only. Sums of f32 are carried in f64: the error of a long row is that of its last few additions.
 * Backward scans mirror the place of each step.
 */
export function lowerScanLanes(
  stage: Scan,
  s: Scope,
  { lanes, unroll }: { readonly lanes: number; readonly unroll: number },
  stream: (view: Scope) => boolean,
): void {
  const { at, type, wide, reverse, exclusive } = walkOf(stage);
  const acc = declare(s, 'acc', identity(stage.monoid, wide));
  const before = (): Val => t.convert(acc, type);
  const dtype = storedAs(stage.out, s);
  const [lo, hi] = boundsOf(at, s);
  const place = (step: Val, width: number): Val => (reverse ? t.sub(t.sub(t.add(lo, hi), t.int(width)), step) : step);
  const join = (a: Val, x: Val): Val => (reverse ? combine(stage.monoid, x, a) : combine(stage.monoid, a, x));

  const vector = (inner: Scope, base: Val): void => {
    const view = (axis: Axis): Scope => withLane(branched(inner), laneAt(axis.id, lanes, base, 0, false));
    const value = bind(inner, 'value', t.splat(t.convert(valueOf(stage.body, view(stage.along)), type), lanes));
    const [id, total] = [inner.fresh('prefix'), inner.fresh('total')];
    const { monoid } = stage;
    inner.block.ops.push({ kind: 'scanTile', id, monoid, value, exclusive, reverse, within: 'vector' });
    inner.block.ops.push({ kind: 'reduceTile', id: total, monoid, value, within: 'vector' });
    const out = view(at);
    lowerStore(stage.out, dtype, join(t.splat(before(), lanes), t.name(id, value.ty)), out, !reverse && stream(out));
    assign(inner, acc, join(acc, t.convert(t.name(total, { dtype: type, lanes: 1 }), wide)));
  };
  const step = (inner: Scope, pos: Val, count: number): void => {
    for (let u = 0; u < count; u++) vector(inner, bind(inner, at.name, place(t.add(pos, t.int(u * lanes)), lanes)));
  };
  const single = (inner: Scope): void => {
    const pos = bind(inner, at.name, place(must(inner.axes.get(at.id), 'position'), 1));
    const here = withAxis(withAxis(branched(inner), stage.at, pos), stage.along.id, pos);
    const next = join(acc, t.convert(t.convert(valueOf(stage.body, here), type), wide));
    if (exclusive) lowerStore(stage.out, dtype, before(), here);
    assign(here, acc, next);
    if (!exclusive) lowerStore(stage.out, dtype, before(), here);
  };
  sweep(at, lo, hi, lanes, unroll, s, step, single);
}
