import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildForHost } from '../../../src/backends/simt/host.ts';
import { describeFault } from '../../../src/measure/install.ts';
import { buildRunner } from '../../../src/measure/runner-build.ts';
import { createRunner } from '../../../src/measure/runner-client.ts';
import type { Runner } from '../../../src/measure/runner-client.ts';
import { i64 } from '../../measure/runner-fixture.ts';
import { NORMALISE, REVERSE, SCAN } from './kernels.ts';

let runner: Runner;
let dir = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-simt-'));
  const built = await buildRunner(join(tmpdir(), 'ktune-test-cache'));
  if (!built.ok) throw new Error(built.detail);
  runner = createRunner({ command: built.path });
}, 120_000);
afterAll(async () => {
  await runner.close();
  rmSync(dir, { recursive: true, force: true });
});

const B = 3;
/** Runs a kernel in three orders on rows of `D` equal floats; what it left, or why it did not get there. */
async function run(
  kernel: string,
  text: string,
  wave: number,
  D = 200,
): Promise<readonly (readonly number[])[] | string> {
  const built = await buildForHost(text, [`${kernel}_call`], wave, dir);
  if (!built.ok) throw new Error(built.log);
  const { path, entries } = built.compiled;
  const ask = async (request: Parameters<Runner['request']>[0]): Promise<unknown> => {
    const answer = await runner.request(request);
    if (!answer.ok) throw new Error(describeFault(answer.fault));
    return answer.result;
  };
  await ask({ op: 'load', lib: 'k', path, entries });
  const bytes = B * D * 4;
  await ask({ op: 'alloc', buf: 'x', bytes, access: 'in', place: 'end', align: 4 });
  await ask({ op: 'alloc', buf: 'y', bytes, access: 'out', place: 'end', align: 4 });
  // 0x3f3f3f3f is 0.747…: any value does.
  await ask({ op: 'fill', buf: 'x', from: { kind: 'byte', value: 0x3f } });
  const left: number[][] = [];
  try {
    for (let k = 0; k < 3; k++) {
      await ask({ op: 'fill', buf: 'y', from: { kind: 'byte', value: 0xff } });
      const args = [{ buf: 'x' }, { buf: 'y' }, i64(B), i64(D)];
      await ask({ op: 'run', call: { lib: 'k', entry: `${kernel}_call`, sets: [args] }, limitMs: 500 });
      const got = (await ask({ op: 'read', buf: 'y', offset: 0, bytes })) as { data: string };
      const data = Buffer.from(got.data, 'hex');
      left.push(Array.from({ length: B * D }, (_, i) => data.readFloatLE(4 * i)));
    }
    return left;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await runner.request({ op: 'free', bufs: ['x', 'y'] });
    await runner.request({ op: 'unload', lib: 'k' });
  }
}

describe.each([32, 64])('right kernels run in every order, waves of %d lanes', (wave) => {
  test.each([
    ['normalise', NORMALISE, 200],
    ['normalise', NORMALISE, 1],
    ['reverse', REVERSE, 300],
    ['scan', SCAN, 100],
  ])('%s', async (name, text, D) => {
    const left = await run(name, text, wave, D);
    expect(left).toHaveLength(3);
    expect(left[1]).toEqual(left[0]);
    expect(left[2]).toEqual(left[0]);
    if (name === 'normalise' && typeof left !== 'string')
      expect(left[0]?.slice(0, D).reduce((x, y) => x + y, 0)).toBeCloseTo(1, 4);
  });
});

describe('what a kernel must not do is told with kernel, block and thread', () => {
  test.each([
    [
      'a dropped barrier, read after write',
      'normalise',
      NORMALISE,
      'NO_BARRIER',
      /reads shared memory that nobody wrote/,
    ],
    [
      'a dropped barrier before a read',
      'reverse',
      REVERSE,
      'NO_BARRIER_READ',
      /shared memory that (nobody|thread \d+|other threads) wrote|race/,
    ],
    [
      'a dropped barrier before a write',
      'reverse',
      REVERSE,
      'NO_BARRIER_WRITE',
      /race: (writes|reads) shared memory that thread \d+ (read|wrote)|that other threads read/,
    ],
    ['a dropped wave barrier', 'scan', SCAN, 'NO_WAVE_BARRIER', /race: (writes|reads) shared memory/],
    [
      'a barrier in both sides of a branch',
      'normalise',
      NORMALISE,
      'DIVERGENT',
      /is at the barrier of line \d+ while thread \d+ is at the one of line \d+/,
    ],
    [
      'a thread that leaves before a barrier',
      'normalise',
      NORMALISE,
      'EARLY',
      /waits at the (barrier|xor shuffle) of line \d+ for ever: of 128 threads 1 have ended/,
    ],
    [
      'a shuffle in a branch',
      'normalise',
      NORMALISE,
      'IN_BRANCH',
      /waits at the|lane \d+ of its wave|reads shared memory/,
    ],
    [
      'lanes that all write one cell',
      'normalise',
      NORMALISE,
      'ALL_WRITE',
      /race: writes shared memory that thread \d+ wrote/,
    ],
    [
      'an element that two threads write',
      'normalise',
      NORMALISE,
      'TWO_WRITERS',
      /race: writes global memory that thread \d+ wrote/,
    ],
    [
      'an element that another block wrote',
      'normalise',
      NORMALISE,
      'OTHER_BLOCK',
      /race: reads global memory that block \d+ wrote in the same launch/,
    ],
  ])('%s', async (_, name, text, define, message) => {
    const said = await run(name, `#define ${define}\n${text}`, 32);
    expect(said).toMatch(new RegExp(`^kernel ${name}_kernel, block \\d, thread \\d+: `));
    expect(said).toMatch(message);
  });

  test('a wave of 64 taken for granted where it has 32 lanes', async () => {
    expect(await run('normalise', `#define WAVE_64\n${NORMALISE}`, 32)).toMatch(
      /shuffles over a distance of 32 in line \d+, and a wave has 32 lanes/,
    );
  });

  test('shared memory of more waves than there are', async () => {
    expect(await run('normalise', `#define OVERREAD\n${NORMALISE}`, 64)).toMatch(
      /reads shared memory that nobody wrote/,
    );
  });

  test('a write past the end names the buffer and the thread', async () => {
    expect(await run('normalise', `#define PAST_END\n${NORMALISE}`, 32)).toMatch(
      /SIGSEGV in kernel normalise_kernel, block 2, thread 0: beyond the end of y/,
    );
  });

  test('a thread that spins ends at the limit', async () => {
    expect(await run('normalise', `#define SPIN\n${NORMALISE}`, 32)).toMatch(/still running after 500 ms/);
  });
});

test('a shuffle over half of the wave gives wrong numbers, which is for the reference to see', async () => {
  const left = await run('normalise', `#define HALF_WIDTH\n${NORMALISE}`, 32);
  expect(left).toHaveLength(3);
  if (typeof left !== 'string') expect(left[0]?.slice(0, 200).reduce((x, y) => x + y, 0)).not.toBeCloseTo(1, 1);
});
