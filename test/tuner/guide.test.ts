import { expect, test } from 'vitest';
import { configId, toDiff } from '../../src/codegen/space/config.ts';
import { enumerate } from '../../src/codegen/space/enumerate.ts';
import type { Guide } from '../../src/tuner/guide.ts';
import type { TuneEvent } from '../../src/tuner/progress.ts';
import { auto } from '../../src/tuner/strategies/auto.ts';
import { llm } from '../../src/tuner/strategies/llm.ts';
import { OPTIMUM, SPACE, smooth } from './spaces.ts';
import { simulate } from './world.ts';
import type { World } from './world.ts';

const calm: World = { space: SPACE, ns: smooth, behaviour: () => 'fine' };
const budget = { seconds: 1e6, evals: 40 };
const saying = (answer: Awaited<ReturnType<Guide['propose']>>): Guide & { asked: number } => {
  const guide = {
    name: 'scripted',
    asked: 0,
    propose: () => {
      guide.asked++;
      return Promise.resolve(answer);
    },
  };
  return guide;
};

test('a good guide is followed at once', async () => {
  const trials: TuneEvent[] = [];
  await simulate(calm, {
    strategy: auto,
    budget: { seconds: 1e6, evals: 25 },
    guide: saying({ kind: 'proposals', configs: [OPTIMUM] }),
    onEvent: (e) => e.kind === 'trial' && trials.push(e),
  });
  expect(trials.map((e) => (e.kind === 'trial' ? e.config : {}))).toContainEqual(toDiff(SPACE, OPTIMUM));
});

test('a guide that proposes slow configs only, or fails, is soon not asked again, and the search goes on', async () => {
  const slow = [...enumerate(SPACE)].toSorted((a, b) => smooth(b) - smooth(a)).slice(0, 50);
  for (const answer of [
    { kind: 'proposals', configs: slow },
    { kind: 'failed', detail: 'out of reach' },
    { kind: 'finished', detail: 'spent' },
  ] as const) {
    const guide = saying(answer);
    const { result } = await simulate(calm, { strategy: auto, budget, guide });
    expect(guide.asked).toBeLessThanOrEqual(2);
    expect(result.summary?.evals).toBe(budget.evals);
  }
});

test('the guide alone asks what it proposes, and ends when it repeats itself', async () => {
  const guide = saying({ kind: 'proposals', configs: [OPTIMUM] });
  const { result } = await simulate(calm, { strategy: llm, budget, guide });
  expect(result.summary).toMatchObject({ stop: 'exhausted', winner: { id: configId(SPACE, OPTIMUM) } });
});
