import { defineSpace, numberOf } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { Schedule } from '../../codegen/tile/vectorise.ts';
import { planParam, remembered } from '../plan-space.ts';
import { must } from '../../assert.ts';
import type { MtiaArch } from './arch.ts';
import type { Division } from './table.ts';

/** Parameters of the target for a graph. */
export const mtiaSpace = remembered(spaceOf, (arch: MtiaArch) => arch.name);

function spaceOf(graph: StageGraph, arch: MtiaArch): Space {
  const plan = planParam(graph);
  const [rows, columns] = arch.grid ?? [1, 1];
  const all = rows * columns;
  const slots = { param: 'slot', in: [2, 8, 16, 32, 64] };
  const vectors = { param: 'vector', in: [64] };
  const params: readonly Param[] = [
    plan,
    {
      name: 'pes',
      help: 'processing elements that share the iterations of a kernel: all, a row of the grid, or one',
      kind: 'enum',
      values: [all, columns, 1].filter((n, k, list) => list.indexOf(n) === k),
      default: all,
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
  ];
  const seeds: readonly Config[] = [
    {},
    { unroll: 1 },
    { unroll: 4 },
    { pes: columns },
    ...plan.values.slice(1).map((name) => ({ plan: name })),
  ];
  return defineSpace({ params, constraints: [], seeds });
}

/** Processing elements of a config. */
export const pesOf = (config: Config): number => numberOf(config, 'pes', 1);
/** The schedule that a config asks for. Pairs of bf16 widen by shifts and masks: the vector unit has no instruction for them. */
export const scheduleOf = (config: Config): Schedule => ({
  bytes: numberOf(config, 'vector', 1),
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
