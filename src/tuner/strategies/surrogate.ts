import { must } from '../../assert.ts';
import { configId, encode } from '../../codegen/space/config.ts';
import { listConfigs, neighbours, perturb, sample } from '../../codegen/space/enumerate.ts';
import { below } from '../../codegen/space/random.ts';
import type { Rng } from '../../codegen/space/random.ts';
import type { Config, Space } from '../../codegen/space/space.ts';
import type { Outcome, Strategy } from '../strategy.ts';
import { fitForest, predict } from '../search/forest.ts';
import { spread } from '../search/moves.ts';

/** Points of the space that are measured before anything is learned. */
const START = 12;
/** So many of them even where seeds were measured already. */
const LEAST_START = 6;
/** Points of the space for each foreign config on top of that. */
const COUNTERWEIGHT = 0.4;
/** Proposals of a round, from the likely to the curious one: what is asked between two fits, in as many questions as the batch makes of it. */
const ROUND = 4;
const TREES = 50;
/** Share of the features that a split may choose from. */
const SHARE = 0.6;
/** Points of the space that a round looks at, beside the neighbours of the best. */
const POOL = 1500;
/** Best points whose neighbours are looked at, and how many steps away those may be. */
const ELITE = 5;
const RADIUS = 2;
/** Logarithm of the factor of the best up to which times are learned, at most, and the share of the measurements that lies below it: how slow a slow config is says nothing about fast ones. */
const RELEVANT = 1;
const NEAREST = 0.3;
/** That factor's logarithm at least, so that noise is not what is learned; and how many measurements lie below it at least. */
const LEAST_RELEVANT = 0.05;
const LEAST_NEAREST = 5;
/** The last proposal of a round may be so many spreads better than its mean; the first is the best by its mean. */
const OPTIMISM = 4;
/** Rounds in a row that find nothing new before a space too large to list counts as used up. */
const PATIENCE = 50;

/**
 * Learns from all that was measured which configs are fast: a forest of random trees predicts the logarithm of the time, cut off where it is far from the
 * best; failures count as slow. Each round proposes the best by mean, and others by what they could be at best, from a pool of random points
 * and of neighbours of the best ones.
 */
export const surrogate: Strategy = {
  name: 'surrogate',
  help: 'a forest of random trees learns from all measurements and proposes what is likely fast or not known yet',
  async *search({ space, rng, batch, initial, foreign = [] }) {
    const strange = new Set(foreign.map((o) => configId(space, o.config)));
    const own = initial.filter((o) => !strange.has(configId(space, o.config))).length;
    const rows = new Map<string, Row>();
    const isKnown = (id: string): boolean => rows.has(id);
    const note = (outcomes: readonly Outcome[]): void => {
      for (const o of outcomes) {
        if (o.state === 'invalid') continue;
        const point = pointOf(space, o.config);
        rows.set(point.id, { ...point, y: o.state === 'failed' ? undefined : Math.log(o.ns) });
      }
    };
    note(initial);
    const known = initial.map((o) => o.config);
    // What was fast elsewhere says nothing of the rest of the space: the more there is of it, the wider the start.
    const wide = Math.max(LEAST_START, START - own) + Math.ceil(COUNTERWEIGHT * foreign.length);
    const start = spread(space, known, wide, rng).filter((c) => !isKnown(configId(space, c)));
    for (let k = 0; k < start.length; k += batch) {
      const { outcomes, revised } = yield start.slice(k, k + batch);
      note(outcomes);
      note(revised);
    }
    for (let idle = 0; idle < PATIENCE;) {
      const configs = propose(space, rng, [...rows.values()], isKnown, strange);
      if (configs.length === 0 && allPoints(space) !== undefined) return;
      if (configs.length === 0) {
        idle++;
        continue;
      }
      idle = 0;
      for (let k = 0; k < configs.length; k += batch) {
        const { outcomes, revised } = yield configs.slice(k, k + batch);
        note(outcomes);
        note(revised);
      }
    }
  },
};

/** A config with what is asked of it again and again. */
interface Point {
  readonly id: string;
  readonly config: Config;
  readonly x: Float64Array;
}
const pointOf = (space: Space, config: Config): Point => ({
  id: configId(space, config),
  config,
  x: Float64Array.from(encode(space, config)),
});

const listed = new WeakMap<Space, readonly Point[] | 'too large'>();
/** All points of a space that can be listed, remembered. */
function allPoints(space: Space): readonly Point[] | undefined {
  const known = listed.get(space) ?? listConfigs(space)?.map((c) => pointOf(space, c)) ?? 'too large';
  listed.set(space, known);
  return known === 'too large' ? undefined : known;
}
function draw(space: Space, rng: Rng): Point | undefined {
  const all = allPoints(space);
  if (all !== undefined) return all[below(rng, all.length)];
  const config = sample(space, rng);
  return config && pointOf(space, config);
}

interface Row extends Point {
  /** Logarithm of the time; undefined where the config failed. */
  readonly y: number | undefined;
}

function propose(
  space: Space,
  rng: Rng,
  rows: readonly Row[],
  isKnown: (id: string) => boolean,
  strange: ReadonlySet<string>,
): readonly Config[] {
  const pool = new Map<string, Point>();
  const add = (point: Point | undefined): void => {
    if (point !== undefined && !isKnown(point.id)) pool.set(point.id, point);
  };
  const worked = rows.filter((r) => r.y !== undefined).sort((a, b) => (a.y ?? 0) - (b.y ?? 0));
  const elite = worked.slice(0, ELITE);
  for (const { config } of elite) for (const c of neighbours(space, config, RADIUS)) add(pointOf(space, c));
  const all = allPoints(space);
  if (all !== undefined && all.length <= POOL) all.forEach(add);
  else if (all !== undefined) for (let k = 0; k < POOL; k++) add(draw(space, rng));
  else {
    for (let k = 0; k < POOL / 10; k++) add(draw(space, rng));
    for (const { config } of elite)
      for (let k = 0; k < POOL / 50; k++) {
        const moved = perturb(space, config, rng(), rng);
        add(moved && pointOf(space, moved));
      }
  }
  if (pool.size <= ROUND) return [...pool.values()].map((p) => p.config);
  const best = worked[0]?.y ?? 0;
  // Foreign configs lie close together: counted here they would make the model look at nothing but their differences.
  const own = worked.filter((r) => !strange.has(r.id));
  const nearest = own[Math.max(LEAST_NEAREST, Math.floor(own.length * NEAREST))] ?? worked.at(-1);
  const relevant = Math.max(LEAST_RELEVANT, Math.min(RELEVANT, (nearest?.y ?? 0) - best));
  const y = rows.map((r) => (r.y === undefined ? relevant : Math.min(r.y - best, relevant)));
  const forest = fitForest(
    rows.map((r) => r.x),
    y,
    { trees: TREES, share: SHARE, rng },
  );
  const candidates = [...pool.values()].map(({ config, x }) => ({ config, ...predict(forest, x) }));
  const chosen = new Set<Config>();
  for (let k = 0; k < ROUND; k++) {
    const optimism = (OPTIMISM * k) / (ROUND - 1);
    let least = Infinity;
    let pick: Config | undefined;
    for (const { config, mean, spread: wide } of candidates) {
      const v = mean - optimism * wide;
      if (v < least && !chosen.has(config)) [least, pick] = [v, config];
    }
    chosen.add(must(pick, 'a candidate'));
  }
  return [...chosen];
}
