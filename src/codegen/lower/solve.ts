import * as b from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { AxisId, Expr } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { foldNode } from '../passes/fold.ts';
import type { LoopAxis } from './scope.ts';

/** Loops with the conditions that restrict them. */
export interface Domain {
  readonly over: readonly LoopAxis[];
  readonly when: readonly Expr[];
}
/** `solved` gives the variables that left the loops. */
export interface Solved extends Domain {
  readonly solved: ReadonlyMap<AxisId, Expr>;
}

/** Σ coefficient · axis + rest, over some axes; `rest` mentions none of them. */
interface Linear {
  readonly coefs: ReadonlyMap<AxisId, bigint>;
  readonly rest: Expr;
}
/** Beyond this a product with an extent could leave i64. */
const LIMIT = 1n << 31n;

const fold = (e: Expr): Expr => foldNode(e) ?? e;
const scale = (l: Linear, k: bigint): Linear => ({
  coefs: new Map([...l.coefs].map(([id, c]) => [id, c * k])),
  rest: k === -1n ? b.ix.sub(b.int(0), l.rest) : b.ix.mul(l.rest, b.int(k)),
});
function plus(x: Linear, y: Linear): Linear {
  const coefs = new Map(x.coefs);
  for (const [id, c] of y.coefs) coefs.set(id, (coefs.get(id) ?? 0n) + c);
  return { coefs, rest: b.ix.add(x.rest, y.rest) };
}

/** `e` as a linear form over the axes `ids`; undefined if it is none. */
export function linear(e: Expr, ids: ReadonlySet<AxisId>): Linear | undefined {
  if (e.type !== 'i64') return undefined;
  if (![...freeAxes(e)].some((id) => ids.has(id))) return { coefs: new Map(), rest: e };
  if (e.kind === 'axis') return { coefs: new Map([[e.id, 1n]]), rest: b.int(0) };
  if (e.kind === 'unary' && e.op === 'neg') {
    const a = linear(e.a, ids);
    return a === undefined ? undefined : scale(a, -1n);
  }
  if (e.kind !== 'binary') return undefined;
  const [x, y] = [linear(e.a, ids), linear(e.b, ids)];
  if (x === undefined || y === undefined) return undefined;
  if (e.op === 'add') return plus(x, y);
  if (e.op === 'sub') return plus(x, scale(y, -1n));
  if (e.op !== 'mul') return undefined;
  const [k, l] = [fold(x.rest), fold(y.rest)];
  if (x.coefs.size === 0 && k.kind === 'int') return scale(y, k.value);
  return y.coefs.size === 0 && l.kind === 'int' ? scale(x, l.value) : undefined;
}
function expand(l: Linear): Expr {
  let e = l.rest;
  for (const [id, c] of l.coefs) if (c !== 0n) e = b.ix.add(e, b.ix.mul(b.axisRef(id), b.int(c)));
  return e;
}

/**
 * Takes equalities `Σ c·v + rest == 0` out of a domain: one variable becomes the quotient of the others, under a range guard and, unless its
 * coefficient is ±1, a divisibility guard. A coefficient of ±1 is preferred because nothing is tried in vain; then the last variable. Where the
 * quotient is exact and one loop is left in it, the range guard becomes that loop's bounds. A variable with coefficient 0 cannot be solved for.
 * At least `keep` loops stay.
 */
export function solve(d: Domain, keep: number): Solved {
  let domain: Solved = { ...d, solved: new Map() };
  for (;;) {
    const next = domain.over.length > keep ? solveOne(domain) : undefined;
    if (next === undefined) return domain;
    domain = next;
  }
}

function solveOne(d: Solved): Solved | undefined {
  const ids = new Set(d.over.map((a) => a.id));
  for (const cond of d.when) {
    if (cond.kind !== 'binary' || cond.op !== 'eq') continue;
    const [x, y] = [linear(cond.a, ids), linear(cond.b, ids)];
    if (x === undefined || y === undefined) continue;
    const form = plus(x, scale(y, -1n));
    const pick = choose(form, d.over);
    if (pick !== undefined) return eliminate(d, cond, form, pick);
  }
  return undefined;
}

