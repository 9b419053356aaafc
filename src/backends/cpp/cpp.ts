import { defaultConfig, toDiff, showConfig } from '../../codegen/space/config.ts';
import { planNamed } from '../../codegen/plan/planner.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import type { Backend } from '../backend.ts';
import { ARCHS } from './arch.ts';
import { emitProgram } from './emit.ts';
import { cppSpace, factsFor, scheduleOf, tierOf } from './space.ts';
import { cppCompile, cppReadiness } from './toolchain.ts';

/** C++ for CPUs: vector extensions of GCC and Clang, no headers, one shared object for many variants. */
export const cpp: Backend = {
  name: 'cpp',
  archs: ARCHS,
  space: cppSpace,
  emit(graph, arch, config, hint, entry) {
    const space = cppSpace(graph, arch, hint);
    const full = { ...defaultConfig(space), ...config };
    const plan = planNamed(graph, String(full['plan']));
    const schedule = scheduleOf(full, arch);
    const program = lowerProgram(plan, {
      outer: { kind: 'part' },
      schedule: () => schedule,
      facts: factsFor(full, hint, schedule),
    });
    const shown = Object.keys(toDiff(space, full)).length === 0 ? 'default' : showConfig(space, full);
    const notes = [
      `Config: ${shown}. Compile with -O2 -std=c++17 -ffp-contract=fast ${ARCHS.find((a) => a.name === arch.name)?.flags.join(' ') ?? ''}`.trim(),
    ];
    return {
      ok: true,
      emitted: emitProgram(plan.graph, graph, program, {
        entry,
        target: `cpp:${arch.name}`,
        notes,
        math: tierOf(full),
      }),
    };
  },
  readiness: cppReadiness,
  compile: cppCompile,
};
