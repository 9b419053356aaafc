import { describe, expect, test } from 'vitest';
import { rampOf } from '../../../src/backends/clike/prelude/ramp.ts';
import * as t from '../../../src/codegen/ir/tile-build.ts';
import type { Val } from '../../../src/codegen/ir/tile.ts';

const m = t.name('m', { dtype: 'i64', lanes: 1 });
const lanes = (v: Val): Val => t.splat(v, 8);

describe('lanes at equal steps', () => {
  test('positions of a vector, and distances to them', () => {
    const here = t.add(lanes(m), t.iota(8));
    expect(rampOf(here)).toEqual({ base: m, step: 1n });
    expect(rampOf(t.sub(lanes(t.int(7)), here))?.step).toBe(-1n);
    expect(rampOf(t.mul(here, lanes(t.int(-3))))?.step).toBe(-3n);
  });
  test.each([
    ['steps that only the run knows', t.mul(t.iota(8), lanes(m))],
    ['steps too long for f32', t.mul(t.iota(8), lanes(t.int(1n << 20n)))],
    ['lanes that are not linear', t.mul(t.iota(8), t.iota(8))],
    ['lanes of another name', t.name('v', { dtype: 'i64', lanes: 8 })],
    ['another type', t.splat(t.int(1, 'i32'), 8)],
  ])('not %s', (_, v) => {
    expect(rampOf(v)).toBeUndefined();
  });
});
