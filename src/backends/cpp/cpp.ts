import { defaultConfig, showConfig } from '../../codegen/space/config.ts';
import { claimsOf } from '../../codegen/patterns/registry.ts';
import { planNamed } from '../../codegen/plan/planner.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import type { Backend } from '../backend.ts';
import { ARCHS, machineOf } from './arch.ts';
import { emitProgram } from '../clike/program.ts';
import { archAndHint, remembered } from '../plan-space.ts';
import { cppSpace, factsFor, scheduleOf, tierOf } from './space.ts';
import { cppCompile, cppReadiness } from './toolchain.ts';

const spaceOf = remembered(cppSpace, archAndHint);

/** C++ for CPUs: vector extensions of GCC and Clang, no headers, one shared object for many variants. */
export const cpp: Backend = {
  name: 'cpp',
  archs: ARCHS,
  extension: 'cpp',
  space: spaceOf,
  emit(graph, arch, config, hint, entry, change = (p) => p) {
    const space = spaceOf(graph, arch, hint);
    const full = { ...defaultConfig(space), ...config };
    const plan = planNamed(graph, String(full['plan']));
    const schedule = scheduleOf(full, arch);
    const machine = machineOf(arch, hint);
    const claims = claimsOf(plan);
    const program = lowerProgram(plan, {
      outer: { kind: 'part' },
      schedule: () => schedule,
      facts: factsFor(full, hint, schedule),
      claimed: (k) => {
        const claim = claims.get(k.name);
        const lower = claim?.lower(full, machine);
        return claim && lower && { pattern: claim.pattern, lower, ...(claim.split === true ? { split: true } : {}) };
      },
    });
    const notes = [
      `Config: ${showConfig(space, full)}. Compile with -O2 -std=c++17 -ffp-contract=fast ${ARCHS.find((a) => a.name === arch.name)?.flags.join(' ') ?? ''}`.trim(),
    ];
    return {
      ok: true,
      emitted: emitProgram(plan.graph, graph, change(program), {
        entry,
        target: `cpp:${arch.name}`,
        notes,
        math: tierOf(full),
        hint,
      }),
    };
  },
  readiness: cppReadiness,
  runner: () => ({ kind: 'native' }),
  compile: cppCompile,
};
