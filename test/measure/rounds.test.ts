import { describe, expect, test } from 'vitest';
import { seeded } from '../../src/codegen/space/random.ts';
import type { Answer, Op } from '../../src/measure/protocol.ts';
import { playFinal, roundRobin } from '../../src/measure/rounds.ts';
import type { RequestOf, Runner } from '../../src/measure/runner-client.ts';
import { fastestUndisturbed } from '../../src/measure/screen.ts';
import type { Candidate } from '../../src/measure/screen.ts';

const candidate = (id: string): Candidate => ({ id, call: { lib: '', entry: id.replace(' (control)', ''), sets: [] } });

interface Machine {
  /** Nanoseconds of an entry; undefined: it crashes. */
  readonly ns: (entry: string, call: number) => number | undefined;
  readonly preempted?: (call: number) => boolean;
}
/** A runner that answers `time` and `run` from a table, a tenth of the time drifting up and down for all alike. */
function machine({ ns, preempted }: Machine): Runner & { readonly calls: () => number } {
  let calls = 0;
  const one = (entry: string): number | undefined => {
    calls++;
    const t = ns(entry, calls);
    return t === undefined ? undefined : t * (1 + 0.1 * Math.sin(calls / 50));
  };
  const serve = (r: RequestOf<Op>): unknown => {
    const fault = { ok: false, fault: { kind: 'timeout', ms: 1 } };
    if (r.op === 'run') {
      const t = one(r.call.entry);
      return t === undefined ? fault : { ok: true, result: { ns: t } };
    }
    if (r.op !== 'time') throw new Error(r.op);
    const samples: number[] = [];
    const lost: boolean[] = [];
    for (const i of r.order) {
      const t = one(r.calls[i]?.entry ?? '');
      if (t === undefined) return fault;
      const away = preempted?.(calls) ?? false;
      samples.push(away ? 5 * t : t);
      lost.push(away);
    }
    return { ok: true, result: { samples, preempted: lost, calls: samples.map(() => 1), stopped: false } };
  };
  return {
    request: <O extends Op>(r: RequestOf<O>) => Promise.resolve(serve(r) as Answer<O>),
    renew: () => Promise.resolve(),
    restarts: () => 0,
    close: () => Promise.resolve(),
    calls: () => calls,
  };
}
const options = { rounds: 20, minNs: 0, budgetMs: 1e9, limitMs: 1000 };

describe('rounds', () => {
  test('a candidate that fails leaves, and the others go on', async () => {
    const runner = machine({ ns: (entry, call) => (entry === 'b' && call > 20 ? undefined : 1000) });
    const r = await roundRobin(runner, ['a', 'b', 'c'].map(candidate), options, seeded(1));
    expect(r.candidates.map((c) => c.id)).toEqual(['a', 'c']);
    expect(r.samples.map((s) => s.length)).toEqual([20, 20]);
    expect(r.faults).toMatchObject([{ candidate: { id: 'b' }, fault: { kind: 'timeout' } }]);
  });

  test('samples that lost the CPU are taken again', async () => {
    const runner = machine({ ns: () => 1000, preempted: (call) => call % 3 === 0 });
    const r = await roundRobin(runner, ['a', 'b'].map(candidate), options, seeded(1));
    expect(Math.max(...r.samples.flat())).toBeLessThan(1200);
  });

  test('on a machine that is never calm there are samples all the same', async () => {
    const r = await roundRobin(
      machine({ ns: () => 1000, preempted: () => true }),
      ['a'].map(candidate),
      options,
      seeded(1),
    );
    expect(r.samples[0]?.length).toBeGreaterThan(10);
  });

  test('time that is up ends after one round', async () => {
    const runner = machine({ ns: () => 1000 });
    let now = 0;
    await roundRobin(
      runner,
      ['a', 'b'].map(candidate),
      { ...options, budgetMs: 1, clock: () => (now += 10) },
      seeded(1),
    );
    expect(runner.calls()).toBe(2);
  });
});

describe('the final', () => {
  const wobble = seeded('wobble');
  const play = (times: Record<string, number>, noise: number) =>
    playFinal(
      machine({ ns: (entry) => (times[entry] ?? 0) * (1 + noise * (wobble() - 0.5)) }),
      candidate('default'),
      Object.keys(times)
        .filter((id) => id !== 'default')
        .map(candidate),
      options,
      seeded(3),
    );

  test('goes to a candidate that is faster beyond doubt', async () => {
    const f = await play({ default: 1000, a: 900, b: 700 }, 0.05);
    expect(f).toMatchObject({ winner: 'b', tie: false });
    expect(f.standings.map((s) => s.id)).toEqual(['b', 'a', 'default']);
    expect(f.standings[0]?.speedup.low).toBeGreaterThan(1.35);
    expect(f.noise).toBeLessThan(0.03);
  });

  test('stays with the default where the gain is within the noise', async () => {
    expect(await play({ default: 1000, a: 995, b: 990 }, 0.2)).toMatchObject({ winner: 'default', tie: true });
  });

  test('of equals, the one named first wins', async () => {
    expect(await play({ default: 1000, simple: 700.5, fancy: 700 }, 0.04)).toMatchObject({ winner: 'simple' });
  });
});

test('a screening takes the fastest sample that kept its CPU', () => {
  expect(fastestUndisturbed([5, 3, 4], [false, true, false])).toBe(4);
  expect(fastestUndisturbed([5, 3], [true, true])).toBe(3);
});
