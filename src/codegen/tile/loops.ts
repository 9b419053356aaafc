import { keyOf, sameExpr } from '../ir/rewrite.ts';
import type { Axis, Expr, Place } from '../ir/stage.ts';
import * as t from '../ir/tile-build.ts';
import type { Level, Val } from '../ir/tile.ts';
import { reads } from '../ir/walk.ts';
import { dependsOn } from './affine.ts';
import { divisorOf, wish } from './facts.ts';
import { bind, nested, valueOf, withAxis, withMask } from './scope.ts';
import type { Scope } from './scope.ts';

const SERIAL: Level = { kind: 'serial' };

/** Bounds of an axis as values; the upper one is not below the lower, which loops in whole steps rely on. */
export function boundsOf(axis: Axis, s: Scope): readonly [lo: Val, hi: Val] {
  const [lo, hi] = [t.convert(valueOf(axis.lo, s), 'i64'), t.convert(valueOf(axis.hi, s), 'i64')];
  return [lo, isOrdered(axis) ? hi : bind(s, `${axis.name}_top`, t.call('max', [lo, hi], 'i64'))];
}
/** True where hi ≥ lo is plain: from 0 to an extent, or to the length of a row. */
function isOrdered({ lo, hi }: Axis): boolean {
  if (lo.kind !== 'int') return sameExpr(lo, hi);
  if (hi.kind === 'int') return lo.value <= hi.value;
  if (lo.value !== 0n) return false;
  return isExtent(hi) || (hi.kind === 'binary' && hi.op === 'sub' && hi.a.kind === 'read' && hi.b.kind === 'read');
}
const isExtent = (e: Expr): boolean =>
  e.kind === 'dim' || e.kind === 'int' || (e.kind === 'binary' && e.op === 'mul' && isExtent(e.a) && isExtent(e.b));

/** One loop; `body` gets the scope inside. */
export function loop(axis: Axis, s: Scope, body: (inner: Scope) => void, level: Level = SERIAL): void {
  const [lo, hi] = boundsOf(axis, s);
  loopOver(axis, lo, hi, 1, s, (inner) => body(inner), level);
}
/** One loop between given bounds; `body` also gets the loop variable. */
export function loopOver(
  axis: Axis,
  lo: Val,
  hi: Val,
  step: number,
  s: Scope,
  body: (inner: Scope, at: Val) => void,
  level: Level = SERIAL,
): void {
  const end = isSimple(hi) ? hi : bind(s, `${axis.name}_end`, hi);
  const inside = nested(s);
  const id = inside.fresh(axis.name);
  const at = t.name(id);
  const inner = withAxis({ ...inside, ends: endsWith(s, axis) }, axis.id, at);
  body(inner, at);
  s.block.ops.push({ kind: 'loop', id, level, lo, hi: end, step, body: inner.block.ops });
}
/** Bounds that cost nothing to look at again in each step. */
const isSimple = (v: Val): boolean =>
  v.kind === 'name' || v.kind === 'int' || (v.kind === 'binary' && v.op !== 'mul' && isSimple(v.a) && isSimple(v.b));

const endsWith = (s: Scope, a: Axis): ReadonlyMap<string, string> =>
  a.lo.kind === 'int' && a.lo.value === 0n ? new Map(s.ends).set(a.id, keyOf(a.hi)) : s.ends;

/** Loops over all axes, outermost first. */
export function loops(axes: readonly Axis[], s: Scope, body: (inner: Scope) => void): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) return body(s);
  loop(axis, s, (inner) => loops(rest, inner, body));
}

/** One step of a sweep in lanes: the loop's scope and variable, and how many vectors the step takes. */
export type Step = (inner: Scope, at: Val, count: number) => void;
/**
 * Steps of `unroll` vectors from lo to hi, then single vectors, then one by one: each only where something can be left for it.
 * `lo` to `hi` is the axis's range, or a share of it that starts and ends at whole steps where the range does.
 */
export function sweep(
  axis: Axis,
  lo: Val,
  hi: Val,
  lanes: number,
  unroll: number,
  s: Scope,
  step: Step,
  single: (inner: Scope) => void,
): void {
  const fromZero = axis.lo.kind === 'int' && axis.lo.value === 0n;
  if (fromZero) wish(s.cx.wishes, axis.hi, lanes * unroll);
  const known = fromZero ? divisorOf(axis.hi, s.cx.facts) : 1;
  const length = lo.kind === 'int' && hi.kind === 'int' ? Number(hi.value - lo.value) : Infinity;
  const level: Level = { kind: 'vector', lanes };
  let at = lo;
  for (const count of unroll > 1 ? [unroll, 1] : [1]) {
    const size = lanes * count;
    const left = length === Infinity ? Infinity : count === 1 && unroll > 1 ? length % (lanes * unroll) : length;
    if (left < size || (count === 1 && unroll > 1 && known % (lanes * unroll) === 0)) continue;
    const end = known % size === 0 ? hi : bind(s, `${axis.name}_end`, wholeSteps(at, hi, size));
    loopOver(axis, at, end, size, s, (inner, pos) => step(inner, pos, count), level);
    at = end;
  }
  if (known % lanes !== 0) loopOver(axis, at, hi, 1, s, single);
}

/** The largest lo + k·step that is not beyond hi (lo itself where hi is smaller). */
export function wholeSteps(lo: Val, hi: Val, step: number): Val {
  if (lo.kind === 'int' && hi.kind === 'int') return t.int(hi.value - ((hi.value - lo.value) % BigInt(step)));
  if (lo.kind === 'int' && lo.value === 0n) return t.sub(hi, t.binary('mod', hi, t.int(step)));
  return t.sub(hi, t.binary('mod', t.sub(hi, lo), t.int(step)));
}

/** Runs `body` where `when` holds: under an `if` for one lane, under a mask for several. */
export function guarded(when: Expr | undefined, s: Scope, body: (inner: Scope) => void): void {
  const cond = when && valueOf(when, s);
  if (cond === undefined || (cond.kind === 'bool' && cond.value)) return body(s);
  if (cond.ty.lanes > 1) return body(withMask(s, bind(s, 'm', cond)));
  const inner = nested(s);
  body(inner);
  s.block.ops.push({ kind: 'if', cond, then: inner.block.ops, else: [] });
}

/**
 * Elements that a lane of a block takes at once: `lanes` where the axis runs from 0 over a multiple of them, else one. Asks for that to hold, and for
 * arrays that begin where whole vectors may be moved.
 */
export function blockLanes(
  axis: Axis,
  lanes: number,
  s: Scope,
  roots: readonly Expr[],
  out: readonly Place[] = [],
): number {
  if (lanes === 1 || axis.lo.kind !== 'int' || axis.lo.value !== 0n) return 1;
  wish(s.cx.wishes, axis.hi, lanes);
  const touched = [...roots.flatMap((e) => reads(e)), ...out];
  for (const r of touched) {
    const b = s.cx.buffer(r.buf);
    const moves = r.index.some((e) => dependsOn(e, axis.id));
    if (moves && b.role !== 'temp' && b.list === undefined && b.row === undefined) s.cx.wishes.aligned.add(b.id);
  }
  return divisorOf(axis.hi, s.cx.facts) % lanes === 0 ? lanes : 1;
}
