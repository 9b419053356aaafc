import { expect, test } from 'vitest';
import { add, atomPoly, constant, mul, plus, scale, sub, type Poly } from '../../../src/dsl/prove/poly.ts';
import { createStore, type Store } from '../../../src/dsl/prove/store.ts';

const [x, y, z] = [atomPoly(0), atomPoly(1), atomPoly(2)];
const endless = (): Store => createStore(() => true);
/** Asserts poly >= 0, resting on a decision. */
const assert = (store: Store, poly: Poly, deps: number): void =>
  expect(store.assert(poly, false, deps)).toBe(undefined);

test('a contradiction names the decisions it rests on, and no others', () => {
  const store = endless();
  assert(store, sub(y, x), 1);
  assert(store, sub(z, y), 2);
  assert(store, plus(z, -100n), 4);
  assert(store, plus(sub(x, z), -1n), 8);
  expect(store.check()).toBe(1 | 2 | 8);
});

test('undoing takes a contradiction back', () => {
  const store = endless();
  assert(store, sub(y, x), 1);
  assert(store, sub(z, y), 2);
  const mark = store.mark();
  assert(store, plus(sub(x, z), -1n), 4);
  expect(store.check()).toBe(7);
  store.undo(mark);
  expect(store.check()).toBe(undefined);
  assert(store, sub(x, z), 4);
  expect(store.check()).toBe(undefined);
});

test('integers: 2x = 2y + 1 has no solution, 2x >= 1 means x >= 1', () => {
  expect(endless().assert(plus(sub(scale(x, 2n), scale(y, 2n)), -1n), true, 1)).toBe(1);
  const store = endless();
  assert(store, plus(scale(x, 2n), -1n), 1);
  expect(store.assert(scale(x, -1n), false, 2)).toBe(3);
});

test('a product rests on the constraint and on the signs of its factor', () => {
  const store = endless();
  assert(store, z, 2);
  assert(store, sub(y, x), 1);
  assert(store, plus(mul(x, z), -1n), 4);
  assert(store, scale(mul(y, z), -1n), 8);
  expect(store.check()).toBe(undefined);
  expect(store.saturate()).toBe(15);
});

test('a product of two constraints rests on both', () => {
  // x + y <= 3 and x - y >= 1, yet (3 - x - y)·(x - y - 1) < 0.
  const store = endless();
  const [a, b] = [sub(constant(3n), add(x, y)), plus(sub(x, y), -1n)];
  assert(store, a, 1);
  assert(store, b, 2);
  assert(store, plus(scale(mul(a, b), -1n), -1n), 4);
  expect(store.check() ?? store.saturate()).toBe(undefined);
  expect(store.multiplyPairs()).toBe(7);
});

test('nothing is refuted without the work to do it', () => {
  const store = createStore(() => false);
  assert(store, sub(y, x), 1);
  assert(store, sub(z, y), 2);
  assert(store, plus(sub(x, z), -1n), 4);
  expect(store.check()).toBe(undefined);
});
