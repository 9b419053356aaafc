import { expect, test } from 'vitest';
import { getAt, setAt, tensor, valuesOf, zeros } from '../../../src/codegen/numeric/tensor.ts';

test.each([
  ['f32', [1.1, -2], [Math.fround(1.1), -2]],
  ['bf16', [1.001, 3e38], [1, 3.004055e38]],
  ['f8e4m3', [1000, -0.3], [448, -0.3125]],
  ['i8', [127n, 128n, -1], [127, -128, -1]],
  ['u8', [256n, -1n], [0, 255]],
  ['u32', [-1n, 2n ** 40n + 7n], [4294967295, 7]],
  ['i64', [2n ** 63n, 5], [-(2n ** 63n), 5n]],
  ['u64', [-1n], [2n ** 64n - 1n]],
  ['bool', [true, 0, 2], [true, false, true]],
] as const)('%s stores what fits it', (dtype, values, want) => {
  const found = valuesOf(tensor(dtype, [values.length], values));
  found.forEach((v, i) =>
    typeof v === 'number'
      ? expect(Math.abs(v - Number(want[i])) <= 1e-5 * Math.abs(v)).toBe(true)
      : expect(v).toBe(want[i]),
  );
});
test('elements can be read back and overwritten', () => {
  const t = zeros('f16', [2, 2]);
  setAt(t, 3, 2.5);
  expect([getAt(t, 3), t.data[3]]).toEqual([2.5, 0x4100]);
});
