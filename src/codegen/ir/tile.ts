import type { Span } from '../../diagnostics/span.ts';
import type { Builtin, TBinary, TUnary } from '../../dsl/typed.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import type { MatrixUnit } from './matrix-unit.ts';
import type { Expr, Monoid } from './stage.ts';

/**
 * Tile IR: a program after scheduling. Loops are bound to levels of the machine, buffers are flat arrays with a scope, every value has a lane count.
 * It mentions no language: dialects (C++, CUDA-like) print it, the interpreter runs it. Identifiers are unique in their kernel and valid in C.
 */
export interface TileProgram {
  readonly name: string;
  readonly kernels: readonly TileKernel[];
  /** Parameters first, in ABI order, then temporaries. */
  readonly arrays: readonly TileArray[];
  readonly dims: readonly TileDim[];
  readonly scalars: readonly { readonly id: string; readonly dtype: DType }[];
  /** Capacities of ragged results, in ABI order. */
  readonly capacities: readonly { readonly id: string; readonly ragged: string }[];
}
export interface TileDim {
  readonly id: string;
  /** The dim's name in the stage graph. */
  readonly source: string;
  /** Computed in the entry instead of passed. */
  readonly derived?: Val;
  /** One value per element of a list: passed as a table of i64. */
  readonly table?: boolean;
}

/**
 * `param`: passed by the caller. `workspace`: one for the call. `part`: one for each part (thread, block) that runs.
 * `shared`: one for each block of lanes.
 */
export type Scope = 'param' | 'workspace' | 'part' | 'shared';
export interface TileArray {
  readonly id: string;
  readonly scope: Scope;
  readonly dtype: DType;
  /** Parameters only. */
  readonly role?: 'in' | 'out' | 'inout';
  /** A table of pointers; accesses name the entry. */
  readonly list?: boolean;
  /** Rows of packed bytes: indices are byte offsets. */
  readonly bytes?: boolean;
  /** Elements (bytes of packed rows); absent for tables of pointers. Over dims, scalars and reads of offsets. */
  readonly size?: Expr;
  /** The same, computed in the entry. Of a result that is laid out like ragged rows: those that the caller made room for. */
  readonly elements?: Val;
  /** Of parameters without packed rows, and of buffers in the workspace: the extents of the axes, whose product that is. */
  readonly extents?: readonly Val[];
  /** The buffer's name in the stage graph. */
  readonly source: string;
}

/** One launch: on a CPU a function that splits its outermost loop by part, on a GPU a grid. Kernels of a program run one after the other. */
export interface TileKernel {
  readonly id: string;
  readonly pattern: string;
  readonly span: Span;
  /** False where only one part may run it (a sequential sweep, unordered updates of one array). */
  readonly split: boolean;
  /** Lanes of a block, where loops are bound to `lane`. */
  readonly lanes?: number;
  readonly body: readonly TileOp[];
  /** The same kernel for calls where the guards hold; `body` is right for all. */
  readonly fast?: { readonly guards: readonly TileGuard[]; readonly body: readonly TileOp[] };
}
/** A fact that a dispatcher checks: from the closed list of what variants may assume. */
export type TileGuard =
  | { readonly kind: 'multiple'; readonly dim: string; readonly of: number }
  | { readonly kind: 'positive'; readonly dim: string }
  | { readonly kind: 'aligned'; readonly array: string; readonly bytes: number };

export type Level =
  | { readonly kind: 'serial' }
  /** Bounds are the share of one part of a CPU entry (`part` of `parts`). */
  | { readonly kind: 'part' }
  /** Strided over the blocks of a launch; `flat`: over all lanes of all blocks. */
  | { readonly kind: 'grid'; readonly dim: 0 | 1 | 2; readonly flat: boolean }
  /** Strided over the lanes of a block; `step` is what one lane takes at once. */
  | { readonly kind: 'lane' }
  /** A step of the loop computes `lanes` points in vector values. */
  | { readonly kind: 'vector'; readonly lanes: number };

/** Arithmetic type and lanes; a bool of several lanes is a mask. */
export interface Ty {
  readonly dtype: ValueType;
  readonly lanes: number;
}

