import { operands, parts } from '../../codegen/ir/tile-walk.ts';
import type { TileOp, Val } from '../../codegen/ir/tile.ts';
import type { Dialect } from '../../codegen/render/dialect.ts';
import { DTYPES } from '../../dsl/dtypes.ts';

/** Bytes of a vector register, and instructions that a function takes that is computed by a polynomial: an assumption of the model. */
const REGISTER = 64;
const FUNCTION = 16;
const SHORT: ReadonlySet<string> = new Set([
  'min',
  'max',
  'abs',
  'floor',
  'ceil',
  'round',
  'trunc',
  'fma',
  'sqrt',
  'relu',
  'sign',
  'isnan',
  'isinf',
]);

/** Instructions of one pass through operations, without the loops inside: one for each register of each value that is no name or literal. */
export function instructionsOf(ops: readonly TileOp[]): number {
  let n = 0;
  const value = (v: Val): void => {
    operands(v).forEach(value);
    if (
      v.kind === 'name' ||
      v.kind === 'int' ||
      v.kind === 'float' ||
      v.kind === 'bool' ||
      v.kind === 'splat' ||
      v.kind === 'iota'
    )
      return;
    const registers =
      v.ty.lanes === 1
        ? 1
        : Math.max(1, Math.ceil((v.ty.lanes * (v.ty.dtype === 'bool' ? 4 : DTYPES[v.ty.dtype].bytes)) / REGISTER));
    n += registers * (v.kind === 'call' && !SHORT.has(v.fn) ? FUNCTION : 1);
  };
  for (const op of ops) {
    parts(op).values.forEach(value);
    if (op.kind === 'store' || op.kind === 'reduceTile' || op.kind === 'scanTile') n += 1;
    if (op.kind === 'if') n += instructionsOf(op.then) + instructionsOf(op.else);
  }
  return n;
}

/** The dialect with a count of instructions in each step of a loop; a branch counts with both its sides. */
export const counting = (d: Dialect): Dialect => ({
  ...d,
  loop: (op, p) => d.loop(op, p).replace(/\)$/, `, work(${instructionsOf(op.body) + 2}))`),
});
