import { must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import type { Axis, Expr, Monoid, Reduce } from '../ir/stage.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';
import { dependsOn } from './affine.ts';
import { reduceExprs } from '../ir/walk.ts';
import { blockLanes, boundsOf, guarded, loopOver, loops, sweep } from './loops.ts';
import { gatheredRows, prefetchGathers } from './prefetch.ts';
import { argFold, search } from './search.ts';
import { assign, bind, branched, declare, laneAt, valueOf, withLane, withVar } from './scope.ts';
import type { Scope } from './scope.ts';
import { tighten } from './tighten.ts';
import { castTo, identity } from './values.ts';

type Local = Val & { readonly kind: 'name' };
/** How the innermost reduced axis is walked: `lanes` at once in each of `unroll` accumulators, by one thread or by the lanes of a block in turn. */
export interface RowVector {
  readonly lanes: number;
  readonly unroll: number;
  /** Pairs of vectors are the halves of runs. */
  readonly halves: boolean;
  readonly across: 'vector' | 'block';
}

/** a ∘ b in the arithmetic type of both. */
export function combine(op: Monoid, x: Val, y: Val): Val {
  const logical = x.ty.dtype === 'bool';
  switch (op) {
    case 'add':
      return t.binary(logical ? 'or' : 'add', x, y);
    case 'mul':
      return t.binary(logical ? 'and' : 'mul', x, y);
    case 'max':
      return logical ? t.binary('or', x, y) : t.call('max', [x, y], x.ty.dtype);
    case 'min':
      return logical ? t.binary('and', x, y) : t.call('min', [x, y], x.ty.dtype);
    case 'and':
      return t.binary(logical ? 'and' : 'bitand', x, y);
    case 'or':
      return t.binary(logical ? 'or' : 'bitor', x, y);
    default:
      return op satisfies never;
  }
}

/** Nested reduction as a value. */
export function foldExpr(e: Expr & { readonly kind: 'reduce' }, s: Scope): Val {
  const folded = must(fold(e.reduce, [s])[0], 'fold');
  return e.post === undefined ? t.convert(folded, e.type) : valueOf(e.post, withVar(s, 'acc', bind(s, 'acc', folded)));
}

/**
 * The fold seen from several scopes whose code goes to the same block (they differ in the lanes they compute): one loop nest updates an
 * accumulator for each. With `row` the innermost reduced axis itself runs along lanes; the scopes then have none.
 */
export function fold(r: Reduce, scopes: readonly Scope[], row?: RowVector): readonly Val[] {
  switch (r.op) {
    case 'mean':
      return mean(r, scopes, row).map((m) => m.mean);
    case 'var':
      return variance(r, scopes, row);
    case 'argmax':
    case 'argmin':
    case 'first': {
      const { op } = r;
      return scopes.map((s) => argFold(r, op, s));
    }
    case 'lower':
    case 'upper':
      return r.over.length === 1 && r.when === undefined
        ? scopes.map((s) => search(r, s))
        : monoidFold(counting(r, belowValue(r)), 'add', scopes, row);
    case 'count':
      return monoidFold(counting(r, r.body), 'add', scopes, row);
    default:
      return monoidFold(r, r.op, scopes, row);
  }
}

const counting = (r: Reduce, cond: Expr): Reduce => ({
  ...r,
  op: 'add',
  acc: 'i64',
  body: b.select(cond, b.int(1), b.int(0)),
});
const belowValue = (r: Reduce): Expr =>
  b.binary(r.op === 'lower' ? 'lt' : 'le', r.body, must(r.value, 'searched value'));

function monoidFold(given: Reduce, op: Monoid, scopes: readonly Scope[], row: RowVector | undefined): readonly Val[] {
  const r = bounded(given, scopes);
  if (row !== undefined) return scopes.map((s) => rowFold(r, op, s, row));
  const type = widen(r.acc);
  const first = must(scopes[0], 'scope');
  const accs = scopes.map((s) => declare(first, 'acc', t.splat(identity(op, type), s.lane?.lanes ?? 1)));
  const axis = r.over.at(-1);
  const gathered =
    axis !== undefined && first.ahead > 0 && first.lane !== undefined ? gatheredRows(r.body, axis.id) : [];
  loops(r.over, first, (inner) => {
    if (axis !== undefined) prefetchGathers(gathered, axis.id, axis.hi, first.ahead, inner, scopes);
    scopes.forEach((s, k) => update(r, op, must(accs[k], 'accumulator'), inside(inner, s)));
  });
  return accs;
}

/** The fold with its condition in the bounds of the innermost loop, as far as those are the same for all lanes. */
function bounded(r: Reduce, scopes: readonly Scope[]): Reduce {
  const axis = r.over.at(-1);
  if (axis === undefined || r.when === undefined) return r;
  const lanes = new Set(scopes.flatMap((s) => (s.lane === undefined ? [] : [s.lane.axis])));
  const { when: _, ...open } = r;
  const tight = tighten(axis, r.when, (id) => !lanes.has(id));
  return {
    ...open,
    over: [...r.over.slice(0, -1), tight.axis],
    ...(tight.when === undefined ? {} : { when: tight.when }),
  };
}

/** A scope whose code goes into the block of `inner`, with the loop variables of `inner`. */
function inside(inner: Scope, s: Scope): Scope {
  const { ops } = inner.block;
  return {
    ...s,
    fresh: inner.fresh,
    axes: inner.axes,
    block: { ops, values: new Map(), parent: s.block },
    first: { ops, values: new Map(), parent: s.first },
    common: inner.common,
  };
}

/** One step: acc = acc ∘ body where `when` holds. Narrow accumulators round after every step. */
function update(r: Reduce, op: Monoid, acc: Local, s: Scope): void {
  guarded(r.when, s, (inner) => {
    const body = t.convert(valueOf(r.body, inner), acc.ty.dtype);
    const next = combine(op, acc, t.splat(body, acc.ty.lanes));
    const rounded = r.acc === widen(r.acc) ? next : castTo(next, r.acc);
    const masked = inner.mask !== undefined && inner.mask !== s.mask;
    assign(inner, acc, masked ? t.select(must(inner.mask, 'mask'), rounded, acc) : rounded);
  });
}

/** Lanes along the reduced axis: whole groups of vectors, single vectors, then what is left one by one. */
function rowFold(r: Reduce, op: Monoid, s: Scope, row: RowVector): Val {
  const type = widen(r.acc);
  const axis = must(r.over.at(-1), 'reduced axis');
  if (row.across === 'block') return blockFold(r, op, s, axis, row.lanes);
  const accs = Array.from({ length: row.unroll }, () => declare(s, 'acc', t.splat(identity(op, type), row.lanes)));
  const at = s.block.ops.length;
  const tail = declare(s, 'tail', identity(op, type));
  let tailed = false;
  const step: Reduce = { ...r, over: [] };
  loops(r.over.slice(0, -1), s, (at) => {
    const [lo, hi] = boundsOf(axis, at);
    const lanesOf = (inner: Scope, pos: Val, u: number, halves: boolean): Scope =>
      withLane(branched(inner), laneAt(axis.id, row.lanes, pos, u, halves));
    const vectors = (inner: Scope, pos: Val, count: number): void => {
      const halves = row.halves && count % 2 === 0;
      for (let u = 0; u < count; u++) update(step, op, must(accs[u], 'accumulator'), lanesOf(inner, pos, u, halves));
    };
    sweep(axis, lo, hi, row.lanes, row.unroll, at, vectors, (inner) => {
      tailed = true;
      update(step, op, tail, inner);
    });
  });
  const id = s.fresh('fold');
  s.block.ops.push({ kind: 'reduceTile', id, monoid: op, value: tree(op, accs), within: 'vector' });
  if (tailed) return combine(op, t.name(id, tail.ty), tail);
  s.block.ops.splice(at, 1);
  return t.name(id, tail.ty);
}

/** Lanes of a block take the elements in turn, several at a time where they may; their accumulators are folded across the block, and every lane has the result. */
function blockFold(r: Reduce, op: Monoid, s: Scope, axis: Axis, lanes: number): Val {
  const type = widen(r.acc);
  const step: Reduce = { ...r, over: [] };
  const taken = blockLanes(axis, lanes, s, reduceExprs(r));
  const acc = declare(s, 'acc', t.splat(identity(op, type), taken));
  loops(r.over.slice(0, -1), s, (at) => {
    const [lo, hi] = boundsOf(axis, at);
    const body = (inner: Scope, pos: Val): void =>
      update(step, op, acc, taken === 1 ? inner : withLane(branched(inner), laneAt(axis.id, taken, pos, 0, false)));
    loopOver(axis, lo, hi, taken, at, body, { kind: 'lane' });
  });
  const folded = (value: Val, within: 'vector' | 'block'): Val => {
    const id = s.fresh('fold');
    s.block.ops.push({ kind: 'reduceTile', id, monoid: op, value, within });
    return t.name(id, { dtype: type, lanes: 1 });
  };
  return folded(taken === 1 ? acc : folded(acc, 'vector'), 'block');
}

function tree(op: Monoid, vs: readonly Val[]): Val {
  if (vs.length === 1) return must(vs[0], 'accumulator');
  const half = vs.length >> 1;
  return combine(op, tree(op, vs.slice(0, half)), tree(op, vs.slice(half)));
}

/** Points visited, as a value of the accumulator's type. */
function visited(r: Reduce, s: Scope): Val {
  if (r.when !== undefined || r.over.some((a, k) => k > 0 && !isFixed(a, r.over.slice(0, k)))) {
    return must(monoidFold(counting(r, b.bool(true)), 'add', [s], undefined)[0], 'count');
  }
  return t.product(
    r.over.map((a) => {
      const [lo, hi] = boundsOf(a, s);
      const n = t.sub(hi, lo);
      return n.kind === 'name' || n.kind === 'int' ? n : t.call('max', [n, t.int(0)], 'i64');
    }),
  );
}
/** True if the bounds of an axis do not move with the axes around it. */
const isFixed = (a: Axis, outer: readonly Axis[]): boolean =>
  outer.every((o) => !dependsOn(a.lo, o.id) && !dependsOn(a.hi, o.id));

function mean(
  r: Reduce,
  scopes: readonly Scope[],
  row: RowVector | undefined,
): readonly { readonly mean: Val; readonly count: Val }[] {
  const sums = monoidFold({ ...r, op: 'add' }, 'add', scopes, row);
  return scopes.map((s, k) => {
    const count = bind(s, 'count', visited(r, s));
    const sum = must(sums[k], 'sum');
    return { mean: over(sum, count), count };
  });
}
/** sum / count, 0 where nothing was visited. */
const over = (sum: Val, count: Val): Val =>
  t.select(
    t.binary('eq', count, t.int(0)),
    t.splat(t.float(0, sum.ty.dtype), sum.ty.lanes),
    t.binary('div', sum, t.convert(count, sum.ty.dtype)),
  );

/** Two passes: the mean, then the mean of squared distances from it. */
function variance(r: Reduce, scopes: readonly Scope[], row: RowVector | undefined): readonly Val[] {
  const type = widen(r.acc);
  const means = mean(r, scopes, row).map((m, k) => ({
    count: m.count,
    scope: withVar(must(scopes[k], 'scope'), MU, bind(must(scopes[k], 'scope'), 'mu', m.mean)),
  }));
  const away = b.variable('away', type);
  const squares: Reduce = {
    ...r,
    op: 'add',
    body: b.letIn('away', b.sub(b.convert(type, r.body), b.variable(MU, type)), b.mul(away, away)),
  };
  const sums = monoidFold(
    squares,
    'add',
    means.map((m) => m.scope),
    row,
  );
  return sums.map((sum, k) => over(sum, must(means[k], 'mean').count));
}
const MU = 'mu of var';
