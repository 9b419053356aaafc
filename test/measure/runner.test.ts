import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../src/measure/protocol.ts';
import type { Runner } from '../../src/measure/runner-client.ts';
import { i64, setUp, useBench } from './runner-fixture.ts';

const bench = useBench();
const N = 1000;

/** The floats of buffer y. */
async function floats(runner: Runner, n = N): Promise<Float32Array> {
  const path = join(bench.dir, 'y.bin');
  const read = await runner.request({ op: 'read', buf: 'y', offset: 0, bytes: 4 * n, path });
  expect(read).toEqual({ ok: true, result: {} });
  return new Float32Array(new Uint8Array(readFileSync(path)).buffer);
}
async function faultOf(
  runner: Runner,
  call: ReturnType<Awaited<ReturnType<typeof setUp>>>,
  limitMs = 2000,
): Promise<Fault | undefined> {
  const answer = await runner.request({ op: 'run', call, limitMs });
  return answer.ok ? undefined : answer.fault;
}

describe('a well-behaved kernel', () => {
  test('runs, in one part or several, and gives its numbers back', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N);
    expect((await runner.request({ op: 'run', call: { ...call('twice'), parts: 3 }, limitMs: 1000 })).ok).toBe(true);
    expect([...(await floats(runner))]).toEqual(Array.from({ length: N }, (_, i) => 2 * i));
    expect(await runner.request({ op: 'read', buf: 'y', offset: 4, bytes: 4 })).toEqual({
      ok: true,
      result: { data: '00000040' },
    });
  });

  test('hashes alike whenever its bytes are alike', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N);
    const hash = async (entry: string): Promise<unknown> => {
      await runner.request({ op: 'fill', buf: 'y', from: { kind: 'byte', value: 255 } });
      await runner.request({ op: 'run', call: call(entry), limitMs: 1000 });
      return runner.request({ op: 'hash', bufs: ['y'] });
    };
    const twice = await hash('twice');
    expect(await hash('twice_again')).toEqual(twice);
    expect(await hash('thrice')).not.toEqual(twice);
    expect(await hash('skips_last')).not.toEqual(twice);
  });

  test('is timed once per entry of the order, and stops above the limit asked for', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, 100_000);
    const calls = [call('twice'), call('twice_slow')];
    const answer = await runner.request({ op: 'time', calls, order: [0, 1, 0, 1, 0], minNs: 20_000, limitMs: 5000 });
    if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
    expect(answer.result.samples).toHaveLength(5);
    expect(answer.result.samples.every((ns) => ns > 0)).toBe(true);
    const stopped = await runner.request({ op: 'time', calls, order: [0, 0, 0], minNs: 0, stopNs: 1, limitMs: 5000 });
    expect(stopped.ok && stopped.result).toMatchObject({ stopped: true, samples: { length: 1 } });
  });

  test('may update in place: the old contents come back before each call', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N);
    const inPlace = { ...call('in_place'), restore: [['y', 'x']] } as const;
    expect(
      (await runner.request({ op: 'time', calls: [inPlace], order: [0, 0, 0], minNs: 1000, limitMs: 1000 })).ok,
    ).toBe(true);
    expect([...(await floats(runner))]).toEqual(Array.from({ length: N }, (_, i) => i + 1));
  });

  test('may print: replies stay readable', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N);
    expect(await faultOf(runner, call('prints'))).toBeUndefined();
    expect((await floats(runner))[0]).toBe(5);
  });
});

