import { defineSpace, numberOf } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { Schedule } from '../../codegen/tile/vectorise.ts';
import { plans } from '../../codegen/plan/planner.ts';
import type { Plan } from '../../codegen/plan/plan.ts';
import { planParam, remembered } from '../plan-space.ts';
import { gemmBytes } from './gemm.ts';
import type { Gemm, GemmConfig } from './gemm.ts';
import { productOf } from './product.ts';
import { must } from '../../assert.ts';
import type { MtiaArch } from './arch.ts';
import type { Division } from './table.ts';

/** Parameters of the target for a graph. */
export const mtiaSpace = remembered(spaceOf, (arch: MtiaArch) => arch.name);

function spaceOf(graph: StageGraph, arch: MtiaArch): Space {
  const plan = planParam(graph);
  const [rows, columns] = arch.grid ?? [1, 1];
  const slots = { param: 'slot', in: [2, 8, 16, 32, 64] };
  const vectors = { param: 'vector', in: [64] };
  const params: readonly Param[] = [
    plan,
    {
      name: 'grid',
      help: 'rows and columns of the sub-grid of processing elements that share a kernel',
      kind: 'enum',
      values: grids(rows, columns),
      default: `${rows}x${columns}`,
    },
    {
      name: 'slot',
      help: 'KiB of a slot of a circular buffer, at most: how much of an array is in local memory at a time; 0 runs on arrays in memory',
      kind: 'enum',
      values: [0, 2, 8, 16, 32, 64],
      default: 64,
    },
    {
      name: 'rounds',
      help: 'shares of a kernel that a PE takes one after the other where there is enough to do: the next one is on its way while one is computed',
      kind: 'pow2',
      lo: 1,
      hi: 8,
      default: 4,
      when: slots,
    },
    {
      name: 'depth_in',
      help: 'slots of a circular buffer of operands; with one, moving and computing take turns',
      kind: 'pow2',
      lo: 1,
      hi: 4,
      default: 2,
      when: slots,
    },
    {
      name: 'depth_out',
      help: 'slots of a circular buffer of results',
      kind: 'pow2',
      lo: 1,
      hi: 4,
      default: 2,
      when: slots,
    },
    {
      name: 'dual_core',
      help: 'one core of a PE moves data while the other computes; without, one does both in turn',
      kind: 'bool',
      default: true,
      when: slots,
    },
    {
      name: 'vector',
      help: 'bytes of a vector of the RISC-V core; 0 computes one element at a time',
      kind: 'enum',
      values: [0, 64],
      default: 64,
    },
    {
      name: 'lmul',
      help: 'vector registers that one instruction works on',
      kind: 'pow2',
      lo: 1,
      hi: 4,
      default: 1,
      when: vectors,
    },
    {
      name: 'unroll',
      help: 'vectors computed in one step of a loop over results',
      kind: 'pow2',
      lo: 1,
      hi: 4,
      default: 2,
      when: vectors,
    },
    {
      name: 'accumulators',
      help: 'independent vector accumulators of a reduction',
      kind: 'pow2',
      lo: 1,
      hi: 4,
      default: 4,
      when: vectors,
    },
    ...productParams(graph, columns),
  ];
  const seeds: readonly Config[] = [
    {},
    { unroll: 1 },
    { unroll: 4 },
    { grid: `1x${columns}` },
    ...plan.values.slice(1).map((name) => ({ plan: name })),
  ];
  return defineSpace({ params, constraints: [], seeds });
}

/** Sub-grids: all, halves of it, a row, one PE. */
const grids = (rows: number, columns: number): readonly string[] => [
  ...new Set([
    `${rows}x${columns}`,
    `${Math.ceil(rows / 2)}x${columns}`,
    `${Math.ceil(rows / 2)}x${Math.ceil(columns / 2)}`,
    `1x${columns}`,
    '1x1',
  ]),
];
/** Rows and columns of the sub-grid of a config. */
export function gridOf(config: Config): readonly [rows: number, columns: number] {
  const [rows = 1, columns = 1] = String(config['grid'] ?? '1x1')
    .split('x')
    .map(Number);
  return [rows, columns];
}
/** Processing elements of a config. */
export const pesOf = (config: Config): number => gridOf(config).reduce((a, b) => a * b, 1);

