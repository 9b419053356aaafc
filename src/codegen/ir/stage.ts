import type { Span } from '../../diagnostics/span.ts';
import type { Builtin, TBinary, TUnary } from '../../dsl/typed.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';

/**
 * The stage graph: an operator for one binding of type parameters and consts, in one normal form.
 * Lists, ragged, composite and packed axes, presence, guards and policies are gone: what is left is dense row-major buffers, loops whose
 * bounds may read offsets, and expressions that are safe to evaluate wherever their stage's guards hold (`select` is lazy: only the taken
 * side may be evaluated). The reference evaluates it, the planner groups it, code generators print it.
 */
export interface StageGraph {
  readonly name: string;
  readonly doc?: string;
  readonly span: Span;
  /** Run-time dims in ABI order; `derived` ones are computed from the others. */
  readonly dims: readonly { readonly id: string; readonly derived?: Expr; readonly perElement?: BufId }[];
  readonly scalars: readonly {
    readonly name: string;
    readonly dtype: DType;
    readonly default?: number | bigint | boolean;
  }[];
  /** Every buffer, inputs and results in the order of the signature first. */
  readonly buffers: readonly Buffer[];
  /** Conditions callers must satisfy (shapes, `where`). */
  readonly facts: readonly { readonly cond: Expr; readonly text: string; readonly span: Span }[];
  /** Topologically ordered: every buffer element is written before it is read. */
  readonly stages: readonly Stage[];
}

export type BufId = string;
/**
 * Row-major dense storage. A ragged axis and all axes to its left are one axis here, of extent total(offsets):
 * the access [b, l, d] of `x: f32[B, ~L(off), D]` is index [off[b] + l, d] of shape [off[B], D].
 */
export interface Buffer {
  readonly id: BufId;
  /** `offsets`: also an input or result, monotone, starts at 0. `temp`: owned by the program. */
  readonly role: 'in' | 'out' | 'inout' | 'temp';
  readonly dtype: DType;
  /** Over dims, scalars and reads of offsets (`off[B]`). May mention `elem` (the list index) where `list` is set. */
  readonly shape: readonly Expr[];
  /** A pointer table of `count` buffers; accesses carry a list index; `elem` is the axis id that stands for it in `shape`. */
  readonly list?: { readonly count: Expr; readonly elem: AxisId };
  /** Packed rows of bytes: `dtype` is u8, `shape` counts rows; accesses name a field. Fields lie one behind the other. */
  readonly row?: readonly RowField[];
  /** Set on offsets buffers of ragged axes: the shape without the trailing +1 is the number of rows. */
  readonly offsetsOf?: string;
  /**
   * Set on ragged results: the caller passes the capacity of the first axis; writes beyond it are dropped. Also set on temporaries laid out like
   * one, which need no more room than that. Where the capacity is too small, what is read beyond it is any value, at no address beyond it.
   */
  readonly capacity?: { readonly ragged: string };
  /** Temps only: no dense storage exists (an extent depends on an index), so the consumer must inline the producing stage. */
  readonly virtual?: boolean;
  /** The source-level declaration, for tests and messages: extents per declared axis are not needed to run. */
  readonly span: Span;
}
export interface RowField {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Expr[];
}

export type AxisId = string;
/** A loop lo ≤ id < hi (i64); bounds may mention dims, outer axes and reads of offsets. */
export interface Axis {
  readonly id: AxisId;
  readonly name: string;
  readonly lo: Expr;
  readonly hi: Expr;
}

/** Where a value is stored. */
export interface Place {
  readonly buf: BufId;
  readonly list?: Expr;
  readonly index: readonly Expr[];
  readonly field?: string;
}

export type Monoid = 'add' | 'mul' | 'max' | 'min' | 'and' | 'or';
/**
 * All stages: the loops `axes` (outermost first), points where `where` is false are skipped.
 * `value` has the arithmetic type of the destination; storing rounds to its storage type.
 */
