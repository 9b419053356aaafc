import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/assert.ts';
import { cpp } from '../../src/backends/cpp/cpp.ts';
import { buildRunner } from '../../src/measure/runner-build.ts';
import { createRunner } from '../../src/measure/runner-client.ts';
import type { Runner } from '../../src/measure/runner-client.ts';
import { campaign } from './campaign.ts';
import { examine } from './fuzz.ts';
import type { Rig } from './fuzz.ts';

let runner: Runner;
let rig: Rig;
let scratch = '';
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'ktune-random-'));
  const built = await buildRunner(join(scratch, 'cache'));
  if (!built.ok) throw new Error(built.detail);
  runner = createRunner({ command: built.path });
  const arch = must(
    cpp.archs.find((a) => a.name === 'avx2'),
    'avx2',
  );
  rig = { backend: cpp, arch, runner, scratch, cases: 3, configs: 1, work: 3000 };
});
afterAll(async () => {
  await runner.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Programs that random campaigns found, made small: each was once wrong. */
const FOUND: readonly (readonly [what: string, source: string])[] = [
  [
    'a shift by a guarded read is by its low bits on either side of the guard',
    'op a(x: u8[N, M]) -> (y: i32[M]) { y[m] = (1 as i32) << x[clamp 1, m]; }',
  ],
  [
    'selections of different types in one kernel',
    `op a(x: f32[N, M]) -> (y: f32[N, M], z: i64[N, M]) {
       z[n, j] = sort[k](if x[n, k] > 0.0 then k else 0 - k);
       y[n, j] = sort[k](x[n, k]);
     }`,
  ],
  [
    'a scan into a field of packed rows',
    `op a(x: f32[N]) -> (y: row{q: i64[2], s: f32}[N]) {
       y[n].q[m] = 1;
       y[n].s = sum[k in N where k < n](x[k]);
     }`,
  ],
  [
    'a guarded read in the body of a selection',
    `op a(x: f32[N, M]) -> (y: f32[N, M]) {
       let s[n, j] = sort[k](x[n, k] + (x[n, k * 3] ?? 0.0));
       y[n, j] = s[n, j];
     }`,
  ],
  [
    'a sum over what only an empty row makes safe',
    `op a(y: i64[K], x: f32[N]) -> (z: f32[N, ~P(po)], po: i64[N+1]) {
       ragged P[n] = min(0, 6);
       z[n, m] = sum[k in K where (y[k + 1] ?? 0) < 1](1.0);
     }`,
  ],
  [
    'a sum over columns that nobody reads',
    `op a(x: i64[N, M]) -> (y: row{q: i64[M], s: bool}[N]) {
       let t[m in M] = sum[r in M](1 + x[clamp r, m]);
       let u[n in N, m in M] = true;
       y[n].q[m] = 1;
       y[n].s = u[clamp t[clamp n], clamp 1];
     }`,
  ],
  [
    'a softmax over an index that ranges of others hang on',
    `op a(x: f32[N, M]) -> (y: f32[N, ~P(po)], po: i64[N+1]) {
       ragged P[n] = min(n, 4);
       y[n, m] = softmax[n](x[n, m] ?? 0.0);
     }`,
  ],
  [
    'gathered booleans of packed rows',
    `op a(x: row{q: bool[M], s: i8}[N]) -> (y: bool[N, M]) {
       y[n, m] = (x[n].q[m*2 - 1] ?? false);
     }`,
  ],
  [
    'a running sum that is cast as it is stored',
    `op a(x: f32[N, M], inout v: i64[M]) -> (y: i64[N]) {
       v[m] = (sum[r in M where r <= m](1.0) as i64);
       y[n] = 1;
     }`,
  ],
  [
    'a temporary that a ragged result is only one axis of',
    `op a(x: f32[N, M]) -> (y: f32[N, ~P(po)], po: i64[N+1]) {
       ragged P[n] = min(4, 6);
       y[n, m] = var[r in M](min[k in P where k >= m](x[n, r]));
     }`,
  ],
  [
    'a row that is named under a condition is not asked for in advance',
    `op a(x: i8[N, M], v: i64[N, 2, M], k: f32[K]) -> (y: i32[N]) {
       let t[n in N, j in K] = 1 + x[n, clamp (v[n - 1, 1, clamp n] ?? 0)];
       y[n] = sum[r in N]((t[n*2 + r, 1] ?? 0));
     }`,
  ],
  [
    'a condition that all masked lanes share',
    `op a(v: bool[*B, M], x: f32[N, M]) -> (y: bool[N]) {
       let t[n in N] = v[clamp n, clamp 1] || (if v[clamp n, clamp n] then true else false);
       y[n] = (t[n*2 - 1] ?? false);
     }`,
  ],
  [
    'a choice between masks of 32-bit and of 64-bit lanes',
    `op a(x: bool[N, M]) -> (y: bool[N, M]) {
       y[n, m] = if n + 1 < N then (x[n + 1, m] ?? false) else (x[m, m] ?? m > 2);
     }`,
  ],
  [
    'a guard of all lanes before what they read',
    `op a(x: bool[N, ~L(off), M], off: i64[N+1]) -> (y: i64[N, M]) {
       y[n, m] = count[k in M](x[n, n, m] ?? false);
     }`,
  ],
  [
    'fewer keys than slots, ascending',
    `op a(x: f32[N, M]) -> (y: f32[N, 3], z: i64[N, 3]) {
       y[n, j], z[n, j] = topk<3>[k](x[n, k]) ascending;
     }`,
  ],
  [
    'room for what is laid out like a ragged result, before its offsets are known',
    `op a(x: f32[N, M]) -> (y: f32[N, ~P(po)], po: i64[N+1]) {
       ragged P[n] = M;
       y[n, m] = sum[k in P where k <= m](1.0) + sum[k in M](1.0);
     }`,
  ],
];
describe('programs that were once wrong', () => {
  it.each(FOUND)('%s', async (_, source) => {
    expect(await examine(rig, source, 1)).toBeUndefined();
  });
});

describe('random operators', () => {
  it('format, check, lower, compile and agree with the reference under every plan', { timeout: 600_000 }, async () => {
    const run = await campaign(rig, { seed: 1, from: 0, to: 24, batch: 12, shrinks: 200, limitMs: 500_000 });
    expect(run.failures.map((f) => `${f.problem.stage}: ${f.problem.detail}\n${f.source}`)).toEqual([]);
    expect(run.programs).toBe(24);
    expect(run.comparisons).toBeGreaterThan(100);
  });
});
