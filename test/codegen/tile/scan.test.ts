import fc from 'fast-check';
import { expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { printTile } from '../../../src/codegen/ir/tile-print.ts';
import { verifyTile } from '../../../src/codegen/ir/tile-verify.ts';
import { lower } from '../../../src/codegen/lower/lower.ts';
import { planNamed } from '../../../src/codegen/plan/planner.ts';
import { lowerProgram } from '../../../src/codegen/tile/program.ts';
import { arbitraryCase } from '../../../src/verify/arbitrary.ts';
import { wrongElement } from '../../fixtures/interpreted.ts';
import { compile, smallConsts } from '../../fixtures/programs.ts';

const scan = (fold: string, compare: string, type: string): string =>
  `op a(x: ${type}[N, D]) -> (y: ${type}[N, D]) { y[n, i] = ${fold}[j where j ${compare} i](x[n, j]); }`;

test.each([
  ['inclusive', scan('sum', '<=', 'f32'), true],
  ['exclusive', scan('sum', '<', 'f32'), true],
  ['from behind', scan('sum', '>=', 'i32'), true],
  ['from behind, exclusive', scan('max', '>', 'f32'), true],
  ['of products', scan('prod', '<=', 'f32'), true],
  [
    'of some elements',
    'op a(x: f32[N, D], m: bool[N, D]) -> (y: f32[N, D]) { y[n, i] = sum[j where j <= i && m[n, j]](x[n, j]); }',
    false,
  ],
])('scan %s, interpreted in lanes: agrees with the reference', (_, text, lanes) => {
  const op = must(compile(text)[0], 'operator');
  const lowered = lower(op, smallConsts(op));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  const { graph } = lowered;
  const programs = [1, 2].map((unroll) =>
    lowerProgram(planNamed(graph, 'fused'), {
      outer: { kind: 'part' },
      schedule: () => ({ bytes: 16, unroll, accumulators: 2, stream: true, prefetch: 0, ahead: 0, halves: false }),
      facts: (w) => ({ ...w }),
    }),
  );
  for (const p of programs) {
    expect(verifyTile(p), printTile(p)).toEqual([]);
    expect(printTile(p).includes('scanTile')).toBe(lanes);
  }
  fc.assert(
    fc.property(
      arbitraryCase(graph, { work: 1500, styles: ['integers', 'uniform', 'special'] }),
      fc.nat(programs.length - 1),
      (c, k) => {
        expect(wrongElement(graph, must(programs[k], 'program'), c)).toBeUndefined();
      },
    ),
    { numRuns: 20, seed: 7 },
  );
});
