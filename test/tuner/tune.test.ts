import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configId, defaultConfig } from '../../src/codegen/space/config.ts';
import { count, enumerate } from '../../src/codegen/space/enumerate.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import { openStore } from '../../src/store/records.ts';
import type { TuneEvent } from '../../src/tuner/progress.ts';
import type { Strategy } from '../../src/tuner/strategy.ts';
import { exhaustive } from '../../src/tuner/strategies/exhaustive.ts';
import { greedy } from '../../src/tuner/strategies/greedy.ts';
import { random } from '../../src/tuner/strategies/random.ts';
import { OPTIMUM, SPACE, smooth } from './spaces.ts';
import { newLog, simulate } from './world.ts';
import type { Behaviour, World } from './world.ts';

const calm: World = { space: SPACE, ns: smooth, behaviour: () => 'fine' };
const idOf = (c: Config): string => configId(SPACE, c);
const total = count(SPACE).count;

describe('a tune', () => {
  test('finds the optimum of a small space, measures the default first, and says how it ended', async () => {
    const { result, log } = await simulate(calm, { strategy: exhaustive, budget: { seconds: 1e6, evals: 1e6 } });
    expect(result.summary).toMatchObject({
      winner: { id: idOf(OPTIMUM), confirmed: true },
      stop: 'exhausted',
      tie: false,
      evals: total,
      failed: {},
    });
    expect(result.summary?.winner.speedup.low).toBeGreaterThan(5);
    expect(log.compiled[0]).toBe(idOf(defaultConfig(SPACE)));
    expect(new Set(log.compiled).size).toBe(total);
    expect(result.emitted?.body).toContain('"tile",32');
    expect(result.diagnostics).toEqual([]);
  });

  test('keeps the default where nothing beats it beyond noise', async () => {
    const { result } = await simulate({ ...calm, ns: () => 1e6, noise: 0.02 });
    expect(result.summary).toMatchObject({ winner: { config: {}, id: idOf(defaultConfig(SPACE)) }, tie: true });
  });

  test('is not led astray by noise', async () => {
    const { result } = await simulate(
      { ...calm, noise: 0.05 },
      { strategy: exhaustive, budget: { seconds: 1e6, evals: 1e6 } },
    );
    expect(smooth({ ...defaultConfig(SPACE), ...result.summary?.winner.config })).toBeLessThan(1.11e6);
  });

  test('measures configs of equal code once', async () => {
    const { result, log } = await simulate(
      { ...calm, silent: ['unroll'], ns: (c) => smooth({ ...c, unroll: 3 }) },
      { strategy: exhaustive, budget: { seconds: 1e6, evals: 1e6 } },
    );
    const distinct = new Set([...enumerate(SPACE)].map((c) => JSON.stringify({ ...c, unroll: 0 }))).size;
    expect(log.compiled).toHaveLength(distinct);
    expect(result.summary).toMatchObject({ evals: distinct, duplicates: total - distinct });
  });

  test('tells what happens as it happens', async () => {
    const events: TuneEvent[] = [];
    await simulate(calm, { strategy: random, budget: { seconds: 1e6, evals: 40 }, onEvent: (e) => events.push(e) });
    const trials = events.filter((e) => e.kind === 'trial');
    expect(trials).toHaveLength(40);
    expect(trials.at(-1)?.progress).toMatchObject({ evals: 40, evalsLeft: 0, failed: 0 });
    const best = events.filter((e) => e.kind === 'best').map((e) => e.ns);
    expect(best).toEqual(best.toSorted((a, b) => b - a));
    expect(
      events
        .filter((e) => e.kind === 'phase')
        .map((e) => e.progress.phase)
        .slice(0, 2),
    ).toEqual(['compile', 'measure']);
  });
});

