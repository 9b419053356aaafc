import { expect, test } from 'vitest';
import { invalidity } from '../../src/codegen/space/config.ts';
import { listConfigs } from '../../src/codegen/space/enumerate.ts';
import { play } from '../../src/tuner/replay/play.ts';
import { readT4 } from '../../src/tuner/replay/recorded.ts';
import { baselineOf, scoreOf } from '../../src/tuner/replay/score.ts';
import { exhaustive } from '../../src/tuner/strategies/exhaustive.ts';
import { random } from '../../src/tuner/strategies/random.ts';

/** 8 × 5 configs without the odd sums; one does not compile. Milliseconds. */
const results = [1, 2, 4, 8, 16, 32, 64, 128].flatMap((tile, i) =>
  [0, 1, 2, 3, 4]
    .filter((unroll) => (i + unroll) % 2 === 0)
    .map((unroll) => {
      const time = 1 + (i - 5) ** 2 + (unroll - 3) ** 2;
      const failed = tile === 1 && unroll === 0;
      return {
        configuration: { tile, unroll },
        times: {
          compilation: 100,
          framework: 0,
          validation: 10,
          ...(failed ? {} : { runtimes: [time * 0.9, time * 1.1] }),
        },
        invalidity: failed ? 'compile' : 'correct',
        measurements: [{ name: 'time', value: failed ? 'CompilationFailedConfig' : time, unit: '' }],
        objectives: ['time'],
      };
    }),
);
const recorded = readT4('small', JSON.stringify({ metadata: { timeunit: 'miliseconds' }, results }));
const options = { seed: '1', evals: 400, batch: 1, noise: false, transfer: [], compilers: 2 };

test('a recorded space holds exactly the recorded configs, with their times and failures', () => {
  expect(recorded.space.params.map((p) => p.kind)).toEqual(['pow2', 'int']);
  expect(listConfigs(recorded.space)).toHaveLength(results.length);
  expect(invalidity(recorded.space, { tile: 2, unroll: 0 })).toHaveLength(1);
  expect(recorded.row({ tile: 32, unroll: 3 })).toMatchObject({ ns: 1e6, samples: [0.9e6, 1.1e6], compileMs: 100 });
  expect(recorded.row({ tile: 1, unroll: 0 })).toMatchObject({ ns: undefined, invalidity: 'compile' });
  expect(recorded.optimum).toBe(1e6);
});

test('a replay measures every config once, and its curve never rises', async () => {
  const { curve, seconds } = await play(exhaustive, recorded, options);
  expect(curve).toHaveLength(results.length);
  expect(curve).toEqual(curve.toSorted((a, b) => b - a));
  expect(curve.at(-1)).toBe(1e6);
  expect(seconds).toBeGreaterThan((results.length * 110) / 1000);
});

test('equal seeds give equal runs, other seeds others; the budget holds', async () => {
  const first = await play(random, recorded, { ...options, evals: 7, noise: true });
  expect(first.curve).toHaveLength(7);
  expect(await play(random, recorded, { ...options, evals: 7, noise: true })).toEqual(first);
  expect(await play(random, recorded, { ...options, evals: 7, seed: '2' })).not.toEqual(first);
});

test('configs of another file come first; those that do not fit cost nothing', async () => {
  const transfer = [{ gone: 1 }, { tile: 32, unroll: 3 }];
  const { curve } = await play(random, recorded, { ...options, evals: 1, transfer });
  expect(curve).toEqual([1e6]);
});

test('random search scores about 0, knowing the optimum scores 1', async () => {
  const baseline = baselineOf(recorded);
  const curves = [];
  for (let seed = 0; seed < 300; seed++)
    curves.push((await play(random, recorded, { ...options, evals: 30, seed: String(seed) })).curve);
  expect(scoreOf(recorded, baseline, [[recorded.optimum]])).toBeCloseTo(1);
  expect(Math.abs(scoreOf(recorded, baseline, curves))).toBeLessThan(0.15);
  expect(baseline.expected(1)).toBeGreaterThan(baseline.expected(5));
  expect(baseline.expected(results.length)).toBeCloseTo(recorded.optimum);
});

test.each([['{}'], ['{"results":[]}'], ['{"metadata":{"timeunit":"weeks"},"results":[]}']])('%s is refused', (text) => {
  expect(() => readT4('bad', text)).toThrow();
});
