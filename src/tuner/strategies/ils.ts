import { neighbours, perturb, sample } from '../../codegen/space/enumerate.ts';
import { shuffle } from '../../codegen/space/random.ts';
import type { Config } from '../../codegen/space/space.ts';
import { createLog } from '../search/log.ts';
import { remaining } from '../search/remaining.ts';
import type { Strategy } from '../strategy.ts';

/** Share of the parameters that a jump changes. */
const JUMP = 0.3;
/** Measurements without a new best before the search starts elsewhere. */
const RESTART = 50;
/** Jumps in a row that find nothing new before what is left is listed. */
const PATIENCE = 200;

/** Textbook iterated local search: first improvement, a jump from the best local optimum, a new start where that has led nowhere for long. */
export const ils: Strategy = {
  name: 'ils',
  help: 'textbook iterated local search: first improvement, jumps from the local optimum, restarts',
  async *search({ space, rng, batch, initial }) {
    const log = createLog(space, initial);
    const timeOf = (c: Config): number => log.timeOf(c);
    let home: Config | undefined = log.best()?.config ?? sample(space, rng);
    let lastGain = log.rows().length;
    for (let idle = 0; home !== undefined && idle < PATIENCE; idle++) {
      const isStale = log.rows().length - lastGain >= RESTART;
      const start: Config | undefined = isStale ? sample(space, rng) : (perturb(space, home, JUMP, rng) ?? home);
      if (isStale) lastGain = log.rows().length;
      let here: Config | undefined = log.rows().length <= initial.length ? home : start;
      if (here === undefined) break;
      if (log.isNew(here)) {
        log.note(yield [here]);
        idle = 0;
      }
      for (let better: Config | undefined = here; better !== undefined;) {
        here = better;
        better = undefined;
        for (const next of shuffle(rng, neighbours(space, here))) {
          if (log.isNew(next)) {
            log.note(yield [next]);
            idle = 0;
          }
          if (timeOf(next) < timeOf(here)) {
            better = next;
            break;
          }
        }
      }
      if (isStale || timeOf(here) < timeOf(home)) {
        if (timeOf(here) < timeOf(home)) lastGain = log.rows().length;
        home = here;
      }
    }
    yield* remaining(space, log, batch, rng);
  },
};
