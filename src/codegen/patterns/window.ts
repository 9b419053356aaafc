import * as b from '../ir/build.ts';
import { ix } from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { Axis, Expr, Stage } from '../ir/stage.ts';
import { rewrite, stageExprs, stageReads, visit } from '../ir/walk.ts';
import * as t from '../ir/tile-build.ts';
import type { Level, Val } from '../ir/tile.ts';
import type { PlanNode } from '../plan/plan.ts';
import { coefficient, countUses, dependsOn } from '../tile/affine.ts';
import { partRange } from '../tile/kernel.ts';
import type { KernelState } from '../tile/kernel.ts';
import { boundsOf, loopOver } from '../tile/loops.ts';
import { bind, branched, indexOf, laneAt, nested, withLane } from '../tile/scope.ts';
import type { Scope } from '../tile/scope.ts';
import { lowerPoint } from '../tile/stages.ts';
import { inLanes } from '../tile/vectorise.ts';
import type { Claim, Pattern } from './pattern.ts';

type Fold = Stage & { readonly kind: 'reduce' };
type Loop = PlanNode & { readonly kind: 'loop' };

/** A fold over a small window of constant size that may reach beyond the borders of its input. */
interface Window {
  readonly loops: readonly Loop[];
  readonly fold: Fold;
}
/** Points of a window: beyond this a window is a loop. */
const MOST_POINTS = 32;

/**
 * Windows of constant size, as in depthwise convolution and pooling. Where the window lies within the borders, which is nearly everywhere, its points are
 * spelled out without conditions and in vectors; rows at the borders ask once for a row of the window, columns at the borders run as loops.
 */
export const window: Pattern = {
  name: 'window',
  claim(kernel, graph): Claim | undefined {
    const w = windowOf(kernel.root);
    const buffer = (id: string): (typeof graph.buffers)[number] => {
      const found = graph.buffers.find((x) => x.id === id);
      if (found === undefined) throw new Error(`internal: no buffer ${id}`);
      return found;
    };
    const col = w?.loops.at(-1)?.axis;
    if (w === undefined || col === undefined || !inLanes(inside(w.fold, [col.id]), col.id, buffer)) return undefined;
    return {
      pattern: 'window',
      params: () => [
        { name: 'interior', help: 'windows within the borders run without conditions', kind: 'bool', default: true },
      ],
      lower: (config) =>
        config['interior'] === true && config['vector'] !== 0
          ? (s, k, outer) => lowerWindow(w, s, k, outer)
          : undefined,
    };
  },
};

function windowOf(root: PlanNode): Window | undefined {
  const loops: Loop[] = [];
  let node: PlanNode | undefined = root;
  while (node?.kind === 'loop') {
    loops.push(node);
    node = node.body.length === 1 ? node.body[0] : undefined;
  }
  if (node?.kind !== 'leaf' || node.stage.kind !== 'reduce' || loops.length < 2) return undefined;
  const fold = node.stage;
  const { op, over, when, acc, body } = fold.reduce;
  const points = over.reduce((n, a) => n * sizeOf(a), 1);
  if (!(op === 'add' || op === 'max' || op === 'min') || when !== undefined || fold.where !== undefined)
    return undefined;
  if (over.length === 0 || points < 2 || points > MOST_POINTS || body.type !== 'f32' || acc !== 'f32') return undefined;
  if (stageReads(fold).some((r) => r.buf === fold.out.buf)) return undefined;
  const last = loops.at(-1)?.axis;
  return last !== undefined && atoms(fold, last.id).length > 0 ? { loops, fold } : undefined;
}
/** Points of a reduced axis; more than any window has where they are not constant. */
function sizeOf(a: Axis): number {
  if (a.lo.kind !== 'int' || a.hi.kind !== 'int') return MOST_POINTS + 1;
  return Number(a.hi.value - a.lo.value);
}

/** A comparison that decides whether a point of a window is there, as a bound on an axis: from `at` on, or before it. */
interface Bound {
  readonly side: 'from' | 'before';
  readonly at: Expr;
}
type Compare = Expr & { readonly kind: 'binary' };
/** The bound that a comparison sets on an axis; undefined for what is no such comparison. */
function boundOf(e: Expr, axis: string): Bound | undefined {
  if (e.kind !== 'binary' || (e.op !== 'ge' && e.op !== 'lt') || e.a.type !== 'i64' || dependsOn(e.b, axis))
    return undefined;
  const factor = coefficient(e.a, axis);
  if (factor === undefined || factor <= 0n) return undefined;
  const rest = substitute(e.a, { axes: new Map([[axis, b.int(0)]]) });
  const room = ix.sub(e.b, rest);
  // f·j ≥ room from the quotient rounded up on, f·j < room before it.
  const at = factor === 1n ? room : b.floordiv(ix.add(room, b.int(factor - 1n)), b.int(factor));
  return { side: e.op === 'ge' ? 'from' : 'before', at };
}
/** Comparisons in conditions of the body that move with the axis. */
function atoms(fold: Fold, axis: string): readonly Compare[] {
  const found: Compare[] = [];
  visit(fold.reduce.body, (e) => {
    if (e.kind !== 'select') return;
    visit(e.cond, (c) => void (c.kind === 'binary' && boundOf(c, axis) !== undefined && found.push(c)));
  });
  return found;
}

