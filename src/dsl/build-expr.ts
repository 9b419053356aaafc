import type { IToken } from 'chevrotain';
import { must } from '../assert.ts';
import type { Arg, BinOp, Binder, Domain, Expr, Ident, Index } from './ast.ts';
import { covering, fail, ident, nodeSpan, nth, only, optionalIdent, tokenSpan } from './build-context.ts';
import type { Build } from './build-context.ts';
import type * as Cst from './cst.generated.ts';
import { CLASSES, isReducer } from './words.ts';

/** Longest integer literal that is read: any 64-bit value in hex or decimal, with room for leading zeros. */
const MOST_DIGITS = 64;

export function expr(b: Build, node: Cst.ExprCstNode): Expr {
  const { ifExpr, orExpr: or } = node.children;
  if (ifExpr?.[0] === undefined) return orExpr(b, only(or));
  const { cond, yes, no } = ifExpr[0].children;
  return {
    kind: 'if',
    cond: expr(b, only(cond)),
    then: expr(b, only(yes)),
    else: expr(b, only(no)),
    span: nodeSpan(b, node),
  };
}

/** `operand { operator operand }`, grouped to the left. */
function chain<N>(
  b: Build,
  operands: readonly N[],
  operators: readonly IToken[] | undefined,
  build: (b: Build, node: N) => Expr,
): Expr {
  let left = build(b, only(operands));
  for (const [i, operator] of (operators ?? []).entries()) {
    const right = build(b, nth(operands, i + 1));
    left = { kind: 'binary', op: binOp(operator), left, right, span: covering(left, right) };
  }
  return left;
}

const OPERATORS: ReadonlySet<string> = new Set([
  '||',
  '&&',
  ...CLASSES.CmpOp,
  ...CLASSES.BitOp,
  ...CLASSES.ShiftOp,
  ...CLASSES.AddOp,
  ...CLASSES.MulOp,
]);
const isBinOp = (text: string): text is BinOp => OPERATORS.has(text);
const binOp = (token: IToken): BinOp => must(isBinOp(token.image) ? token.image : undefined, 'operator');

const orExpr = (b: Build, n: Cst.OrExprCstNode): Expr => chain(b, n.children.andExpr, n.children.OrOr, andExpr);
const andExpr = (b: Build, n: Cst.AndExprCstNode): Expr => chain(b, n.children.cmp, n.children.AndAnd, cmp);
const cmp = (b: Build, n: Cst.CmpCstNode): Expr => chain(b, n.children.bits, n.children.CmpOp, bits);
const shift = (b: Build, n: Cst.ShiftCstNode): Expr => chain(b, n.children.add, n.children.ShiftOp, add);
const add = (b: Build, n: Cst.AddCstNode): Expr => chain(b, n.children.mul, n.children.AddOp, mul);
const mul = (b: Build, n: Cst.MulCstNode): Expr => chain(b, n.children.cast, n.children.MulOp, cast);

/** `&`, `|` and `^` are one level of the grammar, but only one of them may stand in a chain. */
export function bits(b: Build, n: Cst.BitsCstNode): Expr {
  const [first, ...rest] = n.children.BitOp ?? [];
  const other = rest.find((t) => t.image !== first?.image);
  if (first !== undefined && other !== undefined)
    fail(b, 'syntax-mixed', { first: first.image, second: other.image }, tokenSpan(b, other));
  return chain(b, n.children.shift, n.children.BitOp, shift);
}

function cast(b: Build, n: Cst.CastCstNode): Expr {
  let operand = unary(b, only(n.children.unary));
  for (const [i, word] of (n.children.CastOp ?? []).entries()) {
    const to = ident(b, nth(n.children.Id, i));
    operand = { kind: 'cast', mode: word.image === 'as' ? 'as' : 'near', operand, to, span: covering(operand, to) };
  }
  return operand;
}

function unary(b: Build, n: Cst.UnaryCstNode): Expr {
  const operand = atom(b, only(n.children.atom));
  const sign = n.children.UnaryOp?.[0];
  return sign === undefined
    ? operand
    : { kind: 'unary', op: sign.image === '-' ? '-' : sign.image === '!' ? '!' : '~', operand, span: nodeSpan(b, n) };
}

function atom(b: Build, n: Cst.AtomCstNode): Expr {
  const c = n.children;
  if (c.Int?.[0]) return integer(b, c.Int[0], false);
  if (c.Hex?.[0]) return integer(b, c.Hex[0], true);
  if (c.Float?.[0])
    return { kind: 'float', value: Number(c.Float[0].image), text: c.Float[0].image, span: tokenSpan(b, c.Float[0]) };
  if (c.Constant?.[0]) return { kind: 'const', name: constant(c.Constant[0].image), span: tokenSpan(b, c.Constant[0]) };
  if (c.reduce?.[0]) return reduce(b, c.reduce[0]);
  if (c.call?.[0]) return call(b, c.call[0]);
  if (c.paren?.[0]) return paren(b, c.paren[0]);
  if (c.strict?.[0]) return { kind: 'strict', operand: expr(b, only(c.strict[0].children.expr)), span: nodeSpan(b, n) };
  return access(b, only(c.access));
}

export function integer(b: Build, token: IToken, hex: boolean): Expr {
  const span = tokenSpan(b, token);
  const long = token.image.length > MOST_DIGITS;
  if (long) fail(b, 'syntax-number-long', { digits: token.image.length, most: MOST_DIGITS }, span);
  return { kind: 'int', value: long ? 0n : BigInt(token.image), hex, text: token.image, span };
}

