import { below } from '../codegen/space/random.ts';
import type { Rng } from '../codegen/space/random.ts';

/** The q-quantile (0 to 1) by linear interpolation; NaN for no samples. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}
export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** A value with a two-sided 95 % confidence interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The median with a percentile bootstrap interval. */
export function medianInterval(samples: readonly number[], rng: Rng, resamples = 1000): Interval {
  const medians: number[] = [];
  for (let r = 0; r < resamples; r++) medians.push(median(samples.map(() => samples[below(rng, samples.length)] ?? 0)));
  return { value: median(samples), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/**
 * The median of numerator[i] / denominator[i] over rounds in which both were measured side by side, with a percentile bootstrap
 * interval over rounds. Pairing removes drift that hits both alike.
 */
export function ratio(
  numerator: readonly number[],
  denominator: readonly number[],
  rng: Rng,
  resamples = 1000,
): Interval {
  const ratios = numerator.flatMap((n, i) => {
    const d = denominator[i];
    return d === undefined || d <= 0 ? [] : [n / d];
  });
  if (ratios.length === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  return medianInterval(ratios, rng, resamples);
}
