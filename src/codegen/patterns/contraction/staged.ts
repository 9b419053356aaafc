import type { DType } from '../../../dsl/dtypes.ts';
import { must } from '../../../assert.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import { reads } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Val } from '../../ir/tile.ts';
import { dependsOn, walksRow } from '../../tile/affine.ts';
import { blockLanes } from '../../tile/loops.ts';
import { bind, branched, declare, laneAt, nested, valueOf, withLane } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { identity } from '../../tile/values.ts';
import { laneable } from '../../tile/vectorise.ts';
import { apart } from './block-tiles.ts';
import type { Side } from './block-tiles.ts';

/** Elements that are moved at a time from memory where rows allow it. */
const RUN = 4;

/** A stretch of an operand in shared memory; consecutive elements run along the depth or along the operand's other side. */
export interface Staged {
  readonly array: string;
  /** Operands that are stored so already are moved as they are. */
  readonly dtype: DType;
  readonly across: 'depth' | 'run';
  readonly stride: number;
}
interface Stretch {
  readonly x: Side;
  readonly at: Val;
  readonly count: number;
}

/** True if consecutive elements of an operand in memory run along the depth rather than along its other side. */
export function runsAlongDepth(e: Expr, run: Side, depth: Side, s: Scope): boolean {
  const walks = (axis: Axis | undefined): boolean =>
    axis !== undefined && reads(e).some((r) => walksRow(r, axis.id, s.cx.buffer));
  return walks(depth.axes.at(-1)) || !walks(run.axes.at(-1));
}

/** All lanes bring in a stretch of an operand, 0 where it ends; neighbours in memory go to neighbouring lanes, or to runs of one lane. */
export function stage(e: Expr, run: Stretch, depth: Stretch, to: Staged, s: Scope): void {
  const along = runsAlongDepth(e, run.x, depth.x, s) ? depth : run;
  const other = along === depth ? run : depth;
  const axis = along.x.axes.at(-1);
  const halves = to.dtype === 'f16' || to.dtype === 'bf16';
  const lanes = axis === undefined ? 1 : runOf(e, axis, halves ? 2 * RUN : RUN, s);
  const units = along.count / lanes;
  const id = s.fresh('unit');
  const inner = nested(s);
  const unit = t.name(id);
  const p = bind(inner, 'p', t.binary('div', unit, t.int(units)));
  const q = bind(
    inner,
    'q',
    lanes === 1 ? t.binary('mod', unit, t.int(units)) : t.mul(t.binary('mod', unit, t.int(units)), t.int(lanes)),
  );
  const [far, near] = [bind(inner, 'far', t.add(other.at, p)), bind(inner, 'near', t.add(along.at, q))];
  const here = nested(inner);
  const point = apart(along.x, near, apart(other.x, far, here));
  const view =
    lanes === 1 || axis === undefined
      ? point
      : withLane(branched(point), laneAt(axis.id, lanes, must(point.axes.get(axis.id), 'axis'), 0, false));
  const value = declare(inner, 'v', t.splat(halves ? t.int(0, 'i32') : identity('add', e.type), lanes));
  const found = valueOf(e, view);
  here.block.ops.push({ kind: 'set', id: value.id, value: t.splat(halves ? bits(found) : found, lanes) });
  inner.block.ops.push({
    kind: 'if',
    cond: must(t.and(t.binary('lt', far, other.x.size), t.binary('lt', near, along.x.size)), 'condition'),
    then: here.block.ops,
    else: [],
  });
  const [k, r] = along === depth ? [q, p] : [p, q];
  const [line, place] = to.across === 'depth' ? [r, k] : [k, r];
  const index = t.add(t.mul(line, t.int(to.stride)), place);
  const straight = (to.across === 'depth') === (along === depth);
  inner.block.ops.push({
    kind: 'store',
    to: {
      array: to.array,
      index:
        lanes === 1 || straight
          ? index
          : t.add(t.splat(index, lanes), t.mul(t.iota(lanes), t.splat(t.int(to.stride), lanes))),
    },
    dtype: halves ? 'u16' : to.dtype,
    value,
  });
  s.block.ops.push({
    kind: 'loop',
    id,
    level: { kind: 'lane' },
    lo: t.int(0),
    hi: t.int(units * other.count),
    step: 1,
    body: inner.block.ops,
  });
}

/** Elements of an operand that can be taken at once along an axis: a run where its rows are made of runs. Asks for that to hold. */
function runOf(e: Expr, axis: Axis, run: number, s: Scope): number {
  if (!laneable(e, axis.id) || !reads(e).every((r) => !dependsOn(r, axis.id) || walksRow(r, axis.id, s.cx.buffer)))
    return 1;
  return blockLanes(axis, run, s, [e]);
}
/** A half as the bits that are stored. */
function bits(v: Val): Val {
  if (v.kind !== 'load') throw new Error(`internal: bits of a ${v.kind}`);
  return { ...v, dtype: 'u16', ty: { dtype: 'i32', lanes: v.ty.lanes } };
}