/** The variable to solve for. No other loop's bounds may mention it. */
function choose(form: Linear, over: readonly LoopAxis[]): LoopAxis | undefined {
  const abs = (c: bigint): bigint => (c < 0n ? -c : c);
  if ([...form.coefs.values()].some((c) => abs(c) >= LIMIT)) return undefined;
  const used = new Set(over.flatMap((a) => [...freeAxes(a.lo), ...freeAxes(a.hi)]));
  const candidates = over.filter((a) => (form.coefs.get(a.id) ?? 0n) !== 0n && !used.has(a.id));
  const exact = candidates.filter((a) => abs(form.coefs.get(a.id) ?? 0n) === 1n);
  return exact.at(-1) ?? candidates.at(-1);
}

function eliminate(d: Solved, cond: Expr, form: Linear, v: LoopAxis): Solved {
  const c = form.coefs.get(v.id) ?? 1n;
  const others: Linear = scale(
    { coefs: new Map([...form.coefs].filter(([id, k]) => id !== v.id && k !== 0n)), rest: form.rest },
    c < 0n ? 1n : -1n,
  );
  const divisor = c < 0n ? -c : c;
  const dividend = expand(others);
  const value = divisor === 1n ? dividend : b.floordiv(dividend, b.int(divisor));
  const rest = d.over.filter((a) => a.id !== v.id);
  const bounded = divisor === 1n ? narrow(rest, others, v) : undefined;
  const axes = new Map([[v.id, value]]);
  const replace = (e: Expr): Expr => substitute(e, { axes });
  const guards = [
    ...(divisor === 1n ? [] : [b.eq(b.mod(dividend, b.int(divisor)), b.int(0))]),
    ...(bounded === undefined ? [b.ge(value, v.lo), b.lt(value, v.hi)] : []),
  ];
  return {
    over: bounded ?? rest,
    when: [...guards, ...d.when.filter((w) => w !== cond).map(replace)],
    solved: new Map([...[...d.solved].map(([id, e]) => [id, replace(e)] as const), [v.id, value]]),
  };
}

/** Bounds of the one loop u in α·u + β such that v.lo ≤ α·u + β < v.hi; undefined if there is not exactly one. */
function narrow(over: readonly LoopAxis[], l: Linear, v: LoopAxis): readonly LoopAxis[] | undefined {
  const used = [...l.coefs].filter(([, k]) => k !== 0n);
  const [only] = used;
  if (only === undefined || used.length > 1) return undefined;
  const [id, alpha] = only;
  const at = over.findIndex((a) => a.id === id);
  const u = over[at];
  if (u === undefined) return undefined;
  // Bounds may mention outer loops only.
  const later = new Set(over.slice(at).map((a) => a.id));
  if ([l.rest, v.lo, v.hi].some((e) => [...freeAxes(e)].some((x) => later.has(x) || x === v.id))) return undefined;
  const step = alpha < 0n ? -alpha : alpha;
  const div = (e: Expr): Expr => (step === 1n ? e : b.floordiv(e, b.int(step)));
  const [below, above] = [b.ix.sub(v.lo, l.rest), b.ix.sub(v.hi, l.rest)];
  const ceil = (e: Expr): Expr => div(b.ix.add(e, b.int(step - 1n)));
  const lo = alpha > 0n ? ceil(below) : b.ix.add(div(b.ix.sub(l.rest, v.hi)), b.int(1));
  const hi = alpha > 0n ? ceil(above) : b.ix.add(div(b.ix.sub(l.rest, v.lo)), b.int(1));
  const { row: _, ...plain } = u;
  const axis: LoopAxis = { ...plain, lo: b.call('max', [u.lo, lo], 'i64'), hi: b.call('min', [u.hi, hi], 'i64') };
  return over.map((a) => (a.id === id ? axis : a));
}

/** The conditions that `e` is a conjunction of. */
export const conjuncts = (e: Expr): readonly Expr[] =>
  e.kind === 'binary' && e.op === 'and'
    ? [...conjuncts(e.a), ...conjuncts(e.b)]
    : e.kind === 'bool' && e.value
      ? []
      : [e];
