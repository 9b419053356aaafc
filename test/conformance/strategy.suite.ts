import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonical, configId, defaultConfig, invalidity } from '../../src/codegen/space/config.ts';
import { count } from '../../src/codegen/space/enumerate.ts';
import { seeded } from '../../src/codegen/space/random.ts';
import type { Config, Space } from '../../src/codegen/space/space.ts';
import { openStore } from '../../src/store/records.ts';
import type { TuneEvent } from '../../src/tuner/progress.ts';
import type { Feedback, Outcome, Strategy } from '../../src/tuner/strategy.ts';
import { simulate } from '../tuner/world.ts';

/** A space with known times to hold strategies against; `ns` is undefined where the config fails. */
export interface Landscape {
  readonly name: string;
  readonly space: Space;
  readonly ns: (config: Config) => number | undefined;
}

const BATCH = 16;

/** Drives a strategy by hand until it ends or has asked `most` questions; the configs it asked, in order. */
async function interrogate(
  strategy: Strategy,
  { space, ns }: Landscape,
  seed: string,
  most: number,
): Promise<readonly Config[]> {
  const outcome = (config: Config): Outcome => {
    const t = ns(config);
    return t === undefined ? { config, state: 'failed', detail: 'runtime' } : { config, state: 'ok', ns: t };
  };
  const initial = [canonical(space, defaultConfig(space)), ...space.seeds].map(outcome);
  const search = strategy.search({ space, rng: seeded(seed), batch: BATCH, initial });
  const asked: Config[] = [];
  let answer: Feedback = { outcomes: [], revised: [] };
  while (asked.length < most) {
    const next = await search.next(answer);
    if (next.done === true) break;
    const configs = 'configs' in next.value ? next.value.configs : next.value;
    asked.push(...configs);
    answer = { outcomes: configs.map(outcome), revised: [] };
  }
  return asked;
}

/** What every strategy has to keep to, whatever its idea. */
export function strategyConformance(strategy: Strategy, landscapes: readonly Landscape[]): void {
  describe(strategy.name, () => {
    describe.each(landscapes)('on $name', (landscape) => {
      const { space } = landscape;
      const initial = new Set([canonical(space, defaultConfig(space)), ...space.seeds].map((c) => configId(space, c)));

      test('proposes valid, canonical configs only, and none twice', async () => {
        const asked = await interrogate(strategy, landscape, 'a', 400);
        expect(asked.length).toBeGreaterThan(0);
        for (const c of asked) {
          expect(invalidity(space, c)).toEqual([]);
          expect(canonical(space, c)).toEqual(c);
        }
        const ids = asked.map((c) => configId(space, c));
        expect(new Set(ids).size).toBe(ids.length);
      });

      test('asks the same questions for the same seed', async () => {
        const first = await interrogate(strategy, landscape, 'a', 200);
        expect(await interrogate(strategy, landscape, 'a', 200)).toEqual(first);
      });

      test('ends on its own once there is nothing left to ask', async () => {
        if (count(space).count > 2000) return;
        const asked = await interrogate(strategy, landscape, 'a', 1e6);
        const reached = new Set([...initial, ...asked.map((c) => configId(space, c))]);
        expect(reached.size).toBeLessThanOrEqual(count(space).count);
        expect(reached.size).toBeGreaterThan(0.9 * count(space).count);
      });

      test('stays within the budget, and an interrupted search goes on with the next question', async () => {
        const world = {
          space,
          ns: (c: Config) => landscape.ns(c) ?? 1,
          behaviour: (c: Config) => (landscape.ns(c) === undefined ? 'crash' : 'fine'),
        } as const;
        const budget = { seconds: 1e6, evals: 45 };
        const order = (into: Config[], stop?: AbortController) => (e: TuneEvent) => {
          if (e.kind === 'trial' && into.push(e.config) === 20) stop?.abort();
        };
        const straight: Config[] = [];
        const whole = await simulate(world, { strategy, budget, onEvent: order(straight) });
        expect(whole.result.summary?.evals).toBeLessThanOrEqual(budget.evals);
        const store = openStore(join(mkdtempSync(join(tmpdir(), 'ktune-conf-')), 'records.db'));
        const stop = new AbortController();
        const pieces: Config[] = [];
        await simulate(world, { strategy, budget, store, signal: stop.signal, onEvent: order(pieces, stop) });
        await simulate(world, { strategy, budget, store, onEvent: order(pieces) });
        expect(pieces).toEqual(straight);
      });
    });
  });
}
