import { zero } from './random-arithmetic.ts';
import type { Axis, Index, Tensor, Ty, World } from './random-world.ts';
import { WIDENS, dimsOf } from './random-world.ts';

const indexable = (w: World, ty: Ty): readonly Tensor[] => w.tensors.filter((t) => WIDENS[t.storage] === ty);

/** A read of a tensor whose elements widen to `ty`: by indices in scope where there are any, else clamped or guarded. */
export function read(w: World, ty: Ty, scope: readonly Index[], depth: number): string | undefined {
  const fit = indexable(w, ty).filter((t) => readable(t, scope));
  if (fit.length === 0) return undefined;
  return access(w, w.c.pick(fit), ty, scope, depth);
}
/** The element of a list is named by an index; where a let may be absent, its own indices are in scope. */
function readable(t: Tensor, scope: readonly Index[]): boolean {
  if (t.list === true && !scope.some((i) => i.dim === 'F')) return false;
  return t.partial !== true || bareIn(t.axes, scope);
}
/** True if every axis has an index in scope. */
function bareIn(axes: readonly Axis[], scope: readonly Index[]): boolean {
  return axes.every((a) =>
    a.kind === 'ragged' ? itemsOf(scope).length > 0 : dimsOf(a).every((d) => scope.some((i) => i.dim === d)),
  );
}
/** Indices of the ragged axis whose row is in scope. */
const itemsOf = (scope: readonly Index[]): readonly Index[] =>
  scope.filter((i) => i.dim === 'L' && scope.some((r) => r.name === i.row));
/** The indices of an access by names in scope alone; the row of a ragged item is its own. */
function bareAccess(w: World, axes: readonly Axis[], scope: readonly Index[]): string {
  const item = axes.some((a) => a.kind === 'ragged') ? w.c.pick(itemsOf(scope)) : undefined;
  const at = axes.map((a) => {
    if (a.kind === 'ragged') return item?.name ?? '';
    const parts = dimsOf(a).map((d) =>
      d === 'N' && item !== undefined ? (item.row ?? '') : w.c.pick(scope.filter((i) => i.dim === d)).name,
    );
    return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
  });
  return at.length === 0 ? '' : `[${at.join(', ')}]`;
}

function access(w: World, t: Tensor, ty: Ty, scope: readonly Index[], depth: number): string {
  let guarded = t.partial === true;
  const guard = (): void => void (guarded = true);
  const indices = (axes: readonly Axis[]): string => {
    if (t.partial === true) return bareAccess(w, axes, scope);
    const at: string[] = [];
    for (const a of axes) at.push(position(w, a, at.at(-1) ?? '', scope, depth, guard));
    return at.length === 0 ? '' : `[${at.join(', ')}]`;
  };
  const element = t.list === true ? `{${w.c.pick(scope.filter((i) => i.dim === 'F')).name}}` : '';
  const field = t.field === undefined ? '' : `.${t.field.name}${indices(t.field.axes)}`;
  const text = `${t.name}${element}${indices(t.axes)}${field}`;
  return guarded ? `(${text} ?? ${depth > 1 ? w.expr(ty, scope, 0) : zero(ty)})` : text;
}

/** One position of an access, behind the position `before`. */
function position(
  w: World,
  a: Axis,
  before: string,
  scope: readonly Index[],
  depth: number,
  guard: () => void,
): string {
  const bare = (d: string): readonly Index[] => scope.filter((i) => i.dim === d);
  switch (a.kind) {
    case 'dim':
    case 'pack':
      return single(w, a.kind === 'dim' ? a.dim : 'B', scope, depth, guard);
    case 'tuple': {
      if (w.c.next(4) === 3) return `clamp ${anyIndex(w, scope, depth)}`;
      // A policy before a tuple covers each part.
      if (!a.dims.every((d) => /^\d+$/.test(d) || bare(d).length > 0))
        return `clamp (${a.dims.map(() => anyIndex(w, scope, depth)).join(', ')})`;
      return `(${a.dims.map((d) => (bare(d).length > 0 ? w.c.pick(bare(d)).name : String(w.c.next(Number(d))))).join(', ')})`;
    }
    case 'pairs':
      return `clamp ${anyIndex(w, scope, depth)}`;
    case 'ragged': {
      const items = bare('L').filter((i) => i.row === before);
      const how = w.c.next(5);
      if (items.length > 0 && how < 3) return w.c.pick(items).name;
      if (how === 4) {
        guard();
        return anyIndex(w, scope, depth);
      }
      return `clamp ${anyIndex(w, scope, depth)}`;
    }
  }
}

function single(w: World, d: string, scope: readonly Index[], depth: number, guard: () => void): string {
  const bare = scope.filter((i) => i.dim === d);
  const how = w.c.next(12);
  const literal = /^\d+$/.test(d);
  if (bare.length === 0) {
    if (literal && how < 8) return String(w.c.next(Number(d)));
    if (how === 11) {
      guard();
      return anyIndex(w, scope, depth);
    }
    return `clamp ${anyIndex(w, scope, depth)}`;
  }
  const i = w.c.pick(bare).name;
  switch (how) {
    case 7:
      guard();
      return `${i} ${w.c.pick(['+', '-'])} ${w.c.pick(['1', '2', 'M', '3'])}`;
    case 8:
      guard();
      return `${i}*2 ${w.c.pick(['+', '-'])} ${anyLeaf(w, scope)}`;
    case 9:
      // The prover must see these by itself.
      return w.c.pick([
        `${d} - 1 - ${i}`,
        `${i} // 2`,
        `max(${i} - 1, 0)`,
        `min(${i} + 1, ${d} - 1)`,
        `(${i} + 3) % ${d}`,
      ]);
    case 10:
      return `clamp ${anyIndex(w, scope, depth)}`;
    case 11:
      return `unchecked ${d} - 1 - ${i}`;
    default:
      return i;
  }
}
const anyIndex = (w: World, scope: readonly Index[], depth: number): string =>
  depth > 0 ? w.expr('i64', scope, depth - 1) : anyLeaf(w, scope);
function anyLeaf(w: World, scope: readonly Index[]): string {
  const index = scope[w.c.next(scope.length + 1)];
  return index === undefined ? '1' : index.name;
}
/** A read by indices in scope alone, of a tensor all of whose axes have one: the shape of a product's operand. */
export function plainRead(
  w: World,
  ty: Ty,
  scope: readonly Index[],
  also: (t: Tensor) => boolean = () => true,
): string | undefined {
  const fit = indexable(w, ty).filter(
    (t) =>
      also(t) &&
      t.partial !== true &&
      t.list !== true &&
      t.field === undefined &&
      t.axes.length > 0 &&
      t.axes.every((a) => a.kind !== 'pairs') &&
      bareIn(t.axes, scope),
  );
  if (fit.length === 0) return undefined;
  const t = w.c.pick(fit);
  return `${t.name}${bareAccess(w, t.axes, scope)}`;
}
