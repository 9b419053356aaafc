import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { bucketOf, findLocked, pinWinner, readLock } from '../../src/store/lock-file.ts';
import type { LockEntry } from '../../src/store/lock-file.ts';

const dir = mkdtempSync(join(tmpdir(), 'ktune-lock-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let files = 0;
const freshPath = (): string => join(dir, `${files++}.lock`);
const entry = (op: string, dims: Record<string, number>, tile: number): LockEntry => ({
  op,
  graph: 'g',
  target: 'cpp:avx2',
  guard: bucketOf(dims),
  shape: dims,
  fingerprint: 'f',
  config: { z: 1, tile },
  medianNs: 10,
  speedup: { value: 2, low: 1.9, high: 2.1 },
  machine: 'm',
  measuredAt: '2026-01-01T00:00:00Z',
});
async function pinned(...entries: readonly LockEntry[]): Promise<string> {
  const path = freshPath();
  for (const e of entries) expect(await pinWinner(path, e)).toMatchObject({ ok: true });
  return path;
}

describe('the lock file', () => {
  test('equal contents are equal files, whatever the order of writing', async () => {
    const [a, b] = [entry('a', { D: 64, B: 8 }, 1), entry('b', { B: 8 }, 2)];
    const text = readFileSync(await pinned(a, b), 'utf8');
    expect(readFileSync(await pinned(b, a, b), 'utf8')).toBe(text);
    expect(text.indexOf('"tile"')).toBeLessThan(text.indexOf('"z"'));
  });

  test('finds the same shape, else the same bucket, else nothing', async () => {
    const read = readLock(await pinned(entry('a', { B: 4096, D: 64 }, 1), entry('a', { B: 9, D: 64 }, 2)));
    const entries = read.ok ? read.value : [];
    const find = (B: number, op = 'a'): unknown =>
      findLocked(entries, { op, graph: 'g', target: 'cpp:avx2', dims: { D: 64, B } })?.config['tile'];
    expect([find(4096), find(5120), find(9), find(11), find(12), find(4096, 'b')]).toEqual([
      1,
      1,
      2,
      2,
      undefined,
      undefined,
    ]);
  });

  test('buckets keep size class and divisibility apart', () => {
    expect(bucketOf({ D: 1024, B: 1023 })).toBe('B~512/1 D~1024/16');
    expect(bucketOf({ B: 0, C: 4 })).toBe('B~0/16 C~4/4');
  });

  test('two processes that write at once keep each other’s entries', async () => {
    const path = freshPath();
    const program = fileURLToPath(new URL('./pin.ts', import.meta.url));
    await Promise.all(['a', 'b'].map((p) => promisify(execFile)(process.execPath, [program, path, p, '40'])));
    const read = readLock(path);
    expect(read.ok && read.value.length).toBe(80);
    expect(readdirSync(dir).filter((f) => /busy|lock\./.test(f))).toEqual([]);
  });

  test('a file that is not a lock is neither read nor overwritten', async () => {
    const path = freshPath();
    writeFileSync(path, '{"version": 7}');
    expect(await pinWinner(path, entry('a', {}, 1))).toMatchObject({ ok: false, problem: { code: 'lock-read' } });
    expect(readFileSync(path, 'utf8')).toBe('{"version": 7}');
  });

  test('a folder that is not there is a diagnostic', async () => {
    expect(await pinWinner(join(dir, 'no', 'folder', 'x.lock'), entry('a', {}, 1))).toMatchObject({
      ok: false,
      problem: { code: 'lock-write' },
    });
  });
});
