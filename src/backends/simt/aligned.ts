import { visitOps } from '../../codegen/ir/tile-walk.ts';
import type { Ref, TileArray, TileGuard, TileOp, Val } from '../../codegen/ir/tile.ts';
import { DTYPES } from '../../dsl/dtypes.ts';

/**
 * Tells whether a run of elements lies at a multiple of its size (at most 16 bytes): the array begins so, and the index of the first element is
 * a multiple of the run's length under the guards of the variant.
 */
export function alignedRuns(
  body: readonly TileOp[],
  guards: readonly TileGuard[],
  arrays: readonly TileArray[],
): (at: Ref, lanes: number) => boolean {
  const lets = new Map<string, Val>();
  const loops = new Map<string, { readonly lo: Val; readonly step: number }>();
  visitOps(body, (op) => {
    if (op.kind === 'let') lets.set(op.id, op.value);
    if (op.kind === 'loop') loops.set(op.id, { lo: op.lo, step: op.step });
  });
  const begins = new Set([
    ...arrays.filter((a) => a.scope !== 'param').map((a) => a.id),
    ...guards.flatMap((g) => (g.kind === 'aligned' && g.bytes % 16 === 0 ? [g.array] : [])),
  ]);
  const dims = new Map(guards.flatMap((g) => (g.kind === 'multiple' ? [[g.dim, g.of] as const] : [])));
  const multiple = (v: Val, n: number): boolean => {
    switch (v.kind) {
      case 'int':
        return v.value % BigInt(n) === 0n;
      case 'name': {
        const loop = loops.get(v.id);
        if (loop !== undefined) return loop.step % n === 0 && multiple(loop.lo, n);
        const value = lets.get(v.id);
        if (value !== undefined) return multiple(value, n);
        return (dims.get(v.id) ?? 1) % n === 0;
      }
      case 'binary':
        if (v.op === 'mul') return multiple(v.a, n) || multiple(v.b, n);
        return (v.op === 'add' || v.op === 'sub') && multiple(v.a, n) && multiple(v.b, n);
      default:
        return false;
    }
  };
  return (at, lanes) => {
    const array = arrays.find((a) => a.id === at.array);
    if (array === undefined || array.list === true || array.bytes === true || !begins.has(at.array)) return false;
    const bytes = DTYPES[array.dtype].bytes * lanes;
    const powerOfTwo = (bytes & (bytes - 1)) === 0;
    return powerOfTwo && bytes > 1 && multiple(at.index, Math.min(lanes, 16 / DTYPES[array.dtype].bytes));
  };
}
