import { neighbours, sample } from '../../codegen/space/enumerate.ts';
import { pick } from '../../codegen/space/random.ts';
import type { Config } from '../../codegen/space/space.ts';
import { createLog, nsOf } from '../search/log.ts';
import { remaining } from '../search/remaining.ts';
import type { Strategy } from '../strategy.ts';

/** Temperature in shares of the current time: at first half as slow again is often accepted, at the end one per cent hardly. */
const HOT = 0.5;
const COLD = 0.005;
const COOLING = 0.985;
/** Steps in a row onto known configs before the search starts elsewhere, and such starts before it lists what is left. */
const STUCK = 50;
const STARTS = 20;

export const annealing: Strategy = {
  name: 'annealing',
  help: 'simulated annealing: random steps to neighbours, slower ones accepted less and less often',
  async *search({ space, rng, batch, initial }) {
    const log = createLog(space, initial);
    let here: Config | undefined = log.best()?.config ?? sample(space, rng);
    let heat = HOT;
    for (let starts = 0, stuck = 0; here !== undefined && starts < STARTS;) {
      const around = neighbours(space, here, 2);
      const next = around.length === 0 ? undefined : pick(rng, around);
      if (next === undefined || stuck >= STUCK) {
        here = sample(space, rng);
        [starts, stuck, heat] = [starts + 1, 0, HOT];
        continue;
      }
      if (log.isNew(next)) {
        const answer = yield [next];
        log.note(answer);
        [starts, stuck] = [0, 0];
        heat = Math.max(COLD, heat * COOLING);
        if (nsOf(answer.outcomes[0]) === Infinity) continue;
      } else stuck++;
      const slower = log.timeOf(next) / log.timeOf(here) - 1;
      if (!(slower > 0) || rng() < Math.exp(-slower / heat)) here = next;
    }
    yield* remaining(space, log, batch, rng);
  },
};
