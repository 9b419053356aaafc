import { describe, expect, test } from 'vitest';
import { covers, disjoint, firstOverlap, type Box } from '../../../src/dsl/prove/pieces.ts';
import { expr, facts } from './build.ts';

/** Boxes from `lo..hi` per axis, axes separated by semicolons; `k` is `k..k + 1`; `v: lo..hi` names the axis. */
function box(text: string): Box {
  return text.split(';').map((axis) => {
    const [, name, range = ''] = /^\s*(?:(\w+):)?(.*)$/.exec(axis) ?? [];
    const [lo = '', hi = `${lo} + 1`] = range.split('..');
    return { lo: expr(lo), hi: expr(hi), ...(name === undefined ? {} : { variable: name }) };
  });
}
const pieces = (...texts: string[]): Box[] => texts.map(box);

const TILINGS: readonly (readonly [string, Box[], string, string])[] = [
  ['one piece', pieces('0..N'), 'N', ''],
  ['concat of three', pieces('0..N; 0..D', '0..N; D..D + E', '0..N; D + E..W'), 'N, W', 'W == D + E + 1'],
  ['rope by halves', pieces('0..B; 0; 0..E', '0..B; 1; 0..E'), 'B, 2, E', ''],
  ['two states in one', pieces('0; 0..B', '1; 0..B'), '2, B', ''],
  ['first row apart', pieces('0', '1..N'), 'N', 'N >= 1'],
  ['four quadrants', pieces('0..A; 0..B', '0..A; B..M', 'A..N; 0..B', 'A..N; B..M'), 'N, M', 'A <= N; B <= M'],
  ['a cut within a range', pieces('0..min(A, N)', 'min(A, N)..N'), 'N', ''],
  ['below, on and above the diagonal', pieces('i: 0..N; 0..i', 'i: 0..N; i', 'i: 0..N; i + 1..N'), 'N, N', ''],
];
describe('pieces that tile', () => {
  test.each(TILINGS)('%s', (_, boxes, extents, given) => {
    expect(disjoint(boxes, facts(given))).toBe(true);
    expect(covers(boxes, extents.split(',').map(expr), facts(given))).toBe(true);
  });
});

const OVERLAPS: readonly (readonly [string, Box[], string])[] = [
  ['the same piece twice', pieces('0..N', '0..N'), ''],
  ['one element shared', pieces('0..D + 1', 'D..W'), 'D < W'],
  ['the first row twice', pieces('0', '0..N'), ''],
  ['a cut of unknown sign', pieces('0..$k', '$j..N'), ''],
  ['one axis apart is needed', pieces('0..A; 0..B', '0..A; 0..B'), 'A <= N'],
];
describe('pieces that overlap', () => {
  test.each(OVERLAPS)('%s', (_, boxes, given) => {
    expect(firstOverlap(boxes, facts(given))).toEqual([0, 1]);
  });
  test('the pair is named', () => {
    expect(firstOverlap(pieces('0..A', 'A..B', 'B - 1..C'), facts('A < B; B < C'))).toEqual([1, 2]);
  });
});

const GAPS: readonly (readonly [string, Box[], string, string])[] = [
  ['no pieces', [], 'N', ''],
  ['the end is missing', pieces('0..D', 'D..D + E'), 'W', 'W == D + E + 1'],
  ['the start is missing', pieces('1..N'), 'N', ''],
  ['a gap between', pieces('0..D', 'D + 1..N'), 'N', 'D < N'],
  ['third of three', pieces('0; 0..E', '1; 0..E'), '3, E', ''],
  ['a corner is missing', pieces('0..A; 0..M', 'A..N; 0..B'), 'N, M', 'A <= N; B <= M'],
  ['the diagonal is missing', pieces('i: 0..N; 0..i', 'i: 0..N; i + 1..N'), 'N, N', ''],
];
describe('pieces that leave something out', () => {
  test.each(GAPS)('%s', (_, boxes, extents, given) => {
    expect(covers(boxes, extents.split(',').map(expr), facts(given))).toBe(false);
  });
});
