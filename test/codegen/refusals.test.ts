import { expect, it } from 'vitest';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import type { SHAPES } from '../../src/diagnostics/catalog-shapes.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import type { Consts } from '../../src/codegen/lower/lower.ts';
import { bindShapes } from '../../src/codegen/shapes/bind-shapes.ts';
import type { Given } from '../../src/codegen/shapes/bind-shapes.ts';
import { compileOp } from '../fixtures/programs.ts';

const OP = `op scale(x: f32[N, (G, C)], w: f32[C], const G: i64, const k: i32 = 1) -> (y: f32[N, M]) dim M = C - 3; where G >= 1 {
  y[n, m] = x[n, (0, m)] * w[m] * k;
}`;
const LIST = 'op total(x{f in F}: f32[N], const F: i64) -> (y: f32[F]) { y[f] = sum[n](x{f}[n]); }';
const shapes = (given: Given, text = OP, consts: Consts = { G: 2n }): readonly Diagnostic[] => {
  const r = bindShapes(compileOp(text), consts, given);
  return r.ok ? [] : r.diagnostics;
};
const consts = (values: Consts, text = OP): readonly Diagnostic[] => {
  const r = lower(compileOp(text), values);
  return r.ok ? [] : r.refusals;
};
/** One failing example for each code: a new code without one does not compile. */
const EXAMPLES: Readonly<Record<keyof typeof SHAPES, () => readonly Diagnostic[]>> = {
  'shape-missing': () => shapes({ dims: { N: 2 } }),
  'shape-name': () => shapes({ dims: { N: 2, C: 5, Z: 1 } }),
  'shape-value': () => shapes({ dims: { N: 2.5, C: 5 } }),
  'shape-negative': () => shapes({ dims: { N: 1, C: 2 } }),
  'shape-large': () => shapes({ dims: { N: 2 ** 40, C: 2 ** 41 } }),
  'shape-divide': () => shapes({ arrays: { x: [2, 9], w: [4] } }),
  'shape-differs': () => shapes({ arrays: { x: [2, 8], w: [5] } }),
  'shape-rank': () => shapes({ arrays: { x: [2, 8, 1], w: [4] } }),
  'shape-list': () => shapes({ arrays: { x: [[2], [3]] } }, LIST, { F: 3n }),
  'shape-fact': () =>
    shapes(
      { dims: { N: 6, C: 5 } },
      'op a(x: f32[N], w: f32[C]) -> (y: f32[N]) where N <= C { y[n] = x[n] + w[n]; }',
      {},
    ),
  'const-missing': () => consts({}),
  'const-type': () => consts({ G: true }),
  'const-unknown': () => consts({ G: 2n, Z: 1n }),
  'const-fact': () => consts({ G: 0n }),
  'const-extent': () =>
    consts({ k: 1n }, 'op a(x: f32[k - 3, N], const k: i64) -> (y: f32[N]) { y[n] = sum[i](x[i, n]); }'),
  'const-dim': () =>
    consts({ k: 1n }, 'op a(x: f32[N], const k: i64) -> (y: f32[N, M]) dim M = k - 3; { y[n, m] = x[n]; }'),
};

it.each(Object.entries(EXAMPLES))('%s', (code, run) => {
  const found = run();
  expect(found.map((d) => d.code)).toContain(code);
  expect(found.map((d) => `${d.code}: ${d.message}${d.hint === undefined ? '' : ` (${d.hint})`}`)).toMatchSnapshot();
});
