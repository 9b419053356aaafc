import { planNamed } from '../../codegen/plan/planner.ts';
import { defaultConfig, showConfig } from '../../codegen/space/config.ts';
import { must } from '../../assert.ts';
import type { Arch, Backend } from '../backend.ts';
import { acceptTriton } from './accept.ts';
import { TRITON_ARCHS } from './arch.ts';
import type { TritonArch } from './arch.ts';
import { emitModule } from './emit.ts';
import { programOf, sizesOf, tritonSpace } from './space.ts';
import { Unsupported } from './text.ts';
import { formatted, tritonCompile, tritonReadiness, tritonRunner } from './toolchain.ts';

const archOf = (arch: Arch): TritonArch =>
  must(
    TRITON_ARCHS.find((a) => a.name === arch.name),
    arch.name,
  );

/** Modules of `@triton.jit` functions for NVIDIA and AMD, executed here in Triton's interpreter. */
export const triton: Backend = {
  name: 'triton',
  archs: TRITON_ARCHS,
  extension: 'py',
  // Triton's interpreter takes some ten microseconds for each operation.
  caseWork: 1_500,
  space: (graph, arch, hint) => tritonSpace(graph, archOf(arch), hint),
  emit(graph, arch, config, hint, entry, change = (p) => p) {
    const space = tritonSpace(graph, archOf(arch), hint);
    const full = { ...defaultConfig(space), ...config };
    const plan = planNamed(graph, String(full['plan']));
    const { program, blocks, tiles } = programOf(plan, full);
    try {
      const emitted = emitModule(plan.graph, graph, change(program), {
        entry,
        target: `triton:${arch.name}`,
        notes: [`Config: ${showConfig(space, full)}.`],
        sizes: sizesOf(full),
        blocks,
        tiles,
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
  formatted,
  readiness: () => Promise.resolve(tritonReadiness()),
  runner: tritonRunner,
  accept: (arch, emitted, outDir, signal) => acceptTriton(archOf(arch), emitted, outDir, signal),
  compile: (_arch, variants, outDir) => Promise.resolve(tritonCompile(variants, outDir)),
};
