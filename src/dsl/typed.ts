import type { Span } from '../diagnostics/span.ts';
import type { KnobValue, Reducer, Tol } from './ast.ts';
import type { DType, ValueType } from './dtypes.ts';

/**
 * The typed AST: one operator under one binding of its type parameters, every name resolved, every access given a policy.
 * Only `check` builds it. `const` parameters and dims stay symbolic here; lowering takes the values of consts.
 * What it promises: dtypes are closed (implicit conversions appear as `convert` nodes), every index variable has a range,
 * every access is proven or carries its policy, `fn`s are inlined, type parameters are gone.
 */
export interface TOp {
  readonly name: string;
  readonly doc?: string;
  readonly span: Span;
  /** Binding of type parameters this instance was checked under. */
  readonly types: Readonly<Record<string, DType>>;
  /** In order of first occurrence; const and scalar parameters used as sizes are not repeated here (they are `param` nodes). */
  readonly dims: readonly Dim[];
  readonly raggeds: readonly Ragged[];
  readonly params: readonly TParam[];
  readonly results: readonly TResult[];
  /** `where` clauses and shape checks of repeated dims: boolean expressions over dims and params that callers must satisfy. */
  readonly facts: readonly { readonly cond: TExpr; readonly text: string; readonly span: Span }[];
  readonly body: readonly TStmt[];
  readonly properties: readonly TProperty[];
  readonly tolerances: Readonly<Record<string, Tol>>;
  readonly tunables: readonly { readonly name: string; readonly values: readonly bigint[] }[];
  readonly schedules: readonly TSchedule[];
}

/** A named extent, i64 at run time. */
export interface Dim {
  readonly id: string;
  readonly span: Span;
  readonly source:
    /** Bare in this axis of an input (`factor` of a composite; exact division by the others). */
    | {
        readonly kind: 'axis';
        readonly param: string;
        readonly axis: number;
        readonly factor: number;
        /** Set where `axis` counts the axes of a field of packed rows. */
        readonly field?: string;
      }
    /** `*B`: the product of a pack of axes. */
    | { readonly kind: 'pack'; readonly param: string; readonly axis: number }
    /** `dim OH = …;` */
    | { readonly kind: 'derived'; readonly size: TExpr };
  /**
   * Set if the dim occurs in one list's type only: then it has one value per element of that list. Within that list's type the `dim` node
   * has no `list` and means the element at hand, as a listed ragged axis there does; everywhere else it carries `list`.
   */
  readonly perElement?: { readonly list: string };
}

/** A ragged axis `~L(off)`. Its rows are the row-major flattening of all axes to its left. */
export interface Ragged {
  readonly id: string;
  /** Name of the offsets tensor (a parameter or a result). */
  readonly offsets: string;
  /** True for `~A{f}(ao{f})`: one per list element. */
  readonly listed: boolean;
  /** Tensor axes to the left of it, which the offsets flatten. */
  readonly left: readonly TAxis[];
  readonly origin: 'input' | 'result';
  /** Result axes: `ragged P[b] = size;` with its index variables, or filled by `pack`. */
  readonly rule?:
    | { readonly kind: 'size'; readonly list?: TVar; readonly vars: readonly TVar[]; readonly size: TExpr }
    | { readonly kind: 'pack' };
}

export type TAxis =
  /** Row-major product of the factors; one factor for a plain axis. */
  | { readonly kind: 'dense'; readonly factors: readonly TExpr[] }
  | { readonly kind: 'pack'; readonly dim: string }
  | { readonly kind: 'ragged'; readonly ragged: string }
  /** f < g < size in row-major order. */
  | { readonly kind: 'pairs'; readonly size: TExpr };

export interface TTensor {
  readonly elem:
    { readonly kind: 'scalar'; readonly dtype: DType } | { readonly kind: 'row'; readonly fields: readonly TField[] };
  readonly axes: readonly TAxis[];
}
/** A field of a packed row; fields lie one behind the other without padding. */
export interface TField {
  readonly name: string;
  readonly dtype: DType;
  readonly axes: readonly TAxis[];
}
export interface TParam {
  readonly name: string;
  readonly span: Span;
  /** `scalar`: by value, no axes. `const`: by value, specialised. */
  readonly mode: 'tensor' | 'inout' | 'scalar' | 'const';
  readonly list?: { readonly size: TExpr };
  readonly type: TTensor;
  readonly default?: number | bigint | boolean;
}
export interface TResult {
  readonly name: string;
  readonly span: Span;
  readonly list?: { readonly size: TExpr };
  readonly type: TTensor;
}

/** An index variable; `id` is unique in the operator. Ranges may mention earlier variables. */
export interface TVar {
  readonly id: string;
  readonly name: string;
  readonly span: Span;
  /** Half open. */
  readonly lo: TExpr;
  readonly hi: TExpr;
}

