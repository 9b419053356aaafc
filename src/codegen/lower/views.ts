import { must } from '../../assert.ts';
import type { TAxis, TExpr, TIndex, TLhs, TOp, TStmt, TTensor } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Layout } from './layout.ts';
import { operands } from './partial.ts';
import type { Env, Group, LoopAxis, ViewAxis } from './scope.ts';

/**
 * How the axes of an operator's tensors are stored. A composite axis is split into its factors, so that loops over them stay loops over plain axes,
 * unless some access takes it by one flat index. An operator that is called may see several axes as one: these are merged, so that both views are
 * sums of products.
 */
export interface Shapes {
  /** `flat`: composite axes that stay whole; `joined`: axes that are one with the next. */
  readonly flat: ReadonlyMap<string, ReadonlySet<number>>;
  readonly joined: ReadonlyMap<string, ReadonlySet<number>>;
}
interface Uses {
  readonly flat: Map<string, Set<number>>;
  readonly joined: Map<string, Set<number>>;
}
const add = (m: Map<string, Set<number>>, name: string, k: number): void =>
  void m.set(name, (m.get(name) ?? new Set()).add(k));

/** Scans a body for flat uses of composite axes and for calls. */
export function shapesOf(op: TOp): Shapes {
  const uses: Uses = { flat: new Map(), joined: new Map() };
  const index = (name: string, at: readonly TIndex[]): void =>
    at.forEach((x, k) => x.kind === 'flat' && add(uses.flat, name, k));
  const expr = (e: TExpr): void => {
    if (e.kind === 'access') index(e.tensor, e.index);
    for (const x of allOperands(e)) expr(x);
  };
  const lhs = (name: string, at: readonly TLhs[]): void =>
    at.forEach((x, k) => x.kind !== 'tuple' && add(uses.flat, name, k));
  const stmt = (s: TStmt): void => {
    switch (s.kind) {
      case 'define':
        lhs(s.target.name, s.target.index);
        [s.value, ...(s.where === undefined ? [] : [s.where])].forEach(expr);
        return;
      case 'select':
        s.targets.forEach((t) => lhs(t.name, t.index));
        expr(s.body);
        return;
      case 'scatter':
        s.index.forEach((x, k) => {
          add(uses.flat, s.target, k);
          expr(x.value);
        });
        [s.value, s.init, ...(s.where === undefined ? [] : [s.where])].forEach(expr);
        return;
      case 'pack':
        s.outs.forEach((o) => expr(o.value));
        expr(s.where);
        return;
      case 'recur':
        [...s.states, ...s.body].forEach(stmt);
        return;
      case 'call':
        callUses(op, s, uses);
        s.call.args.forEach((a) => a.kind === 'value' && expr(a.value));
        return;
      case 'ragged': {
        const rule = op.raggeds.find((r) => r.id === s.ragged)?.rule;
        if (rule?.kind === 'size') expr(rule.size);
        return;
      }
      case 'temp':
        return;
    }
  };
  op.body.forEach(stmt);
  return uses;
}
const partsOf = (x: TIndex): readonly TExpr[] =>
  (x.kind === 'flat' ? [x.part] : x.kind === 'parts' ? x.parts : [x.f, x.g]).flatMap((p) => [p.value, p.extent]);
const allOperands = (e: TExpr): readonly TExpr[] =>
  e.kind === 'access'
    ? [...operands(e), ...e.index.flatMap(partsOf)]
    : e.kind === 'len' || e.kind === 'base'
      ? [...operands(e), ...e.at.flatMap(partsOf)]
      : operands(e);

/** Which axes of a caller's tensor of rank `rank` each axis of the callee's type stands for: a pack takes what the others leave. */
export function cover(axes: readonly TAxis[], rank: number): readonly (readonly number[])[] {
  const more = rank - axes.length;
  let next = 0;
  return axes.map((a) => {
    const n = a.kind === 'pack' ? 1 + more : 1;
    const own = Array.from({ length: n }, (_, k) => next + k);
    next += n;
    return own;
  });
}

