import { must } from '../../../assert.ts';
import { widen } from '../../../dsl/dtypes.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import type { Axis, Expr } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { Ref, Val } from '../../ir/tile.ts';
import { address } from '../../tile/access.ts';
import { coefficient } from '../../tile/affine.ts';
import { bind, indexOf, withAxis } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import type { Contraction } from './shape.ts';

/** Rows of the left operand as they lie in memory. */
interface Rows {
  readonly dtype: DType;
  readonly at: (row: Val, s: Scope) => Ref;
  readonly row: Val;
  readonly step: Val;
}

/** True if the left operand is an array that tiles can read where it is: one reduced axis, a plain element at steps that do not change. */
export function isDirect(c: Contraction): boolean {
  const [over] = c.over;
  const row = c.rows.at(-1);
  if (c.over.length !== 1 || over === undefined || row === undefined || c.left.kind !== 'read') return false;
  const { left } = c;
  if (left.list !== undefined || left.field !== undefined || widen(left.dtype) !== c.acc) return false;
  return [over, row].every((a) => left.index.every((e) => coefficient(e, a.id) !== undefined));
}

/** The rows, at the reduced element `from` on; undefined where they must be packed. */
export function directRows(c: Contraction, from: Val, s: Scope): Rows | undefined {
  const { left } = c;
  const [over] = c.over;
  const row = must(c.rows.at(-1), 'row axis');
  if (!isDirect(c) || left.kind !== 'read' || over === undefined) return undefined;
  return {
    dtype: left.dtype,
    at: (r, scope) => address(left, withAxis(withAxis(scope, row.id, r), over.id, from)).ref,
    row: bind(s, 'row_step', strideOf(left, row, s)),
    step: bind(s, 'step', strideOf(left, over, s)),
  };
}

/** Elements between neighbours along an axis. */
function strideOf(read: Expr & { readonly kind: 'read' }, axis: Axis, s: Scope): Val {
  const { shape } = s.cx.buffer(read.buf);
  let step = t.int(1);
  let sum = t.int(0);
  for (let k = read.index.length - 1; k >= 0; k--) {
    const factor = coefficient(must(read.index[k], 'index'), axis.id) ?? 0n;
    if (factor !== 0n) sum = t.add(sum, t.mul(step, t.int(factor)));
    if (k > 0) step = t.mul(step, indexOf(must(shape[k], 'extent'), s));
  }
  return sum;
}
