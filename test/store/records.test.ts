import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/records.ts';
import type { Store, StudyInfo } from '../../src/store/records.ts';

const dir = mkdtempSync(join(tmpdir(), 'ktune-store-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const writer = fileURLToPath(new URL('./writer.ts', import.meta.url));
let files = 0;
const freshPath = (): string => join(dir, String(files++), 'records.db');
const info = (key: string): StudyInfo => ({
  key,
  op: 'o',
  target: 't',
  machine: 'm',
  shape: 's',
  fingerprint: 'f',
  strategy: 'x',
  seed: '0',
});

function keep(store: Store, study: string, number: number): void {
  store.trial(
    study,
    { number, configId: `c${number}`, diff: { tile: number }, proposer: 'random', batch: 1, state: 'ok' },
    [{ configId: `c${number}`, tier: 'screen', medianNs: 5, samples: [4, 5, 6], cache: 'cold' }],
  );
}
async function run(
  command: string,
  args: readonly string[],
  onLine?: (line: string, kill: () => void) => void,
): Promise<string[]> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    rest += chunk.toString();
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      onLine?.(line, () => child.kill('SIGKILL'));
    }
  });
  await once(child, 'close');
  return lines;
}

describe('records', () => {
  test('an unfinished study is handed out again with its trials, labels and verdicts', () => {
    const path = freshPath();
    const first = openStore(path);
    const { id } = first.open(info('k'), false);
    keep(first, id, 0);
    first.labels(id, 1, [{ configId: 'c0', ns: 5 }]);
    first.verification(id, { outputHash: 'h', configId: 'c0', ok: true, detail: '' });
    first.spend(id, { seconds: 1.5, evals: 1 });
    first.finish(id, { state: 'stopped', reason: 'interrupted' });
    first.close();
    const again = openStore(path);
    const { id: same, kept } = again.open(info('k'), false);
    expect(same).toBe(id);
    expect(kept).toMatchObject({
      study: { spent_s: 1.5, spent_evals: 1, stop_reason: 'interrupted' },
      trials: [{ number: 0, config_id: 'c0', diff: { tile: 0 }, state: 'ok' }],
      labels: [{ batch: 1, config_id: 'c0', ns: 5 }],
      verifications: [{ output_hash: 'h', verdict: 'correct' }],
    });
    again.close();
  });

  test('a study that a living process works on, another key, and --fresh each give a new one', () => {
    const store = openStore(freshPath());
    const { id } = store.open(info('k'), false);
    expect(store.open(info('k'), false).id).not.toBe(id);
    expect(store.open(info('other'), false).kept).toBeUndefined();
    store.finish(id, { state: 'done', reason: 'budget' });
    expect(store.open(info('k'), true).kept).toBeUndefined();
    store.close();
  });

  test('a trial recorded twice is one trial', () => {
    const store = openStore(freshPath());
    const { id } = store.open(info('k'), false);
    keep(store, id, 0);
    keep(store, id, 0);
    store.finish(id, { state: 'done', reason: '' });
    expect(store.open(info('k'), false).kept?.trials).toHaveLength(1);
    store.close();
  });

  test('winners are found by operator, target and space, latest first', () => {
    const store = openStore(freshPath());
    for (const [i, shape] of ['B=1', 'B=2'].entries()) {
      const { id } = store.open({ ...info(shape), shape }, false);
      keep(store, id, i);
      store.winner(
        id,
        { ...info(shape), shape },
        { configId: `c${i}`, medianNs: 3, speedup: { value: 2, low: 1.9, high: 2.1 } },
      );
    }
    expect(
      store
        .winners('o', 't', 'f', 5)
        .map((w) => w.diff)
        .toSorted((a, b) => Number(a['tile']) - Number(b['tile'])),
    ).toEqual([{ tile: 0 }, { tile: 1 }]);
    expect(store.winners('o', 't', 'another space', 5)).toEqual([]);
    store.close();
  });
});

describe('several processes', () => {
  test('two writers lose nothing', async () => {
    const path = freshPath();
    await Promise.all(['a', 'b'].map((key) => run(process.execPath, [writer, path, key, '0', '300'])));
    const db = new DatabaseSync(path);
    expect(db.prepare('SELECT count(*) AS n FROM trial').get()).toEqual({ n: 600 });
    expect(db.prepare('SELECT count(*) AS n FROM measurement').get()).toEqual({ n: 600 });
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    db.close();
  });

  test('kill -9 loses no trial that was acknowledged, and the study goes on', async () => {
    const path = freshPath();
    const lines = await run(process.execPath, [writer, path, 'a', '0', '100000'], (line, kill) => {
      if (line === 'kept 200') kill();
    });
    const store = openStore(path);
    const { kept } = store.open(info('a'), false);
    expect(kept?.trials.length).toBeGreaterThanOrEqual(lines.length);
    expect(kept?.trials.map((t) => t.number)).toEqual(Array.from({ length: kept?.trials.length ?? 0 }, (_, i) => i));
    store.close();
  });
});

describe('when the machine does not cooperate', () => {
  test('a full disk is reported with the number of results that wait', async () => {
    const path = freshPath();
    const lines = await run('bash', [
      '-c',
      `ulimit -f 400; exec "$0" "$@"`,
      process.execPath,
      writer,
      path,
      'a',
      '0',
      '60',
      '2000',
    ]);
    expect(lines).toHaveLength(60);
    expect(lines[0]).toBe('kept 0');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ code: 'store-write', severity: 'warning' });
    const keptThen = lines.filter((l) => l.startsWith('kept')).length;
    const store = openStore(path);
    expect(store.open(info('a'), false).kept?.trials.length).toBeGreaterThanOrEqual(keptThen);
    store.close();
  });

  test('writes that failed are made up for once there is room', () => {
    const path = freshPath();
    const store = openStore(path);
    const { id } = store.open(info('k'), false);
    const blocker = new DatabaseSync(path);
    blocker.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    keep(store, id, 0);
    expect(store.problems()).toMatchObject([{ code: 'store-write', message: expect.stringContaining('1 results') }]);
    blocker.exec('COMMIT');
    blocker.close();
    keep(store, id, 1);
    expect(store.problems()).toEqual([]);
    store.finish(id, { state: 'stopped', reason: '' });
    expect(store.open(info('k'), false).kept?.trials).toHaveLength(2);
    store.close();
  });

  test.each([
    [
      'a folder that cannot be made',
      () => {
        const file = join(dir, 'plain-file');
        writeFileSync(file, '');
        return join(file, 'records.db');
      },
      'store-open',
    ],
    [
      'a file that is something else',
      () => {
        const file = join(dir, 'not-a-database.db');
        writeFileSync(file, 'hello, this is certainly not a database file, and long enough to be one '.repeat(20));
        return file;
      },
      'store-open',
    ],
    [
      'a newer format',
      () => {
        const file = join(dir, 'newer.db');
        const db = new DatabaseSync(file);
        db.exec('PRAGMA user_version = 99');
        db.close();
        return file;
      },
      'store-newer',
    ],
  ])('%s: the run goes on in memory and says so', (_, make, code) => {
    const store = openStore(make());
    const { id } = store.open(info('k'), false);
    keep(store, id, 0);
    store.finish(id, { state: 'stopped', reason: '' });
    expect(store.open(info('k'), false).kept?.trials).toHaveLength(1);
    expect(store.problems()).toMatchObject([{ code }]);
    store.close();
  });
});
