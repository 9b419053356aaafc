import { defineSpace } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { plans } from '../../codegen/plan/planner.ts';
import { stagesOf } from '../../codegen/plan/plan.ts';
import type { Plan } from '../../codegen/plan/plan.ts';
import { stageExprs } from '../../codegen/ir/walk.ts';
import { visit } from '../../codegen/ir/walk.ts';
import type { Schedule } from '../../codegen/tile/vectorise.ts';
import type { Arch } from '../backend.ts';
import { describeArch } from './arch.ts';
import { mathFor } from './math/library.ts';
import type { Tier } from './math/snippet.ts';

/** Parameters of the C++ target for a graph. Parameters that no kernel of the graph reacts to are left out. */
export function cppSpace(graph: StageGraph, arch: Arch): Space {
  const all = plans(graph);
  const { vectorBytes } = describeArch(arch);
  const widths = [0, 16, 32, 64].filter((w) => w <= vectorBytes);
  const names = all.map((p) => p.name);
  const params: readonly Param[] = [
    {
      name: 'plan',
      help: 'how stages are grouped into kernels, and what is recomputed',
      kind: 'enum',
      values: names,
      default: names[0] ?? 'fused',
    },
    {
      name: 'vector',
      help: 'bytes of a vector; 0 computes one element at a time',
      kind: 'enum',
      values: widths,
      default: vectorBytes,
    },
    {
      name: 'unroll',
      help: 'vectors computed in one step of a loop over results',
      kind: 'pow2',
      lo: 1,
      hi: 8,
      default: 2,
      when: { param: 'vector', in: widths.filter((w) => w > 0) },
    },
    ...(all.some(hasFold)
      ? [
          {
            name: 'accumulators',
            help: 'independent vector accumulators of a reduction',
            kind: 'pow2',
            lo: 1,
            hi: 8,
            default: 4,
            when: { param: 'vector', in: widths.filter((w) => w > 0) },
          } satisfies Param,
        ]
      : []),
    ...(tiers(graph).length > 1
      ? [
          {
            name: 'math',
            help: 'largest error of exp, tanh and the like in units in the last place',
            kind: 'enum',
            values: tiers(graph),
            default: 4,
          } satisfies Param,
        ]
      : []),
  ];
  const seeds: readonly Config[] = [
    {},
    { unroll: 1 },
    { unroll: 4 },
    { accumulators: 1, unroll: 1 },
    { accumulators: 8, unroll: 4 },
    ...names.slice(1).map((plan) => ({ plan })),
  ];
  return defineSpace({ params, constraints: [], seeds });
}

const hasFold = (p: Plan): boolean => p.kernels.some((k) => stagesOf(k.root).some((s) => s.kind === 'reduce'));

/** Accuracy classes that change the text: those for which some function of the graph has its own code. */
function tiers(graph: StageGraph): readonly Tier[] {
  const used = new Set<string>();
  for (const s of graph.stages)
    for (const e of stageExprs(s)) visit(e, (x) => void (x.kind === 'call' && x.type === 'f32' && used.add(x.fn)));
  const steps: readonly Tier[] = [1, 4, 32];
  return steps.filter(
    (t, k) =>
      t === 4 || [...used].some((fn) => mathFor(fn, t)?.name !== mathFor(fn, steps[k === 0 ? 1 : k - 1] ?? 4)?.name),
  );
}

const numberOf = (config: Config, name: string, fallback: number): number => {
  const v = config[name];
  return typeof v === 'number' ? v : fallback;
};
/** The schedule that a config asks for. */
export function scheduleOf(config: Config, arch: Arch): Schedule {
  return {
    bytes: numberOf(config, 'vector', describeArch(arch).vectorBytes),
    unroll: numberOf(config, 'unroll', 2),
    accumulators: numberOf(config, 'accumulators', 4),
    stream: false,
  };
}
export const tierOf = (config: Config): Tier => {
  const t = numberOf(config, 'math', 4);
  return t === 1 || t === 32 ? t : 4;
};
