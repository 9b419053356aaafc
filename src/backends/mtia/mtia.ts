import { classify } from '../../codegen/patterns/classify.ts';
import { stagesOf } from '../../codegen/plan/plan.ts';
import type { KernelPlan } from '../../codegen/plan/plan.ts';
import { planNamed } from '../../codegen/plan/planner.ts';
import { defaultConfig, showConfig } from '../../codegen/space/config.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import type { Arch, Backend } from '../backend.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { TileProgram } from '../../codegen/ir/tile.ts';
import type { Config } from '../../codegen/space/space.ts';
import { MTIA_ARCHS, mtiaArch, notPublic } from './arch.ts';
import { emitGrid } from './emit.ts';
import { afterSum } from './product.ts';
import { divisionOf, gemmsOf, mtiaSpace, pesOf, scheduleOf } from './space.ts';
import { mtiaCompile, mtiaReadiness, mtiaRunner } from './toolchain.ts';

/**
 * C++ for the vector cores of MTIA. The processing elements of the grid share the iterations of each kernel and meet after it; each computes with
 * 64-byte RISC-V vectors straight from shared memory. Circular buffers, DMA and the fixed-function units are not used.
 */
export const mtia: Backend = {
  name: 'mtia',
  archs: MTIA_ARCHS,
  extension: 'cpp',
  // The emulator runs some fifty million operations a second.
  caseWork: 1_000_000,
  space: (graph, arch) => mtiaSpace(graph, mtiaArch(arch)),
  emit: (graph, arch, config, _hint, entry, change) => emitted(graph, arch, config, entry, change),
  readiness: mtiaReadiness,
  runner: mtiaRunner,
  compile: (arch, variants, outDir, signal) => mtiaCompile(arch, variants, outDir, signal),
};

/** What a kernel is called whose arrays are in local memory: after its structure, or after the stages that have no other name. */
function nameOf(kernel: KernelPlan): string {
  const name = classify(kernel);
  if (name !== 'loops') return name;
  const kinds = stagesOf(kernel.root).flatMap((s) => (s.kind === 'map' || s.kind === 'reduce' ? [] : [s.kind]));
  return [...new Set(kinds)].join(' ') || name;
}

/** The text of a config; with `count` its loops tell the model how many instructions they take. */
export function emitted(
  graph: StageGraph,
  arch: Arch,
  config: Config,
  entry: string,
  change: (program: TileProgram) => TileProgram = (p) => p,
  count = false,
): ReturnType<Backend['emit']> {
  if (mtiaArch(arch).grid === undefined)
    return { ok: false, reasons: [{ code: 'not-public', message: notPublic(arch), params: [] }] };
  const space = mtiaSpace(graph, mtiaArch(arch));
  const full = { ...defaultConfig(space), ...config };
  const plan = planNamed(graph, String(full['plan']));
  const schedule = scheduleOf(full);
  const gemms = gemmsOf(plan, full, mtiaArch(arch));
  const program = lowerProgram(plan, {
    outer: { kind: 'part' },
    schedule: () => schedule,
    plain: (chosen) => chosen.bytes === 0,
    claimed: (k) => {
      const g = gemms.get(plan.kernels.indexOf(k));
      return g && { pattern: 'gemm', lower: afterSum(g.product, g.config.block, g.arrays) };
    },
  });
  return {
    ok: true,
    emitted: emitGrid(plan.graph, graph, change(program), {
      entry,
      target: `mtia:${arch.name}`,
      notes: [`Config: ${showConfig(space, full)}.`],
      math: 4,
      pes: pesOf(full),
      dual: full['dual_core'] !== false,
      division: divisionOf(full, mtiaArch(arch)),
      names: plan.kernels.map((k, n) => (gemms.has(n) ? 'gemm' : nameOf(k))),
      gemms,
      count,
    }),
  };
}
