import type { TBinary } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import { sameExpr, substitute } from '../ir/rewrite.ts';
import type { Expr, Stage, StageGraph } from '../ir/stage.ts';
import { freeVars, mapStage, rewrite, visit } from '../ir/walk.ts';
import { foldNode, isIntType } from './fold.ts';

/**
 * Contract: the value and the type of every expression stay exactly the same, bit for bit, NaN payloads aside. Folds literals, drops neutral
 * elements of integers (floats keep theirs where a signed zero could tell), and takes choices whose condition is known.
 */
export const simplify = (e: Expr): Expr => rewrite(e, (x) => step(x));

function step(e: Expr): Expr {
  const next = foldNode(e) ?? rule(e);
  return next === undefined || next === e
    ? e
    : next.span === undefined && e.span !== undefined
      ? { ...next, span: e.span }
      : next;
}

const isInt = (e: Expr, v: bigint): boolean => e.kind === 'int' && e.value === v;
const isFloat = (e: Expr, v: number): boolean => e.kind === 'float' && Object.is(e.value, v);

function rule(e: Expr): Expr | undefined {
  switch (e.kind) {
    case 'binary':
      return isIntType(e.a.type) ? integer(e) : e.type === 'bool' && e.a.type === 'bool' ? logic(e) : floating(e);
    case 'unary':
      if (e.op === 'not' && e.a.kind === 'binary' && isIntType(e.a.a.type)) return negated(e.a);
      return e.a.kind === 'unary' && e.a.op === e.op ? e.a.a : undefined;
    case 'convert':
      return e.a.type === e.type ? e.a : undefined;
    case 'select':
      if (e.cond.kind === 'bool') return e.cond.value ? e.then : e.else;
      if (e.cond.kind === 'unary' && e.cond.op === 'not') return { ...e, cond: e.cond.a, then: e.else, else: e.then };
      if (e.type === 'bool' && e.then.kind === 'bool' && e.else.kind === 'bool')
        return e.then.value === e.else.value ? e.then : e.then.value ? e.cond : b.not(e.cond);
      // A condition is an operand in its own right: keeping `and`, `or` lets conjunctions be read off.
      if (e.type === 'bool' && e.else.kind === 'bool' && !e.else.value) return b.and(e.cond, e.then);
      if (e.type === 'bool' && e.then.kind === 'bool')
        return e.then.value ? b.or(e.cond, e.else) : b.and(step(b.not(e.cond)), e.else);
      if (e.type === 'bool' && e.else.kind === 'bool') return b.or(step(b.not(e.cond)), e.then);
      return undefined;
    case 'let':
      return leafLet(e);
    case 'call':
      return (e.fn === 'min' || e.fn === 'max') && isIntType(e.type) ? extremum(e) : undefined;
    default:
      return undefined;
  }
}

const LEAVES: readonly Expr['kind'][] = ['int', 'float', 'bool', 'dim', 'scalar', 'axis', 'var'];
/** A name for what is a name already, or for nothing. Not where something in between binds the name anew. */
function leafLet(e: Extract<Expr, { kind: 'let' }>): Expr | undefined {
  const { id, value, body } = e;
  if (!freeVars(body).has(id)) return body;
  if (!LEAVES.includes(value.kind)) return undefined;
  let clash = false;
  visit(body, (x) => {
    if (x.kind === 'let' && (x.id === id || (value.kind === 'var' && x.id === value.id))) clash = true;
    if (x.kind === 'reduce' && value.kind === 'axis' && x.reduce.over.some((a) => a.id === value.id)) clash = true;
    if (x.kind === 'reduce' && value.kind === 'var' && value.id === 'acc') clash = true;
  });
  return clash ? undefined : substitute(body, { vars: new Map([[id, value]]) });
}

const OPPOSITE: Partial<Record<TBinary, TBinary>> = { eq: 'ne', ne: 'eq', lt: 'ge', ge: 'lt', gt: 'le', le: 'gt' };
/** The opposite of a comparison of integers; with NaN floats have none. */
function negated(e: Extract<Expr, { kind: 'binary' }>): Expr | undefined {
  const op = OPPOSITE[e.op];
  return op === undefined ? undefined : { ...e, op };
}

