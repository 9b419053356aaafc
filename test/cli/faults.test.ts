import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sandbox, SCALE } from './command.ts';
import type { Sandbox } from './command.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
let box: Sandbox;
beforeEach(() => {
  box = sandbox();
  box.write('scale.ktune', SCALE);
});
afterEach(() => box.close());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
/** The command as a process of its own. */
function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: box.dir,
    env: { ...process.env, KTUNE_CACHE: join(tmpdir(), 'ktune-test-cache'), ...env },
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (d: Buffer) => (out += d.toString()));
  child.stderr.on('data', (d: Buffer) => (err += d.toString()));
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err }))) };
}
const TUNE = ['tune', 'scale.ktune', '--target', 'cpp:generic', '--budget', '60s'];
const trials = (): number => {
  const db = new DatabaseSync(join(box.dir, '.ktune/records.sqlite'), { readOnly: true });
  const row = db.prepare('SELECT count(*) AS n FROM trial').get();
  db.close();
  return Number(row?.['n'] ?? 0);
};
async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 600; i++) {
    try {
      if (what()) return;
    } catch {
      // The records do not exist yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('nothing happened within a minute');
}

describe('faults', () => {
  it('a missing compiler is told, with what to install', async () => {
    const ran = await start(['verify', 'scale.ktune', '--json'], { CXX: '/nonexistent/g++' }).ended;
    expect(ran.code).toBe(4);
    expect(JSON.parse(ran.out)).toMatchObject({ exit: 4, diagnostics: [{ code: 'toolchain-missing' }] });
  });

  it('a compiler that fails on everything is an error of the toolchain, not a hang', async () => {
    box.write(
      'broken',
      '#!/bin/sh\n[ "$1" = --version ] && { echo broken 1.0; exit 0; }\necho "no space left" >&2; exit 1\n',
    );
    chmodSync(join(box.dir, 'broken'), 0o755);
    const ran = await start(['verify', 'scale.ktune', '--json'], { CXX: join(box.dir, 'broken') }).ended;
    expect([3, 4]).toContain(ran.code);
    expect(ran.out).toContain('no space left');
  });

  it('a compiler that hangs costs the budget, and is named as the reason', { timeout: 60_000 }, async () => {
    box.write(
      'hang',
      '#!/bin/sh\n[ "$1" = --version ] && { echo hang 1.0; exit 0; }\ncase "$*" in *runner.cpp*) exec g++ "$@";; esac\nsleep 1000\n',
    );
    chmodSync(join(box.dir, 'hang'), 0o755);
    const ran = await start([...TUNE.slice(0, -1), '3s', '--json'], { CXX: join(box.dir, 'hang') }).ended;
    expect(ran.code).toBe(5);
    expect(ran.out).toContain('not finished');
  });

  it('a folder that cannot be written is told', async () => {
    box.write('file', 'not a folder');
    const ran = await start([...TUNE, '--evals', '2', '--json'], { KTUNE_DIR: join(box.dir, 'file', 'deeper') }).ended;
    expect(ran.code).not.toBe(70);
    const codes = (JSON.parse(ran.out) as { diagnostics: { code: string }[] }).diagnostics.map((d) => d.code);
    expect(codes.length).toBeGreaterThan(0);
  });

  it('killed in the middle, the same command goes on from the records', { timeout: 180_000 }, async () => {
    const first = start([...TUNE, '--evals', '40', '--json']);
    await until(() => trials() >= 8);
    first.child.kill('SIGKILL');
    await first.ended;
    const kept = trials();
    const second = await start([...TUNE, '--evals', '40']).ended;
    expect(second.code).toBe(0);
    expect(second.err).toMatch(/continuing a study of \d+ configs/);
    expect(trials()).toBeGreaterThanOrEqual(kept);
  });

  it('Ctrl-C ends cleanly with the best so far', { timeout: 180_000 }, async () => {
    const run = start([...TUNE, '--evals', '100000', '--json']);
    await until(() => trials() >= 8);
    run.child.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.out)).toMatchObject({ result: { summary: { stop: 'interrupted' } } });
  });

  it('two tunes of one operator at once both end well', { timeout: 180_000 }, async () => {
    const both = await Promise.all([
      start([...TUNE, '--evals', '10', '--seed', '1', '--json']).ended,
      start([...TUNE, '--evals', '10', '--seed', '2', '--json']).ended,
    ]);
    for (const one of both)
      expect([one.code, JSON.parse(one.out)]).toMatchObject([0, { ok: true, result: { lock: 'ktune.lock' } }]);
  });
});
