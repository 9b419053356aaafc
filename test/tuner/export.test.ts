import { expect, test } from 'vitest';
import { must } from '../../src/assert.ts';
import { configId, defaultConfig } from '../../src/codegen/space/config.ts';
import { listConfigs } from '../../src/codegen/space/enumerate.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import { t4Of } from '../../src/tuner/replay/export.ts';
import { play } from '../../src/tuner/replay/play.ts';
import { readT4 } from '../../src/tuner/replay/recorded.ts';
import { exhaustive } from '../../src/tuner/strategies/exhaustive.ts';
import { random } from '../../src/tuner/strategies/random.ts';
import { OPTIMUM, SPACE, smooth } from './spaces.ts';
import { simulate } from './world.ts';
import type { World } from './world.ts';

const BROKEN: Config = { ...defaultConfig(SPACE), plan: 'c' };
const world: World = {
  space: SPACE,
  ns: smooth,
  noise: 0.02,
  silent: ['assume'],
  behaviour: (c) => (configId(SPACE, c) === configId(SPACE, BROKEN) ? 'crash' : 'fine'),
};

async function recorded(thorough: boolean) {
  const { result, store } = await simulate(world, {
    strategy: random,
    budget: { seconds: 1e6, evals: 1e6 },
    thorough,
  });
  const head = must(store.reading.heads()[0], 'a study');
  const record = store.reading.study(head);
  store.close();
  const text = JSON.stringify(must(t4Of(record), 'a file'));
  return { result, record, text, read: readT4('sim', text) };
}

const whole = await recorded(true);

test('a recorded space reads back as the space it was recorded from, with every raw sample', () => {
  const { record, read, text } = whole;
  expect(read.space.params).toEqual(SPACE.params);
  const all = must(listConfigs(SPACE), 'small');
  expect(new Set(must(listConfigs(read.space), 'small').map((c) => JSON.stringify(c)))).toEqual(
    new Set(all.map((c) => JSON.stringify(c))),
  );
  const kept = record.timings.reduce((n, t) => n + t.samples.length, 0);
  expect([...read.rows.values()].reduce((n, r) => n + r.samples.length, 0)).toBe(kept);
  for (const r of read.rows.values()) {
    if (r.ns === undefined) continue;
    expect(r.samples.length).toBeGreaterThanOrEqual(7);
    expect(r.ns / smooth(r.config)).toBeGreaterThan(0.97);
    expect(r.ns / smooth(r.config)).toBeLessThan(1.03);
  }
  expect(read.row(BROKEN)).toMatchObject({ ns: undefined, invalidity: 'runtime' });
  expect(readT4('again', text)).toMatchObject({ optimum: read.optimum });
});

test('the best of a recorded space is told by the final, in which twenty take part', () => {
  const { read, record } = whole;
  expect(new Set(record.timings.filter((t) => t.tier === 'final').map((t) => t.configId)).size).toBe(21);
  const best = [...read.rows.values()].find((r) => r.ns === read.optimum);
  expect(smooth(must(best, 'a best').config)).toBeLessThanOrEqual(1.02 * smooth(OPTIMUM));
});

test('a replay of an own space begins as a tune does: with the default and the seeds', async () => {
  const { read } = whole;
  expect(read.opening[0]).toEqual(defaultConfig(SPACE));
  expect(read.opening).toHaveLength(1 + SPACE.seeds.length);
  const options = { seed: '1', evals: 3, batch: 1, noise: false, transfer: [], compilers: 2 };
  const { curve } = await play(exhaustive, read, options);
  expect(curve.at(-1)).toBe(Math.min(...read.opening.map((c) => read.row(c)?.ns ?? Infinity)));
});

test('configs of equal code cost one evaluation', async () => {
  const { result, store } = await simulate(
    { ...world, silent: ['unroll'], ns: (c) => smooth({ ...c, unroll: 3 }) },
    { strategy: random, budget: { seconds: 1e6, evals: 1e6 }, thorough: true },
  );
  const read = readT4('sim', JSON.stringify(t4Of(store.reading.study(must(store.reading.heads()[0], 'a study')))));
  store.close();
  const options = { seed: '1', evals: 1000, batch: 8, noise: false, transfer: [], compilers: 2 };
  const { curve } = await play(exhaustive, read, options);
  expect(read.rows.size).toBeGreaterThan(2 * curve.length);
  expect(curve).toHaveLength(result.summary?.evals ?? 0);
});

test('an ordinary study can be exported too', async () => {
  const { read, result } = await recorded(false);
  expect(read.rows.size).toBe(result.summary?.evals);
  expect(read.optimum / smooth(OPTIMUM)).toBeLessThan(1.05);
});