export type Stage = {
  readonly id: string;
  readonly span: Span;
  /** Name in the source, for comments and dumps. */
  readonly name: string;
  readonly axes: readonly Axis[];
  readonly where?: Expr;
} & (
  | { readonly kind: 'map'; readonly out: Place; readonly value: Expr }
  /** out[axes] = post(fold over `over` where `when`). `post` mentions the folded value as {kind:'var', id:'acc'} and may not mention `over`. */
  | { readonly kind: 'reduce'; readonly out: Place; readonly reduce: Reduce; readonly post?: Expr }
  /**
   * Prefix form: `along` runs over lo..hi; element `at` (the innermost of `axes`, same range) holds the fold of the elements ≤, <, ≥ or > it.
   * `at` values outside lo..hi hold the fold of those that qualify.
   */
  | {
      readonly kind: 'scan';
      readonly out: Place;
      readonly at: AxisId;
      readonly along: Axis;
      readonly when?: Expr;
      readonly monoid: Monoid;
      readonly acc: DType;
      readonly body: Expr;
      readonly compare: 'le' | 'lt' | 'ge' | 'gt';
    }
  /** First every element of the target is `init` (evaluated with no axis in scope), then `op`-updates in any order. Out-of-range targets are skipped if `drop`. */
  | {
      readonly kind: 'scatter';
      readonly op: Monoid | 'unique';
      readonly out: Place;
      readonly drop: boolean;
      readonly value: Expr;
      readonly init: Expr;
    }
  /**
   * offsets[r] for row r of `axes` (row-major): exclusive prefix sum of `size` (negative counts as 0); entries from the last row on hold the total.
   * With `list`, that is the first of `axes`, and each of its values starts a sum of its own.
   */
  | { readonly kind: 'offsets'; readonly out: BufId; readonly list?: Expr; readonly size: Expr }
  /** For each row of `axes`: the items of `from` where `when` holds, in order, stored at offsets[row] + rank. Writes the offsets too. */
  | {
      readonly kind: 'pack';
      readonly offsets: BufId;
      readonly from: Axis;
      readonly when: Expr;
      readonly outs: readonly { readonly buf: BufId; readonly value: Expr }[];
    }
  /** For each point of `axes`: keys of `along` sorted (stable, NaN above +inf); the first `count` keys and positions are stored at index `count axis`. */
  | {
      readonly kind: 'select';
      readonly along: Axis;
      readonly body: Expr;
      readonly descending: boolean;
      readonly slot: Axis;
      readonly values?: Place;
      readonly indices?: Place;
    }
  /**
   * Sequential steps of `step` (axes is empty). Each state buffer has its entry value before the loop (written by `init` stages); in a step,
   * reads of a state see the step's start; writes become visible at the step's end. Lets and results of the body are ordinary stages with `step` in scope.
   */
  | { readonly kind: 'recur'; readonly step: Axis; readonly states: readonly BufId[]; readonly body: readonly Stage[] }
);

/** A fold. Reducers that are not monoids are expanded by lowering where noted. */
export interface Reduce {
  /**
   * `monoid`s as named; `count` counts true bodies; `any`/`all` are or/and; `argmax`/`argmin`/`first` yield the row-major flat position (i64, −1 if none), their loops start at 0;
   * `var` is Welford's population variance, `mean` divides by the number of points visited; `lower`/`upper` count body < value, body <= value over an ascending body.
   * logsumexp and softmax arrive expanded into max, sum of exp and a map.
   */
  readonly op: Monoid | 'count' | 'argmax' | 'argmin' | 'first' | 'mean' | 'var' | 'lower' | 'upper';
  readonly acc: DType;
  readonly over: readonly Axis[];
  readonly when?: Expr;
  readonly body: Expr;
  /** The searched value of lower and upper; may not mention `over`. */
  readonly value?: Expr;
}

export type Expr = { readonly type: ValueType; readonly span?: Span } & (
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'dim'; readonly id: string; readonly list?: Expr }
  | { readonly kind: 'scalar'; readonly name: string; readonly dtype: DType }
  | { readonly kind: 'axis'; readonly id: AxisId }
  /** Always in range when evaluated under its guards, except where `unchecked`. Widened to `type` from `dtype`. */
  | {
      readonly kind: 'read';
      readonly buf: BufId;
      readonly list?: Expr;
      readonly index: readonly Expr[];
      readonly field?: string;
      readonly dtype: DType;
      readonly unchecked?: boolean;
    }
  | { readonly kind: 'unary'; readonly op: TUnary; readonly a: Expr }
  /** `and`, `or` are lazy on the right. Integer arithmetic wraps; floordiv and mod floor, by zero 0; shifts take the count modulo the width. */
  | { readonly kind: 'binary'; readonly op: TBinary; readonly a: Expr; readonly b: Expr }
  | { readonly kind: 'call'; readonly fn: Builtin; readonly args: readonly Expr[] }
  | { readonly kind: 'bitcast'; readonly to: DType; readonly a: Expr }
  | { readonly kind: 'cast'; readonly mode: 'as' | 'near'; readonly to: DType | 'tf32'; readonly a: Expr }
  | { readonly kind: 'convert'; readonly a: Expr }
  /** Lazy: the side not taken is not evaluated. */
  | { readonly kind: 'select'; readonly cond: Expr; readonly then: Expr; readonly else: Expr }
  | { readonly kind: 'strict'; readonly a: Expr }
  | { readonly kind: 'let'; readonly id: string; readonly value: Expr; readonly body: Expr }
  | { readonly kind: 'var'; readonly id: string }
  /** Absent in the normal form; made by inlining a reduce stage into its consumer. `post` as in the stage. */
  | { readonly kind: 'reduce'; readonly reduce: Reduce; readonly post?: Expr }
);
