import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../src/assert.ts';
import type { Backend } from '../../src/backends/backend.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { prepareRunner } from '../../src/measure/runner-build.ts';
import { createRunner } from '../../src/measure/runner-client.ts';
import type { Runner } from '../../src/measure/runner-client.ts';
import { describeProblem } from '../../src/verify/counterexample.ts';
import { verify } from '../../src/verify/verify.ts';
import { compile, examplesText, languageText, smallConsts } from '../fixtures/programs.ts';

const library = (name: string): string => readFileSync(new URL(`../../ops/${name}.ktune`, import.meta.url), 'utf8');
const FILES = [
  'rmsnorm',
  'sigrid_hash',
  'pooled_embedding',
  'attention',
  'matmul',
  'linear',
  'conv2d',
  'column_sum',
  'layernorm',
  'row_quant_int8',
  'jagged_elementwise',
];
const operators = [...FILES.map(library), languageText, examplesText].flatMap((text) => compile(text));

/** The graph of an operator of the library, the language's description or the examples; `type` picks the instance. */
export function graphOf(name: string, type?: string): StageGraph {
  const op = must(
    operators.find((o) => o.name === name && (type === undefined || Object.values(o.types).some((t) => t === type))),
    name,
  );
  const lowered = lower(op, smallConsts(op));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  return lowered.graph;
}

/** Operators by name, with the type of the instance where there are several. */
export type Programs = readonly (readonly [name: string, type?: string])[];

/** One program for every kind of stage, storage and loop: every target must have each right, or refuse it with a reason. */
export const EVERY_KIND: Programs = [
  ['rmsnorm', 'bf16'],
  ['sigrid_hash'],
  ['pooled_embedding', 'f16'],
  ['softmax'],
  ['attention_causal', 'f32'],
  ['masked_cumsum'],
  ['argmax_middle'],
  ['sort_rows'],
  ['bucketize_sparse'],
  ['calibration_bins'],
  ['batch_event_truncate_list'],
  ['add_rmsnorm_quant'],
  ['adamw'],
  ['gru_layer'],
  ['maxpool2d'],
];

export interface Effort {
  readonly cases: number;
  /** Random configs beside the default of each plan. */
  readonly configs: number;
  /** Bound on the loop iterations of a case. */
  readonly work: number;
}

/** What every target has to pass: its emitted text, compiled and executed, agrees with the reference under every plan. */
export function backendSuite(backend: Backend, archName: string, programs: Programs, effort: Effort): void {
  describe(`${backend.name}:${archName}, executed`, () => {
    const arch = must(
      backend.archs.find((a) => a.name === archName),
      archName,
    );
    let dir = '';
    let runner: Runner | undefined;
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'ktune-conformance-'));
      const prepared = await prepareRunner(backend.runner(arch), join(tmpdir(), 'ktune-test-cache'));
      if (!prepared.ok) throw new Error(prepared.detail);
      runner = createRunner({ command: prepared.command, args: prepared.args, startMs: 60_000 });
    }, 120_000);
    afterAll(async () => {
      await runner?.close();
      rmSync(dir, { recursive: true, force: true });
    });
    const cases = programs.map(([op, type]) => ({ op, type }));
    test.each(cases)('$op agrees with the reference under every plan', { timeout: 120_000 }, async ({ op, type }) => {
      const done = await verify(backend, graphOf(op, type), arch, must(runner, 'runner'), {
        ...effort,
        seed: 5,
        tolerances: {},
        scratch: dir,
      });
      if (!done.ok) throw new Error(done.detail);
      const { failure, cases } = done.report;
      expect(failure && describeProblem(failure.problem)).toBeUndefined();
      expect(cases).toBe(effort.cases);
    });
  });
}
