import * as t from '../../codegen/ir/tile-build.ts';
import { visitVals } from '../../codegen/ir/tile-walk.ts';
import type { TileDim, TileKernel, TileOp, TileProgram, Val } from '../../codegen/ir/tile.ts';
import { SLICES } from './slices.ts';
import type { SimtArch } from './family.ts';
import { replaceNames } from './replace.ts';

/**
 * Steps that the loop over the grid has, as a value that the host can compute from dims, scalars and capacities; undefined where it hangs on
 * what arrays hold, or where no loop is bound to the grid.
 */
export function gridSteps(body: readonly TileOp[], p: TileProgram, onHost: boolean): Val | undefined {
  const known = numbersOf(p, (d) => onHost || d.derived === undefined);
  const lets = new Map<string, Val>();
  const steps: Val[] = [];
  for (const op of body) {
    if (op.kind === 'let') lets.set(op.id, replaceNames(op.value, lets));
    if (op.kind !== 'loop' || op.level.kind !== 'grid') continue;
    const span = t.sub(replaceNames(op.hi, lets), replaceNames(op.lo, lets));
    if (!onlyKnown(span, known)) return undefined;
    steps.push(op.step === 1 ? span : t.binary('div', t.add(span, t.int(op.step - 1)), t.int(op.step)));
  }
  if (steps.length === 0) return undefined;
  return steps.reduce((a, b) => t.call('max', [a, b], 'i64'));
}

/** Names of the numbers of a call: scalars, capacities, and dims that are wanted and no tables. */
export const numbersOf = (p: TileProgram, wanted: (d: TileDim) => boolean): ReadonlySet<string> =>
  new Set([
    ...p.dims.filter((d) => d.table !== true && wanted(d)).map((d) => d.id),
    ...p.scalars.map((s) => s.id),
    ...p.capacities.map((c) => c.id),
  ]);

/** True where nothing is read but names in `known`. */
export function onlyKnown(v: Val, known: ReadonlySet<string>): boolean {
  let fine = true;
  visitVals([{ kind: 'let', id: '', value: v }], (x) => {
    if (x.kind === 'load' || x.kind === 'dimOf' || (x.kind === 'name' && !known.has(x.id))) fine = false;
  });
  return fine;
}

/** How a kernel is launched. */
export interface Geometry {
  readonly threads: number;
  /** Steps of the grid's loop, where the host knows them, and how many of them one block takes at a time. */
  readonly steps: Val | undefined;
  readonly each: number;
  /** Blocks that fill the device a few times over. */
  readonly most: number;
}
/** Threads of a block where a thread computes by itself. */
const THREADS = 256;
/** Blocks for each multiprocessor. */
const WAVES = 8;

export function geometryOf(
  p: TileProgram,
  k: TileKernel,
  body: readonly TileOp[],
  arch: SimtArch,
  sliced: boolean,
  onHost: boolean,
): Geometry {
  if (!k.split) return { threads: k.lanes ?? 1, steps: undefined, each: 1, most: 1 };
  const steps = gridSteps(body, p, onHost);
  if (k.lanes === undefined)
    return sliced
      ? { threads: SLICES / 4, steps, each: SLICES / 4, most: 4 }
      : { threads: THREADS, steps, each: THREADS, most: arch.multiprocessors * WAVES };
  const flat = body.some((op) => op.kind === 'loop' && op.level.kind === 'grid' && op.level.flat);
  return { threads: k.lanes, steps, each: flat ? k.lanes : 1, most: sliced ? SLICES : arch.multiprocessors * WAVES };
}
