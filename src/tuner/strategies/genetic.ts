import { canonical, configId, invalidity } from '../../codegen/space/config.ts';
import { sample } from '../../codegen/space/enumerate.ts';
import { pick } from '../../codegen/space/random.ts';
import type { Config } from '../../codegen/space/space.ts';
import { createLog } from '../search/log.ts';
import { mutate } from '../search/moves.ts';
import { remaining } from '../search/remaining.ts';
import type { Strategy } from '../strategy.ts';

const POPULATION = 20;
/** Chance that a child is mutated after the crossover. */
const MUTATION = 0.5;
/** Pairings in a row without a new child before the population counts as uniform. */
const PATIENCE = 200;

export const genetic: Strategy = {
  name: 'genetic',
  help: 'a population whose fastest configs are crossed and mutated, the slowest dropped',
  async *search({ space, rng, batch, initial }) {
    const log = createLog(space, initial);
    const first = new Map(initial.map((o) => [configId(space, o.config), o.config]));
    for (let i = 0; first.size < POPULATION && i < 10 * POPULATION; i++) {
      const config = sample(space, rng);
      if (config !== undefined) first.set(configId(space, config), config);
    }
    let waiting = [...first.values()].filter(log.isNew);
    let population: Config[] = [...first.values()];
    for (;;) {
      for (let i = 0; i < waiting.length; i += batch) log.note(yield waiting.slice(i, i + batch));
      population = [...new Map([...population, ...waiting].map((c) => [configId(space, c), c])).values()]
        .toSorted((a, b) => log.timeOf(a) - log.timeOf(b))
        .slice(0, POPULATION);
      const children = new Map<string, Config>();
      for (let misses = 0; children.size < POPULATION / 2 && misses < PATIENCE; misses++) {
        if (population.length === 0) break;
        // The faster of two, twice.
        const parent = (): Config =>
          [pick(rng, population), pick(rng, population)].toSorted((a, b) => log.timeOf(a) - log.timeOf(b))[0] ?? {};
        const [a, b] = [parent(), parent()];
        const crossed = canonical(
          space,
          Object.fromEntries(space.params.map((p) => [p.name, (rng() < 0.5 ? a : b)[p.name] ?? p.default])),
        );
        const child = rng() < MUTATION ? mutate(space, crossed, 2, rng) : crossed;
        if (child === undefined || invalidity(space, child).length > 0 || !log.isNew(child)) continue;
        children.set(configId(space, child), child);
      }
      if (children.size === 0) break;
      waiting = [...children.values()];
    }
    yield* remaining(space, log, batch, rng);
  },
};
