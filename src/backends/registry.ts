import type { Arch, Backend } from './backend.ts';
import { cpp } from './cpp/cpp.ts';
import { cuda } from './cuda/cuda.ts';
import { hip } from './hip/hip.ts';
import { mtia } from './mtia/mtia.ts';
import { triton } from './triton/triton.ts';

/** Every target family. */
export const backends: readonly Backend[] = [cpp, cuda, hip, mtia, triton];

/** `cpp:avx2`, for all families. */
export const targetNames = (): readonly string[] => backends.flatMap((b) => b.archs.map((a) => `${b.name}:${a.name}`));

/** A family and one of its architectures. A family alone means the first architecture that this machine can time, else the last one. */
export async function findTarget(
  name: string,
): Promise<{ readonly backend: Backend; readonly arch: Arch } | undefined> {
  const [family, wanted] = name.split(':');
  const backend = backends.find((b) => b.name === family);
  if (backend === undefined) return undefined;
  if (wanted !== undefined) {
    const arch = backend.archs.find((a) => a.name === wanted);
    return arch === undefined ? undefined : { backend, arch };
  }
  for (const arch of backend.archs) if ((await backend.readiness(arch)).levels.time.ok) return { backend, arch };
  const last = backend.archs.at(-1);
  return last === undefined ? undefined : { backend, arch: last };
}
