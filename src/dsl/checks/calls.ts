import { DTYPES, widen } from '../dtypes.ts';
import type { ValueType } from '../dtypes.ts';
import type { Builtin, TExpr } from '../typed.ts';
import { report } from './context.ts';
import type { CallExpr, Scope } from './context.ts';
import { inlineFn } from './functions.ts';
import { typeArg } from './guard.ts';
import { BUILTINS, isBuiltin, nearest } from './names.ts';
import { describe, resolveType, without } from './operators.ts';
import { typeLength } from './ragged.ts';
import { bareName } from './uses.ts';
import { adapt, bad, isFloatType, isIntType, settle, unify, value } from './value.ts';
import type { Value } from './value.ts';

/** A call of a built-in, of `len`, `base`, `total`, `bitcast`, or of a `fn`. */
export function typeCall(e: CallExpr, s: Scope): Value {
  const name = e.callee.name;
  if (name === 'len' || name === 'base' || name === 'total') return typeLength(e, s);
  if (s.size && name !== 'min' && name !== 'max') {
    report(s.op, 'size-expression', {}, e.span);
    return bad(e.span);
  }
  if (name === 'bitcast') return typeBitcast(e, s);
  if (e.type !== undefined) report(s.op, 'call-type', { name }, e.type.span);
  if (isBuiltin(name)) return typeBuiltin(e, name, s);
  const fn = (s.fns ?? s.op.scope.fns).get(name);
  if (fn !== undefined) return inlineFn(e, fn, s);
  if (s.op.scope.ops.has(name)) {
    report(s.op, 'call-operator', { name }, e.callee.span);
    return bad(e.span);
  }
  // A bare tensor may be right where an operator was meant.
  for (const a of e.args) if (bareName(a.value) === undefined) typeArg(a, s);
  unknownCall(e, s);
  return bad(e.span);
}

/** Reports a call of a name that nothing declares, unless its import has failed. */
export function unknownCall(e: CallExpr, s: Scope): void {
  const name = e.callee.name;
  if (s.op.scope.missing.has(name)) return;
  const words = ['len', 'base', 'total', 'bitcast', 'strict'];
  const known = nearest(name, [...Object.keys(BUILTINS), ...s.op.scope.fns.keys(), ...s.op.scope.ops.keys(), ...words]);
  report(s.op, 'call-unknown', { name, ...(known === undefined ? {} : { known }) }, e.callee.span);
}

/** Arguments by position; names are legal for `philox(…, word = …)` and `fn` parameters only. */
function countArgs(e: CallExpr, least: number, most: number, s: Scope): boolean {
  if (e.args.length >= least && e.args.length <= most) return true;
  report(s.op, 'call-count', { name: e.callee.name, least, most, found: e.args.length }, e.span);
  for (const a of e.args) typeArg(a, s);
  return false;
}

const wanted = (v: Value, what: string, need: string, s: Scope): Value => {
  report(s.op, 'call-argument', { name: what, wanted: need, found: describe(v) }, v.e.span);
  return bad(v.e.span);
};

