import { planNamed } from '../../codegen/plan/planner.ts';
import { defaultConfig, showConfig } from '../../codegen/space/config.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import type { Backend } from '../backend.ts';
import { emitProgram } from '../clike/program.ts';
import { MTIA_ARCHS, mtiaArch, notPublic } from './arch.ts';
import { mtiaSpace, pesOf, scheduleOf } from './space.ts';
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
  emit(graph, arch, config, hint, entry, change = (p) => p) {
    if (mtiaArch(arch).grid === undefined)
      return { ok: false, reasons: [{ code: 'not-public', message: notPublic(arch), params: [] }] };
    const space = mtiaSpace(graph, mtiaArch(arch));
    const full = { ...defaultConfig(space), ...config };
    const plan = planNamed(graph, String(full['plan']));
    const schedule = scheduleOf(full);
    const program = lowerProgram(plan, { outer: { kind: 'part' }, schedule: () => schedule, plain: () => true });
    return {
      ok: true,
      emitted: emitProgram(plan.graph, graph, change(program), {
        entry,
        target: `mtia:${arch.name}`,
        notes: [`Config: ${showConfig(space, full)}.`],
        math: 4,
        hint,
        processors: pesOf(full),
      }),
    };
  },
  readiness: mtiaReadiness,
  runner: mtiaRunner,
  compile: (_arch, variants, outDir, signal) => mtiaCompile(variants, outDir, signal),
};
