import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCalibration } from '../../src/measure/calibration.ts';
import { measureCeilings, placeUnderRoof } from '../../src/measure/roofline.ts';
import type { Ceilings } from '../../src/measure/roofline.ts';
import { useBench } from './runner-fixture.ts';

const bench = useBench();

describe('ceilings of this machine', () => {
  test('every probe gives a positive figure, kept with CPU and date and read back', async () => {
    const runner = bench.start();
    const file = join(bench.dir, 'deep', 'ceilings.json');
    const measured = await measureCeilings(runner, file, 'build-1');
    expect(Object.keys(measured?.ceilings ?? {})).toEqual(
      expect.arrayContaining(['read', 'copy', 'copy-nt', 'triad', 'triad-nt', 'fma']),
    );
    expect(Object.values(measured?.ceilings ?? {}).every((c) => c.value > 0.1 && c.value < 1e5)).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(measured);
    const again = await measureCeilings(runner, file, 'build-1');
    expect(again?.readings).toBe(2);
    for (const [name, c] of Object.entries(measured?.ceilings ?? {})) {
      expect(again?.ceilings[name]?.value).toBeGreaterThanOrEqual(c.value);
    }
    await runner.close();
    expect(await measureCeilings(runner, file, 'build-1')).toEqual(again);
    expect(await measureCeilings(runner, file, 'build-2')).toBeUndefined();
  });

  test('calibration is calm at first, and does without a probe', async () => {
    expect(await createCalibration(bench.start()).calm()).toBe(true);
    expect(await createCalibration(bench.start(), 'no such probe').calm()).toBe(true);
  });
});

describe('the place under the roof', () => {
  const ceilings: Ceilings = {
    version: 2,
    cpu: '',
    host: '',
    measuredAt: '',
    runner: '',
    readings: 1,
    ceilings: {
      copy: { value: 20, unit: 'GB/s' },
      'copy-nt': { value: 40, unit: 'GB/s' },
      fma: { value: 100, unit: 'GFLOP/s' },
    },
  };
  test.each([
    [
      { bytes: 4000, flops: 0, ns: 200 },
      { bound: 'memory', fraction: 0.5, gbPerS: 20, ceiling: { name: 'copy-nt' } },
    ],
    [
      { bytes: 4, flops: 1000, ns: 20 },
      { bound: 'compute', fraction: 0.5, gflopPerS: 50, ceiling: { name: 'fma' } },
    ],
  ])('%j', (call, place) => {
    expect(placeUnderRoof(ceilings, call)).toMatchObject(place);
  });
});
