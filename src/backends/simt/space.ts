import { defineSpace } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { plans } from '../../codegen/plan/planner.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import { SCALAR } from '../../codegen/tile/vectorise.ts';
import type { Facts, Wishes } from '../../codegen/tile/facts.ts';
import type { ShapeHint } from '../backend.ts';
import type { Plan } from '../../codegen/plan/plan.ts';
import type { Mapping } from '../../codegen/tile/program.ts';
import { archAndHint, planParam, remembered } from '../plan-space.ts';
import type { SimtArch } from './family.ts';
import { blockable, buffersOf } from './mapping.ts';
import { lowerTiled, tileConstraints, tiled, tileParams, tilesOf } from './tiles.ts';

/** Parameters of the SIMT targets for a graph. */
export const simtSpace = remembered(spaceOf, archAndHint);

function spaceOf(graph: StageGraph, arch: SimtArch, hint: ShapeHint): Space {
  const plan = planParam(graph);
  const blocks = { param: 'map', in: ['block'] };
  const hasBlocks = plans(graph).some((p) => p.kernels.some((k) => blockable(k, buffersOf(p))));
  const params: readonly Param[] = [
    plan,
    ...(hasBlocks
      ? ([
          {
            name: 'map',
            help: 'what runs an iteration of the outer loop: the lanes of a block, or one thread',
            kind: 'enum',
            values: ['block', 'thread'],
            default: 'block',
          },
          {
            name: 'threads',
            help: 'threads of a block',
            kind: 'pow2',
            lo: arch.wave,
            hi: arch.threadsPerBlock,
            default: defaultThreads(graph, arch, hint),
            when: blocks,
          },
          {
            name: 'vector',
            help: 'bytes of 32-bit values that a thread takes at once, where rows and addresses allow it; 0: one element',
            kind: 'enum',
            values: [0, 16, 32],
            default: hasHalves(graph) ? 32 : 16,
            when: blocks,
          },
        ] satisfies readonly Param[])
      : []),
    ...tileParams(plans(graph), arch, hint),
  ];
  const seeds: readonly Config[] = [
    {},
    ...(hasBlocks ? [64, 128, 512, 1024].map((threads) => ({ threads })) : []),
    ...(hasBlocks ? [16, 32].map((vector) => ({ vector })) : []),
    ...plan.values.slice(1).map((name) => ({ plan: name })),
  ];
  const constraints = params.some((p) => p.name === 'unit') ? tileConstraints(arch) : [];
  return defineSpace({ params, constraints, seeds });
}

const hasHalves = (g: StageGraph): boolean => g.buffers.some((b) => b.role !== 'temp' && DTYPES[b.dtype].bytes === 2);

/** So many threads that each takes about eight elements of a row of the widest result; 256 where nothing is known. */
function defaultThreads(graph: StageGraph, arch: SimtArch, hint: ShapeHint): number {
  const extents = graph.buffers.flatMap((b) => {
    const last = b.role === 'in' ? b.shape.at(-1) : undefined;
    const n = last?.kind === 'dim' ? hint.dims[last.id] : undefined;
    return n === undefined ? [] : [n];
  });
  if (extents.length === 0) return 256;
  const wanted = Math.max(...extents) / 8;
  let threads = arch.wave;
  while (threads < wanted && threads < 512) threads *= 2;
  return threads;
}

/** How a config runs the kernels of a plan: contractions in tiles, what lanes can share in blocks, the rest one thread by itself. */
export function simtMapping(plan: Plan, arch: SimtArch, config: Config, hint: ShapeHint): Mapping {
  const { map, threads, vector } = config;
  const bytes = typeof vector === 'number' ? vector : 0;
  const block = map === 'block' && typeof threads === 'number' ? { ...SCALAR, block: threads, bytes } : undefined;
  const dots = new Map(
    plan.kernels.flatMap((k) => {
      const found = tiled(k);
      const tiles = found && tilesOf(config, found, arch);
      return tiles === undefined || found === undefined ? [] : [[k.name, lowerTiled(found, tiles)] as const];
    }),
  );
  return {
    outer: { kind: 'grid', dim: 0, flat: true },
    schedule: (k) => {
      const dot = dots.get(k.name);
      if (dot !== undefined) return { ...SCALAR, block: dot.lanes };
      return block !== undefined && blockable(k, buffersOf(plan)) ? block : SCALAR;
    },
    facts: factsFor(hint),
    // A thread by itself.
    plain: (schedule) => schedule.block === undefined,
    claimed: (k) => {
      const dot = dots.get(k.name);
      return dot && { pattern: 'contraction', lower: dot.lower };
    },
  };
}

/** The facts that a guarded variant assumes: rows of whole vectors at addresses that allow them, unless the hinted shape says otherwise. */
function factsFor(hint: ShapeHint): (wishes: Wishes) => Facts | undefined {
  return (wishes) => {
    const divisors = new Map([...wishes.divisors].filter(([dim, step]) => (hint.dims[dim] ?? 0) % step === 0));
    if (divisors.size === 0) return undefined;
    return { divisors, positive: new Set(), aligned: wishes.aligned };
  };
}