/** The window spelled out, with what holds within the borders of the given axes taken for granted. */
function inside(fold: Fold, axes: readonly string[]): Stage & { readonly kind: 'map' } {
  const { reduce, post, ...rest } = fold;
  const body = rewrite(reduce.body, (e) => {
    if (axes.some((id) => boundOf(e, id) !== undefined)) return b.bool(true);
    if (e.kind === 'binary' && e.op === 'and') return b.and(e.a, e.b);
    return e.kind === 'select' ? b.select(e.cond, e.then, e.else) : e;
  });
  const terms = pointsOf(reduce.over).map((axes2) => substitute(body, { axes: axes2 }));
  const { op } = reduce;
  const value = terms.reduce((x, y) =>
    op === 'add' ? b.add(x, y) : b.call(op === 'max' ? 'max' : 'min', [x, y], y.type),
  );
  return {
    ...rest,
    kind: 'map',
    value: post === undefined ? value : substitute(post, { vars: new Map([['acc', value]]) }),
  };
}
function pointsOf(over: readonly Axis[]): readonly ReadonlyMap<string, Expr>[] {
  return over.reduce<readonly ReadonlyMap<string, Expr>[]>(
    (all, a) =>
      all.flatMap((m) => Array.from({ length: sizeOf(a) }, (_, k) => new Map(m).set(a.id, ix.add(a.lo, b.int(k))))),
    [new Map()],
  );
}

/** Where all points of the windows of an axis are there, within lo..hi. */
function within(fold: Fold, axis: Axis, lo: Val, hi: Val, s: Scope): readonly [from: Val, to: Val] {
  const bounds = atoms(fold, axis.id).flatMap((e) =>
    pointsOf(fold.reduce.over).flatMap((axes) => boundOf(substitute(e, { axes }), axis.id) ?? []),
  );
  const pick = (side: Bound['side'], fn: 'min' | 'max', start: Val): Val => {
    const seen = new Map(bounds.filter((x) => x.side === side).map((x) => [s.cx.intern(x.at), x.at] as const));
    return [...seen.values()].reduce((v, e) => t.call(fn, [v, indexOf(e, s)], 'i64'), start);
  };
  const from = bind(s, `${axis.name}_in`, t.call('min', [pick('from', 'max', lo), hi], 'i64'));
  return [from, bind(s, `${axis.name}_out`, t.call('max', [pick('before', 'min', hi), from], 'i64'))];
}

function lowerWindow(w: Window, s: Scope, k: KernelState, outer: Level | undefined): void {
  s.block.ops.push({ kind: 'note', text: w.fold.name, span: w.fold.span });
  const go = (depth: number, scope: Scope, known: readonly string[]): void => {
    const node = w.loops[depth];
    if (node === undefined) return;
    const { axis } = node;
    if (depth === w.loops.length - 1) return columns(w, axis, known, scope, k);
    const [lo, hi] = boundsOf(axis, scope);
    const [first, last] = depth === 0 && outer?.kind === 'part' ? partRange(axis, lo, hi, 1, scope) : [lo, hi];
    const level = depth === 0 ? outer : undefined;
    if (depth < w.loops.length - 2 || atoms(w.fold, axis.id).length === 0)
      return loopOver(axis, first, last, 1, scope, (one) => go(depth + 1, one, known), level);
    const [from, to] = within(w.fold, axis, first, last, scope);
    loopOver(axis, first, from, 1, scope, (one) => go(depth + 1, one, known), level);
    loopOver(axis, from, to, 1, scope, (one) => go(depth + 1, one, [...known, axis.id]), level);
    loopOver(axis, to, last, 1, scope, (one) => go(depth + 1, one, known), level);
  };
  go(0, s, []);
}

/** One row: points at the borders one by one, whole vectors between them, of which the last may begin before the end of the one before it. */
function columns(w: Window, axis: Axis, known: readonly string[], s: Scope, k: KernelState): void {
  const stage = inside(w.fold, [...known, axis.id]);
  // Spelled out as well: at the borders most of the time would go into the conditions of a loop over the window.
  const border = inside(w.fold, known);
  const single = (one: Scope): void =>
    lowerPoint(border, [{ ...one, uses: countUses(stageExprs(border), one.cx.intern) }], undefined, false);
  const [lo, hi] = boundsOf(axis, s);
  const [from, to] = within(w.fold, axis, lo, hi, s);
  const lanes = Math.max(1, k.schedule.bytes / 4);
  const { unroll } = k.schedule;
  loopOver(axis, lo, from, 1, s, single);
  const vectors = (at: Scope, pos: Val, count: number): void => {
    const uses = countUses(stageExprs(stage), at.cx.intern);
    const scopes = Array.from({ length: count }, (_, u) => ({
      ...withLane(branched(at), laneAt(axis.id, lanes, pos, u, false)),
      registers: new Map(at.registers),
      shared: count > 1,
      uses,
    }));
    lowerPoint(stage, scopes, undefined, false);
  };
  const wide = t.int(lanes * unroll);
  const level: Level = { kind: 'vector', lanes };
  const whole = bind(s, `${axis.name}_end`, t.sub(to, t.binary('mod', t.sub(to, from), wide)));
  loopOver(axis, from, whole, lanes * unroll, s, (one, at) => vectors(one, at, unroll), level);
  const [some, few] = [nested(s), nested(s)];
  // Vectors that are left; the last one ends where the interior does.
  const last = bind(some, 'last', t.sub(to, t.int(lanes)));
  loopOver(
    axis,
    whole,
    to,
    lanes,
    some,
    (one, at) => {
      const pos = bind(one, 'place', t.call('min', [at, last], 'i64'));
      vectors(one, pos, 1);
    },
    level,
  );
  loopOver(axis, from, to, 1, few, single);
  s.block.ops.push({
    kind: 'if',
    cond: t.binary('ge', t.sub(to, from), t.int(lanes)),
    then: some.block.ops,
    else: few.block.ops,
  });
  loopOver(axis, to, hi, 1, s, single);
}
