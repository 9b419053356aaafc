import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { buildRunner } from '../../src/measure/runner-build.ts';
import { createRunner } from '../../src/measure/runner-client.ts';
import type { Runner, RunnerOptions } from '../../src/measure/runner-client.ts';
import type { Arg, Call, Placement } from '../../src/measure/protocol.ts';

export const CACHE = join(tmpdir(), 'ktune-test-cache');

/** A folder for one test file, removed afterwards, with the fixture kernels compiled in it. */
export interface Bench {
  readonly dir: string;
  readonly kernels: string;
  readonly runner: string;
  start(options?: Partial<RunnerOptions>): Runner;
}

/** Builds runner and kernels before the tests of a file; ends every runner they started. */
export function useBench(): Bench {
  const dir = mkdtempSync(join(tmpdir(), 'ktune-test-'));
  const bench = { dir, kernels: join(dir, 'kernels.so'), runner: '' };
  const started: Runner[] = [];
  beforeAll(async () => {
    const built = await buildRunner(CACHE);
    if (!built.ok) throw new Error(built.detail);
    bench.runner = built.path;
    execFileSync('g++', [
      '-O2',
      '-shared',
      '-fPIC',
      '-w',
      fileURLToPath(new URL('../fixtures/kernels.cpp', import.meta.url)),
      '-o',
      bench.kernels,
    ]);
  });
  afterAll(async () => {
    for (const runner of started) await runner.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return {
    dir,
    kernels: bench.kernels,
    get runner() {
      return bench.runner;
    },
    start(options = {}) {
      const runner = createRunner({ command: bench.runner, graceMs: 500, ...options });
      started.push(runner);
      return runner;
    },
  };
}

export const i64 = (n: number): Arg => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(n));
  return { bytes: bytes.toString('hex') };
};

export const ENTRIES = [
  'twice',
  'twice_again',
  'twice_slow',
  'thrice',
  'skips_last',
  'writes_after',
  'writes_before',
  'writes_far',
  'reads_after',
  'writes_input',
  'null_pointer',
  'divides_by_zero',
  'illegal',
  'aborts',
  'exits',
  'loops',
  'sleeps',
  'prints',
  'overflows_stack',
  'in_place',
];

/** x (in) and y (out) of n floats, x filled with 0, 1, 2, …; returns the call of an entry. */
export async function setUp(
  bench: Bench,
  runner: Runner,
  n: number,
  place: Placement = 'end',
): Promise<(entry: string) => Call> {
  const { writeFileSync } = await import('node:fs');
  const path = join(bench.dir, `x${n}.bin`);
  writeFileSync(path, new Uint8Array(Float32Array.from({ length: n }, (_, i) => i).buffer));
  for (const request of [
    { op: 'load', lib: 'k', path: bench.kernels, entries: ENTRIES },
    { op: 'alloc', buf: 'x', bytes: 4 * n, access: 'in', place, align: 4 },
    { op: 'alloc', buf: 'y', bytes: 4 * n, access: 'out', place, align: 4 },
    { op: 'fill', buf: 'x', from: { kind: 'file', path, offset: 0 } },
    { op: 'fill', buf: 'y', from: { kind: 'byte', value: 255 } },
  ] as const) {
    const answer = await runner.request(request);
    if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  }
  return (entry) => ({ lib: 'k', entry, sets: [[{ buf: 'x' }, { buf: 'y' }, i64(n)]] });
}
