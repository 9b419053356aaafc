import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { must } from '../../src/assert.ts';
import { defaultConfig, defineSpace } from '../../src/codegen/space/config.ts';
import { enumerate } from '../../src/codegen/space/enumerate.ts';
import { seeded } from '../../src/codegen/space/random.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import { openStore } from '../../src/store/records.ts';
import type { Store } from '../../src/store/records.ts';
import type { Feedback, Outcome } from '../../src/tuner/strategy.ts';
import { random } from '../../src/tuner/strategies/random.ts';
import { surrogate } from '../../src/tuner/strategies/surrogate.ts';
import { adapted, donate } from '../../src/tuner/transfer.ts';
import type { Wanted } from '../../src/tuner/transfer.ts';
import { OPTIMUM, SPACE, smooth } from './spaces.ts';
import { newLog, simulate } from './world.ts';
import type { World } from './world.ts';

const freshStore = (): Store => openStore(join(mkdtempSync(join(tmpdir(), 'ktune-transfer-')), 'records.db'));
const WANTED: Wanted = { op: 'a', target: 'cpp:avx2', types: {}, sizes: { N: 64 }, structure: 's', key: 'mine' };

/** Records a study of one parameter whose fastest configs have these tiles. */
function record(
  store: Store,
  about: {
    readonly key: string;
    readonly op?: string;
    readonly target?: string;
    readonly n?: number;
    readonly structure?: string;
  },
  tiles: readonly number[],
): void {
  const { key, op = 'a', target = 'cpp:avx2', n = 64, structure = 's' } = about;
  const { id } = store.open(
    {
      key,
      op,
      target,
      machine: 'm',
      shape: `N=${n}`,
      fingerprint: 'f',
      strategy: 'x',
      seed: '1',
      about: () => ({
        types: {},
        sizes: { N: n },
        source: '',
        structure,
        params: SPACE.params,
        seeds: [],
        transfer: [],
      }),
    },
    false,
  );
  for (const [number, tile] of tiles.entries()) {
    const configId = `${key}${tile}`;
    store.trial(id, { number, configId, diff: { tile }, proposer: 'x', batch: 0, state: 'ok' }, []);
    store.labels(id, 0, [{ configId, ns: 100 }]);
    store.labels(id, 1, [{ configId, ns: number }]);
  }
  store.spend(id, { seconds: 1, evals: tiles.length });
  store.finish(id, { state: 'done', reason: '' });
}
const tilesOf = (configs: readonly Config[]): readonly unknown[] => configs.map((c) => c['tile']);

test('the best of close studies come first; what is another operator of another structure is not asked', () => {
  const store = freshStore();
  record(store, { key: 'far', n: 4096 }, [4, 8]);
  record(store, { key: 'near', n: 128 }, [16, 32]);
  record(store, { key: 'twin', op: 'b' }, [2]);
  record(store, { key: 'other', op: 'c', structure: 'another' }, [64]);
  record(store, { key: 'gpu', target: 'cuda:sm_90' }, [64]);
  record(store, { key: 'mine' }, [1]);
  const { configs, donors } = donate(store.reading, WANTED, SPACE);
  expect(tilesOf(configs)).toEqual([16, 4, 2, 64, 32, 8]);
  expect(donors).toEqual([
    'a on cpp:avx2, N=128',
    'a on cpp:avx2, N=4096',
    'b on cpp:avx2, N=64',
    'a on cuda:sm_90, N=64',
  ]);
  store.close();
});

test('at most twelve configs are taken', () => {
  const store = freshStore();
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) record(store, { key }, [1, 2, 4, 8, 16, 32, 64]);
  expect(donate(store.reading, WANTED, SPACE).configs.length).toBeLessThanOrEqual(12);
  store.close();
});

test('a config of another space takes the nearest values, or is left out', () => {
  const space = defineSpace({
    params: SPACE.params.map((p) => (p.kind === 'pow2' ? { ...p, hi: 16 } : p)),
    constraints: SPACE.constraints,
    seeds: [],
  });
  expect(adapted(space, { plan: 'b', tile: 64, unroll: 3, wide: true })).toMatchObject({ plan: 'b', tile: 16 });
  expect(adapted(space, { plan: 'gone', tile: 3, unroll: 9, depth: 5 })).toMatchObject({ plan: 'a', unroll: 4 });
  expect(adapted(space, { tile: 4 })).toBeUndefined();
  expect(adapted(SPACE, { plan: 'b', tile: 64, unroll: 4, wide: true })).toBeUndefined();
});

test('a study keeps what it was given, whatever the records hold when it goes on', async () => {
  const calm: World = { space: SPACE, ns: smooth, behaviour: () => 'fine' };
  const store = freshStore();
  const log = newLog();
  const given = { store, log, strategy: random };
  await simulate(calm, { ...given, budget: { seconds: 1e6, evals: 5 }, transfer: () => [OPTIMUM] });
  let asked = 0;
  const { result } = await simulate(calm, {
    ...given,
    budget: { seconds: 1e6, evals: 20 },
    transfer: () => {
      asked++;
      return [{ ...defaultConfig(SPACE), tile: 64 }];
    },
  });
  expect(asked).toBe(0);
  expect(result.summary?.evals).toBe(20);
  const kept = store.reading.study(must(store.reading.heads()[0], 'a study'));
  expect(kept.trials.filter((t) => t.proposer === 'transfer').map((t) => t.diff)).toEqual([
    { plan: 'b', tile: 32, unroll: 3, wide: true },
  ]);
});

test('configs that were fast elsewhere and are slow here do not keep the surrogate from the optimum', async () => {
  const slow = [...enumerate(SPACE)].toSorted((a, b) => smooth(b) - smooth(a)).slice(0, 10);
  const timed = (config: Config): Outcome => ({ config, state: 'ok', ns: smooth(config) });
  for (const seed of ['1', '2', '3']) {
    const foreign = slow.map(timed);
    const initial = [timed(defaultConfig(SPACE)), ...foreign];
    const search = surrogate.search({ space: SPACE, rng: seeded(seed), batch: 4, initial, foreign });
    let answer: Feedback = { outcomes: [], revised: [] };
    let best = Infinity;
    for (let n = 0; n < 100;) {
      const next = await search.next(answer);
      if (next.done === true) break;
      const configs: readonly Config[] = 'configs' in next.value ? next.value.configs : next.value;
      n += configs.length;
      answer = { outcomes: configs.map(timed), revised: [] };
      best = Math.min(best, ...configs.map(smooth));
    }
    expect(best / smooth(OPTIMUM)).toBeLessThan(1.05);
  }
});
