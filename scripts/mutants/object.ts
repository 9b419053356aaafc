import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Arch, Backend } from '../../src/backends/backend.ts';
import { compileFlags } from '../../src/backends/cpp/toolchain.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import type { Mutant } from '../../src/verify/mutants/hunt.ts';
import { plant } from '../../src/verify/mutants/plant.ts';

/** True if the compiler makes the same object of the sound program and of the mutant: then no test can tell them apart. */
export async function sameCode(
  backend: Backend,
  arch: Arch,
  graph: StageGraph,
  config: Config,
  mutant: Mutant,
  scratch: string,
): Promise<boolean> {
  const texts = [
    backend.emit(graph, arch, config, { dims: {} }, 'kernel'),
    backend.emit(graph, arch, config, { dims: {} }, 'kernel', (p) => plant(p, mutant.kind, mutant.site)),
  ];
  const objects = await Promise.all(
    texts.map(async (result, k) => {
      if (!result.ok) return undefined;
      // The same file name in two folders: an object names the file that it is made of.
      const cwd = join(scratch, `object${k}`);
      mkdirSync(cwd, { recursive: true });
      writeFileSync(join(cwd, 'kernel.cpp'), result.emitted.text);
      const flags = compileFlags(arch).filter((f) => f !== '-shared' && !f.startsWith('-Wl,'));
      const made = await execa('g++', [...flags, '-c', 'kernel.cpp', '-o', 'kernel.o'], { cwd, reject: false });
      return made.failed ? undefined : readFileSync(join(cwd, 'kernel.o'));
    }),
  );
  const [a, b] = objects;
  return a !== undefined && b !== undefined && a.equals(b);
}
