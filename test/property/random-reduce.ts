import { plainRead } from './random-read.ts';
import type { Index, Ty, World } from './random-world.ts';
import { WIDENS, binder, dimsOf } from './random-world.ts';

/** A reduction of type `ty`; undefined where the chosen form needs what the program lacks. */
export function reduction(w: World, ty: Ty, scope: readonly Index[], depth: number): string | undefined {
  const { c } = w;
  switch (c.next(8)) {
    case 5:
      return product(w, ty, scope);
    case 6:
      return prefix(w, ty, scope, depth);
    case 7:
      return special(w, ty, scope, depth);
    default:
      return plain(w, ty, scope, depth);
  }
}

/** An index that is not in scope yet. */
function inner(w: World, scope: readonly Index[]): Index {
  const dims = ['M', 'K', 'N', ...w.dims.filter((d) => d === 'F' || d === 'B' || d === '2')];
  const rows = scope.filter((i) => i.dim === 'N');
  if (w.ragged && rows.length === 1) dims.push('L');
  const d = w.c.pick(dims);
  const row = d === 'L' ? rows[0]?.name : undefined;
  return { name: w.fresh('r'), dim: d, ...(row === undefined ? {} : { row }) };
}

function plain(w: World, ty: Ty, scope: readonly Index[], depth: number): string | undefined {
  const { c } = w;
  const first = inner(w, scope);
  const second = c.next(5) === 4 ? inner(w, scope) : undefined;
  // The rows of a ragged axis are along the only index over N.
  const own =
    second === undefined || [first, second].some((i) => i.dim === 'L' || i.dim === 'N') ? [first] : [first, second];
  const inside = [...scope, ...own];
  const where = c.next(4) === 3 ? ` where ${w.expr('bool', inside, 1)}` : '';
  const bind = `[${own.map(binder).join(', ')}${where}]`;
  const partial = absent(w, ty, inside);
  if (partial !== undefined) return `${c.pick(['sum', 'max', 'min'])}${bind}(${partial})`;
  const body = (t: Ty): string => w.expr(t, inside, depth - 2);
  switch (ty) {
    case 'f32':
    case 'f64': {
      const red = c.pick(['sum', 'max', 'mean', 'min', 'prod', 'var', 'logsumexp']);
      const acc = red === 'sum' && ty === 'f64' && c.next(2) === 1 ? '<f64>' : '';
      const from: Ty = acc === '' ? ty : 'f32';
      return `${red}${acc}${bind}(${red === 'prod' ? `tanh(${body(ty)})` : body(from)})`;
    }
    case 'i64': {
      const red = c.pick(['sum', 'count', 'argmax', 'max', 'first', 'min', 'argmin', 'prod']);
      const from: Ty =
        red === 'count' || red === 'first' ? 'bool' : red.startsWith('arg') ? c.pick<Ty>(['f32', 'i64', 'u64']) : 'i64';
      return `${red}${bind}(${body(from)})`;
    }
    case 'i32':
    case 'u32':
    case 'u64':
      return `${c.pick(['sum', 'max', 'min', 'prod'])}${bind}(${body(ty)})`;
    case 'bool':
      return `${c.pick(['any', 'all'])}${bind}(${body('bool')})`;
  }
}

/** A let that may be absent, by its own indices: absent points are skipped. */
function absent(w: World, ty: Ty, scope: readonly Index[]): string | undefined {
  if (ty === 'bool' || w.c.next(3) !== 2) return undefined;
  const at = (d: string): string | undefined => scope.findLast((i) => i.dim === d)?.name;
  const last = scope.at(-1)?.name;
  const fit = w.tensors.filter(
    (t) =>
      t.partial === true &&
      WIDENS[t.storage] === ty &&
      t.axes.every((a) => a.kind === 'dim' && dimsOf(a).every((d) => at(d) !== undefined)) &&
      t.axes.some((a) => dimsOf(a).some((d) => at(d) === last)),
  );
  if (fit.length === 0) return undefined;
  const t = w.c.pick(fit);
  return `${t.name}[${t.axes
    .map((a) =>
      dimsOf(a)
        .map((d) => at(d) ?? '')
        .join(''),
    )
    .join(', ')}]`;
}

