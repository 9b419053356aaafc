import { must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { Stage } from '../ir/stage.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';
import { lowerHalves, lowerStore, storedAs } from './access.ts';
import { fold } from './fold.ts';
import type { RowVector } from './fold.ts';
import { guarded } from './loops.ts';
import { bind, valueOf, withMask, withVar } from './scope.ts';
import type { Scope } from './scope.ts';
import { identity } from './values.ts';

type Pointwise = Stage & { readonly kind: 'map' | 'reduce' };

/** Computes and stores a map or reduce stage at one point, or at the lanes of each of several scopes that share a block. */
export function lowerPoint(
  stage: Pointwise,
  scopes: readonly Scope[],
  row: RowVector | undefined,
  stream: boolean,
): void {
  const first = must(scopes[0], 'scope');
  if (first.cx.storage(stage.out.buf).kind === 'register') {
    for (const s of scopes) s.registers.set(stage.out.buf, registerValue(stage, s, row));
    return;
  }
  const dtype = storedAs(stage.out, first);
  if (stage.where !== undefined || scopes.length === 1) {
    for (const s of scopes)
      guarded(stage.where, s, (inner) => lowerStore(stage.out, dtype, pointValue(stage, inner, row), inner, stream));
    return;
  }
  if (first.lane?.half !== undefined) {
    const values = valuesOf(stage, scopes, row);
    for (let k = 0; k < scopes.length; k += 2) {
      lowerHalves(
        stage.out,
        dtype,
        must(values[k], 'even half'),
        must(values[k + 1], 'odd half'),
        must(scopes[k], 'scope'),
        stream,
      );
    }
    return;
  }
  valuesOf(stage, scopes, row).forEach((v, k) => lowerStore(stage.out, dtype, v, must(scopes[k], 'scope'), stream));
}

/** The value at a point, under its condition where it has one; nobody reads what the condition excludes. */
function registerValue(stage: Pointwise, s: Scope, row: RowVector | undefined): Val {
  const b = s.cx.buffer(stage.out.buf);
  const cond = stage.where && valueOf(stage.where, s);
  const rounded = (v: Val): Val => (widen(b.dtype) === b.dtype ? v : t.round(v, b.dtype, widen(b.dtype)));
  if (cond === undefined) return bind(s, stage.name, rounded(pointValue(stage, s, row)));
  if (cond.ty.lanes > 1) return bind(s, stage.name, rounded(pointValue(stage, withMask(s, bind(s, 'm', cond)), row)));
  const type = widen(b.dtype);
  const init = t.splat(identity('add', type), s.lane?.lanes ?? 1);
  const id = s.fresh(stage.name);
  s.block.ops.push({ kind: 'var', id, ty: init.ty, init });
  guarded(stage.where, s, (inner) =>
    inner.block.ops.push({ kind: 'set', id, value: t.splat(rounded(pointValue(stage, inner, row)), init.ty.lanes) }),
  );
  return t.name(id, init.ty);
}

const pointValue = (stage: Pointwise, s: Scope, row: RowVector | undefined): Val =>
  must(valuesOf(stage, [s], row)[0], 'value');
function valuesOf(stage: Pointwise, scopes: readonly Scope[], row: RowVector | undefined): readonly Val[] {
  if (stage.kind === 'map') return scopes.map((s) => valueOf(stage.value, s));
  const folded = fold(stage.reduce, scopes, row);
  const { post } = stage;
  return scopes.map((s, k) => {
    const v = must(folded[k], 'fold');
    return post === undefined ? v : valueOf(post, withVar(s, 'acc', bind(s, 'acc', v)));
  });
}