/** Elements of an array: a scalar `index` addresses one element, or the first of a contiguous run; a vector gathers or scatters. */
export interface Ref {
  readonly array: string;
  readonly entry?: Val;
  readonly index: Val;
}

/** The elements at even or at odd places of a run. */
export type Half = 'even' | 'odd';

export type Val = { readonly ty: Ty } & (
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  /** A loop variable, local, dim, scalar or capacity. */
  | { readonly kind: 'name'; readonly id: string }
  | { readonly kind: 'dimOf'; readonly id: string; readonly entry: Val }
  /** Widens from storage. Lanes where `mask` is false are not touched and yield 0. */
  | {
      readonly kind: 'load';
      readonly from: Ref;
      readonly dtype: DType;
      readonly mask?: Val;
      /** Every second element of a run twice as long as there are lanes, from the first or the second on. No mask, no gather. */
      readonly half?: Half;
    }
  | { readonly kind: 'unary'; readonly op: TUnary; readonly a: Val }
  /**
   * Scalar `and`, `or` are lazy on the right. `floordiv` and `mod` floor, by zero they give 0; `div` of integers is for operands that are not negative and
   * divisors that are positive. Shifts take the count modulo the width.
   */
  | { readonly kind: 'binary'; readonly op: TBinary; readonly a: Val; readonly b: Val }
  | { readonly kind: 'call'; readonly fn: Builtin; readonly args: readonly Val[] }
  /** Same bits, other type of the same width; `to` and `from` tell the storage types that the bits are read as. */
  | { readonly kind: 'bitcast'; readonly from: DType; readonly to: DType; readonly a: Val }
  /** Rounded (wrapped, saturated) to `to`, then widened again to `ty`. */
  | { readonly kind: 'round'; readonly to: DType | 'tf32'; readonly a: Val }
  /** To another arithmetic type: float to int truncates and saturates, int to int wraps, int to float rounds to nearest even. */
  | { readonly kind: 'convert'; readonly a: Val }
  /** Lazy for scalars. */
  | { readonly kind: 'select'; readonly cond: Val; readonly then: Val; readonly else: Val }
  | { readonly kind: 'splat'; readonly a: Val }
  /** 0, 1, 2, … */
  | { readonly kind: 'iota' }
  /** The value itself, through which no contraction happens. */
  | { readonly kind: 'opaque'; readonly a: Val }
);

