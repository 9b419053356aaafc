import { defineSpace, numberOf } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { Buffer, Expr, StageGraph } from '../../codegen/ir/stage.ts';
import { claimParams, claimSeeds } from '../../codegen/patterns/registry.ts';
import { plans } from '../../codegen/plan/planner.ts';
import { stagesOf } from '../../codegen/plan/plan.ts';
import type { Plan } from '../../codegen/plan/plan.ts';
import { stageExprs } from '../../codegen/ir/walk.ts';
import { visit } from '../../codegen/ir/walk.ts';
import type { Schedule } from '../../codegen/tile/vectorise.ts';
import { sizeUnder } from '../../codegen/shapes/eval-size.ts';
import { gatheredRows } from '../../codegen/tile/prefetch.ts';
import type { Facts, Wishes } from '../../codegen/tile/facts.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { Arch, ShapeHint } from '../backend.ts';
import { planParam } from '../plan-space.ts';
import { describeArch, machineOf } from './arch.ts';
import { mathFor } from '../clike/math/library.ts';
import type { Tier } from '../clike/math/snippet.ts';

/** Parameters of the C++ target for a graph. Parameters that no kernel of the graph reacts to are left out. */
export function cppSpace(graph: StageGraph, arch: Arch, hint: ShapeHint): Space {
  const all = plans(graph);
  const { vectorBytes } = describeArch(arch);
  const widths = [0, 16, 32, 64].filter((w) => w <= vectorBytes);
  const names = all.map((p) => p.name);
  const vectors = { param: 'vector', in: widths.filter((w) => w > 0) };
  const params: readonly Param[] = [
    planParam(graph),
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
      default: all.some(hasGathers) ? vectorsOfRow(graph, hint, vectorBytes) : 2,
      when: vectors,
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
            when: vectors,
          } satisfies Param,
        ]
      : []),
    {
      name: 'assume',
      help: 'a guarded variant for dims that are multiples of a step, without rests',
      kind: 'bool',
      default: true,
      when: vectors,
    },
    {
      name: 'stream',
      help: 'results are stored past the caches where their address allows it',
      kind: 'bool',
      default: resultBytes(graph, hint) > STREAM_FROM,
      when: { param: 'assume', in: [true] },
    },
    ...(all.some(hasRows)
      ? [
          {
            name: 'prefetch',
            help: 'bytes of the next row that are asked for during a pass over a row',
            kind: 'enum',
            values: PREFETCH,
            default: PREFETCH.findLast((n) => n <= Math.min(rowBytes(graph, hint), MOST_PREFETCH)) ?? 0,
            when: vectors,
          } satisfies Param,
        ]
      : []),
    ...(all.some(hasGathers)
      ? [
          {
            name: 'ahead',
            help: 'items of a segment that gathered rows are asked for in advance',
            kind: 'enum',
            values: [0, 4, 8, 16, 32],
            default: 16,
            when: vectors,
          } satisfies Param,
        ]
      : []),
    ...(graph.buffers.some((b) => b.dtype === 'bf16' && b.role !== 'temp')
      ? [
          {
            name: 'halves',
            help: 'two vectors of bf16 are the even and odd elements of one run, which saves shuffles',
            kind: 'bool',
            default: true,
            when: vectors,
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
    ...claimParams(all, machineOf(arch, hint)),
  ];
  const seeds: readonly Config[] = [
    {},
    ...claimSeeds(all, machineOf(arch, hint)),
    { unroll: 1 },
    { unroll: 4 },
    { accumulators: 1, unroll: 1 },
    { accumulators: 8, unroll: 4 },
    ...names.slice(1).map((plan) => ({ plan })),
  ];
  return defineSpace({ params, constraints: [], seeds });
}

const PREFETCH = [0, 1024, 2048, 4096, 8192, 16384];
/** A row, its weights and more of the next row than this crowd each other out of a 32 KiB cache. */
const MOST_PREFETCH = 8192;
/** Vectors that a row of the widest result fills, at most 8: so many that a segment is walked once. */
function vectorsOfRow(g: StageGraph, hint: ShapeHint, vectorBytes: number): number {
  const rows = g.buffers.filter((b) => b.role === 'out').map((b) => extent(b.shape.at(-1) ?? ONE, hint));
  const vectors = (Math.max(0, ...rows) * 4) / Math.max(vectorBytes, 4);
  return vectors >= 8 ? 8 : vectors >= 4 ? 4 : 2;
}
const ONE: Expr = { kind: 'int', type: 'i64', value: 1n };

/** Results beyond this leave the caches anyway: half of a common last-level cache share. */
const STREAM_FROM = 8 << 20;
const hasRows = (p: Plan): boolean =>
  p.kernels.some((k) => k.root.kind === 'loop' && k.root.body.some((n) => n.kind === 'loop'));
const hasGathers = (p: Plan): boolean =>
  p.kernels.some((k) =>
    stagesOf(k.root).some(
      (s) => s.kind === 'reduce' && s.reduce.over.some((a) => gatheredRows(s.reduce.body, a.id).length > 0),
    ),
  );
const extent = (e: Expr, hint: ShapeHint): number => sizeUnder(e, hint.dims) ?? 0;
const bytesOf = (b: Buffer, hint: ShapeHint): number =>
  b.shape.reduce((n, e) => n * extent(e, hint), DTYPES[b.dtype].bytes);
const resultBytes = (g: StageGraph, hint: ShapeHint): number =>
  Math.max(0, ...g.buffers.filter((b) => b.role !== 'temp' && b.role !== 'in').map((b) => bytesOf(b, hint)));
const rowBytes = (g: StageGraph, hint: ShapeHint): number =>
  Math.max(
    0,
    ...g.buffers
      .filter((b) => b.role === 'in')
      .map((b) => extent(b.shape.at(-1) ?? { kind: 'int', type: 'i64', value: 0n }, hint) * DTYPES[b.dtype].bytes),
  );

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

/** The schedule that a config asks for. */
export function scheduleOf(config: Config, arch: Arch): Schedule {
  return {
    bytes: numberOf(config, 'vector', describeArch(arch).vectorBytes),
    unroll: numberOf(config, 'unroll', 2),
    accumulators: numberOf(config, 'accumulators', 4),
    stream: config['stream'] === true,
    prefetch: numberOf(config, 'prefetch', 0),
    ahead: numberOf(config, 'ahead', 0),
    halves: config['halves'] === true,
  };
}
/** The wanted step, halved until it divides the extent, where that is known. */
const dividing = (step: number, extent: number | undefined): number =>
  extent === undefined || step <= 1 || extent % step === 0 ? step : dividing(step % 2 === 0 ? step / 2 : 1, extent);

/** The facts that a guarded variant assumes: what helps, as far as the hinted shape has it. */
export function factsFor(config: Config, hint: ShapeHint, schedule: Schedule): (wishes: Wishes) => Facts | undefined {
  return (wishes) => {
    if (config['assume'] !== true || schedule.bytes === 0) return undefined;
    const divisors = new Map<string, number>();
    for (const [dim, wanted] of wishes.divisors) {
      const step = dividing(wanted, hint.dims[dim]);
      if (step > 1) divisors.set(dim, step);
    }
    const aligned = schedule.stream ? wishes.aligned : new Set<string>();
    const positive = new Set([...wishes.positive].filter((dim) => hint.dims[dim] !== 0));
    return divisors.size + positive.size + aligned.size === 0 ? undefined : { divisors, positive, aligned };
  };
}
export const tierOf = (config: Config): Tier => {
  const t = numberOf(config, 'math', 4);
  return t === 1 || t === 32 ? t : 4;
};
