import { must } from '../../../src/assert.ts';
import type { Inputs } from '../../../src/backends/reference/inputs.ts';
import type { Buffer, StageGraph } from '../../../src/codegen/ir/stage.ts';
import { evalSize } from '../../../src/codegen/shapes/eval-size.ts';
import type { Tensor } from '../../../src/codegen/numeric/tensor.ts';
import { elements, setAt, zeros } from '../../../src/codegen/numeric/tensor.ts';
import { DTYPES, isFloat } from '../../../src/dsl/dtypes.ts';

/** Numbers in [0, 1) from a seed (Mulberry32). */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Inputs of a graph for given dims: offsets of random rows, small integers, floats around 0. Dims that offsets determine are taken from them. */
export function randomInputs(graph: StageGraph, dims: Inputs['dims'], seed: number, maxRow = 4): Inputs {
  const next = random(seed);
  const scalars = Object.fromEntries(
    graph.scalars.map((s) => [
      s.name,
      s.default ?? (isFloat(s.dtype) ? 0.5 + next() / 2 : DTYPES[s.dtype].bytes === 8 ? 1009n : 3),
    ]),
  );
  const tensors = new Map<string, readonly Tensor[]>();
  const size = (e: Buffer['shape'][number], element?: number): number =>
    must(
      evalSize(e, {
        dim: (id, at) => {
          const v = dims[id];
          return typeof v === 'number' ? v : v?.[at ?? element ?? 0];
        },
        scalar: (name) => Number(scalars[name]),
        axis: () => element,
        read: (buf, at, index) => Number(tensors.get(buf)?.[at ?? 0]?.data[index[0] ?? 0]),
      }),
      'size',
    );
  const pending = graph.buffers
    .filter((b) => b.role === 'in' || b.role === 'inout')
    .sort((a, b) => Number(b.offsetsOf !== undefined) - Number(a.offsetsOf !== undefined));
  for (const b of pending) {
    const count = b.list === undefined ? 1 : size(b.list.count);
    tensors.set(
      b.id,
      Array.from({ length: count }, (_, l) => {
        const shape = b.shape.map((e) => Math.max(0, size(e, l)));
        const row = b.row?.reduce((n, f) => n + f.shape.reduce((p, e) => p * size(e, l), DTYPES[f.dtype].bytes), 0);
        return fill(zeros(b.dtype, row === undefined ? shape : [...shape, row]), next, b, maxRow);
      }),
    );
  }
  const buffers = Object.fromEntries(
    [...tensors].map(([id, list]) => [
      id,
      graph.buffers.find((b) => b.id === id)?.list === undefined ? must(list[0], id) : list,
    ]),
  );
  return { dims, scalars, buffers };
}
function fill(t: Tensor, next: () => number, b: Buffer, maxRow: number): Tensor {
  const n = elements(t.shape);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    if (b.offsetsOf !== undefined) {
      if (i > 0) sum += Math.floor(next() * (maxRow + 1));
      setAt(t, i, BigInt(sum));
    } else if (b.row !== undefined) t.data[i] = Math.floor(next() * 60);
    else if (b.dtype === 'bool') setAt(t, i, next() < 0.5);
    else if (isFloat(b.dtype)) setAt(t, i, 4 * next() - 2);
    else setAt(t, i, Math.floor(next() * 5));
  }
  return t;
}
