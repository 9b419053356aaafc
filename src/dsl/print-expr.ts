import { assertNever } from '../assert.ts';
import type { Arg, BinOp, Binder, Domain, Expr, Index } from './ast.ts';
import { bracketed, concat, group, join, line, nest, tightly } from './layout.ts';
import type { Layout } from './layout.ts';

/** Levels of precedence, loosest first: an operand of a lower level needs parentheses. */
const LEVELS = {
  if: 0,
  or: 1,
  and: 2,
  cmp: 3,
  bits: 4,
  shift: 5,
  add: 6,
  mul: 7,
  cast: 8,
  unary: 9,
  atom: 10,
} as const;
// prettier-ignore
const OPERATOR_LEVEL: Readonly<Record<BinOp, number>> = {
  '||': LEVELS.or, '&&': LEVELS.and, '==': LEVELS.cmp, '!=': LEVELS.cmp, '<': LEVELS.cmp, '<=': LEVELS.cmp, '>': LEVELS.cmp, '>=': LEVELS.cmp,
  '&': LEVELS.bits, '|': LEVELS.bits, '^': LEVELS.bits, '<<': LEVELS.shift, '>>': LEVELS.shift, '+': LEVELS.add, '-': LEVELS.add,
  '*': LEVELS.mul, '/': LEVELS.mul, '//': LEVELS.mul, '%': LEVELS.mul,
};

function levelOf(e: Expr): number {
  if (e.kind === 'binary') return OPERATOR_LEVEL[e.op];
  return e.kind === 'if'
    ? LEVELS.if
    : e.kind === 'cast'
      ? LEVELS.cast
      : e.kind === 'unary'
        ? LEVELS.unary
        : LEVELS.atom;
}
/** With the parentheses that a tree built by a program lacks; parsed trees carry their own. A side of a comparison is set as an index is. */
function atLeast(e: Expr, level: number): Layout {
  if (levelOf(e) < level) return bracketed('(', [layoutAlone(e)], ')');
  return level === LEVELS.bits ? layoutIndex(e) : layoutExpr(e);
}

/** An expression in canonical form; lines break behind operators and inside brackets. */
export function layoutExpr(e: Expr): Layout {
  switch (e.kind) {
    case 'int':
    case 'float':
      return e.text;
    case 'const':
      return e.name;
    case 'if':
      return group(
        'if ',
        layoutExpr(e.cond),
        nest(line, 'then ', layoutExpr(e.then), line, 'else ', layoutExpr(e.else)),
      );
    case 'binary':
      return chain(e, nest);
    case 'unary':
      return concat(e.op, atLeast(e.operand, LEVELS.atom));
    case 'cast':
      return concat(atLeast(e.operand, LEVELS.cast), ` ${e.mode} ${e.to.name}`);
    case 'guard':
      return concat('(', layoutExpr(e.value), ' ?? ', layoutExpr(e.other), ')');
    case 'strict':
      return concat('strict', bracketed('(', [layoutAlone(e.operand)], ')'));
    case 'tuple':
      return bracketed('(', e.parts.map(layoutExpr), ')');
    case 'paren':
      return bracketed('(', [layoutAlone(e.operand)], ')');
    case 'call':
      return concat(e.callee.name, typeArgument(e.type?.name), bracketed('(', e.args.map(arg), ')'));
    case 'reduce': {
      const where = e.where === undefined ? '' : nest(line, 'where ', layoutExpr(e.where));
      const binders = group('[', join(e.binders.map(layoutBinder), ', '), where, ']');
      return concat(e.reducer, typeArgument(e.type?.name), binders, bracketed('(', e.args.map(arg), ')'));
    }
    case 'access': {
      const list = e.list === undefined ? '' : concat('{', layoutExpr(e.list), '}');
      const fields = e.fields.map((f) => concat('.', f.name.name, f.index.length === 0 ? '' : layoutIndices(f.index)));
      return concat(e.name.name, list, e.indexed ? layoutIndices(e.index) : '', ...fields);
    }
    default:
      return assertNever(e, 'layoutExpr');
  }
}

const typeArgument = (name: string | undefined): string => (name === undefined ? '' : `<${name}>`);

function arg(a: Arg): Layout {
  return concat(
    a.name === undefined ? '' : `${a.name.name} = `,
    a.policy === undefined ? layoutAlone(a.value) : concat('clamp ', layoutIndex(a.value)),
    a.other === undefined ? '' : concat(' ?? ', layoutExpr(a.other)),
  );
}

/** `a + b - c` is one chain: operators of one level, grouped to the left, share their breaks. Without recursion on the left. */
function chain(e: Expr & { readonly kind: 'binary' }, indent: (...parts: readonly Layout[]) => Layout): Layout {
  const level = OPERATOR_LEVEL[e.op];
  const rest: Layout[] = [];
  let left: Expr = e;
  while (left.kind === 'binary' && sharesChain(left, e)) {
    rest.push(concat(` ${left.op}`, line, atLeast(left.right, level + 1)));
    left = left.left;
  }
  return group(atLeast(left, level + 1), indent(...rest.toReversed()));
}

