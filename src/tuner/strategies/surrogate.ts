import { configId, encode } from '../../codegen/space/config.ts';
import { listConfigs, sample } from '../../codegen/space/enumerate.ts';
import { quantile } from '../../measure/statistics.ts';
import type { Config, Space } from '../../codegen/space/space.ts';
import { remaining } from '../search/remaining.ts';
import { fitForest } from '../search/forest.ts';
import type { Forest } from '../search/forest.ts';
import type { Rng } from '../../codegen/space/random.ts';
import { createLog, nsOf } from '../search/log.ts';
import type { Log } from '../search/log.ts';
import { mutate, neighboursAndPairs, spread } from '../search/moves.ts';
import type { Outcome, Strategy } from '../strategy.ts';

/** Rows known before the model is first asked. */
const START = 16;
const TREES = 60;
/** Share of the rows that counts as good. */
const QUANTILE = 0.2;
const COPIES = 3;
/** Mutants of each copy's incumbent that the model ranks, and how many of them are measured. */
const PROPOSALS = 250;
const PICKS = 3;
/** What a candidate loses for sharing all leaves with one picked before it. */
const LIKENESS = 0.5;
/** A step must gain this share: less is noise. */
const GAIN = 0.001;
/** Moves of one descent, and configs it may measure at one point. */
const MOVES = 10;
const LOOKS = 60;

/** Share of the space that may be measured before what is left is simply listed. */
const USED_UP = 0.4;

interface Point {
  readonly config: Config;
  readonly ns: number;
}

export const surrogate: Strategy = {
  name: 'surrogate',
  help: 'a random forest learns what is fast and ranks mutants of several incumbents; descent and restart when that stalls',
  async *search({ space, rng, batch, initial, transferred = 0 }) {
    const log = createLog(space, initial);
    const known = initial.length;
    let fresh = spread(
      space,
      initial.map((o) => o.config),
      Math.max(known > 0 ? 4 : 0, START - known),
      rng,
    ).filter(log.isNew);
    for (;;) {
      const start: Outcome[] = [];
      for (const chunk of chunks(fresh, batch)) {
        const answer = yield chunk;
        log.note(answer);
        start.push(...answer.outcomes);
      }
      // One copy starts from what nobody has seen before; the others from the best of everything.
      const ranked = pointsOf(log.rows());
      const unseeded = pointsOf(start)[0];
      const copies = [...apart(space, ranked, COPIES), ...(unseeded === undefined ? [] : [unseeded])];
      let alive = copies.map((p, i) => ({ here: p, patience: i === 0 && transferred > 0 ? 2 : 1 }));
      while (alive.length > 0) {
        const next: typeof alive = [];
        for (const copy of alive) {
          const model = learn(space, log, rng);
          const mutants = new Map<string, Config>();
          for (let i = 0; i < PROPOSALS; i++) {
            const m = mutate(space, copy.here.config, 3, rng);
            if (m !== undefined && log.isNew(m)) mutants.set(configId(space, m), m);
          }
          const picks = choose(space, model, [...mutants.values()], PICKS);
          if (picks.length === 0) continue;
          let best = copy.here;
          for (const chunk of chunks(picks, batch)) {
            const answer = yield chunk;
            log.note(answer);
            const found = pointsOf(answer.outcomes)[0];
            if (found !== undefined && found.ns < best.ns * (1 - GAIN)) best = found;
          }
          const patience = best === copy.here ? copy.patience - 1 : 1;
          if (patience >= 0) next.push({ here: best, patience });
        }
        alive = next.filter(
          (c, i) => next.findIndex((d) => configId(space, d.here.config) === configId(space, c.here.config)) === i,
        );
      }
      let here = log.best();
      let asked = fresh.length;
      for (let move = 0; here !== undefined && move < MOVES; move++) {
        const model = learn(space, log, rng);
        const from: Point = here;
        const near = neighboursAndPairs(space, from.config)
          .filter(log.isNew)
          .map((config) => ({ config, p: model.probability(encode(space, config)) }))
          .sort((a, b) => b.p - a.p)
          .slice(0, LOOKS);
        for (const chunk of chunks(near, batch)) {
          const answer = yield chunk.map((c) => c.config);
          asked += chunk.length;
          log.note(answer);
          const found = pointsOf(answer.outcomes)[0];
          if (found !== undefined && found.ns < from.ns * (1 - GAIN)) {
            here = found;
            break;
          }
        }
        if (here === from) break;
      }
      fresh = spread(
        space,
        log.rows().map((o) => o.config),
        8,
        rng,
      ).filter(log.isNew);
      if (fresh.length === 0) fresh = [sample(space, rng)].filter((c) => c !== undefined).filter(log.isNew);
      if (fresh.length === 0 && asked === 0) break;
      // Most of a small space is known by now: the rest needs no model.
      if (log.rows().length > USED_UP * (listConfigs(space)?.length ?? Infinity)) break;
    }
    yield* remaining(space, log, batch, rng);
  },
};

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}

/** Rows with a time, fastest first. */
const pointsOf = (outcomes: readonly Outcome[]): readonly Point[] =>
  outcomes
    .map((o) => ({ config: o.config, ns: nsOf(o) }))
    .filter((p) => Number.isFinite(p.ns))
    .toSorted((a, b) => a.ns - b.ns);

/** The fastest point and the fastest ones that differ from those before in more than one parameter. */
function apart(space: Space, ranked: readonly Point[], n: number): readonly Point[] {
  const out: Point[] = [];
  for (const p of ranked) {
    if (out.length === n) break;
    const far = (q: Point): boolean => space.params.filter((x) => p.config[x.name] !== q.config[x.name]).length > 1;
    if (out.every(far)) out.push(p);
  }
  return out;
}

/** Fits the forest on all rows: the fastest fifth is good, the more so the further below the limit; what failed is bad. */
function learn(space: Space, log: Log, rng: Rng): Forest {
  const rows = log.rows().map((o) => ({ x: encode(space, o.config), y: Math.log(nsOf(o)) }));
  const times = rows.map((r) => r.y).filter(Number.isFinite);
  const limit = quantile(times, QUANTILE);
  const good = rows.filter((r) => r.y <= limit);
  const gain = good.reduce((sum, r) => sum + Math.max(1e-5, limit - r.y), 0) / Math.max(1, good.length);
  return fitForest(
    rows.map((r) => ({
      x: r.x,
      good: r.y <= limit,
      weight: r.y <= limit ? Math.max(0.05, Math.max(1e-5, limit - r.y) / gain) : 1,
    })),
    TREES,
    rng,
  );
}

/** Takes the most promising candidates one by one, each marked down for being like those already taken. */
function choose(space: Space, model: Forest, from: readonly Config[], n: number): readonly Config[] {
  const pool = from.map((config) => {
    const x = encode(space, config);
    return { config, p: model.probability(x), leaves: model.leaves(x), alike: 0 };
  });
  const out: Config[] = [];
  while (out.length < n && pool.length > 0) {
    let at = 0;
    const value = (i: number): number => (pool[i]?.p ?? 0) - LIKENESS * (pool[i]?.alike ?? 0);
    for (let i = 1; i < pool.length; i++) if (value(i) > value(at)) at = i;
    const taken = pool.splice(at, 1)[0];
    if (taken === undefined) break;
    out.push(taken.config);
    for (const c of pool) {
      const shared = c.leaves.filter((l, t) => l === taken.leaves[t]).length / c.leaves.length;
      c.alike = Math.max(c.alike, shared);
    }
  }
  return out;
}
