import { rounder } from '../../../src/codegen/numeric/codec.ts';
import type { DType, ValueType } from '../../../src/dsl/dtypes.ts';
import { widen } from '../../../src/dsl/dtypes.ts';
import type { Builtin } from '../../../src/dsl/typed.ts';
import type { Kernel } from './naive-values.ts';
import { erf } from './naive-math.ts';

/** Orders in which a kernel may add: one after the other, backwards, in lanes that are then combined as a tree, pairwise. */
export type Order = 'forward' | 'backward' | 'lanes8' | 'lanes32' | 'pairwise';
export const ORDERS: readonly Order[] = ['forward', 'backward', 'lanes8', 'lanes32', 'pairwise'];

export function foldIn(
  order: Order,
  terms: readonly number[],
  op: (a: number, b: number) => number,
  start: number,
): number {
  switch (order) {
    case 'forward':
      return terms.reduce(op, start);
    case 'backward':
      return terms.reduceRight(op, start);
    case 'pairwise': {
      if (terms.length <= 1) return terms[0] ?? start;
      const half = Math.ceil(terms.length / 2);
      return op(foldIn(order, terms.slice(0, half), op, start), foldIn(order, terms.slice(half), op, start));
    }
    default: {
      const lanes = order === 'lanes8' ? 8 : 32;
      const partial = Array.from({ length: lanes }, (_, l) =>
        terms.filter((_, i) => i % lanes === l).reduce(op, start),
      );
      return foldIn('pairwise', partial, op, start);
    }
  }
}

const APPROXIMATE: ReadonlySet<Builtin> = new Set([
  'exp',
  'exp2',
  'expm1',
  'log',
  'log2',
  'log1p',
  'tanh',
  'erf',
  'sigmoid',
  'silu',
  'softplus',
  'rsqrt',
]);
const MIN_NORMAL = 2 ** -126;
/** Flushing keeps the sign. */
const zero = (v: number): number => (1 / v < 0 ? -0 : 0);

/** A kernel in f32 (or f64) that makes every allowed choice at random: contraction, orders, approximations of up to `ulps`, flushing of denormals. */
export function randomKernel(next: () => number, ulps = 31): Kernel {
  const flush = next() < 0.5;
  const to = (t: ValueType | DType, v: number): number => {
    const r = t === 'f64' ? v : Math.fround(v);
    return flush && t !== 'f64' && Math.abs(r) < MIN_NORMAL ? zero(r) : r;
  };
  const off = (v: number, t: ValueType, by: number): number =>
    to(t, v * (1 + (2 * next() - 1) * by * (t === 'f64' ? 2 ** -52 : 2 ** -23)));
  const order = (): Order => ORDERS[Math.floor(next() * ORDERS.length)] ?? 'forward';
  const accumulate = (acc: DType): ((v: number) => number) =>
    acc === 'f32' || acc === 'f64' ? (v) => to(acc, v) : rounder(acc);
  const sum = (terms: readonly number[], acc: DType): number => {
    const r = accumulate(acc);
    return foldIn(order(), terms, (a, b) => r(a + b), 0);
  };
  return {
    round: (v, t) => to(t, v),
    divide: (v, t) => (next() < 0.5 ? to(t, v) : off(v, t, 1.5)),
    fused: () => next() < 0.5,
    call: (fn, args, t, plain) => {
      const [x = 0] = args;
      if (fn === 'gelu' || fn === 'gelu_tanh') {
        const inner =
          fn === 'gelu' ? erf(x * Math.SQRT1_2) : Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
        return to(t, to(t, 0.5 * x) * to(t, 1 + off(inner, t, ulps)));
      }
      if (fn === 'sin' || fn === 'cos') return off(plain, t, 8);
      if (fn === 'pow') return off(plain, t, 4);
      if (fn === 'sqrt') return off(plain, t, 1.5);
      return APPROXIMATE.has(fn) ? off(plain, t, ulps) : to(t, plain);
    },
    near: (t, v) => (next() < 0.5 ? Math.fround(v) : t === 'tf32' ? tf32(v) : rounder(t)(v)),
    sum,
    product: (terms, acc) => foldIn(order(), terms, (a, b) => accumulate(acc)(a * b), 1),
    variance: (terms, acc) => (next() < 0.5 ? welford(terms, widen(acc), to) : twoPass(terms, acc, to, sum)),
    load: (v, t) => (flush && (t === 'f32' || t === 'bf16') && Math.abs(v) < MIN_NORMAL ? zero(v) : v),
  };
}
function tf32(v: number): number {
  const c = v * (2 ** 42 + 1);
  return Math.fround(c - (c - v));
}
function welford(terms: readonly number[], t: ValueType, to: (t: ValueType, v: number) => number): number {
  let [mean, m2] = [0, 0];
  terms.forEach((x, i) => {
    const d = to(t, x - mean);
    mean = to(t, mean + to(t, d / (i + 1)));
    m2 = to(t, m2 + to(t, d * to(t, x - mean)));
  });
  return terms.length === 0 ? 0 : to(t, m2 / terms.length);
}
function twoPass(
  terms: readonly number[],
  acc: DType,
  to: (t: ValueType, v: number) => number,
  sum: (terms: readonly number[], acc: DType) => number,
): number {
  if (terms.length === 0) return 0;
  const t = widen(acc);
  const mean = to(t, sum(terms, acc) / terms.length);
  return to(
    t,
    sum(
      terms.map((x) => to(t, to(t, x - mean) ** 2)),
      acc,
    ) / terms.length,
  );
}
