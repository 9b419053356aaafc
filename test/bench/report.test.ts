import { expect, test } from 'vitest';
import { largestError } from '../../bench/error.ts';
import { benchReport, geomean, markdown } from '../../bench/report.ts';
import type { BenchReport, CaseResult } from '../../bench/report.ts';
import { tensor } from '../../src/codegen/numeric/tensor.ts';

const bytesOf = (values: ArrayLike<number>): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

test('the geometric mean of factors and their inverses is one', () => {
  expect(geomean([2, 0.5, 4, 0.25])).toBeCloseTo(1);
  expect(geomean([])).toBeNaN();
});

test('errors are ulps of the element, or of the usual size where terms cancel', () => {
  const values = Float64Array.of(1, 1 / 1024);
  const expected = { tensor: tensor('f32', [2], values), values };
  const off = bytesOf([1 + 2 ** -22, 1 / 1024]);
  expect(largestError(expected, off, 'element')).toBe(2);
  const small = bytesOf([1, 1 / 1024 + 2 ** -24]);
  expect(largestError(expected, small, 'element')).toBe(512);
  expect(largestError(expected, small, 'usual')).toBe(1);
});

test('only elements that the reference evaluated count, integers in units, NaN is as wrong as can be', () => {
  const covered = [{ start: 1, end: 2 }];
  const floats = { tensor: tensor('f32', [2], [0, 3]), covered };
  expect(largestError(floats, bytesOf([9, 3]), 'element')).toBe(0);
  expect(largestError(floats, bytesOf([0, Number.NaN]), 'element')).toBe(Infinity);
  expect(largestError({ tensor: tensor('i8', [2], [5, -3]) }, Uint8Array.of(7, 0xfd), 'element')).toBe(2);
});

const one = { value: 2, low: 1.5, high: 2.5 };
const result: CaseResult = {
  name: 'softmax',
  op: 'softmax',
  shape: 'B=4 D=8',
  patterns: ['row'],
  config: { unroll: 4 },
  tuning: { evals: 9, seconds: 10, stop: 'seconds' },
  tuned: { name: 'tuned', ms: 1 },
  byDefault: { name: 'default', ms: 1.5 },
  peers: [
    { name: 'eager softmax', ms: 2 },
    { name: 'numpy softmax', ms: 1 },
  ],
  rival: 'eager softmax',
  plain: [{ name: 'eager softmax', ms: 8 }],
  slow: [{ name: 'compile other', ms: 90 }],
  refused: [{ name: 'compile softmax', message: 'no compiler' }],
  ratio: one,
  defaultRatio: one,
  plainRatio: one,
  roof: { share: 0.5, bound: 'memory', copyGBs: 20 },
  probe: { before: 100, after: 101 },
  errors: [{ result: 'y', ours: 1.5, peer: 0.5, form: 'eager softmax' }],
};
const report: BenchReport = {
  schema: 'ktune-bench/1',
  machine: 'a CPU',
  target: 'cpp:avx2',
  date: '2026-01-01',
  rounds: 15,
  budget: 60,
  load: [0.1, 0.2],
  versions: { torch: '2' },
  geomean: 2,
  results: [result],
  failures: [{ name: 'cumsum', reason: 'no config is valid' }],
};

test('a report survives its JSON, and a missing field is refused', () => {
  expect(benchReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  expect(benchReport.safeParse({ ...report, geomean: undefined }).success).toBe(false);
});

test('the page names the rival, what did not run and what failed', () => {
  const page = markdown(report);
  expect(page).toContain('| softmax | 1.00 | eager softmax | 2.00 | **2.00× (1.50–2.50)** |');
  expect(page).toContain('compile softmax: does not run (no compiler)');
  expect(page).toContain('cumsum | fails: no config is valid');
  expect(page).toContain('eager softmax: 2.00 ms, as users run it 8.00 ms');
});
