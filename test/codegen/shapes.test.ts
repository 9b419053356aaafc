import { describe, expect, it } from 'vitest';
import { bindShapes } from '../../src/codegen/shapes/bind-shapes.ts';
import type { Given } from '../../src/codegen/shapes/bind-shapes.ts';
import { splitShape } from '../../src/codegen/shapes/split-shape.ts';
import type { Consts } from '../../src/codegen/lower/lower.ts';
import { compileOp, examplesText, languageText } from '../fixtures/programs.ts';

const bound = (text: string, given: Given, consts: Consts = {}, name?: string): unknown => {
  const r = bindShapes(compileOp(text, name), consts, given);
  return r.ok ? { ...r.shapes.dims, ...r.shapes.perElement } : r.diagnostics.map((d) => d.message);
};

describe('bindShapes finds every dim', () => {
  it('from names', () => {
    expect(bound(examplesText, { dims: { B: 4, D: 8 } }, {}, 'rmsnorm')).toEqual({ B: 4, D: 8 });
  });
  it('from arrays; a pack takes what the others leave', () => {
    expect(bound(examplesText, { arrays: { x: [2, 3, 8], w: [8] } }, {}, 'rmsnorm')).toEqual({ B: 6, D: 8 });
    expect(bound(examplesText, { arrays: { x: [8], w: [8] } }, {}, 'rmsnorm')).toEqual({ B: 1, D: 8 });
  });
  it('as the unknown factor of a composite', () => {
    expect(bound(examplesText, { arrays: { x: [2, 12, 5, 5] } }, { G: 4n }, 'groupnorm')).toEqual({
      N: 2,
      C: 3,
      S: 25,
    });
  });
  it('from derived sizes', () => {
    const conv = { arrays: { x: [1, 4, 9, 8], w: [6, 4, 3, 3] } };
    expect(bound(languageText, conv, { s: 2n, p: 1n }, 'conv2d')).toMatchObject({ C: 4, K: 6, OH: 5, OW: 4 });
  });
  it('by list element', () => {
    const op = 'op a(x{f in F}: f32[N], const F: i64) -> (y: f32[F]) { y[f] = sum[i](x{f}[i]); }';
    expect(bound(op, { arrays: { x: [[3], [5]] } }, { F: 2n })).toEqual({ N: [3, 5] });
  });
  it('from the bytes of packed rows', () => {
    expect(bound(languageText, { arrays: { w: [10, 24], ids: [7], off: [4] } }, {}, 'tbe_int8')).toEqual({
      V: 10,
      D: 16,
      B: 3,
    });
  });
  it('also where it is 0', () => {
    expect(bound(examplesText, { dims: { B: 0, D: 0 } }, {}, 'rmsnorm')).toEqual({ B: 0, D: 0 });
  });
});

describe('bindShapes explains what is wrong', () => {
  const op =
    'op a(x: f32[N, (G, C)], w: f32[C], const G: i64) -> (y: f32[N, M]) dim M = C - 3; where N <= C, G >= 1 { y[n, m] = x[n, (0, m)] * w[m]; }';
  const say = (given: Given, consts: Consts = { G: 2n }): unknown => bound(op, given, consts);
  it.each<[string, Given, RegExp]>([
    ['a missing dim', { dims: { N: 2 } }, /dim `C` has no value/],
    ['an unknown name', { dims: { N: 2, C: 5, Z: 1 } }, /no dim, const or integer parameter `Z`/],
    ['a negative value', { dims: { N: -2, C: 5 } }, /`N` = -2 is not a whole number/],
    ['a fraction', { dims: { N: 2.5, C: 5 } }, /`N` = 2.5 is not a whole number/],
    ['a negative derived dim', { dims: { N: 1, C: 2 } }, /dim `M` = C - 3 would be -1 with C = 2/],
    [
      'an inexact division',
      { arrays: { x: [2, 9], w: [4] } },
      /axis 1 of `x` has extent 9, which is not a multiple of 2/,
    ],
    ['two extents that differ', { arrays: { x: [2, 8], w: [5] } }, /axis 0 of `w` has extent 5, but C is 4/],
    ['a wrong rank', { arrays: { x: [2, 8, 1], w: [4] } }, /`x` has 3 axes, 2 are declared/],
    ['a fact that does not hold', { dims: { N: 6, C: 5 } }, /`N <= C` does not hold with N = 6, C = 5/],
    ['too many elements', { dims: { N: 2 ** 40, C: 2 ** 41 } }, /`x` would have .* elements, more than 2\^53/],
  ])('%s', (_, given, message) => expect(String(say(given))).toMatch(message));
});

it('bindShapes needs its consts', () => {
  expect(bound(examplesText, { dims: { N: 2, C: 3, S: 4 } }, {}, 'groupnorm')).toEqual(['const `G` has no value']);
});
it('splitShape tells consts from dims', () => {
  expect(splitShape(compileOp(examplesText, 'groupnorm'), { N: 2, G: 4 })).toEqual({
    consts: { G: 4n },
    dims: { N: 2 },
    diagnostics: [],
  });
});
