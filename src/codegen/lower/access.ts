import { must } from '../../assert.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import type { TExpr, TIndex, TIndexPart } from '../../dsl/typed.ts';
import { isIntType } from '../passes/fold.ts';
import * as b from '../ir/build.ts';
import { substitute } from '../ir/rewrite.ts';
import type { Expr } from '../ir/stage.ts';
import { below, nonNegative, openConds } from './known.ts';
import type { Known } from './known.ts';
import { letValues, listOf, locate, positionOf, rowStart } from './place.ts';
import { knownIn, lowerExpr } from './scope.ts';
import type { AxisIndex, Env, Scope, Tensor } from './scope.ts';

/** Lowered index of an access with what must hold for it to be safe. */
interface Indexed {
  readonly index: readonly AxisIndex[];
  /** Ranges of guarded parts, in evaluation order. */
  readonly guarded: readonly Expr[];
  /** Ranges that must be tested on the spot, and extents of clamped parts that must not be empty. */
  readonly tests: readonly Expr[];
  readonly unchecked: boolean;
}

export const zero = (type: ValueType): Expr =>
  type === 'bool' ? b.bool(false) : isIntType(type) ? b.int(0, type) : b.float(0, type);

function range(v: Expr, extent: Expr, known: Known): readonly Expr[] {
  return [...(nonNegative(v, known) ? [] : [b.ge(v, b.int(0))]), ...(below(v, extent, known) ? [] : [b.lt(v, extent)])];
}

/** Lowers the positions of an access under their policies. */
export function lowerIndex(env: Env, scope: Scope, index: readonly TIndex[]): Indexed {
  const guarded: Expr[] = [];
  const tests: Expr[] = [];
  let unchecked = false;
  const known = knownIn(env, scope);
  const part = (p: TIndexPart): Expr => {
    const v = lowerExpr(env, scope, p.value);
    if (p.policy === 'unchecked') {
      unchecked = true;
      return v;
    }
    const extent = lowerExpr(env, scope, p.extent);
    if (p.policy === 'clamp') {
      if (!(extent.kind === 'int' && extent.value > 0n)) tests.push(b.gt(extent, b.int(0)));
      if (extent.kind === 'int' && extent.value === 1n) return b.int(0);
      const low = nonNegative(v, known) ? v : b.call('max', [v, b.int(0)], 'i64');
      return below(v, extent, known) ? low : b.call('min', [low, b.ix.sub(extent, b.int(1))], 'i64');
    }
    const conds = range(v, extent, known);
    if (p.policy === 'guarded') guarded.push(...conds);
    else if (conds.length > 0) {
      env.builder.risk++;
      if (scope.distrust) tests.push(...conds);
    }
    return v;
  };
  const lowered = index.map((x): AxisIndex => {
    switch (x.kind) {
      case 'flat':
        return { kind: 'flat', value: part(x.part) };
      case 'parts':
        return { kind: 'parts', values: x.parts.map(part) };
      default: {
        const [f, g] = [part(x.f), part(x.g)];
        if (x.f.policy === 'guarded' || x.g.policy === 'guarded') guarded.push(b.lt(f, g));
        return { kind: 'pair', f, g };
      }
    }
  });
  return { index: lowered, guarded, tests, unchecked };
}

const tensorOf = (env: Env, name: string): Tensor => must(env.tensors.get(name), `tensor ${name}`);

export type TAccess = Extract<TExpr, { kind: 'access' }>;
/** Where an access points, and under which conditions it may. */
export interface Target extends Indexed {
  readonly tensor: Tensor;
  readonly list: Expr | undefined;
  readonly place: readonly Expr[];
  readonly dtype: DType;
}
export function lowerTarget(env: Env, scope: Scope, e: TAccess): Target {
  const tensor = tensorOf(env, e.tensor);
  const list = e.list === undefined ? undefined : lowerExpr(env, scope, e.list);
  const at = lowerIndex(env, scope, e.index);
  const row = locate(tensor, at.index, list);
  if (e.field === undefined) return { ...at, tensor, list, place: row, dtype: tensor.dtype };
  const field = must(tensor.kind === 'view' ? tensor.fields?.get(e.field.name) : undefined, `field ${e.field.name}`);
  const inner = lowerIndex(env, scope, e.field.index);
  const axes = field.factors(list).map((factors) => ({ kind: 'dense' as const, factors }));
  return {
    tensor,
    list,
    index: at.index,
    guarded: [...at.guarded, ...inner.guarded],
    tests: [...at.tests, ...inner.tests],
    unchecked: at.unchecked || inner.unchecked,
    place: [...row, ...axes.map((axis, k) => positionOf([axis], [must(inner.index[k], 'field index')], list))],
    dtype: field.dtype,
  };
}

/** Condition under which the element of a partial let has a value; undefined where it always has. */
export function presenceAt(env: Env, scope: Scope, t: Target): Expr | undefined {
  if (t.tensor.kind !== 'let' || t.tensor.present === undefined) return undefined;
  const there = substitute(t.tensor.present, { axes: letValues(t.tensor, t.index, t.list) });
  const open = b.all(openConds(there, knownIn(env, scope)));
  return open.kind === 'bool' && open.value ? undefined : open;
}
/** A read under its policies: guarded ranges and presence go to the enclosing guard. */
export function lowerAccess(env: Env, scope: Scope, e: TAccess): Expr {
  const t = lowerTarget(env, scope, e);
  const read = b.read(t.tensor.buf, t.dtype, t.place, {
    list: listOf(t.tensor, t.list),
    field: e.field?.name,
    unchecked: t.unchecked,
  });
  const present = presenceAt(env, scope, t);
  if (scope.guard !== undefined) scope.guard.push(...t.guarded, ...(present === undefined ? [] : [present]));
  return safely(scope, t, read);
}
/** The value, or 0 where it must not be evaluated. */
function safely(scope: Scope, t: Indexed, value: Expr): Expr {
  const tests = [...t.tests, ...(scope.guard === undefined ? t.guarded : [])];
  return tests.length === 0 ? value : b.select(b.all(tests), value, zero(value.type));
}

/** len(L, …), base(L, …). */
export function lowerRow(env: Env, scope: Scope, e: Extract<TExpr, { kind: 'len' | 'base' }>): Expr {
  const ragged = must(env.raggeds.get(e.ragged), `ragged axis ${e.ragged}`);
  const list = e.list === undefined ? undefined : lowerExpr(env, scope, e.list);
  const at = lowerIndex(env, scope, e.at);
  const row = positionOf(ragged.left(list), at.index, list);
  const start = rowStart(ragged, row, list);
  if (scope.guard !== undefined) scope.guard.push(...at.guarded);
  return safely(
    scope,
    at,
    e.kind === 'base' ? start : b.ix.sub(rowStart(ragged, b.ix.add(row, b.int(1)), list), start),
  );
}
