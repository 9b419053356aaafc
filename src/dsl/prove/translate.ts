import { must } from '../../assert.ts';
import type { TExpr } from '../typed.ts';
import { createArithmetic, inRange, MAX_TERMS } from './arithmetic.ts';
import { createAtomTable, type AtomTable } from './atoms.ts';
import * as axiom from './axioms.ts';
import { and, between, eq, falsity, ge, gt, le, lt, ne, not, or, truth, type Formula } from './formula.ts';
import { indexParts, isData, isIntType, isUnsigned, MAX_EXTENT, rangeOf } from './kinds.ts';
import { add, addScaled, constant, constantValue, mul, plus, scale, sub, zero, type Poly } from './poly.ts';

/** Turns typed expressions into polynomials and formulas over one table of atoms; equal meanings get equal atoms where that is cheap to see. */
export interface Translator {
  readonly poly: (e: TExpr) => Poly;
  readonly formula: (e: TExpr) => Formula;
  readonly table: AtomTable;
}

export function createTranslator(): Translator {
  const table = createAtomTable();
  const { atom, operation, identity } = table;
  const { opaque, wrap, arithmetic, floorDivide, modulo, choose, extremum } = createArithmetic(table);
  const extentRule = (self: Poly): Formula => between(self, 0n, MAX_EXTENT);
  const polys = new WeakMap<TExpr, Poly>();
  /** Values of the `let` names in scope. */
  const locals = new Map<string, Poly | undefined>();

  function binary(e: TExpr & { readonly kind: 'binary' }): Poly {
    if (!isIntType(e.a.type) || !isIntType(e.b.type)) return opaque(e);
    const a = poly(e.a);
    const b = poly(e.b);
    const data = isData(e);
    const k = constantValue(b);
    switch (e.op) {
      case 'add':
        return arithmetic(add(a, b), e);
      case 'sub':
        return arithmetic(sub(a, b), e);
      case 'mul':
        return arithmetic(a.size * b.size > MAX_TERMS ? undefined : mul(a, b), e);
      case 'floordiv':
        return floorDivide(a, b, data, e);
      case 'mod':
        return modulo(a, b, data, e);
      case 'div':
        return operation('/', [a, b], e, (q) => axiom.exactAxiom(q, a, b));
      case 'shl':
      case 'shr': {
        if (k === undefined) return opaque(e);
        const width = e.type === 'i64' || e.type === 'u64' ? 64n : 32n;
        const factor = 1n << (((k % width) + width) % width);
        return e.op === 'shl' ? arithmetic(scale(a, factor), e) : floorDivide(a, constant(factor), data, e);
      }
      case 'bitand':
      case 'bitor':
      case 'bitxor': {
        const op = e.op;
        const mask = k ?? constantValue(a);
        // x & (2^n - 1) is x % 2^n for every x.
        if (op === 'bitand' && mask !== undefined && mask >= 0n && (mask & (mask + 1n)) === 0n)
          return modulo(k === undefined ? b : a, constant(mask + 1n), data, e);
        // x ^ 2^n turns bit n over, which is odd or even in x // 2^n.
        if (op === 'bitxor' && mask !== undefined && mask > 0n && (mask & (mask - 1n)) === 0n && !isUnsigned(e.type)) {
          const x = k === undefined ? b : a;
          const bit = modulo(floorDivide(x, constant(mask), data, e), constant(2n), data, e);
          return plus(addScaled(x, bit, -2n * mask), mask);
        }
        const range = inRange(rangeOf(e.type));
        return operation(op, [a, b], e, (r) => and(range(r), axiom.bitAxiom(op, r, a, b)));
      }
      default:
        return opaque(e);
    }
  }

  function call(e: TExpr & { readonly kind: 'call' }): Poly {
    const [x, y, z] = e.args;
    if (x === undefined || !e.args.every((a) => isIntType(a.type))) return opaque(e);
    const a = poly(x);
    switch (e.fn) {
      case 'min':
      case 'max':
        return extremum(e.fn, a, poly(must(y, 'argument')), e);
      case 'clip': {
        const lo = poly(must(y, 'argument'));
        const hi = poly(must(z, 'argument'));
        return operation('clip', [a, lo, hi], e, (m) => axiom.clipAxiom(m, a, lo, hi));
      }
      case 'abs':
        // The least number of a type is its own absolute value.
        return isData(e) ? opaque(e) : operation('abs', [a], e, (m) => axiom.absAxiom(m, a));
      case 'relu':
        return extremum('max', a, zero, e);
      case 'sign':
        return operation('sign', [a], e, (m) => axiom.signAxiom(m, a));
      case 'popcount':
      case 'clz':
        return operation(`${e.fn} ${x.type}`, [a], e, (m) => between(m, 0n, 64n));
      default:
        return opaque(e);
    }
  }

  /** `as` and implicit conversion between integers: the value where it fits, else wrapped. */
  function convert(e: TExpr & { readonly kind: 'cast' | 'convert' }): Poly {
    const to = e.kind === 'convert' ? e.type : e.to;
    const range = to === 'tf32' || to === 'bool' ? undefined : rangeOf(to);
    if (range === undefined) return opaque(e);
    if (e.a.type === 'bool') return choose(formula(e.a), identity(e.a), constant(1n), zero, e);
    const from = rangeOf(e.a.kind === 'access' ? e.a.dtype : e.a.type);
    if (from === undefined) return atom(identity(e), { expr: e }, inRange(range));
    const a = poly(e.a);
    const adapts = e.kind === 'convert' && !isUnsigned(e.type) && !isData(e.a);
    return adapts || (from.lo >= range.lo && from.hi <= range.hi) ? a : wrap(a, range, to, e);
  }

  function reduce(e: TExpr & { readonly kind: 'reduce' }): Poly {
    const [v, second] = e.vars;
    if (v === undefined || second !== undefined) {
      const countLike = e.reducer === 'count' || e.reducer === 'lower_bound' || e.reducer === 'upper_bound';
      return atom(identity(e), { expr: e }, (n) =>
        countLike
          ? extentRule(n)
          : and(
              inRange(rangeOf(e.type))(n),
              ['first', 'argmax', 'argmin'].includes(e.reducer) ? ge(n, constant(-1n)) : truth,
            ),
      );
    }
    const rule = (n: Poly): Formula => {
      const lo = poly(v.lo);
      const hi = poly(v.hi);
      switch (e.reducer) {
        case 'count':
        case 'lower_bound':
        case 'upper_bound':
          return and(extentRule(n), axiom.countAxiom(n, lo, hi));
        case 'first':
          return axiom.positionAxiom(n, lo, hi);
        case 'argmax':
        case 'argmin':
          // Only from 0 on are the position and the index value the same thing.
          return constantValue(lo) === 0n ? axiom.positionAxiom(n, lo, hi) : ge(n, constant(-1n));
        default:
          return inRange(rangeOf(e.type))(n);
      }
    };
    return atom(identity(e), { expr: e }, rule);
  }

  function row(e: TExpr & { readonly kind: 'len' | 'base' }): Poly {
    const args = [
      ...(e.list === undefined ? [] : [e.list]),
      ...indexParts(e.at).flatMap((p) => (p.policy === 'clamp' ? [p.value, p.extent] : [p.value])),
    ].map(poly);
    const fn = `${e.list === undefined ? '' : 'list '}${e.ragged} ${e.at.map((i) => i.kind).join()} ${indexParts(e.at)
      .map((p) => p.policy)
      .join()}`;
    const len = operation(`len ${fn}`, args, { ...e, kind: 'len' }, extentRule);
    if (e.kind === 'len') return len;
    const total: TExpr = {
      kind: 'total',
      ragged: e.ragged,
      type: 'i64',
      span: e.span,
      ...(e.list === undefined ? {} : { list: e.list }),
    };
    return operation(`base ${fn}`, args, e, (b) => and(extentRule(b), le(add(b, len), poly(total))));
  }

  function access(e: TExpr & { readonly kind: 'access' }): Poly {
    const parts = [...indexParts(e.index), ...indexParts(e.field?.index ?? [])];
    const shape = [...e.index, ...(e.field?.index ?? [])].map((i) => i.kind).join();
    const fn = `read ${e.tensor} ${e.field?.name ?? ''} ${e.list === undefined ? '' : 'list'} ${shape} ${parts.map((p) => p.policy).join()}`;
    const args = [
      ...(e.list === undefined ? [] : [e.list]),
      ...parts.flatMap((p) => (p.policy === 'clamp' ? [p.value, p.extent] : [p.value])),
    ];
    if (args.some((a) => !isIntType(a.type))) return atom(identity(e), { expr: e }, inRange(rangeOf(e.dtype)));
    return operation(fn, args.map(poly), e, inRange(rangeOf(e.dtype)));
  }

  function translatePoly(e: TExpr): Poly {
    switch (e.kind) {
      case 'int':
        return constant(e.value);
      case 'dim':
        return e.list === undefined
          ? atom(`dim ${e.id}`, { expr: e }, extentRule)
          : operation(`dim ${e.id}`, [poly(e.list)], e, extentRule);
      case 'total':
        return e.list === undefined
          ? atom(`total ${e.ragged}`, { expr: e }, extentRule)
          : operation(`total ${e.ragged}`, [poly(e.list)], e, extentRule);
      case 'param':
        return atom(`param ${e.name}`, { expr: e }, inRange(rangeOf(e.dtype)));
      case 'var':
        return atom(`var ${e.id}`, { expr: e }, () => truth);
      case 'len':
      case 'base':
        return row(e);
      case 'access':
        return access(e);
      case 'unary': {
        if (!isIntType(e.a.type)) return opaque(e);
        const a = poly(e.a);
        if (e.op === 'neg') return arithmetic(scale(a, -1n), e);
        return e.op === 'bitnot'
          ? plus(scale(a, -1n), isUnsigned(e.type) ? must(rangeOf(e.type), 'range').hi : -1n)
          : opaque(e);
      }
      case 'binary':
        return binary(e);
      case 'call':
        return call(e);
      case 'cast':
      case 'convert':
        return convert(e);
      case 'strict':
        return poly(e.a);
      case 'if':
        return choose(formula(e.cond), identity(e.cond), poly(e.then), poly(e.else), e);
      case 'guard': {
        const value = poly(e.value);
        const other = poly(e.other);
        return atom(identity(e), { expr: e }, (m) => or(eq(m, value), eq(m, other)));
      }
      case 'reduce':
        return reduce(e);
      case 'let':
        return within(e, poly);
      case 'local':
        return locals.get(e.id) ?? opaque(e);
      default:
        return opaque(e);
    }
  }

  function poly(e: TExpr): Poly {
    const known = polys.get(e);
    if (known !== undefined) return known;
    const p = isIntType(e.type) ? translatePoly(e) : opaque(e);
    // Within a `let` the value may depend on what its names stand for here.
    if (locals.size === 0) polys.set(e, p);
    return p;
  }
  function within<T>(e: TExpr & { readonly kind: 'let' }, translate: (body: TExpr) => T): T {
    const value = isIntType(e.value.type) ? poly(e.value) : undefined;
    const outer = locals.get(e.id);
    const shadows = locals.has(e.id);
    locals.set(e.id, value);
    const result = translate(e.body);
    if (shadows) locals.set(e.id, outer);
    else locals.delete(e.id);
    return result;
  }

  /** A condition that is not about integers, as a number that is 0 or 1. */
  const proposition = (e: TExpr): Formula => ge(e.kind === 'access' ? access(e) : opaque(e), constant(1n));

  function formula(e: TExpr): Formula {
    switch (e.kind) {
      case 'bool':
        return e.value ? truth : falsity;
      case 'strict':
        return formula(e.a);
      case 'let':
        return within(e, formula);
      case 'unary':
        return e.op === 'not' ? not(formula(e.a)) : proposition(e);
      case 'if': {
        const cond = formula(e.cond);
        return or(and(cond, formula(e.then)), and(not(cond), formula(e.else)));
      }
      case 'binary':
        return comparison(e);
      default:
        return proposition(e);
    }
  }
  function comparison(e: TExpr & { readonly kind: 'binary' }): Formula {
    if (e.op === 'and') return and(formula(e.a), formula(e.b));
    if (e.op === 'or') return or(formula(e.a), formula(e.b));
    if (e.a.type === 'bool' && e.b.type === 'bool' && (e.op === 'eq' || e.op === 'ne')) {
      const a = formula(e.a);
      const b = formula(e.b);
      const same = or(and(a, b), and(not(a), not(b)));
      return e.op === 'eq' ? same : not(same);
    }
    if (!isIntType(e.a.type) || !isIntType(e.b.type)) return proposition(e);
    const a = poly(e.a);
    const b = poly(e.b);
    switch (e.op) {
      case 'eq':
        return eq(a, b);
      case 'ne':
        return ne(a, b);
      case 'lt':
        return lt(a, b);
      case 'le':
        return le(a, b);
      case 'gt':
        return gt(a, b);
      case 'ge':
        return ge(a, b);
      default:
        return proposition(e);
    }
  }

  return { poly, formula, table };
}
