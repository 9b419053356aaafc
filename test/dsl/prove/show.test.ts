import { describe, expect, test } from 'vitest';
import { bounds, known } from '../../../src/dsl/prove/bounds.ts';
import { contradictory, prove, proveEqual } from '../../../src/dsl/prove/prove.ts';
import { showExpr } from '../../../src/dsl/prove/show.ts';
import { expr, facts } from './build.ts';

test.each([
  'i + 1 < N',
  'a - (b - c)',
  '(a + b) * c',
  'a * (b // c)',
  '-(a + b)',
  '(a & b) | c',
  'min(len(L, b), N)',
  'x[i, clamp j]',
  'a < b && (c < d || e == f)',
  '(if a < b then a else b) + 1',
  'h[n] as u64 % 8',
])('source notation: %s', (text) => {
  expect(showExpr(expr(text.replace('clamp j', 'clamp j : N')))).toBe(text);
});

test('ids show as names', () => {
  expect(showExpr({ ...expr('v'), kind: 'var', id: 'i#3' })).toBe('i');
  expect(showExpr(expr('v + N'), (id) => `<${id}>`)).toBe('<v> + N');
});

describe('bounds', () => {
  const shown = (e: string, given: string): string => {
    const { lo, end } = bounds(expr(e), facts(given));
    return `${lo === undefined ? '?' : showExpr(lo)}..${end === undefined ? '?' : showExpr(end)}`;
  };
  test.each([
    ['i + 1', 'i in 0..N', '1..N + 1'],
    ['N - 1 - i', 'i in 0..N', '0..N'],
    ['g*C + c', 'g in 0..G; c in 0..C', '0..G * C'],
    ['i*2 + r', 'i in 0..OH; r in 0..3', '0..2 * OH + 1'],
    ['min(i, N)', 'i in 0..M', '?..M'],
    ['x[i]', '', '?..?'],
    ['7', '', '7..8'],
  ])('of %s given %s: %s', (e, given, want) => {
    expect(shown(e, given)).toBe(want);
  });
});

test('what is known: ranges joined, other facts as they are, nothing about strangers', () => {
  const given = facts('i in 0..N; r in 0..R; i + r >= $p; z in 0..Z');
  expect(known(expr('i + r - 1'), given)).toBe('0 <= i < N, 0 <= r < R, i + r >= p');
  expect(known(expr('q'), given)).toBe('');
});

test.each([
  ['OH', 'H', 'OH == (H + 2*1 - 3)//1 + 1'],
  ['(G*C)//C', 'G', 'C >= 1'],
  ['(G*C) / C', 'G', 'C >= 1'],
  ['(a + b)*(a - b)', 'a*a - b*b', ''],
  ['W', 'D + E', 'W == D + E + 1 - $k; $k == 1'],
  ['(2*h + 1)//2', 'h', ''],
  ['max(a, b) + min(a, b)', 'a + b', ''],
  ['(g*C + c)//C', 'g', 'g in 0..G; c in 0..C'],
  ['(g*C + c)%C', 'c', 'g in 0..G; c in 0..C'],
  ['len(P, b)', 'len(L, c)', 'len(P, b) == len(L, b); b == c'],
])('equal: %s and %s given %s', (a, b, given) => {
  expect(proveEqual(expr(a), expr(b), facts(given))).toBe(true);
});
test.each([
  ['OH', 'H', 'OH == (H + 2*1 - 3)//2 + 1'],
  ['(G*C)//C', 'G', ''],
  ['N', 'M', 'N <= M'],
  ['len(L, b)', 'len(L, c)', ''],
  ['x[i]', 'y[i]', ''],
])('not equal: %s and %s given %s', (a, b, given) => {
  expect(proveEqual(expr(a), expr(b), facts(given))).toBe(false);
});

test('conditions that are not about integers follow from themselves only', () => {
  expect(prove(expr('m.bool[i] || i < 0'), facts('m.bool[j]; i == j'))).toBe(true);
  expect(prove(expr('m.bool[i]'), facts('m.bool[j]'))).toBe(false);
  expect(prove(expr('?a'), facts('?a || ?b; !?b'))).toBe(true);
});

test('facts that leave no point prove anything, and say so', () => {
  expect(contradictory(facts('i in 0..N; N == 0'))).toBe(true);
  expect(contradictory(facts('2*i == 2*j + 1'))).toBe(true);
  expect(contradictory(facts('i in 0..N'))).toBe(false);
});
