import { arithmetic, simplest } from './random-arithmetic.ts';
import { reduction } from './random-reduce.ts';
import { read } from './random-read.ts';
import type { Index, Ty, World } from './random-world.ts';

/** An expression of type `ty`, in the indices of `scope`; `depth` bounds its height. */
export function expression(w: World, ty: Ty, scope: readonly Index[], depth: number): string {
  return w.c.span(`expr ${ty}`, () => {
    const kind = w.c.next(14);
    if (kind === 0) return simplest(ty);
    if (depth <= 0 || kind <= 2) return leaf(w, ty, scope);
    if (kind <= 4) return read(w, ty, scope, depth) ?? leaf(w, ty, scope);
    if (kind === 5)
      return `(if ${w.expr('bool', scope, depth - 1)} then ${w.expr(ty, scope, depth - 1)} else ${w.expr(ty, scope, depth - 1)})`;
    if (kind <= 8 && w.closed !== true) return reduction(w, ty, scope, depth) ?? leaf(w, ty, scope);
    if (kind === 9) return call(w, ty, scope, depth) ?? arithmetic(w, ty, scope, depth - 1);
    return arithmetic(w, ty, scope, depth - 1);
  });
}

function call(w: World, ty: Ty, scope: readonly Index[], depth: number): string | undefined {
  const fit = w.fns.filter((f) => f.result === ty);
  if (fit.length === 0) return undefined;
  const fn = w.c.pick(fit);
  return `${fn.name}(${fn.params.map((p) => w.expr(p, scope, depth - 1)).join(', ')})`;
}

function leaf(w: World, ty: Ty, scope: readonly Index[]): string {
  const kind = w.c.next(8);
  if (kind < 5) {
    const found = read(w, ty, scope, 0);
    if (found !== undefined) return found;
  }
  const scalars = w.scalars.filter((s) => s.ty === ty);
  if (scalars.length > 0 && kind < 7) return w.c.pick(scalars).name;
  const n = w.c.next(5);
  switch (ty) {
    case 'f32':
      return ['0.0', '1.0', '0.5', '2.0', '3.25'][n] ?? '1.0';
    case 'f64':
      return `(${['0.0', '1.0', '0.5', '2.0', '3.25'][n] ?? '1.0'} as f64)`;
    case 'i64':
      return integer(w, scope, n);
    case 'i32':
    case 'u32':
    case 'u64':
      return `(${n} as ${ty})`;
    case 'bool':
      return n % 2 === 0 ? 'true' : 'false';
  }
}

/** Indices, sizes and lengths. */
function integer(w: World, scope: readonly Index[], n: number): string {
  const kind = w.c.next(5);
  const index = kind < 3 ? scope[w.c.next(scope.length + 1)] : undefined;
  if (index !== undefined) return index.name;
  if (kind === 3 && w.closed !== true) return w.c.pick(['N', 'M', 'K']);
  if (kind === 4 && w.ragged) {
    const rows = scope.filter((i) => i.dim === 'N');
    const row = rows.length > 0 ? w.c.pick(rows).name : `clamp ${n}`;
    return w.c.pick([`len(L, ${row})`, `base(L, ${row})`, 'total(L)']);
  }
  return `${n}`;
}