describe('faults cost one config each', () => {
  const kinds: readonly Behaviour[] = ['compile', 'crash', 'hang', 'exits', 'wrong', 'unsteady', 'fine'];
  /** A seventh of the space each; the default and the optimum are fine. */
  const behaviour = (c: Config): Behaviour =>
    idOf(c) === idOf(OPTIMUM) || idOf(c) === idOf(defaultConfig(SPACE))
      ? 'fine'
      : (kinds[parseInt(idOf(c).slice(0, 6), 16) % kinds.length] ?? 'fine');

  test('with most of a space failing in every way, no run is lost and the best of the rest wins', async () => {
    const { result } = await simulate(
      { ...calm, ns: (c) => 1e6 + smooth(c) / 10, behaviour },
      { strategy: exhaustive, budget: { seconds: 1e6, evals: 1e6 } },
    );
    const expected: Record<string, number> = {};
    const name: Partial<Record<Behaviour, string>> = {
      compile: 'compile',
      crash: 'runtime',
      exits: 'runtime',
      hang: 'timeout',
      wrong: 'correctness',
      unsteady: 'correctness',
    };
    for (const c of enumerate(SPACE))
      if (behaviour(c) !== 'fine') {
        const kind = name[behaviour(c)] ?? '';
        expected[kind] = (expected[kind] ?? 0) + 1;
      }
    expect(result.summary).toMatchObject({ winner: { id: idOf(OPTIMUM) }, evals: total, failed: expected });
  });

  test('a default that fails is told, and does not end the search', async () => {
    const { result } = await simulate(
      { ...calm, behaviour: (c) => (idOf(c) === idOf(defaultConfig(SPACE)) ? 'crash' : 'fine') },
      { strategy: exhaustive, budget: { seconds: 1e6, evals: 1e6 } },
    );
    expect(result.summary?.winner).toMatchObject({ id: idOf(OPTIMUM), confirmed: true });
    expect(result.diagnostics).toMatchObject([
      { code: 'default-fails', message: expect.stringContaining('beyond the end of y') },
    ]);
  });

  test('a winner that fails in a fresh process does not win', async () => {
    const { result } = await simulate(
      { ...calm, behaviour: (c) => (idOf(c) === idOf(OPTIMUM) ? 'needs-company' : 'fine') },
      { strategy: exhaustive, budget: { seconds: 1e6, evals: 1e6 } },
    );
    expect(result.summary?.winner.id).not.toBe(idOf(OPTIMUM));
    expect(result.summary?.winner.confirmed).toBe(true);
    expect(result.summary?.winner.speedup.value).toBeGreaterThan(5);
  });

  test('where everything fails, the reasons are counted', async () => {
    const { result } = await simulate({ ...calm, behaviour: () => 'wrong' }, { budget: { seconds: 1e6, evals: 10 } });
    expect(result.summary).toBeUndefined();
    expect(result.diagnostics).toMatchObject([
      { code: 'no-valid-config', hint: expect.stringContaining('× correctness (wrong') },
    ]);
  });

  test.each([
    [{ ...calm, compiler: 'missing' } as const, 'compiler-missing'],
    [{ ...calm, compiler: 'no-room' } as const, 'objects-write'],
    [{ ...calm, runner: 'absent' } as const, 'memory-short'],
  ])('without a toolchain nothing hangs', async (world, code) => {
    const { result } = await simulate(world);
    expect(result.summary).toBeUndefined();
    expect(result.diagnostics).toMatchObject([{ code }]);
  });

  test('without a place for records the result is still there, with a warning', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ktune-sim-')), 'file');
    writeFileSync(file, '');
    const { result } = await simulate(calm, {
      store: openStore(join(file, 'records.db')),
      budget: { seconds: 1e6, evals: 30 },
    });
    expect(result.summary?.evals).toBe(30);
    expect(result.diagnostics).toMatchObject([{ code: 'store-open' }]);
  });
});

