import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/codegen/space/random.ts';
import { median, quantile, ratio } from '../../src/measure/statistics.ts';

describe('statistics', () => {
  test('quantiles lie within the samples and rise with q', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 1e9, noNaN: true }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (xs, q) => {
          expect(quantile(xs, q)).toBeGreaterThanOrEqual(Math.min(...xs));
          expect(quantile(xs, q)).toBeLessThanOrEqual(Math.max(...xs));
          expect(quantile(xs, 0)).toBe(Math.min(...xs));
          expect(quantile(xs, q)).toBeLessThanOrEqual(quantile(xs, 1));
        },
      ),
    );
    expect(median([3, 1, 2, 10])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  test('the interval of a paired ratio covers the truth about as often as it says', () => {
    const rng = seeded('coverage');
    let covered = 0;
    for (let trial = 0; trial < 200; trial++) {
      const drift = Array.from({ length: 25 }, () => 1 + 0.5 * rng());
      const a = drift.map((d) => 2 * d * (1 + 0.05 * (rng() - 0.5)));
      const b = drift.map((d) => d * (1 + 0.05 * (rng() - 0.5)));
      const { low, high } = ratio(a, b, rng, 300);
      if (low <= 2 && 2 <= high) covered++;
    }
    expect(covered).toBeGreaterThan(170);
  });
});
