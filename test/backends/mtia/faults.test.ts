import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import type { Backend } from '../../../src/backends/backend.ts';
import { mtia } from '../../../src/backends/mtia/mtia.ts';
import { prepareRunner } from '../../../src/measure/runner-build.ts';
import { createRunner } from '../../../src/measure/runner-client.ts';
import type { Runner } from '../../../src/measure/runner-client.ts';
import { describeProblem } from '../../../src/verify/counterexample.ts';
import { verify } from '../../../src/verify/verify.ts';
import { graphOf } from '../../conformance/backend.suite.ts';

const chip = must(
  mtia.archs.find((a) => a.name === '2i'),
  'MTIA 2i',
);
let dir = '';
let runner: Runner | undefined;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-mtia-faults-'));
  const prepared = await prepareRunner(mtia.runner(chip), join(tmpdir(), 'ktune-test-cache'));
  if (!prepared.ok) throw new Error(prepared.detail);
  runner = createRunner({ command: prepared.command, args: prepared.args });
}, 120_000);
afterAll(async () => {
  await runner?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** The target with a mistake in the text of its kernels. */
const mistaken = (from: string | RegExp, to: string): Backend => ({
  ...mtia,
  emit(...args) {
    const made = mtia.emit(...args);
    if (!made.ok) return made;
    const body = made.emitted.body.replace(from, to);
    if (body === made.emitted.body) throw new Error('nothing was changed');
    return { ok: true, emitted: { ...made.emitted, body } };
  },
});
/** What verification says of an operator on a target. */
async function said(backend: Backend, op: string, type: string): Promise<string> {
  const done = await verify(backend, graphOf(op, type), chip, must(runner, 'runner'), {
    cases: 6,
    configs: 0,
    work: 20_000,
    seed: 3,
    tolerances: {},
    scratch: dir,
  });
  if (!done.ok) return done.detail;
  const { failure } = done.report;
  return failure === undefined ? 'right' : describeProblem(failure.problem);
}

describe('a mistake in an emitted kernel is reported with PE, core, circular buffer and line', () => {
  test.each([
    [
      'a slot that is never popped',
      'rmsnorm',
      'f32',
      /^ *cb_pop_front\(CB_X\);$/m,
      '',
      /slots of circular buffer 0 were never popped|deadlock: PE \d+, core A waits for space in circular buffer 0, line \d+/,
    ],
    [
      'a slot that begins elsewhere than its place in memory',
      'rmsnorm',
      'f32',
      /cb_reserve_back\(CB_Y, .*\);$/m,
      'cb_reserve_back(CB_Y);',
      /^PE \d+, core A: circular buffer 2 is aligned otherwise than where it goes, line \d+/,
    ],
    [
      'a row too much',
      'rmsnorm',
      'f32',
      /y\[b \* D \+ d - y__at\] = /,
      'y[b * D + d - y__at + 1] = ',
      /^PE \d+, core A: circular buffer 2 was written behind the end of its data, line \d+/,
    ],
    [
      'another block than the group of PEs asks for',
      'matmul',
      'bf16',
      /const i64 kt_k0 = /,
      'const i64 kt_k0 = (pe() == 3 ? 32 : 0) + ',
      /^PE \d+, core A: asks for another block of its group in circular buffer 0 than PE \d+, line \d+/,
    ],
    [
      'a block that one PE leaves out',
      'matmul',
      'bf16',
      /dma_in_block\(CB_B_B/,
      'if (pe() != 3) dma_in_block(CB_B_B',
      /^deadlock: .*PE \d+, core A waits for its group in circular buffer 1, line \d+/,
    ],
  ])('%s', { timeout: 60_000 }, async (_, op, type, from, to, message) => {
    expect(await said(mistaken(from, to), op, type)).toMatch(message);
  });
});

test('circular buffers for a larger chip do not compile for a smaller one', async () => {
  const made = mtia.emit(graphOf('rmsnorm', 'f32'), chip, {}, { dims: {} }, 'rmsnorm');
  const small = must(
    mtia.archs.find((a) => a.name === '1'),
    'MTIA 1',
  );
  if (!made.ok) throw new Error('not emitted');
  expect(await mtia.compile(small, [made.emitted], dir)).toMatchObject({
    ok: false,
    log: expect.stringContaining('the circular buffers exceed local memory') as string,
  });
});
