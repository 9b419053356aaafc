import { planNamed } from '../../codegen/plan/planner.ts';
import { defaultConfig, showConfig } from '../../codegen/space/config.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import { SCALAR } from '../../codegen/tile/vectorise.ts';
import type { Backend } from '../backend.ts';
import { planSpace } from '../plan-space.ts';
import { TRITON_ARCHS } from './arch.ts';
import { emitModule } from './emit.ts';
import { Unsupported } from './text.ts';
import { tritonCompile, tritonReadiness, tritonRunner } from './toolchain.ts';

/** Modules of `@triton.jit` functions for NVIDIA and AMD, executed here in Triton's interpreter. */
export const triton: Backend = {
  name: 'triton',
  archs: TRITON_ARCHS,
  extension: 'py',
  // Triton's interpreter takes some ten microseconds for each operation.
  caseWork: 1_500,
  space: planSpace,
  emit(graph, arch, config, _hint, entry, change = (p) => p) {
    const space = planSpace(graph);
    const full = { ...defaultConfig(space), ...config };
    const plan = planNamed(graph, String(full['plan']));
    const program = lowerProgram(plan, { outer: { kind: 'part' }, schedule: () => SCALAR, plain: () => true });
    try {
      const emitted = emitModule(plan.graph, graph, change(program), {
        entry,
        target: `triton:${arch.name}`,
        notes: [`Config: ${showConfig(space, full)}.`],
      });
      return { ok: true, emitted };
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      return {
        ok: false,
        reasons: [{ code: 'unsupported', message: `Triton modules do not have ${error.message} yet`, params: [] }],
      };
    }
  },
  readiness: () => Promise.resolve(tritonReadiness()),
  runner: tritonRunner,
  compile: (_arch, variants, outDir) => Promise.resolve(tritonCompile(variants, outDir)),
};
