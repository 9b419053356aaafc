import * as b from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { AxisId, Expr } from '../ir/stage.ts';
import { freeAxes } from '../ir/walk.ts';
import { coefOf, express, linear, plus, scale, without } from './linear.ts';
import type { Linear } from './linear.ts';
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
/** Beyond this a product with an extent could leave i64. */
const LIMIT = 1n << 31n;
const abs = (c: bigint): bigint => (c < 0n ? -c : c);

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
  for (const cond of d.when) {
    if (cond.kind !== 'binary' || cond.op !== 'eq' || cond.a.type !== 'i64') continue;
    const form = plus(linear(cond.a), linear(cond.b), -1n);
    const pick = choose(form, d.over);
    if (pick !== undefined) return eliminate(d, cond, form, pick);
  }
  return undefined;
}

/** The variable to solve for. Neither other loops' bounds nor other atoms of the form may mention it. */
function choose(form: Linear, over: readonly LoopAxis[]): LoopAxis | undefined {
  if ([...form.terms.values()].some((t) => abs(t.coef) >= LIMIT)) return undefined;
  const used = new Set([
    ...over.flatMap((a) => [...freeAxes(a.lo), ...freeAxes(a.hi)]),
    ...[...form.terms.values()].flatMap((t) => (t.atom.kind === 'axis' ? [] : [...freeAxes(t.atom)])),
  ]);
  const candidates = over.filter((a) => coefOf(form, a.id) !== 0n && !used.has(a.id));
  return candidates.findLast((a) => abs(coefOf(form, a.id)) === 1n) ?? candidates.at(-1);
}

function eliminate(d: Solved, cond: Expr, form: Linear, v: LoopAxis): Solved {
  const c = coefOf(form, v.id);
  const divisor = abs(c);
  // c·v + others == 0, so v = others / −c.
  const others = scale(without(form, v.id), c < 0n ? 1n : -1n);
  const dividend = express(others);
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
  const [u, ...more] = over.filter((a) => coefOf(l, a.id) !== 0n);
  if (u === undefined || more.length > 0) return undefined;
  const alpha = coefOf(l, u.id);
  const beta = without(l, u.id);
  // Bounds may mention outer loops only.
  const later = new Set([v.id, ...over.slice(over.indexOf(u)).map((a) => a.id)]);
  if ([express(beta), v.lo, v.hi].some((e) => [...freeAxes(e)].some((x) => later.has(x)))) return undefined;
  const step = abs(alpha);
  const one = { terms: new Map(), constant: 1n };
  const div = (x: Linear): Expr => (step === 1n ? express(x) : b.floordiv(express(x), b.int(step)));
  /** ⌈(x − β) / α⌉ for α > 0, ⌊(β − x) / −α⌋ + 1 for α < 0. */
  const end = (x: Linear): Expr => {
    if (alpha > 0n) return div(plus(plus(x, beta, -1n), { terms: new Map(), constant: step - 1n }));
    const d = plus(beta, x, -1n);
    return step === 1n ? express(plus(d, one)) : b.ix.add(div(d), b.int(1));
  };
  const [low, high] = [end(linear(v.lo)), end(linear(v.hi))];
  const [lo, hi] = alpha > 0n ? [low, high] : [high, low];
  const { row: _, ...plain } = u;
  const axis: LoopAxis = { ...plain, lo: b.call('max', [u.lo, lo], 'i64'), hi: b.call('min', [u.hi, hi], 'i64') };
  return over.map((a) => (a === u ? axis : a));
}