describe('budgets are hard', () => {
  test.each([1, 2, 7, 50])('%i evaluations', async (evals) => {
    const { result, log } = await simulate(calm, { strategy: random, budget: { seconds: 1e6, evals } });
    expect(result.summary).toMatchObject({ evals, stop: 'evals' });
    expect(new Set(log.compiled).size).toBe(evals);
  });

  test.each([0.5, 1, 2])('%f seconds', async (seconds) => {
    const { result, log } = await simulate(calm, { strategy: random, budget: { seconds, evals: 1e6 } });
    expect(result.summary?.stop).toBe('seconds');
    expect(log.clockMs / 1000).toBeLessThan(seconds + 0.2);
    expect(result.summary?.winner.confirmed).toBe(true);
  });

  test('proposals that cannot be run cost nothing', async () => {
    const nonsense: Strategy = {
      name: 'nonsense',
      help: '',
      async *search() {
        const { outcomes } = yield [{ plan: 'z' }, { tile: 64, unroll: 4 }, {}, { tile: 2 }, { tile: 2 }];
        expect(outcomes.map((o) => o.state)).toEqual(['invalid', 'invalid', 'ok', 'ok', 'ok']);
        for (;;) yield [{ tile: 3 }];
      },
    };
    const { result } = await simulate(calm, { strategy: nonsense });
    expect(result.summary).toMatchObject({ evals: 4, stop: 'stalled' });
  });
});

describe('interruption and resumption', () => {
  /** Stops a tune when a number of trials are in, goes on with the same command, and returns both. */
  async function inTwo(
    strategy: Strategy,
    after: number,
  ): Promise<{
    readonly first: Config[];
    readonly second: Config[];
    readonly result: Awaited<ReturnType<typeof simulate>>['result'];
  }> {
    const store = openStore(join(mkdtempSync(join(tmpdir(), 'ktune-sim-')), 'records.db'));
    const log = newLog();
    const budget = { seconds: 1e6, evals: 60 };
    const stop = new AbortController();
    const [first, second]: [Config[], Config[]] = [[], []];
    const note = (into: Config[]) => (e: TuneEvent) => {
      if (e.kind === 'trial') into.push(e.config);
      if (into === first && first.length >= after) stop.abort();
    };
    const early = await simulate(calm, { strategy, budget, store, log, signal: stop.signal, onEvent: note(first) });
    expect(early.result.summary).toMatchObject({ stop: 'interrupted', winner: { confirmed: false } });
    const { result } = await simulate(calm, { strategy, budget, store, log, onEvent: note(second) });
    return { first, second, result };
  }

  test.each([
    [random, 1],
    [random, 21],
    [random, 40],
    [exhaustive, 33],
    [greedy, 25],
  ])('%o goes on after %i trials as if nothing had happened', async (strategy, after) => {
    const straight: Config[] = [];
    const whole = await simulate(calm, {
      strategy,
      budget: { seconds: 1e6, evals: 60 },
      onEvent: (e) => e.kind === 'trial' && straight.push(e.config),
    });
    const { first, second, result } = await inTwo(strategy, after);
    expect(first.length).toBeGreaterThanOrEqual(after);
    expect([...first, ...second]).toEqual(straight);
    expect(result.summary?.winner).toMatchObject({ id: whole.result.summary?.winner.id ?? '' });
    expect(result.summary?.evals).toBe(60);
  });

  test('a finished study is answered from the records; a larger budget goes on from there', async () => {
    const store = openStore(join(mkdtempSync(join(tmpdir(), 'ktune-sim-')), 'records.db'));
    const first = await simulate(calm, { store, strategy: random, budget: { seconds: 1e6, evals: 30 } });
    const again = await simulate(calm, { store, strategy: random, budget: { seconds: 1e6, evals: 30 } });
    expect(again.result).toMatchObject({
      fromRecords: true,
      summary: first.result.summary,
      emitted: { body: first.result.emitted?.body },
    });
    expect(again.log.compiled).toEqual([]);
    const more = await simulate(calm, { store, strategy: random, budget: { seconds: 1e6, evals: 50 } });
    expect(more.result).toMatchObject({ fromRecords: false, summary: { evals: 50 } });
    const fresh = await simulate(calm, { store, strategy: random, budget: { seconds: 1e6, evals: 30 }, fresh: true });
    expect(fresh.result).toMatchObject({ fromRecords: false, summary: { evals: 30 } });
  });

  test('configs of other studies are tried early', async () => {
    const { log } = await simulate(calm, {
      transfer: () => [OPTIMUM],
      budget: { seconds: 1e6, evals: 4 },
    });
    expect(log.compiled).toContain(idOf(OPTIMUM));
  });
});
