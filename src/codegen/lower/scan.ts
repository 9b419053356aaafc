import type { Span } from '../../diagnostics/span.ts';
import { isNarrow, widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import type { Expr, Monoid, Reduce } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { layoutOf } from './layout.ts';
import { plainAxis } from './lhs.ts';
import type { Env, LoopAxis, Scope } from './scope.ts';
import { loopsOf, tempOf } from './temps.ts';

const MONOIDS: readonly Reduce['op'][] = ['add', 'mul', 'max', 'min', 'and', 'or'];
const isMonoid = (op: Reduce['op']): op is Monoid => MONOIDS.includes(op);
const FLIP = { le: 'ge', lt: 'gt', ge: 'le', gt: 'lt' } as const;
type Compare = keyof typeof FLIP;
const isCompare = (op: string): op is Compare => op in FLIP;

/** What is folded: loops, conditions, body. */
interface Points {
  readonly over: readonly LoopAxis[];
  readonly when: readonly Expr[];
  readonly body: Expr;
}
interface Triangle {
  readonly along: LoopAxis;
  readonly at: LoopAxis;
  readonly compare: Compare;
  readonly rest: readonly LoopAxis[];
  readonly when: readonly Expr[];
}

/**
 * A fold over j with `j <= i` (or <, >=, >) whose body does not mention i is a prefix fold along i. Other loops beside j are folded first, by
 * `inner`, into what is then scanned. A count is a sum of ones.
 */
export function prefixFold(
  env: Env,
  scope: Scope,
  f: { readonly op: Reduce['op']; readonly name: string; readonly span: Span; readonly acc: DType },
  p: Points,
  inner: (p: Points, scope: Scope) => Expr,
): Expr | undefined {
  const monoid = f.op === 'count' ? 'add' : f.op;
  const acc: DType = f.op === 'count' ? 'i64' : f.acc;
  const t = isMonoid(monoid) ? triangle(scope, p) : undefined;
  if (t === undefined || !isMonoid(monoid) || (t.rest.length > 0 && isNarrow(acc))) return undefined;
  const { along, at, compare, rest, when } = t;
  const one = f.op === 'count' ? b.select(p.body, b.int(1), b.int(0)) : b.convert(widen(acc), p.body);
  const body =
    rest.length === 0 ? one : inner({ over: rest, when, body: p.body }, { ...scope, axes: [...scope.axes, along] });
  const conds = rest.length === 0 ? when : [];
  const stage = {
    at: at.id,
    along: plainAxis(along),
    monoid,
    acc,
    body,
    compare,
    ...(conds.length === 0 ? {} : { when: b.all(conds) }),
  };
  const outside = [body, ...conds, along.lo, along.hi, at.lo, at.hi];
  const axes = [...loopsOf(outside, scope.axes).filter((a) => a.id !== at.id), at];
  // Readers of what has no storage compute it by themselves, one element at a time: there a plain fold is the shorter way.
  if (layoutOf(axes).virtual) return undefined;
  return tempOf(
    env.builder,
    { name: f.name, dtype: widen(acc), axes, key: ['scan', stage], span: f.span },
    (id, out) => ({
      kind: 'scan',
      id,
      name: out.buf,
      span: f.span,
      axes: axes.map(plainAxis),
      out,
      ...stage,
    }),
  );
}

/** The condition that makes a fold triangular, if nothing else of it hangs on the free index. */
function triangle(scope: Scope, p: Points): Triangle | undefined {
  for (const cond of p.when) {
    if (cond.kind !== 'binary' || !isCompare(cond.op) || cond.a.kind !== 'axis' || cond.b.kind !== 'axis') continue;
    const [x, y] = [cond.a.id, cond.b.id];
    const left = p.over.find((a) => a.id === x);
    const along = left ?? p.over.find((a) => a.id === y);
    const at = scope.axes.find((a) => a.id === (left === undefined ? x : y));
    if (along === undefined || at === undefined) continue;
    const rest = p.over.filter((a) => a !== along);
    const when = p.when.filter((w) => w !== cond);
    const parts = [...when, p.body, ...p.over.flatMap((a) => [a.lo, a.hi])];
    if (parts.some((e) => freeAxes(e).has(at.id))) continue;
    if ([along.lo, along.hi].some((e) => rest.some((a) => freeAxes(e).has(a.id)))) continue;
    // The scanned loop goes innermost, so no other may hang on it.
    const loops = loopsOf([...parts, at.lo, at.hi], scope.axes);
    if (loops.some((a) => freeAxes(a.lo).has(at.id) || freeAxes(a.hi).has(at.id))) continue;
    return { along, at, compare: left === undefined ? FLIP[cond.op] : cond.op, rest, when };
  }
  return undefined;
}
