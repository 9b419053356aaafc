import { configId } from '../../codegen/space/config.ts';
import { neighbours, perturb, sample } from '../../codegen/space/enumerate.ts';
import { shuffle } from '../../codegen/space/random.ts';
import type { Config } from '../../codegen/space/space.ts';
import type { Outcome, Strategy } from '../strategy.ts';

/** A move must gain this share: less is noise. */
const GAIN = 0.001;
/** Share of the parameters that a jump out of a local optimum changes. */
const JUMP = 0.3;
/** Jumps and draws in a row that find nothing new before the space counts as used up. */
const PATIENCE = 200;

/** Points tried at a local optimum, every fourth drawn from the whole space: enough for two compilers, few enough to move on soon. */
const STARTS = 8;

interface Point {
  readonly config: Config;
  readonly ns: number;
}

/**
 * Greedy iterated local search: from the best point so far, measure neighbours in random order, a batch at a time, and move as soon as
 * a batch holds a better one; at a local optimum jump from the best point and start again.
 */
export const greedy: Strategy = {
  name: 'greedy',
  help: 'local search from the best seed, with jumps out of local optima',
  async *search({ space, rng, batch, initial }) {
    const known = new Map<string, Outcome>();
    const timeOf = (o: Outcome | undefined): number => (o?.state === 'ok' || o?.state === 'pruned' ? o.ns : Infinity);
    const note = (outcomes: readonly Outcome[]): void => {
      for (const o of outcomes) known.set(configId(space, o.config), o);
    };
    const isNew = (c: Config): boolean => !known.has(configId(space, c));
    const bestOf = (outcomes: Iterable<Outcome>): Point | undefined => {
      let best: Point | undefined;
      for (const o of outcomes) if (timeOf(o) < (best?.ns ?? Infinity)) best = { config: o.config, ns: timeOf(o) };
      return best;
    };
    note(initial);
    let here = bestOf(initial);
    for (let idle = 0; idle < PATIENCE; idle++) {
      let waiting = here === undefined ? [] : shuffle(rng, neighbours(space, here.config).filter(isNew));
      while (here !== undefined && waiting.length > 0) {
        const asked = waiting.slice(0, batch);
        const { outcomes, revised } = yield asked;
        note(outcomes);
        note(revised);
        idle = 0;
        here = { config: here.config, ns: timeOf(known.get(configId(space, here.config))) };
        const better = bestOf(outcomes);
        if (better !== undefined && better.ns < here.ns * (1 - GAIN)) {
          here = better;
          waiting = shuffle(rng, neighbours(space, here.config).filter(isNew));
        } else {
          waiting = waiting.slice(batch);
        }
      }
      const best = bestOf(known.values());
      const starts = new Map<string, Config>();
      for (let i = 0; i < STARTS; i++) {
        const jumped = best === undefined || i % 4 === 3 ? sample(space, rng) : perturb(space, best.config, JUMP, rng);
        if (jumped !== undefined && isNew(jumped)) starts.set(configId(space, jumped), jumped);
      }
      if (starts.size === 0) continue;
      const { outcomes, revised } = yield [...starts.values()];
      note(outcomes);
      note(revised);
      idle = 0;
      here = bestOf(outcomes) ?? here;
    }
  },
};
