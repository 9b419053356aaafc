import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mtia } from '../../../src/backends/mtia/mtia.ts';
import { must } from '../../../src/assert.ts';

const kernel = fileURLToPath(new URL('./kernels/scale.cpp', import.meta.url));
const include = fileURLToPath(new URL('../../../native/mtia/', import.meta.url));
let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-grid-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const build = (fault: number): Promise<{ readonly failed: boolean; readonly stderr: string }> =>
  execa(
    'clang++-19',
    [
      '--target=riscv64-linux-gnu',
      '-march=rv64gcv_zvl512b',
      '-O1',
      '-std=c++17',
      `-DFAULT=${fault}`,
      `-I${include}`,
      kernel,
      '-o',
      join(dir, String(fault)),
    ],
    { reject: false },
  );
async function said(fault: number): Promise<string> {
  const built = await build(fault);
  if (built.failed) throw new Error(built.stderr);
  const runner = mtia.runner(must(mtia.archs.at(-1), 'an arch'));
  if (runner.kind !== 'cross') throw new Error('kernels run in an emulator');
  const [command, ...args] = runner.launcher;
  return (await execa(command, [...args, join(dir, String(fault))], { reject: false })).stdout;
}

describe('the modelled grid', () => {
  test('runs both cores of each processing element, with equal bits in both orders', async () => {
    expect(await said(0)).toBe('right');
  });

  test.each([
    [
      'a slot that is never popped stops the grid',
      1,
      /^deadlock: PE 0, core A waits for space in circular buffer 0, line \d+ \(pushed 2, popped 0\); PE 0, core B waits .*16 cores wait$/,
    ],
    ['a misaligned DMA', 2, /^PE 0, core A: DMA of circular buffer 0 is not aligned to 32 bytes, line \d+$/],
    ['a slot that is popped before it is read holds poison', 3, /^wrong$/],
    ['a store behind a slot', 4, /^PE 0, core B: circular buffer 1 was written behind the end of a slot, line \d+$/],
    ['a barrier that one does not reach', 6, /^deadlock: PE 0, core A at the barrier, line \d+;.* 7 cores wait$/],
  ])('%s', async (_, fault, message) => {
    expect(await said(fault)).toMatch(message);
  });

  test('circular buffers that exceed local memory do not compile', async () => {
    const built = await build(5);
    expect(built.failed).toBe(true);
    expect(built.stderr).toContain('the circular buffers exceed local memory');
  });
});