/** A sum of products of plain reads: a contraction, if the operands have other axes too. */
function product(w: World, ty: Ty, scope: readonly Index[]): string | undefined {
  if (ty === 'bool') return undefined;
  const k = inner(w, scope);
  const inside = [...scope, k];
  const a = plainRead(w, ty, inside);
  const b = plainRead(w, ty, inside);
  if (a === undefined || b === undefined) return undefined;
  const near = (x: string): string =>
    ty === 'f32' && w.c.next(5) === 4 ? `${x} near ${w.c.pick(['bf16', 'tf32', 'f16'])}` : x;
  const third = w.c.next(4) === 3 ? plainRead(w, ty, inside) : undefined;
  return `sum[${binder(k)}](${near(a)} * ${near(b)}${third === undefined ? '' : ` * ${third}`})`;
}

/** A fold of what lies before or behind an index. */
function prefix(w: World, ty: Ty, scope: readonly Index[], depth: number): string | undefined {
  const { c } = w;
  const at = scope.filter((i) => i.dim !== 'L' && i.dim !== 'F');
  if (at.length === 0) return undefined;
  const i = c.pick(at);
  const j: Index = { name: w.fresh('r'), dim: i.dim };
  // Hidden from the body, which makes it a prefix form; not so where the row of a ragged axis would become ambiguous.
  const hidden = i.dim !== 'N' || !w.ragged;
  const inside = [...scope.filter((x) => x !== i || !hidden), j];
  const more = c.next(3) === 2 ? ` && ${w.expr('bool', inside, 1)}` : '';
  const body = (t: Ty): string => plainOr(w, t, inside, depth);
  const red =
    ty === 'bool'
      ? c.pick(['any', 'all'])
      : ty === 'i64'
        ? c.pick(['sum', 'max', 'count', 'min', 'argmax', 'first'])
        : c.pick(['sum', 'max', 'min', 'prod']);
  const of = red === 'count' || red === 'first' ? body('bool') : red === 'argmax' ? body('f32') : body(ty);
  const float = ty === 'f32' || ty === 'f64';
  return `${red}[${binder(j)} where ${j.name} ${c.pick(['<=', '<', '>=', '>'])} ${i.name}${more}](${red === 'prod' && float ? `tanh(${of})` : of})`;
}
const plainOr = (w: World, ty: Ty, scope: readonly Index[], depth: number): string =>
  (w.c.next(3) === 0 ? undefined : plainRead(w, ty, scope)) ?? w.expr(ty, scope, depth - 2);

/** Softmax, searches, and sums over what solves an equation. */
function special(w: World, ty: Ty, scope: readonly Index[], depth: number): string | undefined {
  const { c } = w;
  if (ty === 'i64' && w.ascending !== undefined) {
    const k = w.fresh('r');
    return `${c.pick(['lower_bound', 'upper_bound'])}[${k}](${w.ascending.name}[${k}], ${w.expr(w.ascending.ty, scope, depth - 1)})`;
  }
  if (ty === 'f32' && c.next(2) === 0) {
    const over = scope.filter((i) => i.dim !== 'F' && /^\w+$/.test(i.name));
    // The length of a ragged row hangs on its row: they are normalised apart.
    const one = over.filter((i) => i.dim !== 'N' || !scope.some((x) => x.dim === 'L'));
    if (one.length === 0) return undefined;
    return `softmax[${c.pick(one).name}](${w.expr('f32', scope, depth - 1)})`;
  }
  if (ty === 'bool') return undefined;
  const at = scope.filter((i) => i.dim !== 'L');
  if (at.length === 0) return undefined;
  const [u, r]: readonly [Index, Index] = [
    { name: w.fresh('r'), dim: c.pick(['M', 'K', 'N']) },
    { name: w.fresh('r'), dim: '2' },
  ];
  const step = c.pick(['', '*2']);
  return `sum[${binder(u)}, ${binder(r)} where ${u.name}${step} + ${r.name} == ${c.pick(at).name}${c.pick(['', ' + 1'])}](${w.expr(ty, [...scope, u, r], depth - 2)})`;
}
