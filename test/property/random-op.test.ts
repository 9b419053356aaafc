import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cpp } from '../../src/backends/cpp/cpp.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { verifyGraph } from '../../src/codegen/ir/verify.ts';
import { check } from '../../src/dsl/check.ts';
import { parse } from '../../src/dsl/parse.ts';
import { buildRunner } from '../../src/measure/runner-build.ts';
import { createRunner } from '../../src/measure/runner-client.ts';
import type { Runner } from '../../src/measure/runner-client.ts';
import { describeProblem } from '../../src/verify/counterexample.ts';
import { verify } from '../../src/verify/verify.ts';
import { arbitraryOp } from './random-op.ts';

/** `KTUNE_RANDOM_OPS=500 KTUNE_SEED=3` runs more of them, or others; a failure prints the seed and the smallest program. */
const COUNT = Number(process.env['KTUNE_RANDOM_OPS'] ?? 40);
const SEED = Number(process.env['KTUNE_SEED'] ?? 1);
const arch = cpp.archs.find((a) => a.name === (process.env['KTUNE_ARCH'] ?? 'avx2')) ?? cpp.archs[0];

let runner: Runner;
let scratch = '';
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'ktune-random-'));
  const built = await buildRunner(join(scratch, 'cache'));
  if (!built.ok) throw new Error(built.detail);
  runner = createRunner({ command: built.path });
});
afterAll(async () => {
  await runner.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Why the program is not handled as it must be; undefined if all is well. */
async function problem(source: string): Promise<string | undefined> {
  const parsed = parse(source, 'random.ktune');
  const checked = check(parsed.module);
  const errors = [...parsed.diagnostics, ...checked.diagnostics].filter((d) => d.severity === 'error');
  if (errors.length > 0) return errors.map((d) => `${d.code}: ${d.message}`).join('; ');
  const op = checked.ops[0]?.instances[0];
  if (op === undefined) return 'no operator';
  const lowered = lower(op);
  if (!lowered.ok) return lowered.refusals.map((d) => d.message).join('; ');
  const broken = verifyGraph(lowered.graph);
  if (broken.length > 0) return `stage graph: ${JSON.stringify(broken[0])}`;
  if (arch === undefined) return 'no architecture';
  const result = await verify(cpp, lowered.graph, arch, runner, {
    cases: 12,
    configs: 3,
    seed: SEED,
    work: 4000,
    tolerances: op.tolerances,
    scratch,
  });
  if (!result.ok) return `${result.stage}: ${result.detail.slice(0, 1500)}`;
  const { failure } = result.report;
  return failure === undefined
    ? undefined
    : `${describeProblem(failure.problem)} — ${failure.shown} — ${failure.label}`;
}

describe('random operators', () => {
  it(
    `${COUNT} check, lower, compile and agree with the reference under every plan`,
    { timeout: 3_600_000 },
    async () => {
      let last = '';
      const property = fc.asyncProperty(arbitraryOp(), async ({ source }) => {
        const found = await problem(source);
        last = found === undefined ? '' : `${found}\n${source}`;
        return found === undefined;
      });
      const run = await fc.check(property, {
        numRuns: COUNT,
        seed: SEED,
        endOnFailure: false,
        interruptAfterTimeLimit: 3_000_000,
      });
      const smallest = run.counterexample?.[0].source;
      expect(
        smallest === undefined ? 'fine' : `seed ${run.seed}\n${(await problem(smallest)) ?? last}\n${smallest}`,
      ).toBe('fine');
    },
  );
});