/** What a config says of kernels that multiply matrices, by their place in the plan; none where local memory has no room for their blocks. */
export function gemmsOf(plan: Plan, config: Config, arch: MtiaArch): ReadonlyMap<number, Gemm> {
  const out = new Map<number, Gemm>();
  if (config['product'] !== 'blocks') return out;
  const [rows, columns] = gridOf(config);
  const wanted = numberOf(config, 'k_split', 1);
  const made = (k: number): GemmConfig => ({
    block: { m: numberOf(config, 'tile_m', 64), n: numberOf(config, 'tile_n', 64), k },
    grid: [rows, columns],
    kSplit: columns % wanted === 0 ? wanted : 1,
    broadcast: config['broadcast'] !== false,
    depthIn: numberOf(config, 'depth_in', 2),
    depthOut: numberOf(config, 'depth_out', 2),
  });
  plan.kernels.forEach((kernel, n) => {
    const product = productOf(kernel, plan.graph);
    if (product === undefined) return;
    const room = must(arch.figures['localBytes'], 'local memory').value - RESERVED;
    // Blocks of the reduced axis as long as asked for, or as long as there is room for.
    for (let k = numberOf(config, 'tile_k', 128); k >= 32; k /= 2) {
      if (gemmBytes(product, made(k)) > room) continue;
      out.set(n, { product, config: made(k), arrays: new Map() });
      return;
    }
  });
  return out;
}
const multiplies = (plan: Plan): boolean => plan.kernels.some((k) => productOf(k, plan.graph) !== undefined);
/** Parameters of products in blocks, under the plans that have some. */
function productParams(graph: StageGraph, columns: number): readonly Param[] {
  const all = plans(graph);
  const under = all.filter(multiplies).map((p) => p.name);
  if (under.length === 0) return [];
  const blocks = { param: 'product', in: ['blocks'] };
  return [
    {
      name: 'product',
      help: 'blocks: matrices are multiplied block by block, in the dot-product engine where it has their type; loops: as loops over rows',
      kind: 'enum',
      values: ['blocks', 'loops'],
      default: 'blocks',
      ...(under.length === all.length ? {} : { when: { param: 'plan', in: under } }),
    },
    { name: 'tile_m', help: 'rows of the tile of a PE', kind: 'enum', values: [32, 64], default: 64, when: blocks },
    { name: 'tile_n', help: 'columns of the tile of a PE', kind: 'enum', values: [32, 64], default: 64, when: blocks },
    {
      name: 'tile_k',
      help: 'reduced elements of a block, fewer where local memory has no room',
      kind: 'enum',
      values: [32, 64, 128, 256],
      default: 128,
      when: blocks,
    },
    {
      name: 'k_split',
      help: 'PEs of a row that share the reduced axis of a tile; their sums pass along the row',
      kind: 'enum',
      values: [1, 2, 3, 4, 6, 8].filter((n) => columns % n === 0),
      default: 1,
      when: blocks,
    },
    {
      name: 'broadcast',
      help: 'blocks that PEs of a row or of a column share are read once for all of them',
      kind: 'bool',
      default: true,
      when: blocks,
    },
  ];
}
/** The schedule that a config asks for. Pairs of bf16 widen by shifts and masks: the vector unit has no instruction for them. */
export const scheduleOf = (config: Config): Schedule => ({
  bytes: numberOf(config, 'vector', 1) * numberOf(config, 'lmul', 1),
  unroll: numberOf(config, 'unroll', 1),
  accumulators: numberOf(config, 'accumulators', 1),
  stream: false,
  prefetch: 0,
  ahead: 0,
  halves: true,
});

/** Bytes of local memory that are left to stacks and to what the cores hold beside circular buffers; an assumption. */
const RESERVED = 16 << 10;
/** How a config divides local memory; undefined where kernels run on arrays in memory. */
export function divisionOf(config: Config, arch: MtiaArch): Division | undefined {
  const slot = numberOf(config, 'slot', 64);
  if (slot === 0) return undefined;
  return {
    local: must(arch.figures['localBytes'], 'local memory').value - RESERVED,
    slot: slot << 10,
    rounds: numberOf(config, 'rounds', 4),
    depthIn: numberOf(config, 'depth_in', 2),
    depthOut: numberOf(config, 'depth_out', 2),
  };
}
