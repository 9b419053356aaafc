import { assertNever } from '../../assert.ts';
import type { Span } from '../../diagnostics/span.ts';
import { DTYPES, isInt } from '../dtypes.ts';
import type { ValueType } from '../dtypes.ts';
import type { TBinary, TExpr, TIndex, TIndexPart, TVar } from '../typed.ts';

/** An integer literal, i64 unless said otherwise. */
export const int = (value: bigint | number, span: Span, type: ValueType = 'i64'): TExpr => ({
  kind: 'int',
  value: BigInt(value),
  type,
  span,
});
/** A boolean literal. */
export const bool = (value: boolean, span: Span): TExpr => ({ kind: 'bool', value, type: 'bool', span });
/** An index variable as a value. */
export const variable = (v: TVar): TExpr => ({ kind: 'var', id: v.id, type: 'i64', span: v.span });

const COMPARES: ReadonlySet<TBinary> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'and', 'or']);

/** A binary node over operands of one type; comparisons and connectives are bool. */
export const binary = (op: TBinary, a: TExpr, b: TExpr, span: Span = a.span): TExpr => ({
  kind: 'binary',
  op,
  a,
  b,
  type: COMPARES.has(op) ? 'bool' : a.type,
  span,
});
/** The negation of a condition. */
export const not = (a: TExpr): TExpr => ({ kind: 'unary', op: 'not', a, type: 'bool', span: a.span });
/** The value in another arithmetic type, by an implicit conversion. */
export const convert = (a: TExpr, type: ValueType): TExpr => {
  if (a.type === type) return a;
  // A size is read as i64: given back its own type, it is what it was, and equal sizes are seen to be equal.
  if (a.kind === 'convert' && a.a.type === type && isInt(type) && DTYPES[type].bytes < DTYPES[a.type].bytes) return a.a;
  return { kind: 'convert', a, type, span: a.span };
};

/** Product of extents; the empty product is 1. */
export function product(factors: readonly TExpr[], span: Span): TExpr {
  const [first, ...rest] = factors;
  if (first === undefined) return int(1, span);
  return rest.reduce((p, f) => (p.kind === 'int' && p.value === 1n ? f : binary('mul', p, f, span)), first);
}

/** `lo <= v` and `v < hi`. */
export const rangeFacts = (v: TVar): readonly TExpr[] => [
  binary('le', v.lo, variable(v)),
  binary('lt', variable(v), v.hi),
];

/** Both conditions, either of which may be missing. */
export function both(a: TExpr | undefined, b: TExpr | undefined): TExpr | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : binary('and', a, b);
}

/** Rebuilds an expression with `f` applied to each direct part; index policies stay. */
export function mapParts(e: TExpr, f: (e: TExpr) => TExpr): TExpr {
  const part = (p: TIndexPart): TIndexPart => ({ ...p, value: f(p.value), extent: f(p.extent) });
  const index = (i: TIndex): TIndex =>
    i.kind === 'flat'
      ? { kind: 'flat', part: part(i.part) }
      : i.kind === 'parts'
        ? { kind: 'parts', parts: i.parts.map(part) }
        : { kind: 'pair', f: part(i.f), g: part(i.g), size: f(i.size) };
  const list = (l: TExpr | undefined): { list?: TExpr } => (l === undefined ? {} : { list: f(l) });
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'param':
    case 'var':
    case 'local':
      return e;
    case 'dim':
    case 'total':
      return { ...e, ...list(e.list) };
    case 'len':
    case 'base':
      return { ...e, ...list(e.list), at: e.at.map(index) };
    case 'access':
      return {
        ...e,
        ...list(e.list),
        index: e.index.map(index),
        ...(e.field === undefined ? {} : { field: { name: e.field.name, index: e.field.index.map(index) } }),
      };
    case 'unary':
    case 'bitcast':
    case 'cast':
    case 'convert':
    case 'strict':
      return { ...e, a: f(e.a) };
    case 'binary':
      return { ...e, a: f(e.a), b: f(e.b) };
    case 'call':
      return { ...e, args: e.args.map(f) };
    case 'if':
      return { ...e, cond: f(e.cond), then: f(e.then), else: f(e.else) };
    case 'guard':
      return { ...e, value: f(e.value), other: f(e.other) };
    case 'let':
      return { ...e, value: f(e.value), body: f(e.body) };
    case 'reduce':
      return {
        ...e,
        vars: e.vars.map((v) => ({ ...v, lo: f(v.lo), hi: f(v.hi) })),
        ...(e.where === undefined ? {} : { where: f(e.where) }),
        body: f(e.body),
        ...(e.value === undefined ? {} : { value: f(e.value) }),
        ...(e.at === undefined ? {} : { at: f(e.at) }),
      };
    default:
      return assertNever(e, 'mapParts');
  }
}

/** Replaces variables by expressions. */
export function substitute(e: TExpr, by: ReadonlyMap<string, TExpr>): TExpr {
  if (by.size === 0) return e;
  const go = (x: TExpr): TExpr => (x.kind === 'var' ? (by.get(x.id) ?? x) : mapParts(x, go));
  return go(e);
}

/** The direct parts of an expression. */
export function parts(e: TExpr): readonly TExpr[] {
  const out: TExpr[] = [];
  mapParts(e, (x) => {
    out.push(x);
    return x;
  });
  return out;
}

/** True if some part of `e`, or `e` itself, satisfies `test`. */
export const some = (e: TExpr, test: (e: TExpr) => boolean): boolean => test(e) || parts(e).some((p) => some(p, test));

/** Equal up to source positions. */
export function same(a: TExpr, b: TExpr): boolean {
  return a === b || key(a) === key(b);
}

const keys = new WeakMap<TExpr, string>();
/** A text that two expressions share exactly if they are the same up to source positions. */
export function key(e: TExpr): string {
  const known = keys.get(e);
  if (known !== undefined) return known;
  const text = JSON.stringify(e, (name, value: unknown) =>
    name === 'span' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
  keys.set(e, text);
  return text;
}
