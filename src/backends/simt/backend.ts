import { must } from '../../assert.ts';
import { planNamed } from '../../codegen/plan/planner.ts';
import { defaultConfig, showConfig } from '../../codegen/space/config.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import type { Arch, Backend } from '../backend.ts';
import { emitProgram } from './emit.ts';
import type { Family, SimtArch } from './family.ts';
import { hostCompile, hostReadiness } from './host.ts';
import { simtMapping, simtSpace } from './space.ts';

/** A backend for a family of GPUs. The same text goes to the vendor's compiler and, as C++, to the CPU, where its numbers are checked. */
export function simtBackend(family: Family): Backend {
  const archOf = (arch: Arch): SimtArch =>
    must(
      family.archs.find((a) => a.name === arch.name),
      `${family.name}:${arch.name}`,
    );
  return {
    name: family.name,
    archs: family.archs,
    extension: family.extension,
    space: (graph, arch, hint) => simtSpace(graph, archOf(arch), hint),
    emit(graph, arch, config, hint, entry, change = (p) => p) {
      const space = simtSpace(graph, archOf(arch), hint);
      const full = { ...defaultConfig(space), ...config };
      const plan = planNamed(graph, String(full['plan']));
      const program = lowerProgram(plan, simtMapping(plan, archOf(arch), full, hint));
      return {
        ok: true,
        emitted: emitProgram(plan.graph, graph, change(program), {
          family,
          arch: archOf(arch),
          entry,
          notes: [`Config: ${showConfig(space, full)}.`],
          math: 4,
        }),
      };
    },
    async readiness(arch) {
      const compile = await family.compile(archOf(arch));
      const execute = await hostReadiness();
      return {
        levels: {
          emit: { ok: true, detail: 'needs nothing' },
          compile,
          execute,
          time: {
            ok: false,
            detail: `no runner for a device: kernels are executed on the CPU, where times say nothing about ${arch.name}`,
          },
        },
      };
    },
    runner: () => ({ kind: 'native' }),
    accept: (arch, emitted, outDir, signal) => family.accept(archOf(arch), emitted, outDir, signal),
    compile: (arch, variants, outDir, signal) => hostCompile(archOf(arch), variants, outDir, signal),
  };
}