/** How one axis of a tensor is indexed. `extent` is what a part is bounded by. */
export interface TIndexPart {
  readonly value: TExpr;
  readonly extent: TExpr;
  /** `guarded`: out of range makes the nearest enclosing `guard` yield its other value. */
  readonly policy: 'proven' | 'guarded' | 'clamp' | 'unchecked';
}
export type TIndex =
  /** One index, flat in a composite. */
  | { readonly kind: 'flat'; readonly part: TIndexPart }
  /** One per factor of a composite axis. */
  | { readonly kind: 'parts'; readonly parts: readonly TIndexPart[] }
  /** `(f, g)` of `pairs(size)`; needs f < g. */
  | { readonly kind: 'pair'; readonly f: TIndexPart; readonly g: TIndexPart; readonly size: TExpr };

export type TUnary = 'neg' | 'not' | 'bitnot';
export type TBinary =
  | 'or'
  | 'and'
  | 'eq'
  | 'ne'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'bitand'
  | 'bitor'
  | 'bitxor'
  | 'shl'
  | 'shr'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'floordiv'
  | 'mod';
/** Built-in functions (LANGUAGE §3.7); `max`/`min` here are the two-argument calls. */
export type Builtin =
  | 'abs'
  | 'sign'
  | 'sqrt'
  | 'rsqrt'
  | 'exp'
  | 'exp2'
  | 'expm1'
  | 'log'
  | 'log2'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'erf'
  | 'sigmoid'
  | 'relu'
  | 'gelu'
  | 'gelu_tanh'
  | 'silu'
  | 'softplus'
  | 'pow'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc'
  | 'fma'
  | 'min'
  | 'max'
  | 'fmin'
  | 'fmax'
  | 'clip'
  | 'isnan'
  | 'isinf'
  | 'popcount'
  | 'clz'
  | 'rotl'
  | 'rotr'
  | 'mulhi'
  | 'philox';

export type TExpr = { readonly type: ValueType; readonly span: Span } & (
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'dim'; readonly id: string; readonly list?: TExpr }
  | { readonly kind: 'param'; readonly name: string; readonly dtype: DType }
  | { readonly kind: 'var'; readonly id: string }
  /** Length of a ragged row, start of a row, number of items in all rows. */
  | { readonly kind: 'len' | 'base'; readonly ragged: string; readonly list?: TExpr; readonly at: readonly TIndex[] }
  | { readonly kind: 'total'; readonly ragged: string; readonly list?: TExpr }
  /** Read of a parameter, result (its rounded value), let, temporary or state; narrower storage has been widened to `type`. */
  | {
      readonly kind: 'access';
      readonly tensor: string;
      readonly list?: TExpr;
      readonly index: readonly TIndex[];
      readonly field?: { readonly name: string; readonly index: readonly TIndex[] };
      readonly dtype: DType;
    }
  | { readonly kind: 'unary'; readonly op: TUnary; readonly a: TExpr }
  /** Operands have been converted to one type (shifts: the count to i32 or wider). */
  | { readonly kind: 'binary'; readonly op: TBinary; readonly a: TExpr; readonly b: TExpr }
  | { readonly kind: 'call'; readonly fn: Builtin; readonly args: readonly TExpr[] }
  | { readonly kind: 'bitcast'; readonly to: DType; readonly a: TExpr }
  /** A rounding point through `to`; the value then has type widen(to). `tf32` occurs with `near` only. */
  | { readonly kind: 'cast'; readonly mode: 'as' | 'near'; readonly to: DType | 'tf32'; readonly a: TExpr }
  /** Implicit, value preserving (dims and index values to float round like a literal). */
  | { readonly kind: 'convert'; readonly a: TExpr }
  | { readonly kind: 'if'; readonly cond: TExpr; readonly then: TExpr; readonly else: TExpr }
  /** `value` where all its guarded accesses are in range and everything it reads is present, else `other`. */
  | { readonly kind: 'guard'; readonly value: TExpr; readonly other: TExpr }
  | { readonly kind: 'strict'; readonly a: TExpr }
  /** A name of an inlined `fn` (parameter or `let`) that is used more than once; `local` occurs in `body` only. Guards see through it. */
  | { readonly kind: 'let'; readonly id: string; readonly value: TExpr; readonly body: TExpr }
  | { readonly kind: 'local'; readonly id: string }
  | TReduce
);
export type TReduce = { readonly type: ValueType; readonly span: Span } & {
  readonly kind: 'reduce';
  readonly reducer: Reducer;
  /** Accumulator: `sum<T>` or the default of LANGUAGE §3.3. */
  readonly acc: DType;
  /** Fresh variables. For softmax: the copies of `over` that the row is reduced over. */
  readonly vars: readonly TVar[];
  readonly where?: TExpr;
  readonly body: TExpr;
  /** Second argument of lower_bound and upper_bound. */
  readonly value?: TExpr;
  /** softmax only: ids of the enclosing variables the result is taken at, in the order of `vars`; and the body at that point. */
  readonly over?: readonly string[];
  readonly at?: TExpr;
};

