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

/** What the oracle does not know is no verdict. */
function compared(op: TOp): boolean {
  try {
    return compare(op, {}, 5) >= 0;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('oracle: ')) return false;
    throw error;
  }
}

it('lowering means what a random operator says', () => {
  let judged = 0;
  fc.assert(
    fc.property(arbitraryOp(), ({ source }) => {
      const op = compiled(source);
      fc.pre(op !== undefined);
      judged += compared(op) ? 1 : 0;
    }),
    { numRuns: 40, seed: 3 },
  );
  expect(judged).toBeGreaterThan(20);
});
