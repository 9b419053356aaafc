import type { Param } from '../../space/space.ts';
import type { Claim, Machine, Pattern } from '../pattern.ts';
import { microTiles, tileName, tileNamed } from '../tiles.ts';
import { lowerCascade } from './lower.ts';
import { cascadeOf } from './shape.ts';

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
        params,
        lower(config, machine) {
          const tile = tileNamed(String(config['micro'] ?? ''));
          const rows = config['block_rows'];
          if (tile === undefined || typeof rows !== 'number' || machine.vectorBytes === 0) return undefined;
          const whole = Math.max(1, Math.round(rows / tile.m)) * tile.m;
          return (s, k, outer) => lowerCascade(shape, { rows: whole, tile }, s, k, outer);
        },
      }
    );
  },
};

function params(machine: Machine): readonly Param[] {
  const tiles = microTiles(machine).map(tileName);
  return [
    {
      name: 'micro',
      help: 'rows and columns of products that are accumulated in registers; none: plain loops',
      kind: 'enum',
      values: [...tiles, 'none'],
      default: tiles[0] ?? 'none',
    },
    {
      name: 'block_rows',
      help: 'rows that pass through all products together, rounded to whole micro-tiles',
      kind: 'enum',
      values: [12, 24, 48, 96, 192],
      default: 48,
      when: { param: 'micro', in: tiles },
    },
  ];
}