/** One position of a left side. */
export type TLhs =
  | { readonly kind: 'var'; readonly var: TVar }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'tuple'; readonly parts: readonly TLhs[] };

export interface TTarget {
  readonly name: string;
  readonly span: Span;
  readonly list?: TVar;
  readonly index: readonly TLhs[];
  readonly field?: { readonly name: string; readonly index: readonly TLhs[] };
  /** Storage type of the let, result, or state. */
  readonly dtype: DType;
}
export type TStmt = { readonly span: Span } &
  /** `role` tells what the name is; several `define`s of one result or let are disjoint pieces. */
  (
    | {
        readonly kind: 'define';
        readonly role: 'let' | 'result' | 'inout' | 'state';
        readonly target: TTarget;
        readonly where?: TExpr;
        readonly near: boolean;
        readonly value: TExpr;
      }
    /** values, indices = topk<count>[axis](body); the last index of the targets ranges over 0..count. */
    | {
        readonly kind: 'select';
        readonly op: 'topk' | 'sort';
        readonly role: 'let' | 'result';
        readonly targets: readonly TTarget[];
        readonly count?: TExpr;
        readonly axis: TVar;
        readonly body: TExpr;
        readonly descending: boolean;
      }
    | {
        readonly kind: 'call';
        readonly role: 'let' | 'result' | 'inout';
        readonly targets: readonly TTarget[];
        readonly near: boolean;
        readonly call: TOpCall;
      }
    | { readonly kind: 'temp'; readonly name: string; readonly type: TTensor }
    | { readonly kind: 'ragged'; readonly ragged: string }
    /** Rows of ragged axis `ragged` are the items l of `from` where `where` holds, in order. */
    | {
        readonly kind: 'pack';
        readonly ragged: string;
        readonly vars: readonly TVar[];
        readonly from: TVar;
        readonly where: TExpr;
        readonly outs: readonly { readonly name: string; readonly dtype: DType; readonly value: TExpr }[];
      }
    | {
        readonly kind: 'scatter';
        readonly op: 'add' | 'max' | 'min' | 'or' | 'unique';
        readonly target: string;
        readonly dtype: DType;
        readonly vars: readonly TVar[];
        readonly index: readonly {
          readonly policy: 'proven' | 'drop' | 'clamp';
          readonly value: TExpr;
          readonly extent: TExpr;
        }[];
        readonly where?: TExpr;
        readonly value: TExpr;
        readonly init: TExpr;
      }
    | {
        readonly kind: 'recur';
        readonly index: TVar;
        readonly states: readonly TStmt[];
        readonly body: readonly TStmt[];
      }
  );
/** A call of another operator; tensor arguments are names of tensors here (whole), scalar arguments are expressions. */
export interface TOpCall {
  readonly op: TOp;
  readonly args: readonly (
    { readonly kind: 'tensor'; readonly name: string } | { readonly kind: 'value'; readonly value: TExpr }
  )[];
  readonly span: Span;
}

/** A side of a property: like TExpr, plus whole tensors and calls. */
export type TPropExpr =
  | { readonly kind: 'expr'; readonly expr: TExpr }
  | { readonly kind: 'tensor'; readonly name: string }
  /** Arguments in the order of the callee's parameters; `dims` are its dims, in terms of this operator, except those of fields of packed rows. */
  | {
      readonly kind: 'call';
      readonly op: TOp;
      readonly args: readonly TPropExpr[];
      readonly dims: Readonly<Record<string, TExpr>>;
    }
  | { readonly kind: 'binary'; readonly op: TBinary; readonly a: TPropExpr; readonly b: TPropExpr };
export interface TProperty {
  readonly name: string;
  readonly span: Span;
  /** Declared by `forall`, then the free indices of the sides; none over whole tensors. */
  readonly vars: readonly TVar[];
  readonly where?: TExpr;
  readonly left: TPropExpr;
  readonly op: '~=' | '==' | '<=';
  readonly right: TPropExpr;
  readonly within: Tol;
}
export interface TSchedule {
  readonly target?: string;
  readonly knobs: readonly {
    readonly path: string;
    readonly fixed: boolean;
    readonly values: readonly KnobValue[];
    readonly span: Span;
  }[];
}
