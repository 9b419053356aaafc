import { canonical, configId, invalidity } from '../../codegen/space/config.ts';
import { sample } from '../../codegen/space/enumerate.ts';
import { values } from '../../codegen/space/fragment.ts';
import { pick } from '../../codegen/space/random.ts';
import type { Rng } from '../../codegen/space/random.ts';
import type { Config, Space, Value } from '../../codegen/space/space.ts';
import { createLog } from '../search/log.ts';
import { remaining } from '../search/remaining.ts';
import type { Strategy } from '../strategy.ts';

const POPULATION = 20;
/** Weight of a difference, and the chance that a parameter takes part. */
const SCALE = 0.7;
const CROSSOVER = 0.8;
/** Trials of one member before it waits for the next generation, and generations in a row without a question. */
const TRIES = 20;
const PATIENCE = 20;

/** The `de` (differential evolution) strategy. */
export const de: Strategy = {
  name: 'de',
  help: 'differential evolution: members move by the difference of two others, and stay where that is faster',
  async *search({ space, rng, batch, initial }) {
    const log = createLog(space, initial);
    const first = new Map(initial.map((o) => [configId(space, o.config), o.config]));
    for (let i = 0; first.size < POPULATION && i < 10 * POPULATION; i++) {
      const config = sample(space, rng);
      if (config !== undefined) first.set(configId(space, config), config);
    }
    const members = [...first.values()];
    const unknown = members.filter(log.isNew);
    for (let i = 0; i < unknown.length; i += batch) log.note(yield unknown.slice(i, i + batch));
    for (let idle = 0; idle < PATIENCE && members.length > 3; idle++) {
      const asked = new Map<string, { at: number; config: Config }>();
      for (const [at, member] of members.entries()) {
        for (let i = 0; i < TRIES; i++) {
          const config = trial(space, member, [pick(rng, members), pick(rng, members), pick(rng, members)], rng);
          const id = configId(space, config);
          if (invalidity(space, config).length > 0 || !log.isNew(config) || asked.has(id)) continue;
          asked.set(id, { at, config });
          break;
        }
      }
      const trials = [...asked.values()];
      for (let i = 0; i < trials.length; i += batch) {
        const part = trials.slice(i, i + batch);
        log.note(yield part.map((t) => t.config));
        for (const { at, config } of part)
          if (log.timeOf(config) <= log.timeOf(members[at] ?? config)) members[at] = config;
        idle = 0;
      }
    }
    yield* remaining(space, log, batch, rng);
  },
};

/** a + SCALE (b - c) in steps of the ordered parameters, crossed with the member; of others the value of one of them. */
function trial(space: Space, member: Config, [a, b, c]: readonly [Config, Config, Config], rng: Rng): Config {
  const out: Record<string, Value> = {};
  for (const p of space.params) {
    const of = (x: Config): Value => x[p.name] ?? p.default;
    out[p.name] = of(member);
    if (rng() >= CROSSOVER) continue;
    if (p.kind === 'enum' || p.kind === 'bool') {
      out[p.name] = of(b) === of(c) ? of(a) : pick(rng, [of(a), of(b), of(c)]);
      continue;
    }
    const all = values(p);
    const at = all.indexOf(of(a)) + Math.round(SCALE * (all.indexOf(of(b)) - all.indexOf(of(c))));
    out[p.name] = all[Math.max(0, Math.min(all.length - 1, at))] ?? p.default;
  }
  return canonical(space, out);
}
