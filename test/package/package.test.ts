import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
let dir = '';
let bin = '';

/** What `npm install ktune` would give: the packed files, with this checkout's dependencies. */
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-package-'));
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', dir, '--silent'], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  execFileSync('tar', ['xzf', join(dir, packed.split('\n').at(-1) ?? ''), '-C', dir]);
  execFileSync('ln', ['-s', join(root, 'node_modules'), join(dir, 'package', 'node_modules')]);
  bin = join(dir, 'package', 'dist', 'cli', 'main.js');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ktune = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [bin, ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { ...process.env, KTUNE_CACHE: join(tmpdir(), 'ktune-test-cache') },
  });

describe('the built package', () => {
  it('holds what it needs and no sources of tests', () => {
    const files = readdirSync(join(dir, 'package'), { recursive: true }).map(String);
    expect(files).toContain('dist/cli/main.js');
    expect(files).toContain('native/runner.cpp');
    expect(files).toContain('ops/rmsnorm.ktune');
    expect(files.filter((f) => f.startsWith('test/') || (f.startsWith('src/') && f.endsWith('.ts')))).toEqual([]);
    expect(files.some((f) => f.endsWith('.hbs'))).toBe(true);
  });

  it('runs its command', () => {
    writeFileSync(join(dir, 'twice.ktune'), 'op twice(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] * 2.0; }\n');
    expect(ktune('--version').stdout.trim()).toBe(
      (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version,
    );
    expect(ktune('check', 'twice.ktune')).toMatchObject({ status: 0, stderr: '' });
    expect(ktune('ops', '--json').status).toBe(0);
    expect(ktune('emit', 'twice.ktune').stdout).toContain('extern "C" void ktune_twice(');
    const verified = ktune('verify', 'twice.ktune', '--target', 'cpp:generic', '--cases', '10', '--json');
    expect(JSON.parse(verified.stdout)).toMatchObject({
      exit: 0,
      result: { verified: [{ report: { verdict: 'pass' } }] },
    });
  });

  it('exports its API', async () => {
    const api = (await import(join(dir, 'package', 'dist', 'index.js'))) as Record<string, unknown>;
    expect(Object.keys(api)).toEqual(expect.arrayContaining(['parse', 'check', 'lower', 'evaluate', 'compile']));
  });
});
