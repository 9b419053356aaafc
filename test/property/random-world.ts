import type { Choices } from './choices.ts';

/** Types of expressions. */
export type Ty = 'f32' | 'f64' | 'i32' | 'i64' | 'u32' | 'u64' | 'bool';
/** Types of stored elements; `T` is the type parameter of the program. */
export type Storage = keyof typeof WIDENS;
/** What a read of each yields. */
export const WIDENS = {
  f32: 'f32',
  i64: 'i64',
  bf16: 'f32',
  i32: 'i32',
  f16: 'f32',
  u64: 'u64',
  u8: 'i32',
  bool: 'bool',
  f64: 'f64',
  f8e4m3: 'f32',
  f8e5m2: 'f32',
  f8e4m3fnuz: 'f32',
  i8: 'i32',
  i16: 'i32',
  u16: 'i32',
  u32: 'u32',
  T: 'f32',
} as const satisfies Record<string, Ty>;
export const STORAGES = (Object.keys(WIDENS) as Storage[]).filter((s) => s !== 'T');
export const TYPES: readonly Ty[] = ['f32', 'i64', 'i32', 'bool', 'u64', 'f64', 'u32'];

/**
 * What an index ranges over: a dim (`N`, `M`, `K`, derived ones), a pack (`B`), the count of a list (`F`), a literal (`2`), or a ragged axis:
 * `L` with its rows along N, `P…` of a result.
 */
export type Dim = string;
export interface Index {
  readonly name: string;
  readonly dim: Dim;
  /** Ragged axes: the index of the row it counts in. */
  readonly row?: string;
}
export type Axis =
  | { readonly kind: 'dim'; readonly dim: Dim }
  | { readonly kind: 'tuple'; readonly dims: readonly Dim[] }
  | { readonly kind: 'ragged' }
  | { readonly kind: 'pairs'; readonly dim: Dim }
  | { readonly kind: 'pack' };
export interface Tensor {
  readonly name: string;
  readonly storage: Storage;
  readonly axes: readonly Axis[];
  /** A let with a `where`, or whose value may be absent: read by reductions and under `??`. */
  readonly partial?: boolean;
  readonly list?: boolean;
  /** A field of packed rows, with the axes of the field. */
  readonly field?: { readonly name: string; readonly axes: readonly Axis[] };
}
export interface Fn {
  readonly name: string;
  readonly params: readonly Ty[];
  readonly result: Ty;
}

/** What a program has declared so far. */
export interface World {
  readonly c: Choices;
  fresh(prefix: string): string;
  /** An expression of type `ty`, in the indices of `scope`; `depth` bounds its height. */
  expr(ty: Ty, scope: readonly Index[], depth: number): string;
  /** A read of an f32 that is known to the bit, if there is one. */
  exact(scope: readonly Index[]): string | undefined;
  /** A condition that always holds and mentions the indices of a row and its items. */
  raggedAnchor(scope: readonly Index[]): string;
  /** What can be read; grows from statement to statement. */
  readonly tensors: Tensor[];
  readonly scalars: { readonly name: string; readonly ty: Ty }[];
  readonly fns: Fn[];
  /** Index dims that a scope may range over. */
  readonly dims: Dim[];
  readonly ragged: boolean;
  /** True if the program has the type parameter T. */
  readonly types: boolean;
  /** The body of a function: no sizes, no reductions. */
  readonly closed?: boolean;
  /** An ascending input over K, for searches. */
  readonly ascending: { readonly name: string; readonly ty: Ty } | undefined;
}

export const dim = (d: Dim): Axis => ({ kind: 'dim', dim: d });
/** An axis as the type of a tensor writes it. */
export function axisText(a: Axis): string {
  switch (a.kind) {
    case 'dim':
      return a.dim;
    case 'tuple':
      return `(${a.dims.join(', ')})`;
    case 'ragged':
      return '~L(off)';
    case 'pairs':
      return `pairs(${a.dim})`;
    case 'pack':
      return '*B';
  }
}
export const typeText = (storage: string, axes: readonly Axis[]): string =>
  axes.length === 0 ? storage : `${storage}[${axes.map(axisText).join(', ')}]`;
/** `n in N`: what an index that no access mentions must say. */
export const binder = (i: Index): string => `${i.name} in ${/^\d+$/.test(i.dim) ? `0..${i.dim}` : i.dim}`;
/** The axis that an index of its own gives a let. */
export const axisOf = (d: Dim): Axis => (d === 'L' ? { kind: 'ragged' } : d === 'B' ? { kind: 'pack' } : dim(d));
/** Dims of the indices that an axis takes. */
export const dimsOf = (a: Axis): readonly string[] => {
  switch (a.kind) {
    case 'dim':
    case 'pairs':
      return [a.dim];
    case 'tuple':
      return a.dims;
    case 'ragged':
      return ['L'];
    case 'pack':
      return ['B'];
  }
};