type Binary = Extract<Expr, { kind: 'binary' }>;
function integer({ op, a, b: c, type }: Binary): Expr | undefined {
  switch (op) {
    case 'add':
      if (isInt(a, 0n)) return c;
      if (isInt(c, 0n)) return a;
      // Literals gather on the right: (x + 1) - 1 is x.
      if (c.kind === 'int' && a.kind === 'binary' && (a.op === 'add' || a.op === 'sub') && a.b.kind === 'int')
        return gather(a, c.value);
      return c.kind === 'int' && c.value < 0n ? b.sub(a, b.int(-c.value, type)) : undefined;
    case 'sub':
      if (isInt(c, 0n)) return a;
      if (c.kind === 'int' && a.kind === 'binary' && (a.op === 'add' || a.op === 'sub') && a.b.kind === 'int')
        return gather(a, -c.value);
      return sameExpr(a, c) ? b.int(0, type) : undefined;
    case 'mul':
      if (isInt(a, 0n) || isInt(c, 1n)) return a;
      return isInt(c, 0n) || isInt(a, 1n) ? c : undefined;
    case 'floordiv':
      return isInt(c, 1n) ? a : isInt(a, 0n) || isInt(c, 0n) ? b.int(0, type) : undefined;
    case 'mod':
      return isInt(c, 1n) || isInt(a, 0n) || isInt(c, 0n) ? b.int(0, type) : undefined;
    case 'bitor':
    case 'bitxor':
      return isInt(a, 0n) ? c : isInt(c, 0n) ? a : undefined;
    case 'bitand':
      return isInt(a, 0n) ? a : isInt(c, 0n) ? c : undefined;
    case 'shl':
    case 'shr':
      return isInt(c, 0n) ? a : undefined;
    case 'eq':
    case 'le':
    case 'ge':
      return sameExpr(a, c) ? b.bool(true) : undefined;
    case 'ne':
    case 'lt':
    case 'gt':
      return sameExpr(a, c) ? b.bool(false) : undefined;
    default:
      return undefined;
  }
}
function gather(a: Binary, plus: bigint): Expr | undefined {
  if (a.b.kind !== 'int' || a.type !== 'i64') return undefined;
  const sum = BigInt.asIntN(64, (a.op === 'add' ? a.b.value : -a.b.value) + plus);
  return sum === 0n ? a.a : sum > 0n ? b.add(a.a, b.int(sum)) : b.sub(a.a, b.int(-sum));
}
function logic({ op, a, b: c }: Binary): Expr | undefined {
  if (op === 'and') {
    if (a.kind === 'bool') return a.value ? c : a;
    if (c.kind === 'bool' && c.value) return a;
    return sameExpr(a, c) ? a : undefined;
  }
  if (op === 'or') {
    if (a.kind === 'bool') return a.value ? a : c;
    if (c.kind === 'bool' && !c.value) return a;
    return sameExpr(a, c) ? a : undefined;
  }
  return undefined;
}
/** x·1 and x/1 are x; x − 0 is x, but x + 0 turns −0 into 0. */
function floating({ op, a, b: c }: Binary): Expr | undefined {
  if (op === 'mul') return isFloat(c, 1) ? a : isFloat(a, 1) ? c : undefined;
  if (op === 'div') return isFloat(c, 1) ? a : undefined;
  if (op === 'sub') return isFloat(c, 0) ? a : undefined;
  return op === 'add' ? (isFloat(c, -0) ? a : isFloat(a, -0) ? c : undefined) : undefined;
}
function extremum(e: Extract<Expr, { kind: 'call' }>): Expr | undefined {
  const [x, y] = e.args;
  return x !== undefined && y !== undefined && e.args.length === 2 && sameExpr(x, y) ? x : undefined;
}

/** Simplifies every expression of a graph; a `where` that always holds is dropped. */
export function simplifyGraph(g: StageGraph): StageGraph {
  return {
    ...g,
    dims: g.dims.map((d) => (d.derived === undefined ? d : { ...d, derived: simplify(d.derived) })),
    buffers: g.buffers.map((x) => ({
      ...x,
      shape: x.shape.map(simplify),
      ...(x.list === undefined ? {} : { list: { ...x.list, count: simplify(x.list.count) } }),
    })),
    stages: g.stages.map((s) => withoutTrivial(mapStage(s, simplify))),
  };
}
function withoutTrivial(s: Stage): Stage {
  const inner = s.kind === 'recur' ? { ...s, body: s.body.map(withoutTrivial) } : s;
  if (inner.where?.kind !== 'bool' || !inner.where.value) return inner;
  const { where: _, ...rest } = inner;
  return rest;
}