export type TileOp =
  /** The code that follows computes this stage. */
  | { readonly kind: 'note'; readonly text: string; readonly span: Span }
  /** lo, lo + step, … < hi. */
  | {
      readonly kind: 'loop';
      readonly id: string;
      readonly level: Level;
      readonly lo: Val;
      readonly hi: Val;
      readonly step: number;
      readonly body: readonly TileOp[];
    }
  | { readonly kind: 'while'; readonly cond: Val; readonly body: readonly TileOp[] }
  | { readonly kind: 'break' }
  | { readonly kind: 'if'; readonly cond: Val; readonly then: readonly TileOp[]; readonly else: readonly TileOp[] }
  /** A constant local. */
  | { readonly kind: 'let'; readonly id: string; readonly value: Val }
  | { readonly kind: 'var'; readonly id: string; readonly ty: Ty; readonly init?: Val }
  | { readonly kind: 'set'; readonly id: string; readonly value: Val }
  /** Rounds to storage. `stream`: past the caches. */
  | {
      readonly kind: 'store';
      readonly to: Ref;
      readonly dtype: DType;
      readonly value: Val;
      /** Set: `value` goes to the even places of a run twice as long as there are lanes, this to the odd ones. No mask, no scatter. */
      readonly odd?: Val;
      readonly mask?: Val;
      readonly stream?: boolean;
    }
  /** A read-modify-write in one step; on a CPU only where kernels are not split. */
  | { readonly kind: 'atomic'; readonly op: Monoid; readonly to: Ref; readonly dtype: DType; readonly value: Val }
  /** Hint that the line at `at` is read soon. */
  | { readonly kind: 'prefetch'; readonly at: Ref; readonly dtype: DType }
  /** id = fold of the lanes of a vector, of a wave or of a block (then every lane has it). */
  | {
      readonly kind: 'reduceTile';
      readonly id: string;
      readonly monoid: Monoid;
      readonly value: Val;
      readonly within: 'vector' | 'wave' | 'block';
    }
  /** id = prefix fold over lanes: each lane has itself and the lanes before it, or with `reverse` those behind it; without itself if `exclusive`. */
  | {
      readonly kind: 'scanTile';
      readonly id: string;
      readonly monoid: Monoid;
      readonly value: Val;
      readonly exclusive: boolean;
      readonly reverse: boolean;
      readonly within: 'vector' | 'wave' | 'block';
    }
  /** Rows and columns of a square change places: lane j of `ids[i]` is lane i of `values[j]`. As many values as lanes, all of one type. */
  | { readonly kind: 'turnTile'; readonly ids: readonly string[]; readonly values: readonly Val[] }
  /** A run of `count` elements between arrays; `async` needs a barrier before its first read. */
  | {
      readonly kind: 'copy';
      readonly to: Ref;
      readonly from: Ref;
      readonly dtype: DType;
      readonly count: Val;
      readonly vector: number;
      readonly async: boolean;
    }
  /**
   * acc[i][j] += Σ a[i][k] · b[k][j] over k < `k`, for i < m and j < n; with `fresh` acc is set instead of added to. Products and sums have the type
   * `types.acc`; the sum is formed before it is added. Element [i][j] of acc lies at i·acc + j, [i][k] of a at i·a + ⌊k/g⌋·aStep + k mod g, [k][j] of b at
   * ⌊k/g⌋·b + j·g + k mod g, where g is `group` and divides `k`: b is a panel of rows, a such a panel (strides.a = g) or rows as they are (strides.aStep = g).
   */
  | {
      readonly kind: 'tileDot';
      readonly acc: Ref;
      readonly a: Ref;
      readonly b: Ref;
      readonly m: number;
      readonly n: number;
      readonly k: Val;
      readonly group: 1 | 2 | 4;
      readonly fresh: boolean;
      readonly strides: { readonly acc: Val; readonly a: Val; readonly aStep: Val; readonly b: Val };
      readonly types: { readonly a: DType; readonly b: DType; readonly acc: ValueType };
      /** Elements of acc in a vector; divides n. */
      readonly lanes: number;
    }
  /**
   * sums += a · b, by the matrix unit of a wave, all of whose lanes take part: `tiles` tiles of the unit, one beside the other. Element [i][k] of a lies at
   * i·a.row + k·a.step from its first, [k][j] of b at j·b.row + k·b.step; one of both strides is 1. The variable `sums` holds the lane's share of the sums, tile
   * after tile along n, then along m.
   */
  | {
      readonly kind: 'waveDot';
      readonly sums: string;
      readonly a: Ref;
      readonly b: Ref;
      readonly strides: {
        readonly a: { readonly row: number; readonly step: number };
        readonly b: { readonly row: number; readonly step: number };
      };
      readonly dtype: 'f16' | 'bf16';
      readonly tiles: { readonly m: number; readonly n: number };
      readonly unit: MatrixUnit;
    }
  /** Stores the sums of a `waveDot`: [i][j] at i·row + j from `to`. */
  | {
      readonly kind: 'waveStore';
      readonly sums: string;
      readonly to: Ref;
      readonly row: number;
      readonly tiles: { readonly m: number; readonly n: number };
      readonly unit: MatrixUnit;
    }
  /** Sorts positions 0..count of `keys` into `order` (i64), stable, NaN above +inf; `scratch` is as long as `order`. */
  | {
      readonly kind: 'sortTile';
      readonly keys: Ref;
      readonly order: Ref;
      readonly scratch: Ref;
      readonly dtype: DType;
      readonly count: Val;
      readonly descending: boolean;
    }
  | { readonly kind: 'barrier'; readonly within: 'wave' | 'block' };

export const scalar = (dtype: ValueType): Ty => ({ dtype, lanes: 1 });
