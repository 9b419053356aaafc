import type { Expr } from '../../ir/stage.ts';
import { sizeUnder } from '../../shapes/eval-size.ts';
import type { Param } from '../../space/space.ts';
import type { Claim, Machine, Pattern } from '../pattern.ts';
import { fill, microTiles, tileOf, tileParam } from '../tiles.ts';
import type { MicroTile } from '../tiles.ts';
import { lowerCascade } from './lower.ts';
import { cascadeOf } from './shape.ts';
import type { Cascade } from './shape.ts';

/**
 * Products chained by row-wise work over the same rows: attention of every kind, networks on each row, interactions followed by a layer. Rows go in
 * blocks; everything between the products stays in the cache. Nothing is reordered but the sums of products, so there is no condition on what
 * happens between them.
 */
export const cascade: Pattern = {
  name: 'cascade',
  claim(kernel, graph): Claim | undefined {
    const shape = cascadeOf(kernel, graph);
    return (
      shape && {
        pattern: 'cascade',
        params: (machine) => params(shape, machine),
        lower(config) {
          const tile = tileOf(config);
          const rows = config['block_rows'];
          if (tile === undefined || typeof rows !== 'number') return undefined;
          const whole = Math.max(1, Math.round(rows / tile.m)) * tile.m;
          return (s, k, outer) => lowerCascade(shape, { rows: whole, tile }, s, k, outer);
        },
      }
    );
  },
};

function params(shape: Cascade, machine: Machine): readonly Param[] {
  const tiles = microTiles(machine).map((t) => t.name);
  return [
    tileParam(machine, defaultTile(shape, machine)),
    {
      name: 'block_rows',
      help: 'rows that pass through all products together, rounded to whole micro-tiles',
      kind: 'enum',
      values: [12, 24, 48, 96, 192],
      default: 48,
      when: { param: 'tile', in: tiles },
    },
  ];
}

/** The tile that wastes least of the columns of all products. */
function defaultTile(shape: Cascade, machine: Machine): string {
  const cols = shape.steps.flatMap((s) => (s.kind === 'product' ? [extentOf(s.product.cols.hi, machine)] : []));
  const score = (t: MicroTile): number =>
    cols.reduce<number>((n, c) => n * fill((t.vectors * machine.vectorBytes) / 4, c), t.m * t.vectors);
  const [first, ...others] = microTiles(machine).filter((t) => t.vectors > 1);
  return first === undefined ? 'none' : others.reduce((a, z) => (score(z) > score(a) * 1.01 ? z : a), first).name;
}
const extentOf = (e: Expr, machine: Machine): number | undefined => sizeUnder(e, machine.dims);
