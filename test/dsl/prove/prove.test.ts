import { describe, expect, test } from 'vitest';
import { proveInRange } from '../../../src/dsl/prove/prove.ts';
import { expr, facts } from './build.ts';
import { PROVEN } from './proven.ts';
import { UNPROVEN } from './unproven.ts';

describe('ranges that must be proven', () => {
  test.each(PROVEN)('$of: 0 <= $value < $extent', ({ value, extent, facts: given }) => {
    expect(proveInRange(expr(value), expr(extent), facts(given))).toBe(true);
  });
});
describe('ranges that must not be proven', () => {
  test.each(UNPROVEN)('$of: 0 <= $value < $extent', ({ value, extent, facts: given }) => {
    expect(proveInRange(expr(value), expr(extent), facts(given))).toBe(false);
  });
});
