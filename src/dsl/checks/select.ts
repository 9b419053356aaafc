import type { Define, Rhs, Target } from '../ast.ts';
import type { TExpr, TLhs, TStmt, TTarget, TVar } from '../typed.ts';
import { report } from './context.ts';
import type { Scope, TensorSym } from './context.ts';
import { declareLet } from './lets.ts';
import { int, variable } from './make.ts';
import { text } from './operators.ts';
import { equalIn } from './proofs.ts';
import { bindIndices } from './ranges.ts';
import { typeSize } from './sizes.ts';
import { bindDeclared, bindLet, bindList, definable, targetOf } from './targets.ts';
import type { BoundTarget } from './targets.ts';
import { settle, store, value } from './value.ts';

type SelectRhs = Extract<Rhs, { readonly kind: 'select' }>;

/** `v[…, j], i[…, j] = topk<J>[k](e)` or `sort[k](e)`: the last index of each target counts the selected. */
export function checkSelect(d: Define, rhs: SelectRhs, s: Scope): TStmt | undefined {
  const { op } = s;
  if (d.targets.length > 2) {
    report(op, 'select-targets', { name: rhs.op, found: d.targets.length }, d.span);
    for (const t of d.targets) op.failed.add(t.name.name);
  }
  if (d.where !== undefined) report(op, 'select-where', { name: rhs.op }, d.where.span);
  const [first, second] = d.targets;
  if (first === undefined) return undefined;
  const count = rhs.count === undefined ? undefined : typeSize(rhs.count, s);
  const a = d.isLet ? letTarget(first, rhs, s) : resultTarget(first, s);
  if (a === undefined) return undefined;
  const slot = a.slot;
  // The selected slot is no index of the body.
  const outer: Scope = {
    ...a.bound.scope,
    vars: new Map([...a.bound.scope.vars].filter(([, v]) => v.id !== slot?.id)),
  };
  const axis = bindIndices([{ name: rhs.axis.name, span: rhs.axis.span }], [rhs.body], outer);
  const [along] = axis.vars;
  const body = settle(op, s.op.typeExpr(rhs.body, axis.scope));
  if (body.absent) report(op, 'absent-read', { what: `\`${rhs.op}\`` }, rhs.body.span);
  if (along === undefined || op.broken.has(along.id)) return undefined;
  if (body.e.type === 'bool' && !body.bad)
    report(op, 'reduce-body', { name: rhs.op, wanted: 'a number', found: 'bool' }, rhs.body.span);
  const extent = count ?? along.hi;
  if (slot === undefined) report(op, 'select-slot', { name: rhs.op }, first.span);
  else if (!d.isLet && !equalIn(slot.hi, extent, outer))
    report(op, 'select-extent', { name: rhs.op, one: text(slot.hi, outer), other: text(extent, outer) }, first.span);
  const exact = fixSlot(a.bound, slot, extent, d.isLet);
  const values = made(first, a, exact, body.stored ?? body.e.type, d, s);
  const list: TTarget[] = values === undefined ? [] : [values];
  if (!d.isLet && a.sym !== undefined) {
    const dtype = a.sym.elem.kind === 'scalar' ? a.sym.elem.dtype : 'u8';
    store(op, body, dtype, false, rhs.span);
  }
  if (second !== undefined) {
    const b = d.isLet ? letTarget(second, rhs, s) : resultTarget(second, s);
    if (b !== undefined) {
      matching(first, second, s);
      if (!d.isLet) {
        b.bound.sides.forEach((side, k) => {
          const other = a.bound.sides[k];
          if (other === undefined || equalIn(side.extent, other.extent, outer)) return;
          report(
            op,
            'select-extent',
            { name: rhs.op, one: text(side.extent, outer), other: text(other.extent, outer) },
            second.span,
          );
        });
      }
      const bound = renamed(b.bound, exact);
      if (!d.isLet && b.sym !== undefined) {
        const at = value({ ...int(0, rhs.span), kind: 'total', ragged: '' });
        store(op, at, b.sym.elem.kind === 'scalar' ? b.sym.elem.dtype : 'u8', false, second.span);
      }
      const below = { extent: along.hi, mayMiss: rhs.op === 'topk' };
      const t = made(second, b, bound, 'i64', d, s, below);
      if (t !== undefined) list.push(t);
    }
  }
  // Only now can the results be read: the body cannot.
  for (const t of d.isLet ? [] : d.targets)
    op.progress.get(t.name.name)?.pieces.push({ span: t.span, sides: sidesOf.get(t) ?? [] });
  if (body.bad || slot === undefined || list.length !== Math.min(2, d.targets.length)) return undefined;
  const descending = rhs.order === undefined ? rhs.op === 'topk' : rhs.order === 'descending';
  return {
    kind: 'select',
    op: rhs.op,
    role: d.isLet ? 'let' : 'result',
    targets: list,
    ...(count === undefined ? {} : { count }),
    axis: along,
    body: body.e,
    descending,
    span: d.span,
  };
}

