import { canonical, encode, invalidity, isActive } from '../../codegen/space/config.ts';
import { sample } from '../../codegen/space/enumerate.ts';
import { values } from '../../codegen/space/fragment.ts';
import { below, pick, shuffle } from '../../codegen/space/random.ts';
import type { Rng } from '../../codegen/space/random.ts';
import type { Config, Space, Value } from '../../codegen/space/space.ts';

/** Moves up to `most` active parameters: ordered ones by one or two steps, others to any value. Undefined if that is not valid. */
export function mutate(space: Space, config: Config, most: number, rng: Rng): Config | undefined {
  const active = shuffle(
    rng,
    space.params.filter((p) => isActive(space, p, config)),
  );
  const moved: Record<string, Value> = { ...config };
  for (const p of active.slice(0, 1 + below(rng, most))) {
    const all = values(p);
    const at = all.indexOf(config[p.name] ?? p.default);
    const step = (1 + below(rng, 2)) * (rng() < 0.5 ? -1 : 1);
    const to = p.kind === 'pow2' || p.kind === 'int' ? all[at + step] : pick(rng, all);
    if (to !== undefined) moved[p.name] = to;
  }
  const out = canonical(space, moved);
  return invalidity(space, out).length === 0 ? out : undefined;
}

/** Draws for each point of a spread-out start: with many, all points lie in the corners of the space, where few configs are fast. */
const DRAWS = 4;

/** `n` configs far from one another and from `taken`: each the farthest of some random ones. */
export function spread(space: Space, taken: readonly Config[], n: number, rng: Rng): readonly Config[] {
  const points = taken.map((c) => encode(space, c));
  const out: Config[] = [];
  for (let k = 0; k < n; k++) {
    let best: { config: Config; x: readonly number[] } | undefined;
    let farthest = 0;
    for (let i = 0; i < DRAWS; i++) {
      const config = sample(space, rng);
      if (config === undefined) return out;
      const x = encode(space, config);
      const far = points.reduce((least, p) => Math.min(least, distance(p, x)), Infinity);
      if (far > farthest) [best, farthest] = [{ config, x }, far];
    }
    if (best === undefined) return out;
    points.push(best.x);
    out.push(best.config);
  }
  return out;
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, v, i) => sum + Math.abs(v - (b[i] ?? 0)), 0);
