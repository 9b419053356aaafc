import { canonical, configId, defaultConfig, invalidity, isActive } from './config.ts';
import { neighbourValues, values } from './fragment.ts';
import { below, pick, shuffle } from './random.ts';
import type { Rng } from './random.ts';
import type { Config, Constraint, Param, Space, Value } from './space.ts';

/** Steps of the search before a count or a materialised list gives up: about a second. */
const NODE_CAP = 500_000;

/** Constraints by the position of the last parameter that they read: the earliest point where they can be checked. */
function checksAt(space: Space): readonly (readonly Constraint[])[] {
  const last = space.params.length - 1;
  const at: Constraint[][] = space.params.map(() => []);
  for (const c of space.constraints) {
    const reads = c.params?.map((name) => space.params.findIndex((p) => p.name === name));
    at[reads === undefined || reads.length === 0 || reads.includes(-1) ? last : Math.max(...reads)]?.push(c);
  }
  return at;
}

/** Depth-first over canonical configs that satisfy all constraints; `order` decides the order of a parameter's values. */
function* walk(space: Space, order: (p: Param) => readonly Value[], spend: () => boolean): Generator<Config, void> {
  const checks = checksAt(space);
  function* from(i: number, partial: Config): Generator<Config, void> {
    const p = space.params[i];
    if (p === undefined) {
      yield partial;
      return;
    }
    for (const v of isActive(space, p, partial) ? order(p) : [p.default]) {
      if (!spend()) return;
      const next = { ...partial, [p.name]: v };
      if ((checks[i] ?? []).every((c) => c.check(next) === undefined)) yield* from(i + 1, next);
    }
  }
  yield* from(0, {});
}

/** Every valid config once, in the order of the parameters' values. */
export function* enumerate(space: Space): Generator<Config, void> {
  yield* walk(space, values, () => true);
}

/** The number of valid configs: exact unless the space has more than `cap` of them or is too sparse to be walked. */
export function count(space: Space, cap = 100_000): { readonly count: number; readonly exact: boolean } {
  let nodes = 0;
  let n = 0;
  for (const _ of walk(space, values, () => ++nodes <= NODE_CAP)) {
    if (n === cap) return { count: n, exact: false };
    n++;
  }
  return { count: n, exact: nodes <= NODE_CAP };
}

const listed = new WeakMap<Space, readonly Config[] | 'too large'>();
/** All valid configs of a space of at most 50,000, remembered; undefined for a larger one. */
export function listConfigs(space: Space): readonly Config[] | undefined {
  let known = listed.get(space);
  if (known === undefined) {
    let nodes = 0;
    const all: Config[] = [];
    for (const config of walk(space, values, () => ++nodes <= NODE_CAP)) if (all.push(config) > 50_000) break;
    known = all.length > 50_000 || nodes > NODE_CAP ? 'too large' : all;
    listed.set(space, known);
  }
  return known === 'too large' ? undefined : known;
}

/** A random valid config: uniform where the space can be listed, else by a depth-first walk in random order. Undefined if none was found. */
export function sample(space: Space, rng: Rng): Config | undefined {
  const all = listConfigs(space);
  if (all !== undefined) return all.length === 0 ? undefined : all[below(rng, all.length)];
  for (let attempt = 0; attempt < 50; attempt++) {
    let nodes = 0;
    for (const config of walk(
      space,
      (p) => shuffle(rng, values(p)),
      () => ++nodes <= 2_000,
    ))
      return config;
  }
  return invalidity(space, defaultConfig(space)).length === 0 ? defaultConfig(space) : undefined;
}

/**
 * Valid configs one move away: one active parameter at another value (within `radius` steps where values are ordered), the rest canonical.
 * Where that breaks a constraint, one more parameter that the constraint names is moved, nearest value first, so that tight constraints do not cut a
 * config off. Never contains `config`; no repetitions.
 */
export function neighbours(space: Space, config: Config, radius = 1): readonly Config[] {
  const self = configId(space, config);
  const found = new Map<string, Config>();
  const add = (c: Config): void => {
    const id = configId(space, c);
    if (id !== self) found.set(id, c);
  };
  for (const p of space.params) {
    if (!isActive(space, p, config)) continue;
    for (const v of neighbourValues(p, config[p.name] ?? p.default, radius)) {
      const moved = canonical(space, { ...config, [p.name]: v });
      const reasons = invalidity(space, moved);
      if (reasons.length === 0) {
        add(moved);
        continue;
      }
      const mended = mend(space, moved, p.name, new Set(reasons.flatMap((r) => r.params)));
      if (mended !== undefined) add(mended);
    }
  }
  return [...found.values()];
}

/** The first valid config that differs from `moved` in one of `suspects` other than `kept`. */
function mend(space: Space, moved: Config, kept: string, suspects: ReadonlySet<string>): Config | undefined {
  for (const p of space.params) {
    if (p.name === kept || !suspects.has(p.name) || !isActive(space, p, moved)) continue;
    for (const v of neighbourValues(p, moved[p.name] ?? p.default, Infinity)) {
      const candidate = canonical(space, { ...moved, [p.name]: v });
      if (invalidity(space, candidate).length === 0) return candidate;
    }
  }
  return undefined;
}

/** Moves a share of the active parameters (at least one) to random values, keeping the config valid; undefined if no valid one was found. */
export function perturb(space: Space, config: Config, share: number, rng: Rng): Config | undefined {
  const self = configId(space, config);
  for (let attempt = 0; attempt < 100; attempt++) {
    const active = shuffle(
      rng,
      space.params.filter((p) => isActive(space, p, config)),
    );
    const moved: Record<string, Value> = { ...config };
    for (const p of active.slice(0, Math.max(1, Math.round(share * active.length))))
      moved[p.name] = pick(rng, values(p));
    const candidate = canonical(space, moved);
    if (configId(space, candidate) !== self && invalidity(space, candidate).length === 0) return candidate;
  }
  return undefined;
}
