import type { Recorded } from './recorded.ts';

/** Points of the curve that enter the score. */
const POINTS = 50;

/** Random search without replacement on a recorded space, computed, not simulated. */
export interface Baseline {
  /** Expected best after so many draws. Nanoseconds. */
  expected(draws: number): number;
  /** Draws after which 95 % of the way from the median to the optimum are expected to be closed; at least 20, at most 400. */
  readonly budget: number;
  /** The slowest recorded time: what a run counts as that has found nothing yet. */
  readonly worst: number;
}

export function baselineOf(recorded: Recorded): Baseline {
  // Configs of equal code are one draw.
  const distinct = new Map([...recorded.rows].map(([id, r]) => [r.code ?? id, r.ns]));
  const times = [...distinct.values()];
  const valid = times.filter((t) => t !== undefined).toSorted((a, b) => a - b);
  const worst = valid.at(-1) ?? recorded.optimum;
  const sorted = [...valid, ...Array.from({ length: times.length - valid.length }, () => worst)];
  const known = new Map<number, number>();
  const expected = (draws: number): number => {
    const n = sorted.length;
    const cached = known.get(draws);
    if (cached !== undefined) return cached;
    // Chance that the first i are all missed: C(n - i, k) / C(n, k), one factor at a time.
    let missed = 1;
    let sum = 0;
    for (const [i, t] of sorted.entries()) {
      const still = n - i - draws <= 0 ? 0 : (missed * (n - i - draws)) / (n - i);
      sum += (missed - still) * t;
      missed = still;
      if (missed < 1e-15) break;
    }
    known.set(draws, sum);
    return sum;
  };
  const median = valid[Math.floor(valid.length / 2)] ?? recorded.optimum;
  const goal = recorded.optimum + 0.05 * (median - recorded.optimum);
  let budget = 20;
  while (budget < 400 && expected(budget) > goal) budget++;
  return { expected, budget, worst };
}

const at = (curve: readonly number[], evals: number, worst: number): number => {
  const found = curve[Math.min(evals, curve.length) - 1] ?? Infinity;
  return Number.isFinite(found) ? found : worst;
};

/**
 * The aggregate score P of one space: (expected best of random search - best found) / (expected best of random search - optimum), mean over seeds and
 * 50 equidistant points up to the budget. 0 is random search, 1 the optimum at once.
 */
export function scoreOf(recorded: Recorded, baseline: Baseline, curves: readonly (readonly number[])[]): number {
  const points = Array.from({ length: POINTS }, (_, i) =>
    Math.max(1, Math.round(((i + 1) * baseline.budget) / POINTS)),
  );
  return mean(points.map((p) => scoreAt(recorded, baseline, curves, p)));
}

/** The score at one number of evaluations. */
export function scoreAt(
  recorded: Recorded,
  baseline: Baseline,
  curves: readonly (readonly number[])[],
  evals: number,
): number {
  const base = baseline.expected(evals);
  const found = mean(curves.map((c) => at(c, evals, baseline.worst)));
  const room = base - recorded.optimum;
  return room <= 0 ? 1 : (base - found) / room;
}

/** Time over optimum of each run after so many evaluations. */
export const ratiosAt = (
  recorded: Recorded,
  baseline: Baseline,
  curves: readonly (readonly number[])[],
  evals: number,
): readonly number[] => curves.map((c) => at(c, evals, baseline.worst) / recorded.optimum);

export const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / Math.max(1, xs.length);
export const geomean = (xs: readonly number[]): number => Math.exp(mean(xs.map((x) => Math.log(x))));
