import { canonical, configId, defaultConfig, invalidity } from '../codegen/space/config.ts';
import { contains, values } from '../codegen/space/fragment.ts';
import type { Config, Param, Space, Value } from '../codegen/space/space.ts';
import type { About } from '../store/about.ts';
import type { Reading, StudyHead } from '../store/reading.ts';

/** What is to be tuned, as far as records of other studies are held against it. */
export interface Wanted {
  readonly op: string;
  readonly target: string;
  readonly types: Readonly<Record<string, string>>;
  readonly sizes: Readonly<Record<string, number>>;
  readonly structure: string;
  /** Key of the study itself, whose own records are no foreign ones. */
  readonly key: string;
}
/** Configs that were fast elsewhere, and where. */
export interface Donation {
  /** Full configs of the new space, the most promising first. */
  readonly configs: readonly Config[];
  /** `rmsnorm on cpp:avx2, B=512 D=1024`. */
  readonly donors: readonly string[];
}

/** Studies that are asked, configs that are taken of each, and of all together: a wrong one costs a measurement. */
const DONORS = 5;
const TOP = 5;
const MOST = 12;
/** Share of the parameters that a donor has to know: spaces of another family have little to say. */
const COMMON = 0.5;

/**
 * The fastest configs of studies of the same operator or of one with the same structure, on other shapes, types, targets or in other searches: those that
 * are closest first, the best of each before the second best of any.
 */
export function donate(reading: Reading, wanted: Wanted, space: Space): Donation {
  const near = reading
    .heads()
    .flatMap((h) => (h.about === undefined ? [] : [{ ...h, about: h.about }]))
    .filter((h) => h.key !== wanted.key && (h.op === wanted.op || h.about.structure === wanted.structure))
    .map((h) => ({ h, far: distance(wanted, h) }))
    .toSorted((a, b) => a.far - b.far);
  const donors: { readonly h: StudyHead; readonly configs: readonly Config[] }[] = [];
  for (const { h } of near) {
    if (donors.length >= DONORS) break;
    const base = Object.fromEntries(h.about.params.map((p) => [p.name, p.default]));
    const configs = reading.best(h.id, TOP).flatMap((diff) => {
      const config = adapted(space, { ...base, ...diff });
      return config === undefined ? [] : [config];
    });
    if (configs.length > 0) donors.push({ h, configs });
  }
  const chosen = new Map<string, Config>();
  for (let rank = 0; rank < TOP; rank++)
    for (const { configs } of donors) {
      const c = configs[rank];
      if (c !== undefined && chosen.size < MOST) chosen.set(configId(space, c), c);
    }
  return { configs: [...chosen.values()], donors: donors.map(({ h }) => `${h.op} on ${h.target}, ${h.shape}`) };
}

/** How little a study says about what is wanted: another family counts most, then another arch, operator and types, then sizes by powers of two. */
function distance(wanted: Wanted, h: StudyHead & { readonly about: About }): number {
  const family = (target: string): string => target.split(':')[0] ?? '';
  const { types, sizes } = h.about;
  const names = new Set([...Object.keys(sizes), ...Object.keys(wanted.sizes)]);
  const apart = [...names].map((d) => Math.abs(Math.log2((sizes[d] ?? 1) / (wanted.sizes[d] ?? 1)) || 0));
  return (
    (family(h.target) === family(wanted.target) ? 0 : 400) +
    (h.target === wanted.target ? 0 : 100) +
    (h.op === wanted.op ? 0 : 40) +
    (JSON.stringify(types) === JSON.stringify(wanted.types) ? 0 : 10) +
    apart.reduce((a, b) => a + b, 0)
  );
}

/**
 * A config of another space in this one: parameters of the same name at the same value, ordered ones at the nearest there is, the rest at the default.
 * Undefined where the two have little in common or the result is not valid.
 */
export function adapted(space: Space, foreign: Config): Config | undefined {
  const common = space.params.filter((p) => foreign[p.name] !== undefined);
  if (common.length < COMMON * space.params.length) return undefined;
  const moved = Object.fromEntries(common.map((p) => [p.name, nearest(p, foreign[p.name] ?? p.default)]));
  const config = canonical(space, { ...defaultConfig(space), ...moved });
  return invalidity(space, config).length === 0 ? config : undefined;
}

function nearest(p: Param, v: Value): Value {
  if (contains(p, v)) return v;
  if ((p.kind !== 'pow2' && p.kind !== 'int') || typeof v !== 'number') return p.default;
  const off = (x: Value): number => Math.abs(Number(x) - v);
  return values(p).reduce((best, x) => (off(x) < off(best) ? x : best), p.default);
}
