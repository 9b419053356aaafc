import { configId } from '../../codegen/space/config.ts';
import { listConfigs, sample } from '../../codegen/space/enumerate.ts';
import { shuffle } from '../../codegen/space/random.ts';
import type { Config } from '../../codegen/space/space.ts';
import type { Strategy } from '../strategy.ts';

/** Draws in a row that find nothing new before a space too large to list counts as used up. */
const PATIENCE = 1000;

export const random: Strategy = {
  name: 'random',
  help: 'valid configs drawn with equal chances, none twice: the yardstick for the others',
  async *search({ space, rng, batch }) {
    const all = listConfigs(space);
    if (all !== undefined) {
      const order = shuffle(rng, all);
      for (let i = 0; i < order.length; i += batch) yield order.slice(i, i + batch);
      return;
    }
    const seen = new Set<string>();
    for (;;) {
      const drawn: Config[] = [];
      for (let misses = 0; drawn.length < batch && misses < PATIENCE; misses++) {
        const config = sample(space, rng);
        if (config === undefined) return;
        const id = configId(space, config);
        if (seen.has(id)) continue;
        seen.add(id);
        drawn.push(config);
        misses = 0;
      }
      if (drawn.length === 0) return;
      yield drawn;
    }
  },
};
