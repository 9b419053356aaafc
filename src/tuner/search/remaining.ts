import { configId } from '../../codegen/space/config.ts';
import { listConfigs, sample } from '../../codegen/space/enumerate.ts';
import { shuffle } from '../../codegen/space/random.ts';
import type { Rng } from '../../codegen/space/random.ts';
import type { Config, Space } from '../../codegen/space/space.ts';
import type { Feedback } from '../strategy.ts';
import type { Log } from './log.ts';

/** Draws in a row that find nothing new before a space too large to list counts as used up. */
const PATIENCE = 1000;

/** Everything not yet measured, in random order: what a search asks once its own idea has nothing left. */
export async function* remaining(
  space: Space,
  log: Log,
  batch: number,
  rng: Rng,
): AsyncGenerator<readonly Config[], void, Feedback> {
  const all = listConfigs(space);
  const left = all === undefined ? undefined : shuffle(rng, all.filter(log.isNew));
  for (;;) {
    const next = new Map<string, Config>();
    for (let misses = 0; next.size < batch && misses < PATIENCE; misses++) {
      const config = left === undefined ? sample(space, rng) : left.pop();
      if (config === undefined) break;
      if (log.isNew(config)) next.set(configId(space, config), config);
    }
    if (next.size === 0) return;
    log.note(yield [...next.values()]);
  }
}
