import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { cpp } from '../../../src/backends/cpp/cpp.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { buildRunner } from '../../../src/measure/runner-build.ts';
import { createRunner } from '../../../src/measure/runner-client.ts';
import type { Runner } from '../../../src/measure/runner-client.ts';
import { verify } from '../../../src/verify/verify.ts';
import { compile, examplesText, languageText, smallConsts } from '../../fixtures/programs.ts';

const ops = (name: string): string => readFileSync(new URL(`../../../ops/${name}.ktune`, import.meta.url), 'utf8');
const texts = [
  ops('rmsnorm'),
  ops('sigrid_hash'),
  ops('pooled_embedding'),
  ops('attention'),
  languageText,
  examplesText,
];
const operators = texts.flatMap((text) => compile(text));

function graphOf(name: string, type: string | undefined): StageGraph {
  const op = must(
    operators.find((o) => o.name === name && (type === undefined || Object.values(o.types).some((t) => t === type))),
    name,
  );
  const lowered = lower(op, smallConsts(op));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  return lowered.graph;
}

/** One program for every kind of stage, storage and loop. */
const PROGRAMS: readonly (readonly [name: string, type: string | undefined])[] = [
  ['rmsnorm', 'bf16'],
  ['sigrid_hash', undefined],
  ['pooled_embedding', 'f16'],
  ['softmax', undefined],
  ['attention_causal', 'f32'],
  ['masked_cumsum', undefined],
  ['argmax_middle', undefined],
  ['sort_rows', undefined],
  ['bucketize_sparse', undefined],
  ['calibration_bins', undefined],
  ['batch_event_truncate_list', undefined],
  ['add_rmsnorm_quant', undefined],
  ['adamw', undefined],
  ['gru_layer', undefined],
  ['maxpool2d', undefined],
];

/** Those whose loops run in vectors: where architectures differ. */
const VECTORS: ReadonlySet<string> = new Set([
  'rmsnorm',
  'sigrid_hash',
  'pooled_embedding',
  'softmax',
  'attention_causal',
  'adamw',
  'maxpool2d',
]);
const programsFor = (arch: string): typeof PROGRAMS =>
  arch === 'avx2' ? PROGRAMS : PROGRAMS.filter(([op]) => VECTORS.has(op));

let dir = '';
let runner: Runner | undefined;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-cpp-'));
  const built = await buildRunner(join(tmpdir(), 'ktune-test-cache'));
  if (!built.ok) throw new Error(built.detail);
  runner = createRunner({ command: built.path });
}, 120_000);
afterAll(async () => {
  await runner?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Text for wider instruction sets than this CPU has runs in narrower vectors: the numbers are checked all the same. */
describe.each(cpp.archs.map((a) => a.name))('cpp:%s, executed', (name) => {
  const arch = must(
    cpp.archs.find((a) => a.name === name),
    name,
  );
  test.each(programsFor(name))(
    '%s agrees with the reference under every plan',
    { timeout: 120_000 },
    async (op, type) => {
      const done = await verify(cpp, graphOf(op, type), arch, must(runner, 'runner'), {
        cases: 10,
        configs: 1,
        seed: 5,
        work: 20_000,
        tolerances: {},
        scratch: dir,
      });
      expect(done).toMatchObject({ ok: true, report: { verdict: 'pass', cases: 10 } });
    },
  );
});
