import type { Expr } from '../../../codegen/ir/stage.ts';
import { assertNever } from '../../../assert.ts';
import { emitRead } from './access.ts';
import { indexOf } from './spot.ts';
import { emitLogical, emitSelect } from './branch.ts';
import { emitCall } from './call.ts';
import { bitcastTo, castTo, convertTo, nearTo } from './cast.ts';
import type { Emitter, FloatVal, Val } from './code.ts';
import { bind, boolLit, floatLit, intLit, rootOf } from './code.ts';
import { floatBinary, floatCompare, floatNegate } from './float.ts';
import { emitFold } from './fold.ts';
import { intBinary, intCompare, intNegate, intNot } from './int.ts';

/** Emits an expression; operands first, each instruction as far out as what it depends on. */
export function emitExpr(em: Emitter, e: Expr): Val {
  switch (e.kind) {
    case 'int':
      return e.type === 'f32' || e.type === 'f64'
        ? floatLit(em, Number(e.value), e.type)
        : intLit(em, e.value, e.type === 'bool' ? 'i32' : e.type);
    case 'float':
      return e.type === 'f64' ? floatLit(em, e.value, 'f64') : floatLit(em, Math.fround(e.value), 'f32');
    case 'bool':
      return boolLit(em, e.value);
    case 'dim':
      return emitDim(em, e.id, e.list);
    case 'scalar':
      return emitScalar(em, e);
    case 'axis': {
      const v = em.axes.get(e.id);
      if (v === undefined) throw new Error(`internal: axis ${e.id} is not in scope`);
      return v;
    }
    case 'var': {
      const v = em.vars.get(e.id);
      if (v === undefined) throw new Error(`internal: ${e.id} is not in scope`);
      return v;
    }
    case 'let': {
      const before = em.vars.get(e.id);
      em.vars.set(e.id, em.expr(em, e.value));
      const body = em.expr(em, e.body);
      if (before === undefined) em.vars.delete(e.id);
      else em.vars.set(e.id, before);
      return body;
    }
    case 'read':
      return emitRead(em, e);
    case 'unary':
      return emitUnary(em, e.op, em.expr(em, e.a));
    case 'binary':
      return e.op === 'and' || e.op === 'or'
        ? emitLogical(em, e.op, e.a, e.b)
        : emitBinary(em, e.op, em.expr(em, e.a), em.expr(em, e.b));
    case 'call':
      return convertTo(
        em,
        e.type,
        emitCall(
          em,
          e.fn,
          e.args.map((x) => em.expr(em, x)),
          e.type,
        ),
      );
    case 'bitcast':
      return bitcastTo(em, e.to, em.expr(em, e.a));
    case 'cast': {
      const a = em.expr(em, e.a);
      if (e.mode === 'near' && a.rep === 'float') return nearTo(em, e.to, a);
      return castTo(em, e.to === 'tf32' ? 'f32' : e.to, a);
    }
    case 'convert':
      return convertTo(em, e.type, em.expr(em, e.a));
    case 'select':
      return emitSelect(em, e.cond, e.then, e.else);
    case 'strict': {
      const before = em.strict;
      em.strict = true;
      const a = em.expr(em, e.a);
      em.strict = before;
      return a;
    }
    case 'reduce':
      return emitFold(em, e.reduce, e.post);
    default:
      return assertNever(e, 'the reference');
  }
}

function emitDim(em: Emitter, id: string, list: Expr | undefined): Val {
  const values = em.around.dimList(id);
  if (values === undefined) return intLit(em, BigInt(em.around.dim(id)), 'i64');
  const at = list === undefined ? em.element : indexOf(em, list);
  if (at?.rep !== 'int') throw new Error(`internal: dim ${id} needs a list element`);
  if (at.lo === at.hi) return intLit(em, BigInt(values[at.lo] ?? 0), 'i64');
  const table = bind(em, `[${values.join(', ')}]`, []);
  const v = bind(em, `${table.v}[${at.v}]`, [at]);
  return { rep: 'int', type: 'i64', v: v.v, lo: Math.min(...values), hi: Math.max(...values), block: v.block };
}

function emitScalar(em: Emitter, e: Extract<Expr, { kind: 'scalar' }>): Val {
  const value = em.around.scalar(e.name);
  if (e.type === 'bool') return boolLit(em, Boolean(value));
  if (e.type !== 'f32' && e.type !== 'f64') return intLit(em, BigInt(value), e.type);
  const v = floatLit(em, Number(value), e.type);
  const a = Math.abs(Number(value));
  const small: FloatVal =
    em.bounds && e.type === 'f32' && a > 0 && a < 2 ** -126 ? { ...v, e: String(a), literal: 0 } : v;
  // Kernels are not specialised to scalars: nothing may be concluded from the value alone.
  const { literal: _, ...plain } = small;
  return { ...plain, block: rootOf(em) };
}

function emitUnary(em: Emitter, op: 'neg' | 'not' | 'bitnot', a: Val): Val {
  if (a.rep === 'bool') {
    if (op === 'neg') throw new Error('internal: negated bool');
    const b = bind(em, `!${a.v}`, [a]);
    return {
      rep: 'bool',
      type: 'bool',
      v: a.v === 'true' ? 'false' : a.v === 'false' ? 'true' : b.v,
      e: a.e,
      block: b.block,
    };
  }
  if (a.rep === 'float') return floatNegate(em, a);
  return op === 'neg' ? intNegate(em, a) : intNot(em, a);
}

function emitBinary(em: Emitter, op: Extract<Expr, { kind: 'binary' }>['op'], a: Val, b: Val): Val {
  const compare = op === 'eq' || op === 'ne' || op === 'lt' || op === 'le' || op === 'gt' || op === 'ge';
  if (a.rep === 'float' && b.rep === 'float') {
    if (compare) return floatCompare(em, op, a, b);
    if (op === 'add' || op === 'sub' || op === 'mul' || op === 'div') return floatBinary(em, op, a, b);
  }
  if (a.rep === 'bool' && b.rep === 'bool') return boolBinary(em, op, a.v, b.v, a, b);
  if ((a.rep === 'int' || a.rep === 'wide') && (b.rep === 'int' || b.rep === 'wide'))
    return compare ? intCompare(em, op, a, b) : intBinary(em, op, a, b);
  throw new Error(`internal: ${op} of ${a.type} and ${b.type}`);
}
function boolBinary(em: Emitter, op: string, a: string, b: string, ...deps: readonly Val[]): Val {
  const text: Readonly<Record<string, string>> = {
    eq: `${a} === ${b}`,
    ne: `${a} !== ${b}`,
    bitxor: `${a} !== ${b}`,
    bitand: `${a} && ${b}`,
    bitor: `${a} || ${b}`,
    lt: `!${a} && ${b}`,
    le: `!${a} || ${b}`,
    gt: `${a} && !${b}`,
    ge: `${a} || !${b}`,
  };
  const t = text[op];
  if (t === undefined) throw new Error(`internal: ${op} of bool`);
  const v = bind(em, t, deps);
  const es = deps.flatMap((d) => (d.e === undefined ? [] : [d.e]));
  return {
    rep: 'bool',
    type: 'bool',
    v: v.v,
    e: es.length === 0 ? undefined : bind(em, es.join(' || '), deps).v,
    block: v.block,
  };
}
