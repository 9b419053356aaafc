import type { Arch, Backend } from '../../src/backends/backend.ts';
import type { TileProgram } from '../../src/codegen/ir/tile.ts';
import type { Chosen } from '../../src/cli/subject.ts';
import { configId, defaultConfig, showConfig } from '../../src/codegen/space/config.ts';
import { sample } from '../../src/codegen/space/enumerate.ts';
import { shuffle } from '../../src/codegen/space/random.ts';
import type { Rng } from '../../src/codegen/space/random.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import type { MutantClass } from '../../src/verify/mutants/classes.ts';
import type { Mutant } from '../../src/verify/mutants/hunt.ts';
import { sitesOf } from '../../src/verify/mutants/plant.ts';

/** A program that bugs are planted in. */
export interface Subject {
  readonly chosen: Chosen;
  readonly config: Config;
  readonly label: string;
  readonly program: TileProgram;
}

/** An operator under its default config and under a random one. */
export function programsOf(backend: Backend, arch: Arch, chosen: Chosen, rng: Rng): readonly Subject[] {
  const space = backend.space(chosen.graph, arch, { dims: {} });
  const configs = new Map<string, Config>();
  for (const c of [defaultConfig(space), sample(space, rng)]) if (c !== undefined) configs.set(configId(space, c), c);
  return [...configs.values()].flatMap((config): readonly Subject[] => {
    let program: TileProgram | undefined;
    const result = backend.emit(chosen.graph, arch, config, { dims: {} }, 'probe', (p) => (program = p));
    return result.ok && program !== undefined ? [{ chosen, config, label: showConfig(space, config), program }] : [];
  });
}

/** The same number of sites for each class, spread over the programs in turn. */
export function draw(
  subjects: readonly Subject[],
  classes: readonly MutantClass[],
  perClass: number,
  rng: Rng,
): readonly { readonly subject: Subject; readonly mutant: Mutant }[] {
  return classes.flatMap((kind) => {
    const piles = shuffle(rng, subjects).map((subject) => ({
      subject,
      sites: shuffle(rng, sitesOf(subject.program, kind)),
    }));
    const out: { subject: Subject; mutant: Mutant }[] = [];
    for (let left = true; left && out.length < perClass;) {
      left = false;
      for (const { subject, sites } of piles) {
        const site = out.length < perClass ? sites.pop() : undefined;
        if (site === undefined) continue;
        left = true;
        out.push({ subject, mutant: { kind, site } });
      }
    }
    return out;
  });
}
