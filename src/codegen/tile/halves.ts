import { children, reduceExprs } from '../ir/walk.ts';
import type { AxisId, Expr, Reduce, Stage } from '../ir/stage.ts';
import { dependsOn, walksRow } from './affine.ts';
import type { KernelCx } from './scope.ts';

/**
 * bf16 values as the halves of 32-bit words: the even and the odd elements of a run come out of its words by a shift and a mask, and go back by
 * a shift, a mask and an or. In the order of memory they would need shuffles each way. Possible where everything that moves with the axis is bf16 in
 * consecutive elements and nothing looks at single lanes.
 */
const HALVED = 'bf16';

/** True if a map stage can compute the halves of runs along `axis`. */
export function mapsHalves(s: Stage, axis: AxisId, cx: KernelCx): boolean {
  if (s.kind !== 'map' || s.where !== undefined || s.value.type !== 'f32') return false;
  const out = cx.storage(s.out.buf);
  if (
    out.kind === 'array' &&
    (cx.buffer(s.out.buf).dtype !== HALVED ||
      cx.buffer(s.out.buf).row !== undefined ||
      cx.buffer(s.out.buf).capacity !== undefined)
  )
    return false;
  return halvable(s.value, axis, cx);
}

/** True if a fold can take the innermost reduced axis as halves of runs. */
export function foldsHalves(r: Reduce, cx: KernelCx): boolean {
  const axis = r.over.at(-1);
  if (axis === undefined || r.when !== undefined || r.op === 'count') return false;
  return reduceExprs({ ...r, over: [] }).every((e) => e.type === 'f32' && halvable(e, axis.id, cx));
}

function halvable(e: Expr, axis: AxisId, cx: KernelCx): boolean {
  if (!dependsOn(e, axis)) return children(e).every((c) => halvable(c, axis, cx));
  switch (e.kind) {
    case 'read':
      if (cx.storage(e.buf).kind === 'register') return true;
      return (
        e.dtype === HALVED && e.list === undefined && cx.buffer(e.buf).row === undefined && walksRow(e, axis, cx.buffer)
      );
    case 'unary':
    case 'call':
    case 'cast':
    case 'convert':
    case 'strict':
      return children(e).every((c) => halvable(c, axis, cx));
    case 'binary':
      return e.op !== 'and' && e.op !== 'or' && children(e).every((c) => halvable(c, axis, cx));
    default:
      return false;
  }
}