function constant(text: string): 'inf' | 'nan' | 'true' | 'false' {
  return text === 'inf' || text === 'nan' || text === 'true' ? text : 'false';
}

function paren(b: Build, n: Cst.ParenCstNode): Expr {
  const { expr: parts, other } = n.children;
  const span = nodeSpan(b, n);
  const first = expr(b, only(parts));
  if (other?.[0]) return { kind: 'guard', value: first, other: expr(b, other[0]), span };
  if (parts.length === 1) return { kind: 'paren', operand: first, span };
  return { kind: 'tuple', parts: [first, ...parts.slice(1).map((p) => expr(b, p))], span };
}

function call(b: Build, n: Cst.CallCstNode): Expr {
  const { callee, type, arg: args } = n.children;
  return {
    kind: 'call',
    callee: ident(b, only(callee)),
    ...withType(optionalIdent(b, type)),
    args: (args ?? []).map((a) => arg(b, a)),
    span: nodeSpan(b, n),
  };
}

const withType = (type: Ident | undefined): { readonly type?: Ident } => (type === undefined ? {} : { type });

function arg(b: Build, n: Cst.ArgCstNode): Arg {
  const { Id, Clamp, value, other } = n.children;
  return {
    ...(Id?.[0] ? { name: ident(b, Id[0]) } : {}),
    ...(Clamp ? { policy: 'clamp' as const } : {}),
    value: expr(b, only(value)),
    ...(other?.[0] ? { other: expr(b, other[0]) } : {}),
    span: nodeSpan(b, n),
  };
}

function reduce(b: Build, n: Cst.ReduceCstNode): Expr {
  const { Reducer, Id, binder: binders, expr: where, arg: args } = n.children;
  const word = only(Reducer).image;
  return {
    kind: 'reduce',
    reducer: must(isReducer(word) ? word : undefined, 'reducer'),
    ...withType(optionalIdent(b, Id)),
    binders: binders.map((x) => binder(b, x)),
    ...(where?.[0] ? { where: expr(b, where[0]) } : {}),
    args: args.map((a) => arg(b, a)),
    span: nodeSpan(b, n),
  };
}

export function binder(b: Build, n: Cst.BinderCstNode): Binder {
  const { Id, domain: within } = n.children;
  return { name: ident(b, only(Id)), ...(within?.[0] ? { domain: domain(b, within[0]) } : {}), span: nodeSpan(b, n) };
}

export function domain(b: Build, n: Cst.DomainCstNode): Domain {
  const first = size(b, only(n.children.size));
  const hi = n.children.hi?.[0];
  return hi === undefined
    ? { kind: 'extent', size: first, span: nodeSpan(b, n) }
    : { kind: 'range', lo: first, hi: size(b, hi), span: nodeSpan(b, n) };
}

function access(b: Build, n: Cst.AccessCstNode): Expr {
  const { Id, expr: list, indices: at, field } = n.children;
  return {
    kind: 'access',
    name: ident(b, only(Id)),
    ...(list?.[0] ? { list: expr(b, list[0]) } : {}),
    index: at?.[0] ? indices(b, at[0]) : [],
    indexed: at?.[0] !== undefined,
    fields: (field ?? []).map((f) => ({
      name: ident(b, only(f.children.Id)),
      index: f.children.indices?.[0] ? indices(b, f.children.indices[0]) : [],
      span: nodeSpan(b, f),
    })),
    span: nodeSpan(b, n),
  };
}

function indices(b: Build, n: Cst.IndicesCstNode): readonly Index[] {
  return n.children.index.map((i) => {
    const { Clamp, Unchecked, expr: value } = i.children;
    return {
      policy: Clamp ? 'clamp' : Unchecked ? 'unchecked' : 'none',
      expr: expr(b, only(value)),
      span: nodeSpan(b, i),
    };
  });
}

/** Sizes have rules of their own and the nodes of expressions. */
export const size = (b: Build, n: Cst.SizeCstNode): Expr => chain(b, n.children.sizeMul, n.children.AddOp, sizeMul);
const sizeMul = (b: Build, n: Cst.SizeMulCstNode): Expr => chain(b, n.children.sizeUnary, n.children.MulOp, sizeUnary);

function sizeUnary(b: Build, n: Cst.SizeUnaryCstNode): Expr {
  const operand = sizeAtom(b, only(n.children.sizeAtom));
  return n.children.Minus ? { kind: 'unary', op: '-', operand, span: nodeSpan(b, n) } : operand;
}

function sizeAtom(b: Build, n: Cst.SizeAtomCstNode): Expr {
  const c = n.children;
  const span = nodeSpan(b, n);
  if (c.Int?.[0]) return integer(b, c.Int[0], false);
  if (c.Hex?.[0]) return integer(b, c.Hex[0], true);
  if (c.sizeCall?.[0]) {
    const { declName, arg: args } = c.sizeCall[0].children;
    return { kind: 'call', callee: name(b, only(declName)), args: args.map((a) => arg(b, a)), span };
  }
  if (c.sizeParen?.[0]) {
    const parts = c.sizeParen[0].children.size.map((s) => size(b, s));
    return parts.length === 1 ? { kind: 'paren', operand: only(parts), span } : { kind: 'tuple', parts, span };
  }
  return { kind: 'access', name: ident(b, only(c.Id)), index: [], indexed: false, fields: [], span };
}

/** A name that may be a reducer. */
export function name(b: Build, n: Cst.DeclNameCstNode): Ident {
  return ident(b, only(n.children.Id ?? n.children.Reducer));
}