function callUses(op: TOp, s: Extract<TStmt, { kind: 'call' }>, uses: Uses): void {
  const callee = shapesOf(s.call.op);
  const one = (name: string, rank: number, seen: string, type: TTensor): void => {
    cover(type.axes, rank).forEach((own, k, all) => {
      own.forEach((x) => add(uses.flat, name, x));
      own.slice(0, -1).forEach((x) => add(uses.joined, name, x));
      const last = own.at(-1);
      if (callee.joined.get(seen)?.has(k) === true && last !== undefined && k + 1 < all.length)
        add(uses.joined, name, last);
    });
  };
  s.call.args.forEach((a, k) => {
    const p = must(s.call.op.params[k], 'parameter');
    if (a.kind === 'tensor') one(a.name, rankOf(op, a.name) ?? p.type.axes.length, p.name, p.type);
  });
  s.targets.forEach((t, k) => {
    const r = s.call.op.results[k];
    if (r !== undefined) one(t.name, t.index.length, r.name, r.type);
  });
}
function rankOf(op: TOp, name: string): number | undefined {
  const declared = [...op.params, ...op.results].find((x) => x.name === name);
  if (declared !== undefined) return declared.type.axes.length;
  const find = (list: readonly TStmt[]): number | undefined => {
    for (const s of list) {
      if (s.kind === 'define' && s.target.name === name) return s.target.index.length;
      if (s.kind === 'temp' && s.name === name) return s.type.axes.length;
      const target = s.kind === 'select' || s.kind === 'call' ? s.targets.find((t) => t.name === name) : undefined;
      if (target !== undefined) return target.index.length;
      const inner = s.kind === 'recur' ? find([...s.states, ...s.body]) : undefined;
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  return find(op.body);
}

/** Buffer axes of a declared tensor: what lies left of its last ragged axis is one with it. */
export function groupsOf(shapes: Shapes, name: string, axes: readonly ViewAxis[]): readonly Group[] {
  const last = axes.findLastIndex((a) => a.kind === 'ragged');
  const groups: Group[] = last < 0 ? [] : [{ axes: Array.from({ length: last + 1 }, (_, k) => k), split: false }];
  let open: number[] = [];
  for (let k = last + 1; k < axes.length; k++) {
    open.push(k);
    if (shapes.joined.get(name)?.has(k) === true && k + 1 < axes.length) continue;
    const axis = axes[k];
    const split =
      open.length === 1 && axis?.kind === 'dense' && axis.factors.length > 1 && shapes.flat.get(name)?.has(k) !== true;
    groups.push({ axes: open, split });
    open = [];
  }
  return groups;
}

/** Applies joins to the storage of a let; parts of a composite position that is used whole are joined too. */
export function mergeLayout(
  env: Env,
  name: string,
  layout: Layout,
  vars: readonly (readonly LoopAxis[])[],
  listed: boolean,
): Layout {
  const joined = env.shapes.joined.get(name);
  const flat = env.shapes.flat.get(name);
  if (
    layout.virtual ||
    listed ||
    layout.shape.length !== vars.flat().length ||
    (joined === undefined && !vars.some((v, k) => v.length > 1 && flat?.has(k) === true))
  )
    return layout;
  const shape: (readonly (typeof layout.shape)[number][])[] = [];
  const index: (typeof shape)[number][] = [];
  let at = 0;
  let extend = false;
  vars.forEach((own, k) => {
    own.forEach((_, i) => {
      const [n, x] = [must(layout.shape[at], 'extent'), must(layout.index[at], 'index')];
      at++;
      const more = extend || (i > 0 && (flat?.has(k) === true || joined?.has(k) === true));
      if (more) {
        shape.push([...(shape.pop() ?? []), n]);
        index.push([...(index.pop() ?? []), x]);
      } else {
        shape.push([n]);
        index.push([x]);
      }
      extend = false;
    });
    extend = joined?.has(k) === true;
  });
  return {
    ...layout,
    shape: shape.map((n) => b.ix.product(n)),
    index: index.map((x, k) => b.ix.flat(x, must(shape[k], 'extents'))),
  };
}
