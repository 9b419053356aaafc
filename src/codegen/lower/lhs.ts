import { must } from '../../assert.ts';
import type { TLhs, TVar } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Axis, Expr } from '../ir/stage.ts';
import { bindVar } from './bind.ts';
import { lowerExpr } from './scope.ts';
import type { AxisIndex, Env, LoopAxis, Scope, ViewAxis } from './scope.ts';

/** The loops that a left side opens, and the position that it stands for. */
export interface Lhs {
  readonly scope: Scope;
  readonly list?: Expr;
  readonly listAxis?: LoopAxis;
  readonly axes: readonly LoopAxis[];
  readonly index: readonly AxisIndex[];
  /** By position of the left side: one for each variable or literal in it. */
  readonly parts: readonly (readonly Part[])[];
}
/** What one variable or literal of a left side ranges over. */
export interface Part {
  readonly value: Expr;
  readonly axis: LoopAxis;
}
export const plainAxis = ({ row: _row, ...a }: LoopAxis): Axis => a;

/** Opens the loops of `{f}[i, (j, k), 0]`. `pairs` tells which positions are f < g. */
export function bindLhs(
  env: Env,
  outer: Scope,
  list: TVar | undefined,
  index: readonly TLhs[],
  view?: readonly ViewAxis[],
): Lhs {
  let scope = outer;
  const axes: LoopAxis[] = [];
  const open = (v: TVar): LoopAxis => {
    const bound = bindVar(env, scope, v);
    scope = bound.scope;
    axes.push(bound.axis);
    return bound.axis;
  };
  const listAxis = list === undefined ? undefined : open(list);
  const part = (l: TLhs): Part => {
    if (l.kind === 'var') {
      const known = outer.vars.get(l.var.id);
      if (known !== undefined) return { axis: stepAxis(env, outer, l.var), value: known };
      const axis = open(l.var);
      return { axis, value: b.axisRef(axis.id) };
    }
    if (l.kind === 'tuple') throw new Error('internal: a tuple within a tuple');
    return {
      value: b.int(l.value),
      axis: { id: `at${l.value}`, name: '', lo: b.int(l.value), hi: b.int(l.value + 1n) },
    };
  };
  const parts = index.map((l, k): readonly Part[] => {
    if (l.kind !== 'tuple') return [part(l)];
    const own = l.parts.map(part);
    return view?.[k]?.kind === 'pairs' ? above(own, axes, (s) => (scope = s), scope) : own;
  });
  return {
    scope,
    ...(listAxis === undefined ? {} : { list: b.axisRef(listAxis.id), listAxis }),
    axes,
    parts,
    index: parts.map((p, k) =>
      indexOf(
        p.map((x) => x.value),
        view?.[k],
      ),
    ),
  };
}
/** The step of a recurrence on a left side: its loop is open already. */
const stepAxis = (env: Env, scope: Scope, v: TVar): LoopAxis => ({
  id: must(env.builder.step, 'step'),
  name: v.name,
  lo: lowerExpr(env, scope, v.lo),
  hi: lowerExpr(env, scope, v.hi),
});
export function indexOf(values: readonly Expr[], axis: ViewAxis | undefined): AxisIndex {
  const [first, second] = values;
  if (axis?.kind === 'pairs' && values.length === 2) return { kind: 'pair', f: must(first, 'f'), g: must(second, 'g') };
  return values.length === 1 ? { kind: 'flat', value: must(first, 'index') } : { kind: 'parts', values };
}

/** In pairs the second loop starts behind the first. */
function above(parts: readonly Part[], axes: LoopAxis[], set: (s: Scope) => void, scope: Scope): readonly Part[] {
  const [f, g] = parts;
  if (f === undefined || g === undefined || g.axis.lo.kind !== 'int' || g.value.kind !== 'axis') return parts;
  const axis: LoopAxis = { ...g.axis, lo: b.ix.add(f.value, b.int(1)) };
  const swap = (a: LoopAxis): LoopAxis => (a.id === axis.id ? axis : a);
  axes.splice(0, axes.length, ...axes.map(swap));
  set({ ...scope, axes: scope.axes.map(swap) });
  return [f, { ...g, axis }];
}