describe('a kernel that misbehaves costs one request', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['writes_after', { kind: 'crash', signal: 'SIGSEGV', buffer: 'y', offset: 4 * N, where: 'after' }],
    ['writes_far', { kind: 'crash', buffer: 'y', offset: 4 * (N + 100_000), where: 'after' }],
    ['reads_after', { kind: 'crash', buffer: 'x', offset: 4 * N, where: 'after' }],
    ['writes_input', { kind: 'crash', buffer: 'x', offset: 12, where: 'read-only' }],
    ['null_pointer', { kind: 'crash', signal: 'SIGSEGV', where: 'elsewhere' }],
    ['divides_by_zero', { kind: 'crash', signal: 'SIGFPE' }],
    ['illegal', { kind: 'crash', signal: 'SIGILL' }],
    ['aborts', { kind: 'crash', signal: 'SIGABRT' }],
    ['overflows_stack', { kind: 'crash', signal: 'SIGSEGV' }],
    ['exits', { kind: 'died', started: true }],
    ['writes_before', { kind: 'guard', buffer: 'y', offset: -1, where: 'before' }],
  ];
  const shared: { runner?: Runner } = {};
  test.each(cases)('%s', async (entry, fault) => {
    const runner = (shared.runner ??= bench.start());
    const call = await setUp(bench, runner, N);
    expect(await faultOf(runner, call(entry))).toMatchObject(fault);
    expect(await faultOf(runner, call('twice'))).toBeUndefined();
    expect((await floats(runner))[N - 1]).toBe(2 * (N - 1));
  });

  test('an array flush against the page before it catches writes before the start', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N, 'start');
    expect(await faultOf(runner, call('writes_before'))).toMatchObject({
      kind: 'crash',
      buffer: 'y',
      offset: -4,
      where: 'before',
    });
    expect(await faultOf(runner, call('writes_after'))).toMatchObject({
      kind: 'guard',
      buffer: 'y',
      offset: 4 * N,
      where: 'after',
    });
  });

  test('endless loops end at the limit, and the process lives on', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N);
    expect(await faultOf(runner, call('loops'), 50)).toEqual({ kind: 'timeout', ms: 50 });
    expect(await faultOf(runner, call('twice'))).toBeUndefined();
    expect(runner.restarts()).toBe(0);
  });

  test('a kernel that sleeps for ever is killed from outside', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N);
    expect(await faultOf(runner, call('sleeps'), 50)).toMatchObject({ kind: 'timeout' });
    expect(await faultOf(runner, call('twice'))).toBeUndefined();
    expect(runner.restarts()).toBe(1);
  });

  test('a zero-sized array has no element to touch', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, 0);
    expect(await faultOf(runner, call('twice'))).toBeUndefined();
    expect(await faultOf(runner, call('writes_after'))).toMatchObject({
      kind: 'crash',
      buffer: 'y',
      offset: 0,
      where: 'after',
    });
  });
});

describe('requests that cannot be served are refused', () => {
  test.each([
    [{ op: 'load', lib: 'k', path: '/does/not/exist.so', entries: [] }, /exist/],
    [{ op: 'fill', buf: 'nobody', from: { kind: 'byte', value: 0 } }, /no buffer nobody/],
    [{ op: 'alloc', buf: 'big', bytes: 2 ** 46, access: 'out', place: 'end', align: 4 }, /out of memory/],
    [{ op: 'run', call: { lib: 'nolib', entry: 'e', sets: [[i64(1)]] }, limitMs: 100 }, /no library nolib/],
    [{ op: 'probe', name: 'nothing', ms: 1 }, /no probe/],
  ] as const)('%j', async (request, message) => {
    const answer = await bench.start().request(request);
    expect(answer).toMatchObject({ ok: false, fault: { kind: 'refused' } });
    expect(JSON.stringify(answer)).toMatch(message);
  });

  test('a file shorter than the buffer', async () => {
    const runner = bench.start();
    await setUp(bench, runner, 10);
    await runner.request({ op: 'alloc', buf: 'longer', bytes: 80, access: 'in', place: 'end', align: 4 });
    const answer = await runner.request({
      op: 'fill',
      buf: 'longer',
      from: { kind: 'file', path: join(bench.dir, 'x10.bin'), offset: 0 },
    });
    expect(JSON.stringify(answer)).toMatch(/holds 40 of 80 bytes/);
  });
});

describe('supervision', () => {
  test('a process that never answers is killed at its limit', async () => {
    const runner = bench.start({ command: 'sleep', args: ['100'], graceMs: 50 });
    const answer = await runner.request({ op: 'unlock' });
    expect(answer).toMatchObject({ ok: false, fault: { kind: 'died', started: false } });
  }, 30_000);

  test('a program that is not there is a fault', async () => {
    const answer = await bench.start({ command: join(bench.dir, 'absent') }).request({ op: 'unlock' });
    expect(answer).toMatchObject({ ok: false, fault: { kind: 'died', started: false } });
  });

  test('a killed process is replaced and knows its buffers again', async () => {
    const runner = bench.start();
    const call = await setUp(bench, runner, N);
    const hello = await runner.request({ op: 'hello' });
    if (!hello.ok) throw new Error('no hello');
    process.kill(hello.result.pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await faultOf(runner, call('twice'))).toBeUndefined();
    expect(runner.restarts()).toBe(1);
  });

  test('one holder at a time of an exclusive lock; it is free again when its process dies', async () => {
    const [a, b] = [bench.start(), bench.start()];
    const lock = { op: 'lock', path: join(bench.dir, 'lock'), mode: 'exclusive', limitMs: 50 } as const;
    expect(await a.request(lock)).toMatchObject({ ok: true, result: { held: true } });
    expect(await b.request(lock)).toMatchObject({ ok: true, result: { held: false } });
    await a.close();
    expect(await b.request(lock)).toMatchObject({ ok: true, result: { held: true } });
    expect(await a.request({ op: 'unlock' })).toMatchObject({ ok: false, fault: { kind: 'died' } });
  });
});
