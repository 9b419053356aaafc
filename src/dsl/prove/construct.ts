import type { Span } from '../../diagnostics/span.ts';
import type { TBinary, TExpr } from '../typed.ts';

/** Position of expressions that the prover makes itself. */
const NOWHERE: Span = { file: '', start: 0, end: 0 };
const COMPARES: ReadonlySet<TBinary> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or']);

/** The i64 literal `value`. */
export const intLiteral = (value: bigint | number): TExpr => ({
  kind: 'int',
  value: BigInt(value),
  type: 'i64',
  span: NOWHERE,
});

/** `a op b`; comparisons and connectives give bool, arithmetic the type of `a`. */
export const binaryExpr = (op: TBinary, a: TExpr, b: TExpr): TExpr => ({
  kind: 'binary',
  op,
  a,
  b,
  type: COMPARES.has(op) ? 'bool' : a.type,
  span: NOWHERE,
});

/** Index variable `id`. */
export const variable = (id: string): TExpr => ({ kind: 'var', id, type: 'i64', span: NOWHERE });

/** Conjunction; true if there are no parts. */
export const conjunction = (parts: readonly TExpr[]): TExpr =>
  parts.reduce((a, b) => binaryExpr('and', a, b), { kind: 'bool', value: true, type: 'bool', span: NOWHERE });

/** Negation of a condition. */
export const negation = (a: TExpr): TExpr => ({ kind: 'unary', op: 'not', a, type: 'bool', span: NOWHERE });
