import { planNamed, plans } from '../../codegen/plan/planner.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { defaultConfig, defineSpace, showConfig, toDiff } from '../../codegen/space/config.ts';
import type { Space } from '../../codegen/space/space.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import { SCALAR } from '../../codegen/tile/vectorise.ts';
import type { Backend } from '../backend.ts';
import { TRITON_ARCHS } from './arch.ts';
import { emitModule } from './emit.ts';
import { Unsupported } from './text.ts';
import { tritonCompile, tritonReadiness, tritonRunner } from './toolchain.ts';

const known = new WeakMap<StageGraph, Space>();
function space(graph: StageGraph): Space {
  const found = known.get(graph) ?? tritonSpace(graph);
  known.set(graph, found);
  return found;
}
function tritonSpace(graph: StageGraph): Space {
  const names = plans(graph).map((p) => p.name);
  return defineSpace({
    params: [
      {
        name: 'plan',
        help: 'how stages are grouped into kernels, and what is recomputed',
        kind: 'enum',
        values: names,
        default: names[0] ?? 'fused',
      },
    ],
    constraints: [],
    seeds: [{}, ...names.slice(1).map((plan) => ({ plan }))],
  });
}

/** Modules of `@triton.jit` functions for NVIDIA and AMD, executed here in Triton's interpreter. */
export const triton: Backend = {
  name: 'triton',
  archs: TRITON_ARCHS,
  extension: 'py',
  // Triton's interpreter takes some ten microseconds for each operation.
  caseWork: 1_500,
  space,
  emit(graph, arch, config, _hint, entry, change = (p) => p) {
    const full = { ...defaultConfig(space(graph)), ...config };
    const plan = planNamed(graph, String(full['plan']));
    const program = lowerProgram(plan, { outer: { kind: 'part' }, schedule: () => SCALAR });
    const shown = Object.keys(toDiff(space(graph), full)).length === 0 ? 'default' : showConfig(space(graph), full);
    try {
      const emitted = emitModule(plan.graph, graph, change(program), {
        entry,
        target: `triton:${arch.name}`,
        notes: [`Config: ${shown}.`],
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
