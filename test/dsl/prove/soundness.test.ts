import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { binaryExpr, intLiteral } from '../../../src/dsl/prove/construct.ts';
import { covers, disjoint, type Box } from '../../../src/dsl/prove/pieces.ts';
import { prove } from '../../../src/dsl/prove/prove.ts';
import { showExpr } from '../../../src/dsl/prove/show.ts';
import type { TExpr } from '../../../src/dsl/typed.ts';
import { facts } from './build.ts';
import { evaluate, type Point } from './evaluate.ts';
import { conditions, dataPoints, factLists, integers, points } from './random.ts';

const shown = (goal: TExpr, facts: readonly TExpr[]): string =>
  `${showExpr(goal)} given ${facts.map((f) => showExpr(f)).join('; ')}`;
const satisfying = (facts: readonly TExpr[], all: readonly Point[]): Point[] =>
  all.filter((p) => facts.every((f) => evaluate(f, p) === 1n));

/** What is proven holds at every point of the box that satisfies the facts; and enough is proven to say so. */
function checkSoundness(
  all: readonly Point[],
  goals: fc.Arbitrary<TExpr>,
  lists: fc.Arbitrary<readonly TExpr[]>,
  numRuns: number,
  atLeast: number,
): void {
  let proven = 0;
  fc.assert(
    fc.property(lists, goals, (given, goal) => {
      if (!prove(goal, given)) return;
      const sat = satisfying(given, all);
      if (sat.length > 0) proven += 1;
      expect(
        sat.filter((p) => evaluate(goal, p) !== 1n),
        shown(goal, given),
      ).toEqual([]);
    }),
    { numRuns },
  );
  expect(proven).toBeGreaterThan(atLeast);
}

test('what is proven over sizes, parameters and variables holds everywhere', () => {
  checkSoundness(points(), conditions(2, false), factLists(false), 7000, 300);
}, 120_000);

test('what is proven over data that may wrap holds everywhere', () => {
  checkSoundness(dataPoints(), conditions(1, true), factLists(true), 3000, 20);
}, 120_000);

test('the tightest bound of an expression over a box may be proven, a tighter one never', () => {
  const all = points();
  const given = facts('N == 4; M == 2; 0 <= $s; $s <= 2; i in 0..N; j in 0..M');
  const sat = satisfying(given, all);
  fc.assert(
    fc.property(integers(2, false), (e) => {
      const values = sat.map((p) => evaluate(e, p));
      const least = values.reduce((a, b) => (a < b ? a : b));
      const most = values.reduce((a, b) => (a > b ? a : b));
      expect(prove(binaryExpr('gt', e, intLiteral(least)), given), `${showExpr(e)} > ${least}`).toBe(false);
      expect(prove(binaryExpr('lt', e, intLiteral(most)), given), `${showExpr(e)} < ${most}`).toBe(false);
    }),
    { numRuns: 1500 },
  );
}, 120_000);

test('pieces: disjoint and covering agree with counting the points', () => {
  const range = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(range, range), { minLength: 1, maxLength: 4 }), (raw) => {
      const boxes: Box[] = raw.map((axes) => axes.map(([lo, hi]) => ({ lo: intLiteral(lo), hi: intLiteral(hi) })));
      const counts = Array.from(
        { length: 9 },
        (_, k) =>
          raw.filter(([[a, b], [c, d]]) => a <= k % 3 && k % 3 < b && c <= Math.floor(k / 3) && Math.floor(k / 3) < d)
            .length,
      );
      expect(covers(boxes, [intLiteral(3), intLiteral(3)], [])).toBe(counts.every((n) => n > 0));
      const everywhere = Array.from(
        { length: 16 },
        (_, k) => raw.filter(([[a, b], [c, d]]) => a <= k % 4 && k % 4 < b && c <= k >> 2 && k >> 2 < d).length,
      );
      expect(disjoint(boxes, [])).toBe(everywhere.every((n) => n <= 1));
    }),
    { numRuns: 400 },
  );
}, 60_000);
