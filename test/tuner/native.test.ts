import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { must } from '../../src/assert.ts';
import { cpp } from '../../src/backends/cpp/cpp.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { buildRunner } from '../../src/measure/runner-build.ts';
import { createRunner } from '../../src/measure/runner-client.ts';
import { openStore } from '../../src/store/records.ts';
import type { Subject } from '../../src/tuner/subject.ts';
import { random } from '../../src/tuner/strategies/random.ts';
import { tune } from '../../src/tuner/tune.ts';
import { caseData } from '../../src/verify/data.ts';
import { callInputs } from '../../src/verify/execute.ts';
import { sampledOracle } from '../../src/verify/sampled.ts';
import { resolveSizes } from '../../src/verify/sizes.ts';
import { compileOp } from '../fixtures/programs.ts';
import { CACHE } from '../measure/runner-fixture.ts';

const dir = mkdtempSync(join(tmpdir(), 'ktune-native-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const TEXT = `op scaled(x: f32[B, D], s: f32[D]) -> (y: f32[B, D]) {
  let m[b] = max[d](abs(x[b, d]));
  y[b, d] = x[b, d] * s[d] / (m[b] + 1.0);
}`;

function subject(): Subject {
  const lowered = lower(compileOp(TEXT));
  if (!lowered.ok) throw new Error('refused');
  const { graph } = lowered;
  const sizes = resolveSizes(graph, {
    dims: { B: 64, D: 300 },
    elements: {},
    lens: {},
    scalars: {},
    style: 'normal',
    seed: 1,
  });
  if (typeof sizes === 'string') throw new Error(sizes);
  const data = caseData(
    graph,
    { dims: { B: 64, D: 300 }, elements: {}, lens: {}, scalars: {}, style: 'normal', seed: 1 },
    sizes,
  );
  const oracle = sampledOracle(graph, sizes, data, {}, { count: 16, seed: 1 });
  return {
    op: graph.name,
    graphHash: 'scaled',
    graph,
    backend: cpp,
    arch: must(
      cpp.archs.find((a) => a.name === 'generic'),
      'generic',
    ),
    hint: { dims: { B: 64, D: 300 } },
    inputs: callInputs(graph, sizes, data, oracle.room),
    async verify({ outputs }) {
      const c = await oracle.compare((buf, ranges) => outputs.read(buf, ranges));
      return { ok: c.mismatch === undefined, detail: JSON.stringify(c.mismatch ?? c.elements) };
    },
  };
}

test('the C++ backend is tuned with a real compiler, a real runner and the reference', async () => {
  const built = await buildRunner(CACHE);
  if (!built.ok) throw new Error(built.detail);
  const store = openStore(join(dir, 'records.db'));
  const result = await tune({
    subject: subject(),
    strategy: random,
    seed: '1',
    budget: { seconds: 300, evals: 12 },
    store,
    startRunner: () => createRunner({ command: built.path }),
    outDir: join(dir, 'objects'),
    scratch: join(dir, 'scratch'),
    machine: 'here',
    fresh: false,
    signal: new AbortController().signal,
  });
  expect(result.diagnostics.filter((d) => d.code !== 'machine-noisy')).toEqual([]);
  expect(result.summary).toMatchObject({ evals: 12, stop: 'evals', failed: {}, winner: { confirmed: true } });
  expect(result.summary?.bytes).toBeGreaterThanOrEqual(2 * 4 * 64 * 300);
  expect(result.summary?.winner.time?.low).toBeGreaterThan(0);
  expect(result.emitted?.text).toContain('scaled');
  store.close();
}, 240_000);
