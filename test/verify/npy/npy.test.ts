import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readNpy, writeNpy } from '../../../src/verify/npy/npy.ts';
import { tensor, valuesOf, zeros } from '../../../src/codegen/numeric/tensor.ts';
import { DTYPES } from '../../../src/dsl/dtypes.ts';
import type { DType } from '../../../src/dsl/dtypes.ts';

/** A file as numpy.save writes it. */
function file(
  descr: string,
  shape: string,
  data: readonly number[],
  options: { readonly fortran?: boolean; readonly version?: number } = {},
): Uint8Array {
  const dict =
    `{'descr': ${descr}, 'fortran_order': ${options.fortran === true ? 'True' : 'False'}, 'shape': ${shape}, }`.padEnd(
      117,
    ) + '\n';
  const version = options.version ?? 1;
  const length = version === 1 ? [118, 0] : [118, 0, 0, 0];
  return new Uint8Array([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    version,
    0,
    ...length,
    ...new TextEncoder().encode(dict),
    ...data,
  ]);
}
function read(bytes: Uint8Array, dtype: DType, cast = false): readonly unknown[] | string {
  const r = readNpy(bytes, 'x.npy', dtype, { cast });
  return r.ok ? [r.tensor.shape, ...valuesOf(r.tensor)] : r.diagnostics.map((d) => `${d.code}: ${d.message}`).join();
}

describe('reading', () => {
  test.each([1, 2, 3])('version %i', (version) =>
    expect(read(file("'<i2'", '(3,)', [1, 0, 255, 255, 0, 1], { version }), 'i16')).toEqual([[3], 1, -1, 256]),
  );
  test('a scalar', () => expect(read(file("'|b1'", '()', [7]), 'bool')).toEqual([[], true]));
  test('an empty array', () => expect(read(file("'<f4'", '(0, 3)', []), 'f32')).toEqual([[0, 3]]));
  test('big-endian data is turned', () =>
    expect(read(file("'>i4'", '(2,)', [0, 0, 1, 2, 255, 255, 255, 254]), 'i32')).toEqual([[2], 258, -2]));
  test('Fortran order is turned', () =>
    expect(read(file("'|u1'", '(2, 3)', [0, 10, 1, 11, 2, 12], { fortran: true }), 'u8')).toEqual([
      [2, 3],
      0,
      1,
      2,
      10,
      11,
      12,
    ]));
  test('Fortran order and big-endian at once', () =>
    expect(read(file("'>u2'", '(2, 2)', [0, 1, 0, 3, 0, 2, 0, 4], { fortran: true }), 'u16')).toEqual([
      [2, 2],
      1,
      2,
      3,
      4,
    ]));
  test('bf16 and f8 are bit patterns', () => {
    expect(read(file("'<u2'", '(1,)', [0x80, 0x3f]), 'bf16')).toEqual([[1], 1]);
    expect(read(file("'|u1'", '(1,)', [0x7e]), 'f8e4m3')).toEqual([[1], 448]);
  });
  test('float data is rounded if asked', () =>
    expect(read(file("'<f4'", '(1,)', [0, 0, 0x80, 0x3f]), 'bf16', true)).toEqual([[1], 1]));
});

describe('refusals', () => {
  test.each([
    ['empty', new Uint8Array(), 'npy-foreign: `x.npy` is not a NumPy array file: it starts with nothing'],
    [
      'text',
      new TextEncoder().encode('1,2,3'),
      'npy-foreign: `x.npy` is not a NumPy array file: it starts with `1,2,`',
    ],
    [
      'zip',
      new Uint8Array([0x50, 0x4b, 3, 4]),
      'npy-foreign: `x.npy` is not a NumPy array file: it starts with 50 4b 03 04',
    ],
    ['a later version', file("'<f4'", '()', [], { version: 4 }), 'npy-version: `x.npy` has .npy version 4.0'],
    [
      'missing data',
      file("'<f4'", '(2,)', [0, 0, 0, 0, 0]),
      'npy-truncated: `x.npy` is truncated: its header tells of 8 bytes of data, 5 are there',
    ],
    [
      'a cut header',
      file("'<f4'", '(2,)', []).subarray(0, 60),
      'npy-header: the header of `x.npy` is damaged: it should have 118 bytes, 50 are there',
    ],
    ['no shape', file("'<f4'", 'None', []), 'npy-header: the header of `x.npy` is damaged: it names no shape'],
    [
      'a negative extent',
      file("'<f4'", '(-1,)', []),
      'npy-header: the header of `x.npy` is damaged: (-1,) is no shape',
    ],
    ['objects', file("'|O'", '()', []), 'npy-kind: `x.npy` holds elements of type |O'],
    ['records', file("[('a', '<f4')]", '()', []), 'npy-kind: `x.npy` holds elements of type records'],
    ['complex numbers', file("'<c8'", '()', []), 'npy-kind: `x.npy` holds elements of type <c8'],
    ['another type', file("'<f8'", '()', [0, 0, 0, 0, 0, 0, 0, 0]), 'npy-dtype: `x.npy` holds f64, f32 is needed'],
    [
      'an absurd shape',
      file("'<f4'", '(1099511627776, 1099511627776)', []),
      'npy-truncated: `x.npy` is truncated: its header tells of 4.835703278458517e+24 bytes of data, 0 are there',
    ],
  ])('%s', (_, bytes, message) => expect(read(bytes, 'f32')).toBe(message));
  test('the hint names the storage and the way out', () => {
    const r = readNpy(file("'<f4'", '()', [0, 0, 0, 0]), 'x.npy', 'bf16');
    expect(r.ok ? '' : r.diagnostics[0]?.hint).toBe(
      'store it as u2 (bf16 travels as bit patterns), or round it with --cast',
    );
  });
});

describe('writing', () => {
  test('data starts at a multiple of 64 after a header that NumPy parses', () => {
    const bytes = writeNpy(tensor('f32', [2, 1], [1, 2]));
    expect(new TextDecoder('latin1').decode(bytes.subarray(10, bytes.length - 8)).trim()).toBe(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }",
    );
    expect((bytes.length - 8) % 64).toBe(0);
  });
  test.each(Object.keys(DTYPES) as DType[])('%s comes back', (dtype) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
        (shape, stream) => {
          const t = zeros(dtype, shape);
          const bytes = new Uint8Array(t.data.buffer);
          for (let i = 0; i < bytes.length; i++) bytes[i] = (stream.next().value ?? 0) & (dtype === 'bool' ? 1 : 255);
          const r = readNpy(writeNpy(t), 'x.npy', dtype);
          expect(r.ok && [r.tensor.dtype, r.tensor.shape, new Uint8Array(r.tensor.data.buffer)]).toEqual([
            dtype,
            shape,
            bytes,
          ]);
        },
      ),
      { numRuns: 20 },
    );
  });
});
