import { mentionedIn } from '../../codegen/ir/tile-walk.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import type { TileOp, Val } from '../../codegen/ir/tile.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { axesOf, join, LANE, meets, ROW, within } from './axes.ts';
import type { Axes, Env } from './axes.ts';
import { letsOf, writtenOut } from './nest.ts';
import type { Loop } from './nest.ts';

/** A loop that adds products of a value of rows and a value of lanes: a product of two blocks. */
export interface Dot {
  readonly acc: string;
  readonly left: Val;
  readonly right: Val;
  /** How the operands go into the product: as they are stored where both are narrow, else as they are summed. */
  readonly as: DType;
  readonly sum: 'f32' | 'f64' | 'i32';
  /** Axes that the loop's end differs along. */
  readonly end: Axes;
}

/** The product that a loop is; `end` may differ by row, all else of the loop is the same along the block. */
export function dotOf(op: Loop, env: Env): Dot | undefined {
  if (op.level.kind !== 'serial' || op.step !== 1 || axesOf(op.lo, env, 0) !== 0) return undefined;
  const end = axesOf(op.hi, env, 0);
  if (!within(end, ROW)) return undefined;
  const code = op.body.filter((x) => x.kind !== 'note' && x.kind !== 'let');
  const [set] = code;
  if (code.length !== 1 || set?.kind !== 'set' || env.locals.get(set.id) !== join(ROW, LANE)) return undefined;
  const term = added(set);
  if (term === undefined) return undefined;
  const lets = letsOf(op.body);
  const factors = factorsOf(writtenOut(term, lets));
  const axes = (v: Val): Axes => axesOf(v, env, 0);
  const right = factors.filter((f) => meets(axes(f), LANE));
  const left = factors.filter((f) => !meets(axes(f), LANE));
  if (right.some((f) => meets(axes(f), ROW)) || !left.some((f) => meets(axes(f), ROW))) return undefined;
  const hangs = (vs: readonly Val[]): boolean => mentionedIn(vs).has(op.id);
  if (right.length === 0 || !hangs(left) || !hangs(right)) return undefined;
  const [a, b] = [left.reduce(t.mul), right.reduce(t.mul)];
  const sum = term.ty.dtype;
  if (sum !== 'f32' && sum !== 'f64' && sum !== 'i32') return undefined;
  const [x, y] = [storedAs(a), storedAs(b)];
  const narrow = x !== undefined && x === y && DTYPES[x].bytes < DTYPES[sum].bytes ? x : undefined;
  const as = narrow === 'f16' || narrow === 'bf16' || narrow === 'i8' ? narrow : sum;
  if (sum === 'i32' ? as !== 'i8' : as === 'i8') return undefined;
  return { acc: set.id, left: a, right: b, as, sum, end };
}

function added(set: TileOp & { readonly kind: 'set' }): Val | undefined {
  const v = set.value;
  if (v.kind !== 'binary' || v.op !== 'add') return undefined;
  const isSum = (x: Val): boolean => x.kind === 'name' && x.id === set.id;
  return isSum(v.a) ? v.b : isSum(v.b) ? v.a : undefined;
}
const factorsOf = (v: Val): readonly Val[] =>
  v.kind === 'binary' && v.op === 'mul' ? [...factorsOf(v.a), ...factorsOf(v.b)] : [v];

/** The storage type of an operand that is an element as it lies in memory, or 0 where it is not touched. */
function storedAs(v: Val): DType | undefined {
  if (v.kind === 'load') return v.dtype;
  if (v.kind === 'select' && isZero(v.else)) return storedAs(v.then);
  return undefined;
}
export const isZero = (v: Val): boolean =>
  (v.kind === 'float' && v.value === 0) || (v.kind === 'int' && v.value === 0n);

/** What a product's operand is multiplied by in the steps beyond the end: nothing, where they are loaded as 0 already. */
export const isStored = (v: Val): boolean => storedAs(v) !== undefined;
/** The element that an operand is, for one that is stored. */
export function loadOf(v: Val): Val | undefined {
  if (v.kind === 'select') return loadOf(v.then);
  return v.kind === 'load' ? v : undefined;
}
