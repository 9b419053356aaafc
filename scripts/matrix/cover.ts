import { canonical, configId, defaultConfig, invalidity, isActive } from '../../src/codegen/space/config.ts';
import { sample } from '../../src/codegen/space/enumerate.ts';
import { values } from '../../src/codegen/space/fragment.ts';
import { seeded, shuffle } from '../../src/codegen/space/random.ts';
import type { Config, Param, Space, Value } from '../../src/codegen/space/space.ts';

/** Configs that have every value of every parameter, and the values that no valid config was found for. */
export interface Cover {
  readonly configs: readonly Config[];
  /** Pairs of parameter and value, as `name=value`. */
  readonly covered: readonly string[];
  readonly missing: readonly string[];
}

const pair = (p: Param, v: Value): string => `${p.name}=${String(v)}`;
/** The pairs that a config has; an inactive parameter has none. */
export const pairsOf = (space: Space, c: Config): readonly string[] =>
  space.params.flatMap((p) => (isActive(space, p, c) ? [pair(p, c[p.name] ?? p.default)] : []));

/** Tries for one pair until it counts as missing. */
const TRIES = 40;

/**
 * The default, the default of every plan, and configs drawn so that each brings pairs that are still missing; then random ones up to `least`. Equal
 * seeds give equal covers.
 */
export function cover(space: Space, least: number, seed: number): Cover {
  const rng = seeded(`cover/${seed}`);
  const chosen = new Map<string, Config>();
  const open = new Set(space.params.flatMap((p) => values(p).map((v) => pair(p, v))));
  const all = [...open];
  const add = (c: Config): void => {
    chosen.set(configId(space, c), c);
    for (const x of pairsOf(space, c)) open.delete(x);
  };
  const first = defaultConfig(space);
  add(canonical(space, first));
  const plan = space.params.find((p) => p.name === 'plan');
  for (const v of plan === undefined ? [] : values(plan)) {
    const c = canonical(space, { ...first, plan: v });
    if (invalidity(space, c).length === 0) add(c);
  }
  for (const p of space.params) {
    for (const v of values(p)) {
      for (let t = 0; open.has(pair(p, v)) && t < TRIES; t++) {
        const c = withValue(space, p, v, open, rng, t);
        if (c !== undefined) add(c);
      }
    }
  }
  for (let t = 0; chosen.size < least && t < least * 10; t++) {
    const c = sample(space, rng);
    if (c !== undefined) add(c);
  }
  return { configs: [...chosen.values()], covered: all.filter((x) => !open.has(x)), missing: [...open] };
}

/** A valid config in which `p` is active and `v`; the other parameters take values that are still open where they can. */
function withValue(
  space: Space,
  p: Param,
  v: Value,
  open: ReadonlySet<string>,
  rng: () => number,
  attempt: number,
): Config | undefined {
  const wish: Record<string, Value> = attempt % 4 === 3 ? { ...sample(space, rng) } : { ...defaultConfig(space) };
  if (attempt % 2 === 0) {
    for (const q of space.params) {
      const fresh = shuffle(rng, values(q)).find((x) => open.has(pair(q, x)));
      if (fresh !== undefined) wish[q.name] = fresh;
    }
  }
  wish[p.name] = v;
  // What p hangs on must be as it asks, up to a parameter that is always active.
  for (let q: Param | undefined = p; q?.when !== undefined;) {
    const { param, in: under }: NonNullable<Param['when']> = q.when;
    const parent: Param | undefined = space.params.find((x) => x.name === param);
    const held = wish[param];
    if (held === undefined || !under.includes(held)) wish[param] = shuffle(rng, under)[0] as Value;
    q = parent;
  }
  const c = canonical(space, wish);
  return invalidity(space, c).length === 0 && pairsOf(space, c).includes(pair(p, v)) ? c : undefined;
}
