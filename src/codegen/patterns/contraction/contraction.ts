import { DTYPES } from '../../../dsl/dtypes.ts';
import type { Expr, StageGraph } from '../../ir/stage.ts';
import { sizeUnder } from '../../shapes/eval-size.ts';
import { numberOf } from '../../space/config.ts';
import type { Config, Param } from '../../space/space.ts';
import { laneable } from '../../tile/vectorise.ts';
import { walksRow } from '../../tile/affine.ts';
import { reads } from '../../ir/walk.ts';
import type { Claim, Machine, Pattern } from '../pattern.ts';
import { fill, microTiles, tileOf, tileParam } from '../tiles.ts';
import type { MicroTile } from '../tiles.ts';
import { isDirect } from './direct.ts';
import { lowerContraction } from './lower.ts';
import type { Blocks } from './lower.ts';
import { contractionOf } from './shape.ts';
import type { Contraction } from './shape.ts';

/**
 * Products of matrices and all that has their structure: any number of axes on each side, operands computed while they are packed, anything pointwise
 * afterwards. Sums of f32, f64 and i32 are formed in the accumulator's type, in blocks of the depth.
 */
export const contraction: Pattern = {
  name: 'contraction',
  claim(kernel, graph): Claim | undefined {
    const c = contractionOf(kernel);
    if (c === undefined || !(c.acc === 'f32' || c.acc === 'f64' || c.acc === 'i32')) return undefined;
    return {
      pattern: 'contraction',
      params: (machine) => paramsOf(c, graph, machine),
      // The depth in one block and in several, each with the best two micro-tiles: which wins hangs on the caches.
      seeds: (machine) =>
        microTiles(machine)
          .slice(0, 2)
          .flatMap(({ name }) => [
            { tile: name, depth: 0, cols: 256 },
            { tile: name, depth: 0, cols: 256, ...(isDirect(c) ? { left: 'direct' } : {}) },
            { tile: name, depth: 512, rows: 96 },
          ]),
      lower(config, machine) {
        const x = blocksOf(c, config, machine);
        return x && ((s, k, outer) => lowerContraction(c, x, s, k, outer));
      },
    };
  },
};

interface Sizes {
  readonly rows: number | undefined;
  readonly cols: number | undefined;
  readonly depth: number | undefined;
}
function sizesOf(c: Contraction, machine: Machine): Sizes {
  const all = (axes: Contraction['rows']): number | undefined =>
    axes.reduce<number | undefined>((n, a) => {
      const x = extent(a.hi, machine);
      return n === undefined || x === undefined ? undefined : n * x;
    }, 1);
  return { rows: all(c.rows.slice(-1)), cols: all(c.cols.slice(-1)), depth: all(c.over) };
}
const extent = (e: Expr, machine: Machine): number | undefined => sizeUnder(e, machine.dims);

function paramsOf(c: Contraction, graph: StageGraph, machine: Machine): readonly Param[] {
  const sizes = sizesOf(c, machine);
  const tiles = microTiles(machine).map((x) => x.name);
  return [
    tileParam(machine, defaultTile(sizes, machine)),
    {
      name: 'rows',
      help: 'rows of the left operand that are packed together, rounded to whole tiles',
      kind: 'enum',
      values: [24, 48, 96, 144, 192, 384],
      default: 48,
      when: { param: 'tile', in: tiles },
    },
    {
      name: 'cols',
      help: 'columns of the right operand that are packed together, rounded to whole tiles',
      kind: 'enum',
      values: [64, 128, 256, 512, 1024, 2048],
      default: 512,
      when: { param: 'tile', in: tiles },
    },
    {
      name: 'depth',
      help: 'terms of a sum in one block; 0: all',
      kind: 'enum',
      values: [0, 128, 192, 256, 384, 512, 1024],
      // Sums stay in registers over all of the depth as long as panels of it stay in the second cache.
      default: (sizes.depth ?? 0) > 1536 ? 1024 : 0,
      when: { param: 'tile', in: tiles },
    },
    {
      name: 'left',
      help: 'the left operand of a block: copied to rows, to panels of a tile, or read where it lies',
      kind: 'enum',
      values: isDirect(c) ? ['rows', 'panels', 'direct'] : ['rows', 'panels'],
      default: walksDepth(c, graph) ? ((sizes.rows ?? 64) <= 16 && isDirect(c) ? 'direct' : 'rows') : 'panels',
      when: { param: 'tile', in: tiles },
    },
  ];
}

/** The tile that wastes least of its rows, of the good ones. */
function defaultTile(sizes: Sizes, machine: Machine): string {
  if (sizes.depth !== undefined && sizes.depth < 4) return 'none';
  const [best, ...others] = microTiles(machine).filter((x) => x.vectors > 1);
  if (best === undefined) return 'none';
  const score = (x: MicroTile): number => fill(x.m, sizes.rows) * x.m * x.vectors;
  return others.reduce((a, z) => (score(z) > score(a) * 1.01 ? z : a), best).name;
}

/** True if the left operand can be copied in vectors along the last reduced axis. */
function walksDepth(c: Contraction, graph: StageGraph): boolean {
  const axis = c.over.at(-1);
  const buffer = (id: string): StageGraph['buffers'][number] => {
    const found = graph.buffers.find((x) => x.id === id);
    if (found === undefined) throw new Error(`internal: no buffer ${id}`);
    return found;
  };
  return axis !== undefined && laneable(c.left, axis.id) && reads(c.left).some((r) => walksRow(r, axis.id, buffer));
}

function blocksOf(c: Contraction, config: Config, machine: Machine): Blocks | undefined {
  const tile = tileOf(config);
  const bytes = Math.min(numberOf(config, 'vector', machine.vectorBytes), machine.vectorBytes);
  if (tile === undefined) return undefined;
  const lanes = bytes === 0 ? 1 : Math.max(1, Math.floor(bytes / DTYPES[c.acc].bytes));
  const [m, n] = [tile.m, tile.vectors * lanes];
  const whole = (x: number, of: number): number => Math.max(1, Math.round(x / of)) * of;
  const wanted = config['left'];
  const rowsInLanes = c.over.length > 0 && laneable(c.left, c.over.at(-1)?.id ?? '');
  const group = pairs(c) && c.over.length === 1 ? 2 : 1;
  const left =
    wanted === 'direct' && isDirect(c) && group === 1
      ? 'direct'
      : wanted === 'panels' || !rowsInLanes
        ? 'panels'
        : 'rows';
  return {
    m,
    n,
    lanes,
    mc: whole(numberOf(config, 'rows', 48), m),
    nc: whole(numberOf(config, 'cols', 512), n),
    kc: numberOf(config, 'depth', 0),
    left,
    group,
    share: shareOf(c, machine),
  };
}

/** True if both operands are integers of at most 16 bits, whose products can be summed in pairs. */
const pairs = (c: Contraction): boolean =>
  c.acc === 'i32' &&
  [c.left, c.right].every((e) => e.kind === 'read' && (e.dtype === 'i8' || e.dtype === 'u8' || e.dtype === 'i16'));

/** The axis that parts share: the outermost that is long enough for several, else the longest. */
function shareOf(c: Contraction, machine: Machine): string {
  const all = [...c.batch, ...c.cols.slice(0, -1), ...c.rows, ...c.cols.slice(-1)];
  const sized = all.map((a) => ({ id: a.id, size: extent(a.hi, machine) ?? (a === c.rows.at(-1) ? LONG : 0) }));
  const found = sized.find((a) => a.size >= LONG);
  return (found ?? sized.reduce((x, y) => (y.size > x.size ? y : x))).id;
}
const LONG = 32;
