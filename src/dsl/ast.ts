import type { Span } from '../diagnostics/span.ts';
import type { DType } from './dtypes.ts';

/**
 * Syntax tree of a `.ktune` file: what was written, nothing resolved. Each node carries its span.
 * `parse` builds it, `print` turns it back into canonical text, `check` reads it.
 */
export interface Module {
  readonly kind: 'module';
  readonly span: Span;
  readonly items: readonly Item[];
}
export type Item = Import | FnDecl | OpDecl;

/** An identifier where it is declared or used as a plain name. */
export interface Ident {
  readonly name: string;
  readonly span: Span;
}
interface Node {
  readonly span: Span;
}

export interface Import extends Node {
  readonly kind: 'import';
  readonly names: readonly Ident[];
  readonly from: string;
}
export interface FnDecl extends Node {
  readonly kind: 'fn';
  readonly doc?: string;
  readonly name: Ident;
  readonly params: readonly { readonly name: Ident; readonly type?: Ident }[];
  readonly result?: Ident;
  /** Empty for the form `= expr;`. */
  readonly lets: readonly { readonly name: Ident; readonly value: Expr; readonly span: Span }[];
  readonly block: boolean;
  readonly body: Expr;
}
export interface OpDecl extends Node {
  readonly kind: 'op';
  readonly doc?: string;
  readonly name: Ident;
  readonly typeParams: readonly { readonly name: Ident; readonly choices: readonly DType[]; readonly span: Span }[];
  readonly params: readonly Param[];
  readonly results: readonly Result[];
  readonly dims: readonly { readonly name: Ident; readonly size: Expr; readonly span: Span }[];
  readonly where: readonly Cond[];
  readonly body: readonly Stmt[];
}
export interface Param extends Node {
  readonly kind: 'param';
  readonly mode: 'in' | 'const' | 'inout';
  readonly name: Ident;
  readonly list?: ListBinder;
  readonly type: TypeExpr;
  readonly default?: Expr;
}
export interface Result extends Node {
  readonly kind: 'result';
  readonly name: Ident;
  readonly list?: ListBinder;
  readonly type: TypeExpr;
}
/** `{f in F}`: a list of tensors, one per value of `index` in 0..size. */
export interface ListBinder extends Node {
  readonly index: Ident;
  readonly size: Expr;
}
export interface TypeExpr extends Node {
  /** A dtype or type-parameter name, or a packed row. */
  readonly elem:
    | { readonly kind: 'name'; readonly name: Ident }
    | { readonly kind: 'row'; readonly fields: readonly RowField[]; readonly span: Span };
  readonly axes: readonly AxisExpr[];
}
export interface RowField extends Node {
  readonly name: Ident;
  readonly type: TypeExpr;
}
export type AxisExpr = Node &
  (
    | { readonly kind: 'size'; readonly size: Expr }
    | { readonly kind: 'pack'; readonly name: Ident }
    /** `~L(off)`, `~A{f}(ao{f})`. */
    | {
        readonly kind: 'ragged';
        readonly name: Ident;
        readonly list?: Ident;
        readonly offsets: Ident;
        readonly offsetsList?: Ident;
      }
    | { readonly kind: 'pairs'; readonly size: Expr }
  );
/** `where` facts of an operator: sizes compared. */
export interface Cond extends Node {
  readonly op: CmpOp;
  readonly left: Expr;
  readonly right: Expr;
}

export type Stmt = Define | TempDecl | RaggedDef | Pack | Scatter | Recur | Property | Tolerance | Tunable | Schedule;

/** `let a[i], b[i] where c = rhs;` or, without `let`, a definition of results. */
export interface Define extends Node {
  readonly kind: 'define';
  readonly isLet: boolean;
  readonly targets: readonly Target[];
  readonly where?: Expr;
  readonly rhs: Rhs;
}
export type Rhs =
  | { readonly kind: 'expr'; readonly near: boolean; readonly expr: Expr; readonly span: Span }
  /** topk and sort: stable; yields values and indices. */
  | {
      readonly kind: 'select';
      readonly op: 'topk' | 'sort';
      readonly count?: Expr;
      readonly axis: Ident;
      readonly body: Expr;
      readonly order?: 'descending' | 'ascending';
      readonly span: Span;
    };
export interface Target extends Node {
  readonly name: Ident;
  /** `x{f}[…]`: the list index of the left side. */
  readonly list?: Ident;
  readonly index: readonly Lhs[];
  /** True if brackets were written at all. */
  readonly indexed: boolean;
  readonly field?: { readonly name: Ident; readonly index: readonly Lhs[] };
  readonly type?: Ident;
}
export type Lhs = Node &
  (
    | { readonly kind: 'bind'; readonly name: Ident; readonly domain?: Domain }
    | { readonly kind: 'int'; readonly value: bigint }
    | { readonly kind: 'tuple'; readonly parts: readonly Lhs[] }
  );
/** `lo..hi`, `size` (0..size), or a single identifier: a ragged axis or a size; the checker tells which. */
export type Domain = Node &
  ({ readonly kind: 'range'; readonly lo: Expr; readonly hi: Expr } | { readonly kind: 'extent'; readonly size: Expr });