/** A side of a property: parsed one level above comparisons. */
export const layoutSide = (e: Expr): Layout => atLeast(e, LEVELS.bits);

/** An expression whose surroundings are indented already, such as a whole argument or right side. */
export const layoutAlone = (e: Expr): Layout => (e.kind === 'binary' ? chain(e, concat) : layoutExpr(e));

/** `a & b | c` and `a < b < c` are not one chain: without parentheses they are errors. */
function sharesChain(inner: Expr & { readonly kind: 'binary' }, outer: Expr & { readonly kind: 'binary' }): boolean {
  const level = OPERATOR_LEVEL[inner.op];
  if (level !== OPERATOR_LEVEL[outer.op]) return false;
  return inner === outer || (level !== LEVELS.cmp && (level !== LEVELS.bits || inner.op === outer.op));
}

const layoutIndices = (index: readonly Index[]): Layout =>
  tightly(
    '[',
    index.map((i) => (i.policy === 'none' ? layoutIndex(i.expr) : concat(`${i.policy} `, layoutIndex(i.expr)))),
    ']',
  );

export function layoutBinder(b: Binder): Layout {
  return b.domain === undefined ? b.name.name : concat(b.name.name, ' in ', layoutDomain(b.domain));
}

export function layoutDomain(d: Domain): Layout {
  return d.kind === 'extent' ? layoutSize(d.size) : concat(layoutSize(d.lo), '..', layoutSize(d.hi));
}

/** Axes and bounds: plain arithmetic of names and integers is set tight, as in `B+1`; everything else as an expression. */
export function layoutSize(e: Expr): Layout {
  if (e.kind === 'tuple') return tightly('(', e.parts.map(layoutSize), ')');
  return isPlain(e) ? tight(e) : layoutExpr(e);
}

/** Indices, derived sizes and facts: plain arithmetic is set tight only where sums and products meet, as in `2*p + 1`. */
export function layoutIndex(e: Expr): Layout {
  if (e.kind === 'tuple') return tightly('(', e.parts.map(layoutIndex), ')');
  return isPlain(e) && has(e, LEVELS.mul) && has(e, LEVELS.add) ? tight(e) : layoutExpr(e);
}

function isPlain(e: Expr): boolean {
  if (e.kind === 'int') return true;
  if (e.kind === 'access') return !e.indexed && e.list === undefined && e.fields.length === 0;
  if (e.kind === 'paren' || e.kind === 'unary') return isPlain(e.operand);
  if (e.kind === 'call')
    return (
      e.type === undefined && e.args.every((a) => a.name === undefined && a.other === undefined && isPlain(a.value))
    );
  return e.kind === 'binary' && OPERATOR_LEVEL[e.op] >= LEVELS.add && isPlain(e.left) && isPlain(e.right);
}

function tight(e: Expr): string {
  if (e.kind === 'int') return e.text;
  if (e.kind === 'access') return e.name.name;
  if (e.kind === 'paren') return `(${tight(e.operand)})`;
  if (e.kind === 'unary') return `${e.op}${tightAtLeast(e.operand, LEVELS.atom)}`;
  if (e.kind === 'call') return `${e.callee.name}(${e.args.map((a) => tight(a.value)).join(', ')})`;
  return e.kind === 'binary' ? tightSum(e, hasProduct(e) ? ' ' : '') : '';
}

const tightAtLeast = (e: Expr, level: number): string => (levelOf(e) < level ? `(${tight(e)})` : tight(e));

/** `gap` around `+` and `-`, the same in the whole sum. */
function tightSum(e: Expr & { readonly kind: 'binary' }, gap: string): string {
  const level = OPERATOR_LEVEL[e.op];
  if (level === LEVELS.mul) return `${tightAtLeast(e.left, level)}${e.op}${tightAtLeast(e.right, level + 1)}`;
  const left = e.left.kind === 'binary' && OPERATOR_LEVEL[e.left.op] === level ? tightSum(e.left, gap) : tight(e.left);
  return `${left}${gap}${e.op}${gap}${tightAtLeast(e.right, level + 1)}`;
}

/** A product among the terms of a sum, outside of parentheses (a sum on the right gets some). */
function hasProduct(e: Expr): boolean {
  if (e.kind !== 'binary') return false;
  const isProduct = (x: Expr): boolean => x.kind === 'binary' && OPERATOR_LEVEL[x.op] === LEVELS.mul;
  return isProduct(e) || hasProduct(e.left) || isProduct(e.right);
}

/** An operator of that level anywhere in plain arithmetic. */
function has(e: Expr, level: number): boolean {
  if (e.kind === 'binary') return OPERATOR_LEVEL[e.op] === level || has(e.left, level) || has(e.right, level);
  return (e.kind === 'paren' || e.kind === 'unary') && has(e.operand, level);
}
