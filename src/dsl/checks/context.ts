import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic, Extra } from '../../diagnostics/diagnostic.ts';
import type { Code, Params } from '../../diagnostics/catalog.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { Expr, FnDecl, OpDecl } from '../ast.ts';
import type { DType } from '../dtypes.ts';
import type { Dim, Ragged, TExpr, TOp, TTensor, TVar } from '../typed.ts';
import type { Value } from './value.ts';

/** A call as written. */
export type CallExpr = Extract<Expr, { readonly kind: 'call' }>;

/** An axis of a `let` or a state: one part per position of the left side, several for a tuple. `hi` may mention the variables to its left. */
export interface LetAxis {
  readonly kind: 'let';
  readonly parts: readonly { readonly var?: TVar; readonly hi: TExpr }[];
}
/** An axis that is indexed: declared, or of a `let`. */
export type Axis = TTensor['axes'][number] | LetAxis;

/** Anything that is read with an index: a parameter, result, temporary, state or `let`. */
export interface TensorSym {
  readonly kind: 'tensor';
  readonly name: string;
  readonly span: Span;
  readonly role: 'in' | 'inout' | 'result' | 'temp' | 'state' | 'let';
  readonly list?: { readonly size: TExpr };
  readonly elem: TTensor['elem'];
  readonly axes: readonly Axis[];
  /** Set where points may be absent: the condition, over the variables of `axes`, under which a point is present; `unknown` if no one formula says it. */
  readonly presence?: { readonly where: TExpr } | 'unknown';
  /** An integer or boolean `let` in one piece: its value, over the variables of `axes`; proofs look through it. */
  readonly value?: TExpr;
  /** Positions from `topk` and `sort`: what they lie below. */
  readonly below?: { readonly extent: TExpr; readonly mayMiss: boolean };
}
/** A scalar parameter. `sizes` says that it may stand in sizes and adapts like a dim. */
export interface ScalarSym {
  readonly kind: 'scalar';
  readonly name: string;
  readonly span: Span;
  readonly dtype: DType;
  readonly sizes: boolean;
  /** Declared `const`. */
  readonly fixed: boolean;
}
/** A named extent. */
export interface DimSym {
  readonly kind: 'dim';
  readonly name: string;
  readonly span: Span;
  readonly perElement?: string;
}
/** What a name of an operator stands for. */
export type Sym = TensorSym | ScalarSym | DimSym;

/** A ragged axis under construction: its rule arrives with the statement that defines it. */
export interface RaggedInfo {
  readonly ragged: Ragged;
  readonly span: Span;
  /** Extent of the list that a listed axis runs over. */
  readonly listSize?: TExpr;
  /** Set once `ragged` or `pack` has defined a result's axis; inputs have their lengths from the start. */
  readonly defined: boolean;
  /** The rule has an error: indices over the axis stay silent. */
  readonly broken?: boolean;
}

/** How far the definition of a result, `inout` or state has come. */
export interface Progress {
  readonly span: Span;
  readonly pieces: Piece[];
  readSpan?: Span;
  /** Set while the loop that defines it is open: its variable, and the part of the index that it stands in. */
  loop?: { readonly id: string; readonly part: number };
}
/** Part of a tensor that one statement defines, over canonical variables, one box side per factor of each axis. */
export interface Piece {
  readonly span: Span;
  readonly field?: string;
  readonly list?: TExpr;
  readonly sides: readonly { readonly lo: TExpr; readonly hi: TExpr; readonly full: boolean; readonly extent: TExpr }[];
  readonly where?: TExpr;
}

/** Operators and functions that a file can name. */
export interface ModuleScope {
  readonly fns: ReadonlyMap<string, FnDecl>;
  /** The functions that the file of a function sees. */
  readonly fnsOf: (file: string) => ReadonlyMap<string, FnDecl>;
  readonly ops: ReadonlyMap<string, OpDecl>;
  /** Names whose import failed: their use stays silent. */
  readonly missing: ReadonlySet<string>;
  /** The instance of an operator of this module under a binding; undefined if it has errors or calls itself. */
  readonly instance: (op: OpDecl, types: Readonly<Record<string, DType>>) => TOp | 'recursive' | undefined;
}

/** What is known while one operator is checked under one binding of its type parameters. */
export interface OpContext {
  readonly decl?: OpDecl;
  readonly scope: ModuleScope;
  /** Types an expression. The rules of the parts of an expression call it back through here. */
  readonly typeExpr: (e: Expr, s: Scope) => Value;
  readonly types: ReadonlyMap<string, DType>;
  readonly diagnostics: Diagnostic[];
  readonly dims: Map<string, Dim>;
  readonly raggeds: Map<string, RaggedInfo>;
  readonly symbols: Map<string, Sym>;
  /** What proofs may assume anywhere in the operator. */
  readonly facts: TExpr[];
  /** What callers must satisfy. */
  readonly conditions: { readonly cond: TExpr; readonly text: string; readonly span: Span }[];
  readonly progress: Map<string, Progress>;
  readonly used: Set<string>;
  /** Names whose definition has an error: nothing is said about their pieces. */
  readonly failed: Set<string>;
  readonly ids: Map<string, number>;
  /** Variables whose range could not be told: whatever mentions them stays silent. */
  readonly broken: Set<string>;
  /** Names of lets that stand further down, for the hint of an unknown name. */
  readonly later: Set<string>;
  /** Names of lets of loops that have ended. */
  readonly inner: Set<string>;
  /** Above 0 nothing is reported: an expression is typed only to learn its value. */
  quiet: number;
}

/** What an expression sees. */
export interface Scope {
  readonly op: OpContext;
  /** Index variables by source name. */
  readonly vars: ReadonlyMap<string, TVar>;
  /** Parameters and lets of the `fn` that is being inlined; while one is, nothing else is visible. */
  readonly locals?: ReadonlyMap<string, Value>;
  /** Functions that the inlined one can call. */
  readonly fns?: ReadonlyMap<string, FnDecl>;
  /** Ranges and conditions that hold here. */
  readonly facts: readonly TExpr[];
  /** Inside the left side of `??`. */
  readonly guarded: boolean;
  /** Inside an extent, domain or operator condition, where only sizes are legal and `/` is exact. */
  readonly size: boolean;
  /** Variables of left sides and loops that a definition may reuse. */
  readonly loop?: TVar;
}

/** Reports a diagnostic of the catalog; the same code at the same place with the same words is reported once a file. */
export function report<C extends Code>(op: OpContext, code: C, params: Params<C>, span: Span, extra?: Extra): void {
  if (op.quiet > 0) return;
  op.diagnostics.push(diagnostic(code, params, span, extra));
}

/** Runs `body` without reporting anything. */
export function quietly<T>(op: OpContext, body: () => T): T {
  op.quiet++;
  try {
    return body();
  } finally {
    op.quiet--;
  }
}

/** A fresh identifier: the source name, with `.2`, `.3` … behind it where it was taken before. */
export function fresh(op: OpContext, name: string): string {
  const n = (op.ids.get(name) ?? 0) + 1;
  op.ids.set(name, n);
  return n === 1 ? name : `${name}.${n}`;
}

/** The scope with one more condition that holds. */
export const assuming = (s: Scope, ...facts: readonly TExpr[]): Scope => ({ ...s, facts: [...s.facts, ...facts] });
