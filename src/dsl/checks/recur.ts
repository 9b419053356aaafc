import type { Define, Recur } from '../ast.ts';
import type { TStmt } from '../typed.ts';
import { report } from './context.ts';
import type { Scope, TensorSym } from './context.ts';
import { declare } from './declare.ts';
import { checkDefine, sources } from './define.ts';
import { letType } from './lets.ts';
import { int } from './make.ts';
import { checkTensor } from './pieces.ts';
import { domainRange, freshIndex, makeVar, withVars } from './ranges.ts';
import { stateUses } from './state-range.ts';
import { bindLet, targetOf } from './targets.ts';
import { settle } from './value.ts';

/** `state s[…] = init; for t in lo..hi { … }`: reads of a state see the start of the step, each is defined once a step. */
export function checkRecur(d: Recur, s: Scope): TStmt | undefined {
  const { op } = s;
  const states = d.states.map((x) => checkState(x, d.body, s));
  const i = { name: d.index.name, span: d.index.span };
  const range = domainRange(d.domain, s, []);
  if (range === undefined || !freshIndex(i, s)) return undefined;
  const index = makeVar(op, i, range.lo, range.hi);
  const scope: Scope = { ...withVars(s, [index]), loop: index };
  const outside = new Set(op.symbols.keys());
  for (const x of d.body)
    if (x.isLet) for (const t of x.targets) if (!outside.has(t.name.name)) op.later.add(t.name.name);
  const body = d.body.map((x) => checkDefine(x, scope));
  for (const x of d.states) {
    const name = x.targets[0]?.name.name ?? '';
    const sym = op.symbols.get(name);
    const progress = op.progress.get(name);
    if (sym?.kind === 'tensor' && progress !== undefined && !op.failed.has(name)) checkTensor(sym, progress.pieces, op);
    // What follows reads the last value.
    op.progress.delete(name);
    if (sym?.kind === 'tensor') op.symbols.set(name, { ...sym, role: 'let' });
  }
  for (const x of d.body) {
    if (!x.isLet) continue;
    for (const t of x.targets) {
      const sym = op.symbols.get(t.name.name);
      const progress = op.progress.get(t.name.name);
      if (sym?.kind !== 'tensor' || outside.has(t.name.name)) continue;
      if (progress !== undefined && !op.failed.has(sym.name)) checkTensor(sym, progress.pieces, op);
      op.progress.delete(t.name.name);
      op.symbols.delete(t.name.name);
      op.inner.add(t.name.name);
    }
  }
  if (states.includes(undefined) || body.includes(undefined)) return undefined;
  return {
    kind: 'recur',
    index,
    states: states.filter((x) => x !== undefined),
    body: body.filter((x) => x !== undefined),
    span: d.span,
  };
}

function checkState(d: Define, body: readonly Define[], s: Scope): TStmt | undefined {
  const { op } = s;
  const [target] = d.targets;
  if (
    target === undefined ||
    d.targets.length > 1 ||
    d.rhs.kind === 'select' ||
    d.where !== undefined ||
    target.field !== undefined ||
    target.list !== undefined
  ) {
    report(op, 'state-form', {}, d.span);
    if (target !== undefined && declare(op, target.name, 'a state')) {
      op.symbols.set(target.name.name, failedState(target));
      op.failed.add(target.name.name);
    }
    return undefined;
  }
  const bound = bindLet(target, sources(d, d.rhs.expr), s, stateUses(d, body, op));
  const v = settle(op, s.op.typeExpr(d.rhs.expr, bound.scope));
  if (v.absent) report(op, 'absent-read', { what: `state \`${target.name.name}\`` }, d.rhs.span);
  if (!declare(op, target.name, 'a state')) return undefined;
  const dtype = letType(v);
  const name = target.name.name;
  const sym: TensorSym = {
    kind: 'tensor',
    name,
    span: target.name.span,
    role: 'state',
    elem: { kind: 'scalar', dtype },
    axes: bound.axes,
  };
  op.symbols.set(name, sym);
  op.progress.set(name, { span: target.name.span, pieces: [] });
  if (v.bad || bound.failed) {
    op.failed.add(name);
    return undefined;
  }
  return {
    kind: 'define',
    role: 'state',
    target: targetOf(target, bound, dtype),
    near: false,
    value: v.e,
    span: d.span,
  };
}

/** A state that an error left without a shape. */
const failedState = (t: Define['targets'][number]): TensorSym => ({
  kind: 'tensor',
  name: t.name.name,
  span: t.name.span,
  role: 'state',
  elem: { kind: 'scalar', dtype: 'f32' },
  axes: t.index.map((l) => ({ kind: 'let', parts: [{ hi: int(0, l.span) }] })),
});
