import { must } from '../../assert.ts';
import type { Reduce } from '../ir/stage.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';
import { boundsOf, guarded, loops } from './loops.ts';
import { assign, bind, declare, nested, valueOf, withAxis } from './scope.ts';
import type { Scope } from './scope.ts';

/** Position of the largest or smallest body, or of the first true one, in row-major order of `over`; −1 if there is none. NaN is above +inf. */
export function argFold(r: Reduce, op: 'argmax' | 'argmin' | 'first', s: Scope): Val {
  const at = declare(s, 'at', t.int(-1));
  if (op === 'first') {
    const [axis] = r.over;
    loops(r.over, s, (inner) =>
      guarded(r.when, inner, (g) => {
        const hit = nested(g);
        assign(hit, at, position(r, g));
        // With one axis the walk ends at the first hit; with several the later hits are ignored.
        if (r.over.length === 1 && axis !== undefined) hit.block.ops.push({ kind: 'break' });
        const body = valueOf(r.body, g);
        const wanted = r.over.length === 1 ? body : t.binary('and', t.lt(at, t.int(0)), body);
        g.block.ops.push({ kind: 'if', cond: wanted, then: hit.block.ops, else: [] });
      }),
    );
    return at;
  }
  const type = r.body.type;
  const best = declare(
    s,
    'best',
    type === 'f32' || type === 'f64' ? t.float(0, type) : type === 'bool' ? t.bool(false) : t.int(0, type),
  );
  loops(r.over, s, (inner) =>
    guarded(r.when, inner, (g) => {
      const v = bind(g, 'v', valueOf(r.body, g));
      const hit = nested(g);
      assign(hit, best, v);
      assign(hit, at, position(r, g));
      const cond = t.binary('or', t.lt(at, t.int(0)), better(op, v, best));
      g.block.ops.push({ kind: 'if', cond, then: hit.block.ops, else: [] });
    }),
  );
  return at;
}

function better(op: 'argmax' | 'argmin', v: Val, best: Val): Val {
  const isNan = (x: Val): Val => t.call('isnan', [x], 'bool');
  const beats =
    op === 'argmax'
      ? v.ty.dtype === 'bool'
        ? t.binary('and', v, t.unary('not', best))
        : t.binary('gt', v, best)
      : v.ty.dtype === 'bool'
        ? t.binary('and', best, t.unary('not', v))
        : t.lt(v, best);
  if (v.ty.dtype !== 'f32' && v.ty.dtype !== 'f64') return beats;
  const [nan, number] = op === 'argmax' ? [v, best] : [best, v];
  return t.binary('or', beats, t.binary('and', isNan(nan), t.unary('not', isNan(number))));
}

/** Row-major flat position in `over`. */
function position(r: Reduce, s: Scope): Val {
  const extents = r.over.map((a) => boundsOf(a, s)[1]);
  return t.flatIndex(
    r.over.map((a) => must(s.axes.get(a.id), 'axis')),
    extents,
  );
}

/** The number of positions whose body is below (`lower`) or not above (`upper`) the value, by bisection: bodies ascend. */
export function search(r: Reduce, s: Scope): Val {
  const axis = must(r.over[0], 'searched axis');
  const value = bind(s, 'value', valueOf(must(r.value, 'searched value'), s));
  const [from, to] = boundsOf(axis, s);
  const lo = declare(s, 'lo', from);
  const hi = declare(s, 'hi', to);
  const inner = nested(s);
  const mid = bind(inner, 'mid', t.add(lo, t.binary('shr', t.sub(hi, lo), t.int(1, 'i32'))));
  const body = valueOf(r.body, withAxis(inner, axis.id, mid));
  const [right, left] = [nested(inner), nested(inner)];
  assign(right, lo, t.add(mid, t.int(1)));
  assign(left, hi, mid);
  inner.block.ops.push({
    kind: 'if',
    cond: t.binary(r.op === 'lower' ? 'lt' : 'le', body, value),
    then: right.block.ops,
    else: left.block.ops,
  });
  s.block.ops.push({ kind: 'while', cond: t.lt(lo, hi), body: inner.block.ops });
  return t.sub(lo, from);
}
