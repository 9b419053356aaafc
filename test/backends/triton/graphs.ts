import { must } from '../../../src/assert.ts';
import { TRITON_ARCHS } from '../../../src/backends/triton/arch.ts';
import type { TritonArch } from '../../../src/backends/triton/arch.ts';
import { triton } from '../../../src/backends/triton/triton.ts';
import { silentIo } from '../../../src/cli/context.ts';
import { LIBRARY, libraryOps, smallest } from '../../../src/cli/library.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import type { Emitted } from '../../../src/codegen/program.ts';
import type { Config } from '../../../src/codegen/space/space.ts';

const io = { ...silentIo(LIBRARY), env: {} };
const library = libraryOps(io);

/** The graph of an operator of the library; `type` picks the instance. */
export function graphOf(name: string, type?: string): StageGraph {
  const found = must(
    library.find((x) => x.op.name === name),
    name,
  );
  const instance = found.op.instances.find((i) => type === undefined || Object.values(i.types).some((t) => t === type));
  return smallest(found, must(instance, `${name} of ${String(type)}`)).graph;
}

export const archNamed = (name: string): TritonArch =>
  must(
    TRITON_ARCHS.find((a) => a.name === name),
    name,
  );
export const sm90 = archNamed('sm_90');

/** The module of an operator, or of a graph. */
export function moduleOf(of: StageGraph, config: Config = {}, arch = sm90): Emitted {
  const made = triton.emit(of, arch, config, { dims: {} }, of.name);
  if (!made.ok) throw new Error(JSON.stringify(made.reasons));
  return made.emitted;
}