function typeBuiltin(e: CallExpr, fn: Builtin, s: Scope): Value {
  const info = BUILTINS[fn];
  if (!countArgs(e, fn === 'philox' ? 2 : info.args, info.args, s)) return bad(e.span);
  const named = e.args.find(
    (a, i) => a.name !== undefined && !(fn === 'philox' && a.name.name === ['seed', 'ctr', 'word'][i]),
  );
  if (named?.name !== undefined) report(s.op, 'call-named', { name: fn, argument: named.name.name }, named.name.span);
  let args = e.args.map((a) => typeArg(a, s));
  const absent = args.some((a) => a.absent);
  if (args.some((a) => a.bad)) return bad(e.span);
  const done = (type: ValueType, list: readonly Value[], flex: Value['flex'] = 'no'): Value =>
    value(
      { kind: 'call', fn, args: list.map((a) => a.e), type, span: e.span },
      { flex, absent, bad: list.some((a) => a.bad) },
    );
  switch (info.kind) {
    case 'philox': {
      const word = args[2] ?? value({ kind: 'int', value: 0n, type: 'i64', span: e.span }, { flex: 'int' });
      const [seed, ctr] = args;
      if (seed === undefined || ctr === undefined) return bad(e.span);
      return done('u32', [adapt(s.op, seed, 'u64'), adapt(s.op, ctr, 'u64'), adapt(s.op, word, 'i64')]);
    }
    case 'int':
    case 'rotate': {
      const wrong = args.find((a) => !isIntType(a.e.type));
      if (wrong !== undefined) return wanted(wrong, fn, 'an integer', s);
      if (info.kind === 'rotate') {
        const [x, n] = args.map((a) => settle(s.op, a));
        return x === undefined || n === undefined ? bad(e.span) : done(x.e.type, [x, n]);
      }
      break;
    }
    case 'float':
    case 'test': {
      args = args.map((a) => (a.flex === 'int' || a.flex === 'index' ? toFloat(a, s) : a));
      const wrong = args.find((a) => !isFloatType(a.e.type));
      if (wrong !== undefined) return wanted(wrong, fn, 'a float', s);
      break;
    }
    case 'number': {
      const wrong = args.find((a) => a.e.type === 'bool');
      if (wrong !== undefined) return wanted(wrong, fn, 'a number', s);
      break;
    }
  }
  args = together(args, s, e.span);
  const [first] = args;
  if (first === undefined || args.some((a) => a.bad)) return bad(e.span);
  if (info.kind === 'test')
    return done(
      'bool',
      args.map((a) => settle(s.op, a)),
    );
  return without(done(first.e.type, args, first.flex === 'int' && info.kind === 'int' ? 'no' : first.flex));
}

/** An index or integer literal where a float belongs; literals stay literals. */
const toFloat = (a: Value, s: Scope): Value => ({ ...adapt(s.op, a, 'f32'), flex: a.flex === 'int' ? 'float' : 'no' });

/** All arguments in one type. */
function together(args: readonly Value[], s: Scope, span: CallExpr['span']): Value[] {
  let out = [...args];
  for (let round = 0; round < 2; round++) {
    for (let i = 1; i < out.length; i++) {
      const [a, b] = [out[0], out[i]];
      if (a === undefined || b === undefined) continue;
      const [x, y] = unify(s.op, a, b, span);
      if (x.bad || y.bad) return [x, y];
      out = out.map((v, k) => (k === 0 ? x : k === i ? y : v));
    }
  }
  return out;
}

/** `bitcast<T>(e)`: T is as wide as the operand, which counts as its storage type where it is read or rounded directly. */
function typeBitcast(e: CallExpr, s: Scope): Value {
  if (!countArgs(e, 1, 1, s)) return bad(e.span);
  const [arg] = e.args;
  if (arg === undefined) return bad(e.span);
  const a = settle(s.op, typeArg(arg, s));
  if (e.type === undefined) {
    report(s.op, 'bitcast-type', {}, e.span);
    return bad(e.span);
  }
  const to = resolveType(e.type.name, e.type.span, s.op);
  if (a.bad || to === undefined) return bad(e.span);
  const widths = [DTYPES[a.e.type].bytes, ...(a.stored === undefined ? [] : [DTYPES[a.stored].bytes])];
  if (!widths.includes(DTYPES[to].bytes) || to === 'bool' || a.e.type === 'bool') {
    report(s.op, 'bitcast-width', { from: a.stored ?? a.e.type, to }, e.span);
    return bad(e.span);
  }
  const out: TExpr = { kind: 'bitcast', to, a: a.e, type: widen(to), span: e.span };
  return value(out, { absent: a.absent, ...(widen(to) === to ? {} : { stored: to }) });
}
