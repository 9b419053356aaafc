import { describe, expect, test } from 'vitest';
import { lower } from '../../src/codegen/lower/lower.ts';
import { symmetriesOf } from '../../src/verify/properties/symmetry.ts';
import { compileOp } from '../fixtures/programs.ts';

function symmetries(text: string): readonly string[] {
  const lowered = lower(compileOp(text));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  return symmetriesOf(lowered.graph)
    .map((s) => `${s.kind} ${s.name}`)
    .toSorted();
}

describe('symmetries that are read off the stage graph', () => {
  test.each([
    ['pointwise: each position stands alone', 'y[n, d] = exp(x[n, d]);', ['rows D', 'rows N']],
    [
      'a fold of the columns: rows stand alone, columns have no order',
      'y[n, d] = softmax[d](x[n, d]);',
      ['order D', 'rows N'],
    ],
    ['a shift ties neighbours to each other', 'y[n, d] = x[n, d] + (x[n, d - 1] ?? 0.0);', ['rows N']],
    ['a running sum has an order', 'y[n, d] = sum[k where k <= d](x[n, k]);', ['rows N']],
    ['the index as a value is a position', 'y[n, d] = x[n, d] * (d as f32);', ['rows N']],
    ['one fixed row that all read', 'y[n, d] = x[n, d] - x[clamp 0, d];', ['rows D']],
  ])('%s', (_, body, wanted) => {
    expect(symmetries(`op f(x: f32[N, D]) -> (y: f32[N, D]) { ${body} }`)).toEqual(wanted);
  });

  test('ragged rows stand alone, their items have no order where they are only folded', () => {
    const op = (value: string): string => `op f(v: f32[B, ~L(off)], off: i64[B+1]) -> (o: f32[B]) { o[b] = ${value}; }`;
    expect(symmetries(op('sum[l](v[b, l])'))).toEqual(['items L', 'rows B']);
    // What is read by its place in the array is not followed: nothing is claimed.
    expect(symmetries(op('(v[b, 0] ?? 0.0)'))).toEqual([]);
  });
});
