import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { formatted, tritonReadiness, tritonRunner } from '../../../src/backends/triton/toolchain.ts';
import { triton } from '../../../src/backends/triton/triton.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { createRunner } from '../../../src/measure/runner-client.ts';
import type { Runner } from '../../../src/measure/runner-client.ts';
import { describeProblem } from '../../../src/verify/counterexample.ts';
import { verify } from '../../../src/verify/verify.ts';
import { compileOp } from '../../fixtures/programs.ts';
import { graphOf, moduleOf, sm90 } from './graphs.ts';

const arch = sm90;

describe('modules of the library', () => {
  test.each([
    ['rmsnorm', 'bf16'],
    ['sigrid_hash', undefined],
    ['softmax', 'f32'],
    ['matmul', 'f16'],
  ])('%s reads as it stands', async (name, type) => {
    await expect(await formatted(moduleOf(graphOf(name, type)).text)).toMatchFileSnapshot(
      `../../golden/${name}/triton.py`,
    );
  });

  test('what this target lacks is a reason, not a wrong module', () => {
    const lowered = lower(compileOp('op f(x{k in 2}: f32[N]) -> (y: f32[N]) { y[n] = x{0}[n] + x{1}[n]; }'));
    if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
    const made = triton.emit(lowered.graph, arch, {}, { dims: {} }, 'f');
    expect(made.ok ? [] : made.reasons.map((r) => r.message)).toEqual([
      'Triton modules do not have lists of tensors (x) yet',
    ]);
  });
});

describe('executed in Triton’s interpreter', () => {
  let runner: Runner | undefined;
  let dir = '';
  beforeAll(() => {
    const { execute } = tritonReadiness().levels;
    if (!execute.ok) throw new Error(`${execute.detail}; run \`npm run test:all\`, which installs it`);
    const spec = tritonRunner();
    if (spec.kind !== 'script') throw new Error('a script');
    dir = mkdtempSync(join(tmpdir(), 'ktune-triton-'));
    runner = createRunner({ command: spec.command, args: spec.args, startMs: 60_000 });
  });
  afterAll(async () => {
    await runner?.close();
    rmSync(dir, { recursive: true, force: true });
  });
  async function problemOf(graph: StageGraph): Promise<string> {
    const done = await verify(triton, graph, arch, must(runner, 'runner'), {
      cases: 4,
      configs: 0,
      seed: 5,
      work: 400,
      tolerances: {},
      scratch: dir,
    });
    if (!done.ok) return done.detail;
    return done.report.failure === undefined ? '' : describeProblem(done.report.failure.problem);
  }

  test.each([
    [
      'division and remainder round down',
      'op f(a: i32[N], b: i32[N]) -> (y: i32[N], z: i32[N]) { y[n] = a[n] // b[n]; z[n] = a[n] % b[n]; }',
    ],
    [
      'NaN wins in max and min',
      'op f(a: f32[N], b: f32[N]) -> (y: f32[N], z: f32[N]) { y[n] = max(a[n], b[n]); z[n] = min(a[n], b[n]); }',
    ],
    [
      'floats saturate as integers',
      'op f(a: f32[N]) -> (y: i32[N], z: u8[N]) { y[n] = a[n] as i32; z[n] = a[n] as u8; }',
    ],
    [
      'shifts take the count by the width',
      'op f(a: u32[N], b: u32[N]) -> (y: u32[N], z: u32[N]) { y[n] = a[n] << b[n]; z[n] = a[n] >> b[n]; }',
    ],
    [
      'floats of 8 bits saturate and keep NaN',
      'op f(a: f32[N]) -> (x: f8e4m3[N], y: f8e5m2[N]) { x[n] = a[n] as f8e4m3; y[n] = a[n] as f8e5m2; }',
    ],
    [
      'a product whose rows end apart sees no infinity beyond the end of a row',
      'op f(a: f32[M, K], b: f32[K, N]) -> (y: f32[M, N], z: f32[M]) {\n  let s[m, n] = sum[k where k <= m](a[m, k] * b[k, n]);\n  z[m] = max[n](s[m, n]);\n  y[m, n] = s[m, n];\n}',
    ],
    ['bf16 rounds to nearest even', 'op f(a: f32[N]) -> (y: bf16[N]) { y[n] = a[n] as bf16; }'],
    [
      'a choice does not read what it does not take',
      'op f(a: f32[N]) -> (y: f32[N]) { y[n] = (a[n + 1] ?? 1.0) + (a[n - 1] ?? 2.0); }',
    ],
    ['rows sort with NaN last', 'op f(a: f32[N, M]) -> (y: f32[N, M]) { y[n, j] = sort[k](a[n, k]); }'],
  ])('%s', { timeout: 120_000 }, async (_, text) => {
    const lowered = lower(compileOp(text));
    if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
    expect(await problemOf(lowered.graph)).toBe('');
  });
});
