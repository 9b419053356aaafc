import { defineSpace } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { Schedule } from '../../codegen/tile/vectorise.ts';
import { planParam } from '../plan-space.ts';
import type { MtiaArch } from './arch.ts';

const known = new WeakMap<StageGraph, Map<string, Space>>();
/** Parameters of the target for a graph, remembered: a search emits many configs of one. */
export function mtiaSpace(graph: StageGraph, arch: MtiaArch): Space {
  const spaces = known.get(graph) ?? new Map<string, Space>();
  known.set(graph, spaces);
  const found = spaces.get(arch.name) ?? spaceOf(graph, arch);
  spaces.set(arch.name, found);
  return found;
}

function spaceOf(graph: StageGraph, arch: MtiaArch): Space {
  const plan = planParam(graph);
  const [rows, columns] = arch.grid ?? [1, 1];
  const all = rows * columns;
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

const numberOf = (config: Config, name: string): number => {
  const v = config[name];
  return typeof v === 'number' ? v : 1;
};
/** Processing elements of a config. */
export const pesOf = (config: Config): number => numberOf(config, 'pes');
/** The schedule that a config asks for. Pairs of bf16 widen by shifts and masks: the vector unit has no instruction for them. */
export const scheduleOf = (config: Config): Schedule => ({
  bytes: numberOf(config, 'vector'),
  unroll: numberOf(config, 'unroll'),
  accumulators: numberOf(config, 'accumulators'),
  stream: false,
  prefetch: 0,
  ahead: 0,
  halves: true,
});