interface Bound {
  readonly bound: BoundTarget;
  readonly slot: TVar | undefined;
  readonly sym?: TensorSym;
}

const lastVar = (index: readonly TLhs[]): TVar | undefined => {
  const last = index.at(-1);
  return last?.kind === 'var' ? last.var : undefined;
};

const sidesOf = new WeakMap<Target, BoundTarget['sides']>();
/** A target that is a result; its axes give the ranges. */
function resultTarget(t: Target, s: Scope): Bound | undefined {
  const sym = definable(t, s);
  if (sym === undefined) return undefined;
  if (sym.role !== 'result') report(s.op, 'select-role', { name: sym.name }, t.span);
  const list = bindList(t, sym, s);
  const bound = bindDeclared(
    t,
    sym,
    sym.axes,
    list.var === undefined ? undefined : variable(list.var),
    list.scope,
    sym.name,
  );
  sidesOf.set(t, bound.sides);
  if (bound.failed || list.failed) s.op.failed.add(sym.name);
  return bound.failed || list.failed ? undefined : { bound, slot: lastVar(bound.index), sym };
}

/** A target that is a `let`: the slot's range is the count, which is filled in later. */
function letTarget(t: Target, rhs: SelectRhs, s: Scope): Bound | undefined {
  const last = t.index.at(-1);
  if (last?.kind !== 'bind') return { bound: bindLet({ ...t, index: [] }, [], s), slot: undefined };
  // A range that is not empty: from a variable that has no value everything would follow.
  const some = { kind: 'range' as const, lo: literal(0n, last.span), hi: literal(1n, last.span), span: last.span };
  const bound = bindLet(
    { ...t, index: [...t.index.slice(0, -1), { ...last, domain: last.domain ?? some }] },
    [rhs.body],
    s,
  );
  return { bound, slot: lastVar(bound.index) };
}
const literal = (value: bigint, span: Target['span']) => ({
  kind: 'int' as const,
  value,
  hex: false,
  text: String(value),
  span,
});

/** The left side with its slot over `0..extent`. */
function fixSlot(b: BoundTarget, slot: TVar | undefined, extent: TExpr, isLet: boolean): BoundTarget {
  if (slot === undefined || !isLet) return b;
  const over: TVar = { ...slot, hi: extent };
  return {
    ...b,
    index: [...b.index.slice(0, -1), { kind: 'var', var: over }],
    vars: b.vars.map((v) => (v.id === slot.id ? over : v)),
  };
}

/** The second target over the variables of the first. */
function renamed(b: BoundTarget, by: BoundTarget): BoundTarget {
  return { ...b, index: by.index, vars: by.vars };
}

function matching(a: Target, b: Target, s: Scope): void {
  const name = (l: Target['index'][number]): string =>
    l.kind === 'bind' ? l.name.name : l.kind === 'int' ? String(l.value) : l.parts.map(name).join(',');
  if (a.index.map(name).join() !== b.index.map(name).join()) report(s.op, 'select-indices', {}, b.span);
}

function made(
  t: Target,
  b: Bound,
  bound: BoundTarget,
  dtype: TTarget['dtype'],
  d: Define,
  s: Scope,
  below?: NonNullable<TensorSym['below']>,
): TTarget | undefined {
  if (bound.failed) return undefined;
  if (!d.isLet) return targetOf(t, bound, b.sym?.elem.kind === 'scalar' ? b.sym.elem.dtype : dtype);
  const axes = bound.index.map((l) => ({ kind: 'let' as const, parts: lhsVars(l).map((v) => ({ var: v, hi: v.hi })) }));
  declareLet(t, bound, axes, { dtype, failed: false, ...(below === undefined ? {} : { below }) }, s);
  return targetOf(t, bound, dtype);
}
const lhsVars = (l: TLhs): readonly TVar[] =>
  l.kind === 'var' ? [l.var] : l.kind === 'tuple' ? l.parts.flatMap(lhsVars) : [];
