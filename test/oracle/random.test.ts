import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TOp } from '../../src/dsl/typed.ts';
import { compile } from '../fixtures/programs.ts';
import { arbitraryOp } from '../property/random-op.ts';
import { compare } from './compare.ts';

/** The operator, or undefined where the generator made one that the checker cannot prove. */
function compiled(source: string): TOp | undefined {
  try {
    return compile(source)[0];
  } catch {
    return undefined;
  }
}

it('lowering means what a random operator says', () => {
  fc.assert(
    fc.property(arbitraryOp(), ({ source }) => {
      const op = compiled(source);
      fc.pre(op !== undefined);
      expect(compare(op, {}, 5)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 40 },
  );
});
