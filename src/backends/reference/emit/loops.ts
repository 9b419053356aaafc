import type { Axis, Expr } from '../../../codegen/ir/stage.ts';
import { freeAxes } from '../../../codegen/ir/walk.ts';
import { indexOf } from './spot.ts';
import { boolOf } from './branch.ts';
import type { BoolVal, Emitter, IntVal } from './code.ts';
import { bind, boolLit, close, fresh, open } from './code.ts';

/** Conjuncts of a condition, in order. */
export const conjuncts = (e: Expr | undefined): readonly Expr[] =>
  e === undefined ? [] : e.kind === 'binary' && e.op === 'and' ? [...conjuncts(e.a), ...conjuncts(e.b)] : [e];

/** Heads of the blocks opened by `openLoops`, to be closed in reverse. */
export interface Opened {
  readonly heads: readonly string[];
  /** Whether a condition or bound on the way was unstable, so that the point may or may not exist. */
  readonly doubt: BoolVal | undefined;
  /** Ranges of the loops, outermost first. */
  readonly ranges: readonly { readonly lo: IntVal; readonly hi: IntVal; readonly at: IntVal }[];
  /** How many of `doubts` of the emitter come from outside. */
  readonly outer: number;
}

/**
 * Opens the loops of `axes` with their conditions, each as early as its axes are known and after those before it.
 * The conditions are tested in order, so that an earlier one may guard a later. The outermost axes take the values of `params` instead of looping.
 */
export function openLoops(
  em: Emitter,
  axes: readonly Axis[],
  where: Expr | undefined,
  params: readonly string[] = [],
): Opened {
  const heads: string[] = [];
  const outer = em.doubts.length;
  const ranges: { lo: IntVal; hi: IntVal; at: IntVal }[] = [];
  const inner = new Set(axes.map((a) => a.id));
  const pending = [...conjuncts(where)];
  const test = (): void => {
    for (let c = pending[0]; c !== undefined; c = pending[0]) {
      if ([...freeAxes(c)].some((id) => inner.has(id))) return;
      pending.shift();
      const cond = boolOf(em, c);
      if (cond.v === 'true') continue;
      if (cond.e !== undefined) em.doubts.push(cond.e);
      heads.push(`if (${cond.v}${cond.e === undefined ? '' : ` || ${cond.e}`})`);
      open(em, true);
    }
  };
  test();
  axes.forEach((a, k) => {
    const lo = indexOf(em, a.lo);
    const hi = indexOf(em, a.hi);
    for (const end of [lo, hi]) if (end.e !== undefined) em.doubts.push(`${end.e} > 0`);
    const param = params[k];
    const name = param ?? fresh(em, 'i');
    heads.push(
      param === undefined
        ? `for (let ${name} = ${lo.v}; ${name} < ${hi.v}; ${name}++)`
        : `if (${name} >= ${lo.v} && ${name} < ${hi.v})`,
    );
    const block = open(em, !(lo.hi < hi.lo));
    const at: IntVal = { rep: 'int', type: 'i64', v: name, lo: lo.lo, hi: Math.max(lo.lo, hi.hi - 1), block };
    em.axes.set(a.id, at);
    ranges.push({ lo, hi, at });
    inner.delete(a.id);
    test();
  });
  const doubts = em.doubts.slice(outer);
  const doubt =
    doubts.length === 0
      ? undefined
      : {
          ...boolLit(em, true),
          ...bind(
            em,
            doubts.join(' || '),
            ranges.map((r) => r.at),
            true,
          ),
        };
  return { heads, doubt, ranges, outer };
}
export function closeLoops(em: Emitter, o: Opened): void {
  for (const head of [...o.heads].reverse()) close(em, head);
  em.doubts.length = o.outer;
}