/** `let h: i64[K];` */
export interface TempDecl extends Node {
  readonly kind: 'temp';
  readonly name: Ident;
  readonly type: TypeExpr;
}
export interface RaggedDef extends Node {
  readonly kind: 'ragged';
  readonly name: Ident;
  readonly list?: Ident;
  readonly index: readonly Ident[];
  readonly size: Expr;
}
export interface Pack extends Node {
  readonly kind: 'pack';
  readonly name: Ident;
  readonly index: readonly Ident[];
  readonly from: Ident;
  readonly where: Expr;
  readonly outs: readonly { readonly name: Ident; readonly value: Expr; readonly span: Span }[];
}
export interface Scatter extends Node {
  readonly kind: 'scatter';
  readonly op: 'add' | 'max' | 'min' | 'or' | 'unique';
  readonly target: Ident;
  readonly index: readonly { readonly policy: 'none' | 'drop' | 'clamp'; readonly expr: Expr; readonly span: Span }[];
  readonly where?: Expr;
  readonly value: Expr;
  readonly init: Expr;
}
export interface Recur extends Node {
  readonly kind: 'recur';
  /** `state s[u, b] = e;` one per state. */
  readonly states: readonly Define[];
  readonly index: Ident;
  readonly domain: Domain;
  readonly body: readonly Define[];
}
export interface Property extends Node {
  readonly kind: 'property';
  readonly name: string;
  readonly forall: readonly { readonly name: Ident; readonly domain: Domain }[];
  readonly where?: Expr;
  readonly left: Expr;
  readonly op: '~=' | '==' | '<=';
  readonly right: Expr;
  readonly within?: Tol;
}
export type Tol = Node &
  (
    | { readonly kind: 'auto' }
    | { readonly kind: 'exact' }
    | { readonly kind: 'ulp' | 'bound'; readonly n: number }
    | { readonly kind: 'absrel'; readonly abs: number; readonly rel: number }
  );
export interface Tolerance extends Node {
  readonly kind: 'tolerance';
  readonly name: Ident;
  readonly tol: Tol;
}
export interface Tunable extends Node {
  readonly kind: 'tunable';
  readonly name: Ident;
  readonly values: readonly bigint[];
}
export type KnobValue = Node &
  (
    | { readonly kind: 'num'; readonly value: number }
    | { readonly kind: 'name'; readonly value: string }
    | { readonly kind: 'string'; readonly value: string }
  );
export interface Schedule extends Node {
  readonly kind: 'schedule';
  readonly target?: Ident;
  readonly knobs: readonly {
    readonly path: readonly Ident[];
    readonly fixed: boolean;
    readonly values: readonly KnobValue[];
    readonly span: Span;
  }[];
}

export type CmpOp = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type BinOp = '||' | '&&' | CmpOp | '&' | '|' | '^' | '<<' | '>>' | '+' | '-' | '*' | '/' | '//' | '%';
export type Reducer =
  | 'sum'
  | 'prod'
  | 'max'
  | 'min'
  | 'any'
  | 'all'
  | 'count'
  | 'argmax'
  | 'argmin'
  | 'first'
  | 'mean'
  | 'var'
  | 'logsumexp'
  | 'softmax'
  | 'lower_bound'
  | 'upper_bound';

/** Index of an access: `clamp`/`unchecked` before a tuple covers each part. */
export interface Index extends Node {
  readonly policy: 'none' | 'clamp' | 'unchecked';
  readonly expr: Expr;
}
/** A piece of an access after the name: `[i, j]` or `.field[i]`. */
export interface Binder extends Node {
  readonly name: Ident;
  readonly domain?: Domain;
}
export type Expr = Node &
  (
    | { readonly kind: 'int'; readonly value: bigint; readonly hex: boolean; readonly text: string }
    | { readonly kind: 'float'; readonly value: number; readonly text: string }
    | { readonly kind: 'const'; readonly name: 'inf' | 'nan' | 'true' | 'false' }
    | { readonly kind: 'if'; readonly cond: Expr; readonly then: Expr; readonly else: Expr }
    | { readonly kind: 'binary'; readonly op: BinOp; readonly left: Expr; readonly right: Expr }
    | { readonly kind: 'unary'; readonly op: '-' | '!' | '~'; readonly operand: Expr }
    | { readonly kind: 'cast'; readonly mode: 'as' | 'near'; readonly operand: Expr; readonly to: Ident }
    | { readonly kind: 'guard'; readonly value: Expr; readonly other: Expr }
    | { readonly kind: 'strict'; readonly operand: Expr }
    | { readonly kind: 'tuple'; readonly parts: readonly Expr[] }
    /** Kept so that `print` and `parse` are inverse; carries no meaning. */
    | { readonly kind: 'paren'; readonly operand: Expr }
    | { readonly kind: 'call'; readonly callee: Ident; readonly type?: Ident; readonly args: readonly Arg[] }
    | {
        readonly kind: 'reduce';
        readonly reducer: Reducer;
        readonly type?: Ident;
        readonly binders: readonly Binder[];
        readonly where?: Expr;
        readonly args: readonly Arg[];
      }
    | {
        readonly kind: 'access';
        readonly name: Ident;
        readonly list?: Expr;
        readonly index: readonly Index[];
        readonly indexed: boolean;
        readonly fields: readonly { readonly name: Ident; readonly index: readonly Index[]; readonly span: Span }[];
      }
  );
/** `name = e ?? other`: the guard covers e. */
export interface Arg extends Node {
  /** `clamp e`: legal for the row arguments of `len` and `base` only. */
  readonly policy?: 'clamp';
  readonly name?: Ident;
  readonly value: Expr;
  readonly other?: Expr;
}
