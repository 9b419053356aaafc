import { must } from '../../src/assert.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import { valuesOf } from '../../src/codegen/numeric/tensor.ts';
import type { Scalar } from '../../src/codegen/numeric/tensor.ts';
import type { Consts } from '../../src/codegen/lower/lower.ts';
import type { CaseData } from '../../src/verify/data.ts';
import type { Sizes } from '../../src/verify/sizes.ts';

/** A dense array of numbers that is read by its indices. */
export interface Grid {
  readonly shape: readonly number[];
  readonly flat: readonly number[];
  at(...index: readonly number[]): number;
}

/** The arguments of one call, as an oracle reads them: plain numbers, ragged axes flat beside their offsets. */
export interface Call {
  dim(name: string): number;
  /** A const or scalar argument. */
  num(name: string): number;
  int(name: string): bigint;
  flag(name: string): boolean;
  /** Values of a buffer of any type, flat. */
  values(name: string): Values;
  /** A buffer, or an element of a list of them. */
  grid(name: string, element?: number): Grid;
  /** A buffer of 64-bit integers, flat. */
  ints(name: string, element?: number): readonly bigint[];
}
export type Values = readonly Scalar[];
/** Results by name; `name{k}` for an element of a list. Floats are what exact arithmetic gives, integers exact. */
export type Oracle = (call: Call) => Readonly<Record<string, Values>>;
export type Oracles = Readonly<Record<string, Oracle>>;

export function gridOf(flat: readonly number[], shape: readonly number[]): Grid {
  return {
    shape,
    flat,
    at: (...index) => {
      const i = index.reduce((at, n, axis) => at * (shape[axis] ?? 1) + n, 0);
      return must(flat[i], `element [${index.join(', ')}] of [${shape.join(', ')}]`);
    },
  };
}

/** The arguments of a case. */
export function callOf(graph: StageGraph, consts: Consts, sizes: Sizes, data: CaseData): Call {
  const list = (name: string, element = 0): Scalar[] => valuesOf(must(data.tensors.get(name)?.[element], name));
  const scalar = (name: string): Scalar => must(data.scalars.get(name) ?? consts[name] ?? defaultOf(name), name);
  const defaultOf = (name: string): Scalar | undefined => graph.scalars.find((s) => s.name === name)?.default;
  const types = new Map(graph.scalars.map((s) => [s.name, s.dtype]));
  return {
    dim: (name) => Number(sizes.dims.get(name) ?? scalar(name)),
    num: (name) => (types.get(name) === 'f32' ? Math.fround(Number(scalar(name))) : Number(scalar(name))),
    int: (name) => BigInt(scalar(name)),
    flag: (name) => scalar(name) === true,
    values: list,
    grid: (name, element = 0) => {
      const t = must(data.tensors.get(name)?.[element], name);
      return gridOf(valuesOf(t).map(Number), t.shape);
    },
    ints: (name, element) => list(name, element).map(BigInt),
  };
}

/** Values over all indices of a shape, row-major. */
export function over<T>(shape: readonly number[], value: (...index: number[]) => T): T[] {
  const out: T[] = [];
  const index = shape.map(() => 0);
  const n = shape.reduce((a, b) => a * b, 1);
  for (let i = 0; i < n; i++) {
    out.push(value(...index));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      index[axis] = 0;
    }
  }
  return out;
}
/** Values over the items of ragged rows and the axes behind them: `value(row, place in the row, …)`. */
export function overRows<T>(
  off: readonly bigint[],
  inner: readonly number[],
  value: (row: number, item: number, ...index: number[]) => T,
): T[] {
  return off.slice(1).flatMap((end, row) => {
    const length = Number(end - (off[row] ?? 0n));
    return over([length, ...inner], (item, ...index) => value(row, item, ...index));
  });
}
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const sum = (n: number, term: (i: number) => number): number => range(n).reduce((a, i) => a + term(i), 0);
/** The largest, NaN if any is, -Infinity of none. */
export const max = (values: readonly number[]): number =>
  values.reduce((a, b) => (a > b || Number.isNaN(a) ? a : b), -Infinity);
export const lengths = (off: readonly bigint[]): number[] => off.slice(1).map((end, i) => Number(end - (off[i] ?? 0n)));
/** Offsets of rows of the given lengths. */
export function offsets(lens: readonly number[]): bigint[] {
  const out = [0n];
  for (const n of lens) out.push((out.at(-1) ?? 0n) + BigInt(n));
  return out;
}
/** Softmax; a row whose largest value is -Infinity is 0. */
export function softmax(row: readonly number[]): number[] {
  const m = max(row);
  if (m === -Infinity) return row.map(() => 0);
  const e = row.map((v) => Math.exp(v - m));
  const s = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / s);
}
