import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { TExpr, TOp, TStmt } from '../../dsl/typed.ts';
import { freshNames } from '../ir/rewrite.ts';
import type { Known } from './known.ts';
import type { Shapes } from './views.ts';
import type { Axis, AxisId, BufId, Buffer, Expr, Stage } from '../ir/stage.ts';

/** A loop axis that remembers the ragged row it runs over, so that temporaries over it can be laid out like that ragged axis. */
export interface LoopAxis extends Axis {
  readonly row?: { readonly ragged: RaggedInfo; readonly position: Expr; readonly list?: Expr };
}

/** An axis of a tensor as one operator sees it. Extents may mention `elem`, the list index, through a function. */
export type ViewAxis =
  | { readonly kind: 'dense'; readonly factors: readonly Expr[] }
  | { readonly kind: 'pairs'; readonly size: Expr }
  | { readonly kind: 'ragged'; readonly ragged: RaggedInfo };
export type AxesOf = (list: Expr | undefined) => readonly ViewAxis[];

export interface RaggedInfo {
  readonly id: string;
  readonly offsets: () => Tensor;
  readonly listed: boolean;
  readonly left: AxesOf;
  readonly origin: 'input' | 'result';
}

/** Position within one axis: flat, one by factor, or a pair. */
export type AxisIndex =
  | { readonly kind: 'flat'; readonly value: Expr }
  | { readonly kind: 'parts'; readonly values: readonly Expr[] }
  | { readonly kind: 'pair'; readonly f: Expr; readonly g: Expr };

/** A name of the source that can be indexed. */
export type Tensor =
  /** Declared by a type. `groups`: which axes make up each axis of the buffer; a `split` group has one buffer axis for each factor. */
  | {
      readonly kind: 'view';
      readonly buf: BufId;
      readonly dtype: DType;
      readonly axes: AxesOf;
      readonly groups: readonly Group[];
      readonly fields?: ReadonlyMap<
        string,
        { readonly dtype: DType; readonly factors: (list: Expr | undefined) => readonly (readonly Expr[])[] }
      >;
    }
  /** A let: `index` is over the ids of `vars`, which stand in the order of its left side. */
  | {
      readonly kind: 'let';
      readonly buf: BufId;
      readonly dtype: DType;
      readonly list?: LoopAxis;
      readonly vars: readonly (readonly LoopAxis[])[];
      readonly index: readonly Expr[];
      /** Where it has a value; over the ids of `vars`. */
      readonly present?: Expr;
    };
export interface Group {
  readonly axes: readonly number[];
  readonly split: boolean;
}

/** What is under construction: one graph, into which operators that are called are inlined. */
export interface Builder {
  readonly buffers: Buffer[];
  /** Where stages go: the graph, or the body of a recurrence. */
  stages: Stage[];
  /** Stages that overwrite inputs; they come last. */
  readonly last: Stage[];
  /** Temporaries by the normal form of what they hold. */
  memo: Map<
    string,
    { readonly buf: BufId; readonly dtype: DType; readonly index: readonly Expr[]; readonly axes: readonly AxisId[] }
  >;
  readonly bufferName: (base: string) => string;
  readonly varName: (base: string) => string;
  readonly refusals: Diagnostic[];
  /** What derived dims stand for. */
  readonly derived: Map<string, Expr>;
  /** Counts accesses whose range rests on enclosing conditions. */
  risk: number;
  stageCount: number;
  /** What is being defined: temporaries of its value are named after it. */
  owner?: string;
  /** The axis of an enclosing recurrence. */
  step?: AxisId;
}
export function newBuilder(taken: readonly string[]): Builder {
  return {
    buffers: [],
    stages: [],
    last: [],
    memo: new Map(),
    bufferName: freshNames(taken),
    varName: freshNames(),
    refusals: [],
    derived: new Map(),
    risk: 0,
    stageCount: 0,
  };
}

/** One operator being lowered: what its names mean. */
export interface Env {
  readonly builder: Builder;
  readonly op: TOp;
  /** Dims as expressions; `list` is given for dims with one value per list element. */
  readonly dim: (id: string, list: Expr | undefined) => Expr;
  readonly params: ReadonlyMap<string, Expr>;
  readonly tensors: Map<string, Tensor>;
  readonly raggeds: ReadonlyMap<string, RaggedInfo>;
  readonly shapes: Shapes;
  readonly lowering: Lowering;
}
/** How expressions and statements are lowered: handed down, because each kind of node calls for the others. */
export interface Lowering {
  readonly expr: (env: Env, scope: Scope, e: TExpr) => Expr;
  readonly stmts: (env: Env, scope: Scope, stmts: readonly TStmt[]) => void;
}
export const lowerExpr = (env: Env, scope: Scope, e: TExpr): Expr => env.lowering.expr(env, scope, e);
export const lowerStmts = (env: Env, scope: Scope, stmts: readonly TStmt[]): void =>
  env.lowering.stmts(env, scope, stmts);

/** Where an expression stands. */
export interface Scope {
  readonly vars: ReadonlyMap<string, Expr>;
  /** Enclosing loops, outermost first; the step of a recurrence is not one of them. */
  readonly axes: readonly LoopAxis[];
  /** Conditions that hold here. */
  readonly path: readonly Expr[];
  /** Collects the conditions of the nearest enclosing guard. */
  readonly guard?: Expr[];
  /** Names of inlined functions: a value, or source that is lowered at each use. */
  readonly locals: ReadonlyMap<string, Local>;
  /** In the type of a list: the element at hand. */
  readonly elem?: Expr;
  /** Set where enclosing conditions cannot be relied on: every access tests its range. */
  readonly distrust: boolean;
}
export type Local =
  /** Small enough to stand wherever it is used. */
  | { readonly kind: 'leaf'; readonly value: Expr }
  | { readonly kind: 'value'; readonly id: string; readonly value: Expr }
  | { readonly kind: 'source'; readonly value: TExpr; readonly locals: ReadonlyMap<string, Local> };

export const EMPTY: Scope = { vars: new Map(), axes: [], path: [], locals: new Map(), distrust: false };

/** Everything that holds here, conditions gathered so far by the enclosing guard included. */
export const pathOf = (s: Scope): readonly Expr[] => [...s.path, ...(s.guard ?? [])];
export const assume = (s: Scope, cond: Expr): Scope => ({ ...s, path: [...s.path, cond] });

/** What is known of ranges in a scope. */
export const knownIn = (env: Env, scope: Scope): Known => ({ axes: scope.axes, derived: env.builder.derived });

/** Emits a stage under a fresh id. */
export function emit(b: Builder, stage: (id: string) => Stage, to: Stage[] = b.stages): void {
  to.push(stage(`s${b.stageCount++}`));
}
export function refuse(b: Builder, d: Diagnostic): void {
  if (!b.refusals.some((r) => r.code === d.code && r.message === d.message)) b.refusals.push(d);
}
