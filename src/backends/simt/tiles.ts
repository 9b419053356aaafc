import { contractionOf } from '../../codegen/patterns/contraction/shape.ts';
import type { Contraction } from '../../codegen/patterns/contraction/shape.ts';
import { lanesOf } from '../../codegen/patterns/contraction/block-tiles.ts';
import type { BlockTiles } from '../../codegen/patterns/contraction/block-tiles.ts';
import { lowerBlocks } from '../../codegen/patterns/contraction/blocks.ts';
import { halvesOf, sharedBytes, waveTiles } from '../../codegen/patterns/contraction/waves.ts';
import { sizeUnder } from '../../codegen/shapes/eval-size.ts';
import type { KernelPlan, Plan } from '../../codegen/plan/plan.ts';
import type { Config, Constraint, Param } from '../../codegen/space/space.ts';
import type { Lowering } from '../../codegen/tile/program.ts';
import type { ShapeHint } from '../backend.ts';
import type { SimtArch } from './family.ts';

/** Tiles of results of a block, by name: rows and columns of the block, and of a lane. */
const TILES = {
  '128x128': { m: 128, n: 128, rows: 8, cols: 8 },
  '128x64': { m: 128, n: 64, rows: 8, cols: 4 },
  '64x64': { m: 64, n: 64, rows: 4, cols: 4 },
  '32x64': { m: 32, n: 64, rows: 2, cols: 4 },
  '32x32': { m: 32, n: 32, rows: 2, cols: 4 },
  '16x64': { m: 16, n: 64, rows: 1, cols: 4 },
} as const;
type TileName = keyof typeof TILES;
const NAMES = Object.keys(TILES) as readonly TileName[];
const isTile = (v: unknown): v is TileName => NAMES.some((n) => n === v);

/** A contraction that blocks can run in tiles; undefined where the kernel is none. */
export function tiled(k: KernelPlan): Contraction | undefined {
  const c = contractionOf(k);
  return c !== undefined && (c.acc === 'f32' || c.acc === 'f64' || c.acc === 'i32') ? c : undefined;
}

/** The tunables of contractions: absent where no plan has one. */
export function tileParams(plans: readonly Plan[], arch: SimtArch, hint: ShapeHint): readonly Param[] {
  const found = plans.map((p) => p.kernels.flatMap((k) => tiled(k) ?? []));
  const [first] = found.flat();
  if (first === undefined) return [];
  const names = plans.filter((_, n) => (found[n]?.length ?? 0) > 0).map((p) => p.name);
  const when = names.length === plans.length ? {} : { when: { param: 'plan', in: names } };
  const matrix = found.flat().some((c) => halvesOf(c) !== undefined);
  const fits = NAMES.filter((name) => !matrix || byWaves(name, 32, arch) !== undefined);
  return [
    {
      name: 'tile',
      help: 'rows and columns of results that a block computes together; none: loops in the order of the operator',
      kind: 'enum',
      values: [...NAMES, 'none'],
      default: defaultTile(first, fits, hint),
      ...when,
    },
    {
      name: 'depth',
      help: 'terms of the sums that are staged in shared memory at a time',
      kind: 'enum',
      values: [8, 16, 32],
      default: matrix ? 32 : 16,
      when: { param: 'tile', in: NAMES },
    },
    ...(matrix
      ? ([
          {
            name: 'unit',
            help: 'what multiplies tiles of 16-bit floats: the matrix unit of a wave, or each lane by itself',
            kind: 'enum',
            values: ['matrix', 'lanes'],
            default: 'matrix',
            when: { param: 'tile', in: NAMES },
          },
        ] satisfies readonly Param[])
      : []),
  ];
}

/** Tiles that matrix units cannot work on: too deep a step, or more shared memory than a block has. */
export const tileConstraints = (arch: SimtArch): readonly Constraint[] => [
  {
    code: 'matrix-unit',
    params: ['unit', 'tile', 'depth'],
    check: (c) => {
      const { unit, tile, depth } = c;
      if (unit !== 'matrix' || !isTile(tile) || typeof depth !== 'number' || byWaves(tile, depth, arch) !== undefined)
        return undefined;
      const { k } = arch.matrix;
      const message =
        depth % k === 0
          ? `unit=matrix tile=${tile} depth=${depth} takes more than the ${arch.sharedBytes} bytes of shared memory that a block has`
          : `unit=matrix takes ${k} terms at a time, depth is ${depth}`;
      return { code: 'matrix-unit', message, params: ['unit', 'tile', 'depth'] };
    },
  },
];

/** A tile by matrix units; undefined where it does not suit them. */
function byWaves(name: TileName, depth: number, arch: SimtArch): BlockTiles | undefined {
  const x: BlockTiles = { ...TILES[name], k: depth };
  const waves = waveTiles(x, arch.matrix, arch.wave);
  return waves === undefined || sharedBytes(x) > arch.sharedBytes ? undefined : { ...x, waves };
}

/** The largest tile of which the shape makes enough for a device, and that is not mostly rest. */
function defaultTile(c: Contraction, names: readonly TileName[], hint: ShapeHint): TileName {
  const size = (axes: Contraction['rows']): number =>
    axes.reduce((n, a) => n * (sizeUnder(a.hi, hint.dims) ?? 1024), 1);
  const [items, rows, cols] = [size(c.batch), size(c.rows), size(c.cols)];
  const fits = names.find((name) => {
    const x = TILES[name];
    return rows >= x.m && cols >= x.n && items * Math.ceil(rows / x.m) * Math.ceil(cols / x.n) >= ENOUGH;
  });
  return fits ?? (rows <= 16 ? '16x64' : rows <= 32 ? '32x64' : '32x32');
}
/** Blocks that keep a device of some hundred multiprocessors busy. */
const ENOUGH = 256;

/** The tiles that a config asks for; undefined where it leaves contractions to loops. */
export function tilesOf(config: Config, c: Contraction, arch: SimtArch): BlockTiles | undefined {
  const { tile, depth, unit } = config;
  if (!isTile(tile) || typeof depth !== 'number') return undefined;
  const waves = unit === 'matrix' && halvesOf(c) !== undefined ? byWaves(tile, depth, arch) : undefined;
  return waves ?? { ...TILES[tile], k: depth };
}

/** How a contraction runs under a config, and the lanes of its blocks. */
export const lowerTiled = (c: Contraction, x: BlockTiles): { readonly lanes: number; readonly lower: Lowering } => ({
  lanes: lanesOf(x),
  lower: (s, k, outer) => lowerBlocks(c, x, s, k, outer),
});
