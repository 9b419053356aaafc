import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../src/assert.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { cpp } from '../../src/backends/cpp/cpp.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { buildRunner } from '../../src/measure/runner-build.ts';
import { createRunner } from '../../src/measure/runner-client.ts';
import type { Runner } from '../../src/measure/runner-client.ts';
import { describeProblem } from '../../src/verify/counterexample.ts';
import { propertiesOf } from '../../src/verify/properties/trial.ts';
import { verify } from '../../src/verify/verify.ts';
import type { VerifyReport } from '../../src/verify/verify.ts';
import { compileOp } from '../fixtures/programs.ts';

const arch = must(
  cpp.archs.find((a) => a.name === 'avx2'),
  'avx2',
);
let dir = '';
let runner: Runner;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-properties-'));
  const built = await buildRunner(join(tmpdir(), 'ktune-test-cache'));
  if (!built.ok) throw new Error(built.detail);
  runner = createRunner({ command: built.path });
}, 120_000);
afterAll(async () => {
  await runner.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A backend whose kernels have a fault: their text is edited after it was emitted. */
const faulty = (edit: (text: string) => string): Backend => ({
  ...cpp,
  emit(...args) {
    const made = cpp.emit(...args);
    if (!made.ok) return made;
    const body = edit(made.emitted.body);
    if (body === made.emitted.body) throw new Error(`nothing to edit in ${body}`);
    return { ok: true, emitted: { ...made.emitted, body } };
  },
});

async function reportOf(
  text: string,
  options: {
    readonly backend?: Backend;
    readonly cases?: number;
    readonly fixed?: Readonly<Record<string, number>>;
  } = {},
): Promise<VerifyReport> {
  const op = compileOp(text);
  const lowered = lower(op);
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  const done = await verify(options.backend ?? cpp, lowered.graph, arch, runner, {
    cases: options.cases ?? 12,
    configs: 0,
    seed: 3,
    work: 4000,
    tolerances: op.tolerances,
    properties: propertiesOf(op, lowered.graph, {}),
    scratch: dir,
    ...(options.fixed === undefined ? {} : { fixed: options.fixed }),
  });
  if (!done.ok) throw new Error(done.detail);
  return done.report;
}
const verdictOf = (r: VerifyReport): string =>
  r.failure === undefined ? 'pass' : `${describeProblem(r.failure.problem)} — ${r.failure.shown}`;

describe('declared properties that hold', () => {
  test.each([
    [
      'a bound on each element',
      'op f(x: f32[N]) -> (y: f32[N]) { y[n] = tanh(x[n]); property "p": abs(y[n]) <= 1.0; }',
    ],
    [
      'two results and a tolerance',
      `op f(x: f32[N, D]) -> (i: f32[N, D], e: f32[N, D]) {
        i[n, d] = sum[k where k <= d](x[n, k]);
        e[n, d] = sum[k where k < d](x[n, k]);
        property "p": e[n, d] + x[n, d] ~= i[n, d] within bound(2);
      }`,
    ],
    [
      'a let, a forall and a where',
      `op f(x: f32[N, D]) -> (y: f32[N, D]) {
        let m[n] = max[d](x[n, d]);
        y[n, d] = x[n, d] - m[n];
        property "p" forall n in 0..N where D > 0 && abs(m[n]) < inf: max[d](y[n, d]) == 0;
      }`,
    ],
    [
      'a call on changed arguments',
      `op f(x: f32[N]) -> (y: f32[N]) {
        y[n] = x[n] - max[k](x[k]);
        property "p": f(x + 1.0) ~= y within bound(2);
      }`,
    ],
    [
      'a call of a call, on stored values of a narrow type',
      `op f(x: bf16[N, D]) -> (y: bf16[N, D]) {
        y[n, d] = relu(x[n, d]) as bf16;
        property "p": f(f(x)) == y;
      }`,
    ],
    [
      'a call of another operator',
      `op f(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] * x[n]; property "p": f(x) ~= g(x, x); }
      op g(x: f32[N], y: f32[N]) -> (z: f32[N]) { z[n] = x[n] * y[n]; }`,
    ],
    [
      'ragged rows',
      `op f(v: i64[B, ~L(off)], off: i64[B+1]) -> (o: i64[B, ~P(po)], po: i64[B+1]) {
        ragged P[b] = min(len(L, b), 2);
        o[b, p] = v[b, p];
        property "p": len(P, b) <= 2;
        property "q": o[b, p] == (v[b, p] ?? 0);
      }`,
    ],
    [
      'what an `inout` is left with',
      `op f(inout p: f32[N], g: f32[N]) -> (d: f32[N]) {
        d[n] = p[n] - g[n];
        p[n] = p[n] - g[n];
        property "p": p[n] == d[n];
      }`,
    ],
    [
      'lists',
      'op f(x{f in 2}: f32[N]) -> (y{f in 2}: f32[N]) { y{f}[n] = x{f}[n] * 2; property "p": y{f}[n] == x{f}[n] * 2; property "q": y == x * 2.0; }',
    ],
    [
      'pairs',
      'op f(x: f32[N]) -> (y: f32[pairs(N)]) { y[(a, b)] = x[a] * x[b]; property "p" where a < b: y[(a, b)] ~= x[b] * x[a]; }',
    ],
  ])('%s', async (_, text) => {
    const r = await reportOf(text);
    expect(verdictOf(r)).toBe('pass');
    expect(r.tiers.T3.map((p) => p.vacuous)).toEqual(r.tiers.T3.map(() => false));
    expect(r.tiers.T0.cases + r.tiers.T1.cases + r.tiers.T2.cases).toBe(r.cases);
  });
});

describe('declared properties that do not hold', () => {
  test('on any kernel: the definition is to blame, at the smallest point', async () => {
    const r = await reportOf(
      'op f(x: f32[N, D]) -> (y: f32[N, D]) { y[n, d] = x[n, d] + 1; property "grows twofold": y[n, d] ~= x[n, d] * 2; }',
    );
    expect(r.failure?.problem).toMatchObject({ kind: 'property', name: 'grows twofold', blame: 'definition' });
    expect(r.failure?.trial.case.dims).toEqual({ N: 1, D: 1 });
    expect(verdictOf(r)).toMatch(/^property "grows twofold" does not hold at \[0, 0\], and neither on the reference/);
  });

  test('a call whose tensors differ in shape', async () => {
    const r = await reportOf(
      'op f(x: f32[N], z: f32[M]) -> (y: f32[N]) { y[n] = x[n] + sum[m](z[m]); property "p": y ~= z; }',
    );
    expect(verdictOf(r)).toMatch(/of shape \[\d+\] is not near of shape \[\d+\]/);
  });

  test('a kernel is to blame where the reference keeps the property', async () => {
    // Within the wide tolerance of the result, so that no comparison sees it; the property does.
    const text = `op f(x: f32[N]) -> (y: f32[N]) {
      y[n] = x[n] * 0.5;
      tolerance y = abs 0.01 rel 0.01;
      property "odd": f(x * -1.0) == y * -1.0;
    }`;
    expect(verdictOf(await reportOf(text))).toBe('pass');
    const backend = faulty((body) => body.replaceAll(/(?<![\w.])0\.5f?(?![\w.])/g, '0.5f + 0.001f'));
    const r = await reportOf(text, { backend });
    expect(r.failure?.problem).toMatchObject({ kind: 'property', name: 'odd', blame: 'kernel' });
  });
});

describe('automatic properties', () => {
  const HALF = 'op f(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] * 0.5; }';
  const edited = (by: string): Backend => faulty((body) => body.replaceAll(/(?<![\w.])0\.5f?(?![\w.])/g, by));

  test('hold on a right kernel, and say so', async () => {
    const r = await reportOf(HALF, { cases: 24 });
    expect(verdictOf(r)).toBe('pass');
    expect(r.tiers.T3).toMatchObject([
      { name: 'positions of N taken apart', origin: 'automatic', vacuous: false },
      { name: 'neighbours along N', origin: 'automatic', vacuous: false },
    ]);
  });

  test('see what other positions must not do to a result', async () => {
    // Only NaN as the very last element gives it away, which hardly any drawn case has.
    const r = await reportOf(HALF, { backend: edited('(0.5f + 0.2f * (x[N - 1] != x[N - 1]))'), cases: 24 });
    expect(r.failure?.problem).toMatchObject({ kind: 'property', name: 'neighbours along N', blame: 'kernel' });
    expect(verdictOf(r)).toMatch(
      /^property "neighbours along N": with other data at \d+ of its \d+ positions, the kernel yields .* at y\[/,
    );
  });
});

describe('properties that say nothing', () => {
  test.each([
    ['never holds', 'where x[n] > 1.0 && x[n] < 0.0: y[n] ~= 17.0', { points: 0 }],
    ['cannot fail', ': y[n] ~= x[n] within bound(1e9)', { points: expect.any(Number) as number }],
  ])('one that %s is vacuous', async (_, clause, seen) => {
    const r = await reportOf(`op f(x: f32[N]) -> (y: f32[N]) { y[n] = exp(x[n]); property "p" ${clause}; }`, {
      cases: 12,
    });
    expect(r.tiers.T3.filter((p) => p.origin === 'declared')).toMatchObject([{ name: 'p', vacuous: true, ...seen }]);
  });
});
