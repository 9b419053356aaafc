import type { Style } from './case.ts';
import type { Seen } from './properties/trial.ts';

export interface TierCount {
  readonly cases: number;
  readonly elements: number;
}
/** How often a property had something to say. */
export interface PropertyCount {
  readonly name: string;
  readonly origin: 'declared' | 'automatic';
  /** Cases in which it was evaluated at a point at least. */
  readonly cases: number;
  readonly points: number;
  /** Of the points: those at which its tolerance is so wide that nothing could fail. */
  readonly weak: number;
  /** It never said anything: no case had a point that is not weak. */
  readonly vacuous: boolean;
}
/** What each tier of the checks amounted to. */
export interface Tiers {
  /** Small integers, whose sums are exact. */
  readonly T0: TierCount;
  /** Random data, within the derived bound. */
  readonly T1: TierCount;
  /** Infinities, NaN, extremes, ties. */
  readonly T2: TierCount;
  /** Properties, declared ones in the order of the source. */
  readonly T3: readonly PropertyCount[];
  /** Runs into poisoned outputs between guard pages: two for each case. */
  readonly T4: { readonly runs: number };
}

/** Counts over the cases of one report. */
export interface Tally {
  cases: number;
  redrawn: number;
  elements: number;
  marked: number;
  used: number;
  readonly tiers: Record<'T0' | 'T1' | 'T2', { cases: number; elements: number }>;
  readonly properties: Map<string, { -readonly [K in keyof PropertyCount]: PropertyCount[K] }>;
}

/** An empty tally for properties of these names. */
export function newTally(properties: readonly Pick<PropertyCount, 'name' | 'origin'>[]): Tally {
  const none = (): { cases: number; elements: number } => ({ cases: 0, elements: 0 });
  return {
    cases: 0,
    redrawn: 0,
    elements: 0,
    marked: 0,
    used: 0,
    tiers: { T0: none(), T1: none(), T2: none() },
    properties: new Map(properties.map((p) => [p.name, { ...p, cases: 0, points: 0, weak: 0, vacuous: true }])),
  };
}

const TIER: Readonly<Record<Style, 'T0' | 'T1' | 'T2'>> = {
  integers: 'T0',
  normal: 'T1',
  uniform: 'T1',
  lognormal: 'T1',
  special: 'T2',
};

/** Adds a right case. */
export function countCase(
  t: Tally,
  style: Style,
  outcome: {
    readonly elements: number;
    readonly marked: number;
    readonly used: number;
    readonly seen: readonly Seen[];
  },
): void {
  t.cases++;
  t.elements += outcome.elements;
  t.marked += outcome.marked;
  t.used = Math.max(t.used, outcome.used);
  const tier = t.tiers[TIER[style]];
  tier.cases++;
  tier.elements += outcome.elements;
  for (const s of outcome.seen) {
    const p = t.properties.get(s.name);
    if (p === undefined || s.points === 0) continue;
    p.cases++;
    p.points += s.points;
    p.weak += s.weak;
    if (s.weak < s.points) p.vacuous = false;
  }
}

export const tiersOf = (t: Tally): Tiers => ({
  ...t.tiers,
  T3: [...t.properties.values()],
  T4: { runs: 2 * t.cases },
});
