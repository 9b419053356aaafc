import type { Monoid } from '../../codegen/ir/stage.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import { visitOps } from '../../codegen/ir/tile-walk.ts';
import type { TileOp, Ty } from '../../codegen/ir/tile.ts';
import type { ValueType } from '../../dsl/dtypes.ts';
import type { Print } from '../../codegen/render/dialect.ts';
import { combine } from '../../codegen/tile/fold.ts';
import { identity } from '../../codegen/tile/values.ts';
import { localType } from '../clike/prelude/types.ts';
import type { SimtCollector } from './collector.ts';

/** Waves that a block of any target may have. */
const MOST_WAVES = 32;
/** Shared array through which waves of a block pass values of a type on. */
export const foldRoom = (dtype: ValueType): string => `waves_${dtype}`;

/** Declarations of the shared arrays that folds and scans over the block need in a body. */
export function foldRooms(body: readonly TileOp[], c: SimtCollector): readonly string[] {
  const types = new Set<ValueType>();
  visitOps(body, (op) => {
    if ((op.kind === 'reduceTile' || op.kind === 'scanTile') && op.within === 'block') types.add(op.value.ty.dtype);
  });
  return [...types].map(
    (dtype) => `__shared__ ${localType(c, { dtype, lanes: 1 })} ${foldRoom(dtype)}[${MOST_WAVES}];`,
  );
}

/**
 * Function that folds a value of each thread over a block: shuffles within waves, one hop through shared memory, shuffles again. All threads get the
 * same bits, since both partners of a shuffle combine the same two values.
 */
export function blockFold(c: SimtCollector, op: Monoid, ty: Ty, p: Print): string {
  const T = localType(c, ty);
  const name = `fold_${op}_${ty.dtype}_block`;
  return c.add(name, () => {
    const shfl = c.prelude('kt_shfl_xor');
    const shuffles = `#pragma unroll
  for (int step = KT_WAVE / 2; step > 0; step /= 2) {
    const ${T} w = ${shfl}(v, step);
    v = ${p.val(combine(op, t.name('v', ty), t.name('w', ty)))};
  }`;
    return `static inline ${T} ${name}(${T} v, ${T}* waves) {
${shuffles}
  if (blockDim.x == KT_WAVE) return v;
  const int lane = threadIdx.x % KT_WAVE, wave = threadIdx.x / KT_WAVE;
  if (lane == 0) waves[wave] = v;
  __syncthreads();
  v = lane < (int)blockDim.x / KT_WAVE ? waves[lane] : ${p.val(identity(op, ty.dtype))};
${shuffles}
  // Nobody writes the next fold's values before all have read these.
  __syncthreads();
  return v;
}`;
  });
}

/**
 * Function that gives each thread of a block the fold of the values of all threads before it, and of its own unless `exclusive`: a scan of each wave,
 * then the totals of the waves before.
 */
export function blockScan(c: SimtCollector, op: Monoid, ty: Ty, exclusive: boolean, p: Print): string {
  const T = localType(c, ty);
  const name = `scan_${op}_${ty.dtype}_${exclusive ? 'before_' : ''}block`;
  return c.add(name, () => {
    const shfl = c.prelude('kt_shfl_up');
    const none = p.val(identity(op, ty.dtype));
    const joined = (a: string, b: string): string => p.val(combine(op, t.name(a, ty), t.name(b, ty)));
    return `static inline ${T} ${name}(${T} v, ${T}* waves) {
  const int lane = threadIdx.x % KT_WAVE, wave = threadIdx.x / KT_WAVE;
#pragma unroll
  for (int step = 1; step < KT_WAVE; step *= 2) {
    const ${T} w = ${shfl}(v, step);
    if (lane >= step) v = ${joined('w', 'v')};
  }
  if (lane == KT_WAVE - 1) waves[wave] = v;
${
  exclusive
    ? `  v = ${shfl}(v, 1);
  if (lane == 0) v = ${none};
`
    : ''
}  __syncthreads();
  ${T} before = ${none};
  for (int k = 0; k < wave; ++k) before = ${joined('before', 'waves[k]')};
  __syncthreads();
  return ${joined('before', 'v')};
}`;
  });
}
