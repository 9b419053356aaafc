import { plainRead } from './random-read.ts';
import type { Axis, Dim, Index, Storage, Tensor, Ty, World } from './random-world.ts';
import { STORAGES, TYPES, WIDENS, axisOf, binder, dim, dimsOf, typeText } from './random-world.ts';

/** Results and what defines them; offsets of ragged results among the results. */
export interface Body {
  readonly results: string[];
  readonly lines: string[];
  /** `dim O = …;` */
  readonly derived: string[];
}

/** An index for each dim. */
export function indices(w: World, dims: readonly Dim[]): readonly Index[] {
  const made: Index[] = [];
  for (const d of dims) {
    const row = d === 'L' ? made.findLast((i) => i.dim === 'N')?.name : undefined;
    const name = w.fresh(d === 'F' ? 'e' : /^[A-Z]/.test(d) ? d.toLowerCase() : 'q');
    made.push({ name, dim: d, ...(row === undefined ? {} : { row }) });
  }
  return made;
}
const brackets = (list: readonly string[]): string => (list.length === 0 ? '' : `[${list.join(', ')}]`);
const names = (scope: readonly Index[]): string => brackets(scope.map((i) => i.name));

function shape(w: World): readonly Dim[] {
  const shapes: (readonly Dim[])[] = [
    ['N', 'M'],
    ['N'],
    ['M'],
    ['N', 'K'],
    ['N', 'M', 'K'],
    [],
    ['K', 'M'],
    ['N', '2'],
  ];
  if (w.ragged) shapes.push(['N', 'L'], ['N', 'L', 'M'], ['N', 'L']);
  if (w.dims.includes('B')) shapes.push(['B', 'M'], ['B']);
  if (w.dims.includes('F')) shapes.push(['F', 'N']);
  if (w.dims.includes('O')) shapes.push(['N', 'O']);
  return w.c.pick(shapes);
}

export function letStmt(w: World): string {
  const { c } = w;
  const scope = indices(w, shape(w));
  const ty = c.pick([...TYPES, ...w.tensors.map((t) => WIDENS[t.storage])]);
  const name = w.fresh('t');
  const partial = scope.length >= 2 && c.next(5) === 4;
  const where = partial ? ` where ${w.expr('bool', scope, 1)}` : '';
  const near = ty === 'f32' && c.next(8) === 7 ? 'near ' : '';
  const text = `let ${name}${brackets(scope.map(binder))}${near === '' ? '' : ': bf16'}${where} = ${near}${w.expr(ty, scope, 3)};`;
  const storage: Storage = near === '' ? ty : 'bf16';
  w.tensors.push({ name, storage, axes: scope.map((i) => axisOf(i.dim)), ...(partial ? { partial } : {}) });
  return text;
}

const narrow = (w: World, storage: Storage, scope: readonly Index[], depth: number): string => {
  const value = w.expr(WIDENS[storage], scope, depth);
  return storage === WIDENS[storage] ? value : `(${value}) as ${storage}`;
};
/** A name, the axes of a result, and its element type in the signature. */
function declare(w: World, b: Body, prefix: string, storage: Storage, axes: readonly Axis[], list = false): Tensor {
  const name = w.fresh(prefix);
  b.results.push(`${name}${list ? '{f in F}' : ''}: ${typeText(storage, axes)}`);
  return { name, storage, axes, ...(list ? { list } : {}) };
}

/** Statements that define one or more results. */
export function result(w: World, b: Body): void {
  const { c } = w;
  const kinds = [
    plain,
    plain,
    plain,
    plain,
    scatter,
    sorted,
    pieces,
    packed,
    ragged,
    recurrence,
    temporary,
    rows,
    pairs,
    tuple,
  ];
  if (w.dims.includes('F')) kinds.push(listed, listed);
  c.pick(kinds)(w, b);
}

const storageOf = (w: World): Storage =>
  w.c.pick([...STORAGES.slice(0, 8), ...STORAGES, ...(w.types ? (['T', 'T', 'T'] as const) : [])]);

function plain(w: World, b: Body): void {
  const scope = indices(w, shape(w));
  const storage = storageOf(w);
  const t = declare(
    w,
    b,
    'y',
    storage,
    scope.map((i) => axisOf(i.dim)),
  );
  b.lines.push(`${t.name}${names(scope)} = ${narrow(w, storage, scope, 4)};`);
  if (w.c.next(2) === 1) w.tensors.push(t);
}

function listed(w: World, b: Body): void {
  const scope = indices(w, ['F', ...w.c.pick([['N', 'M'], ['N'], ['M', 'K']])]);
  const storage = storageOf(w);
  const [f, ...rest] = scope;
  const t = declare(
    w,
    b,
    'y',
    storage,
    rest.map((i) => dim(i.dim)),
    true,
  );
  b.lines.push(`${t.name}{${f?.name ?? 'f'}}${names(rest)} = ${narrow(w, storage, scope, 3)};`);
  w.tensors.push(t);
}

/** The axes of a scatter are those its expressions mention bare: comparing x[n, m] with itself makes sure there are two. */
function anchor(w: World, scope: readonly Index[]): string {
  const x = plainRead(w, WIDENS[w.tensors[0]?.storage ?? 'f32'], scope, (t) => t.name === 'x') ?? 'x';
  return w.tensors[0]?.storage === 'bool' ? `(${x} || true)` : `(${x} == ${x})`;
}

function scatterInto(w: World, target: string, storage: Storage, cross: boolean): string {
  const { c } = w;
  const scope = indices(w, ['N', 'M']);
  const at = w.expr('i64', scope, 2);
  const ops =
    storage === 'bool'
      ? ['or']
      : storage === 'i32' || storage === 'i64'
        ? ['add', 'max', 'min', 'or']
        : ['add', 'max', 'min'];
  const value = narrow(w, storage, scope, 2);
  const init = storage === 'bool' ? c.pick(['false', 'true']) : `${c.next(3)} as ${storage}`;
  // Half of the targets lie in a small range, so that several items meet.
  const index = `${c.pick(['drop', 'clamp'])} ${c.next(2) === 0 ? `(${at}) % 3` : at}`;
  const more = cross ? `, ${scope[1]?.name ?? ''}` : '';
  return `scatter ${c.pick(ops)} ${target}[${index}${more}] where ${anchor(w, scope)}${c.next(3) === 2 ? ` && ${w.expr('bool', scope, 1)}` : ''} = ${value} init ${init};`;
}
const SCATTERED: readonly Storage[] = ['i64', 'f32', 'i32', 'bool', 'u64', 'f64'];
function scatter(w: World, b: Body): void {
  const storage = w.c.pick(SCATTERED);
  const cross = w.c.next(3) === 2;
  const t = declare(w, b, 'y', storage, [dim('K'), ...(cross ? [dim('M')] : [])]);
  b.lines.push(scatterInto(w, t.name, storage, cross));
  w.tensors.push(t);
}
function temporary(w: World, b: Body): void {
  const storage = w.c.pick(SCATTERED);
  const name = w.fresh('h');
  const axes = [dim('K')];
  b.lines.push(`let ${name}: ${typeText(storage, axes)};`, scatterInto(w, name, storage, false));
  w.tensors.push({ name, storage, axes });
  plain(w, b);
}

function sorted(w: World, b: Body): void {
  const { c } = w;
  const [n, j, m] = indices(w, ['N', 'M', 'M']);
  if (n === undefined || j === undefined || m === undefined) return;
  const ty = c.pick<Ty>(['f32', 'i64', 'u64', 'i32', 'f64']);
  const top = c.next(2) === 1;
  const count = c.pick(['2', '3', '5']);
  const axes = [dim('N'), dim(top ? count : 'M')];
  const key = `(${w.expr(ty, [n, m], 2)}) + (if ${anchor(w, [n, m])} then ${ZERO[ty]} else ${ZERO[ty]})`;
  const order = c.pick(['', ' descending', ' ascending']);
  const rhs = `${top ? `topk<${count}>` : 'sort'}[${m.name}](${key})${order};`;
  if (c.next(4) === 3) {
    const [v, at] = [w.fresh('t'), w.fresh('t')];
    b.lines.push(`let ${v}[${binder(n)}, ${j.name}], ${at}[${binder(n)}, ${j.name}] = ${rhs}`);
    w.tensors.push({ name: v, storage: ty, axes }, { name: at, storage: 'i64', axes });
    return plain(w, b);
  }
  const v = declare(w, b, 'y', ty, axes);
  const both = c.next(3) !== 2;
  const at = both ? declare(w, b, 'y', 'i64', axes) : undefined;
  b.lines.push(
    `${v.name}[${n.name}, ${j.name}]${at === undefined ? '' : `, ${at.name}[${n.name}, ${j.name}]`} = ${rhs}`,
  );
  w.tensors.push(v, ...(at === undefined ? [] : [at]));
}
const ZERO: Readonly<Record<Ty, string>> = {
  f32: '0.0',
  f64: '(0.0 as f64)',
  i64: '0',
  i32: '(0 as i32)',
  u32: '(0 as u32)',
  u64: '(0 as u64)',
  bool: 'false',
};

/** One result along an axis that other axes make up. */
function pieces(w: World, b: Body): void {
  const { c } = w;
  const storage = storageOf(w);
  const [n, j, k] = indices(w, ['N', 'M', 'K']);
  if (n === undefined || j === undefined || k === undefined) return;
  if (c.next(2) === 0) {
    const t = declare(w, b, 'y', storage, [dim('N'), { kind: 'tuple', dims: ['2', 'M'] }]);
    for (const half of [0, 1])
      b.lines.push(`${t.name}[${n.name}, (${half}, ${j.name})] = ${narrow(w, storage, [n, j], 3)};`);
    w.tensors.push(t);
    return;
  }
  const d = w.fresh('W');
  b.derived.push(`dim ${d} = M + K;`);
  const t = declare(w, b, 'y', storage, [dim('N'), dim(d)]);
  // The second piece counts on from M: its own reads along K are shifted back.
  b.lines.push(`${t.name}[${n.name}, ${j.name} in 0..M] = ${narrow(w, storage, [n, j], 3)};`);
  const shifted: Index = { name: `(${k.name} - M)`, dim: 'K' };
  b.lines.push(`${t.name}[${n.name}, ${k.name} in M..${d}] = ${narrow(w, storage, [n, shifted], 3)};`);
}

function packed(w: World, b: Body): void {
  const { c } = w;
  const p = w.fresh('P');
  const po = w.fresh('po');
  const overRagged = w.ragged && c.next(3) > 0;
  const [n, l] = indices(w, ['N', overRagged ? 'L' : 'M']);
  if (n === undefined || l === undefined) return;
  const scope = [n, l];
  const outs = c.next(2) === 0 ? 1 : 2;
  const made: string[] = [];
  const from = overRagged ? w.raggedAnchor(scope) : anchor(w, scope);
  for (let k = 0; k < outs; k++) {
    const storage = storageOf(w);
    const y = w.fresh('y');
    b.results.push(`${y}: ${storage}[N, ~${p}(${po})]`);
    made.push(`${y} = ${narrow(w, storage, scope, 2)}`);
  }
  b.results.push(`${po}: i64[N+1]`);
  b.lines.push(
    `pack ${p}[${n.name}] from ${l.name} where ${from} && ${w.expr('bool', scope, 2)} : ${made.join(', ')};`,
  );
}

function ragged(w: World, b: Body): void {
  const { c } = w;
  const p = w.fresh('P');
  const po = w.fresh('po');
  const [row] = indices(w, ['N']);
  const [n, q] = indices(w, ['N', 'M']);
  if (row === undefined || n === undefined || q === undefined) return;
  const storage = storageOf(w);
  const y = w.fresh('y');
  b.results.push(`${y}: ${storage}[N, ~${p}(${po})]`, `${po}: i64[N+1]`);
  b.lines.push(
    `ragged ${p}[${row.name}] = ${c.pick([`min(${w.expr('i64', [row], 2)}, 6)`, 'M', ...(w.ragged ? [`min(len(L, ${row.name}), 4)`] : [])])};`,
  );
  b.lines.push(`${y}[${n.name}, ${q.name}] = ${narrow(w, storage, [n, { name: q.name, dim: p }], 3)};`);
}

/** A state that steps along M, with what it was at each step. */
function recurrence(w: World, b: Body): void {
  const { c } = w;
  const count = 1 + c.next(2);
  const step: Index = { name: w.fresh('s'), dim: 'M' };
  const along = c.pick<readonly Dim[]>([['N'], [], ['N', '2']]);
  const states: Tensor[] = [];
  const starts: string[] = [];
  for (let k = 0; k < count; k++) {
    const scope = indices(w, along);
    const ty = c.pick<Ty>(['f32', 'i64', 'u64', 'i32', 'bool']);
    const name = w.fresh('s');
    starts.push(`state ${name}${brackets(scope.map(binder))} = ${kept(w, ty, scope)};`);
    states.push({ name, storage: ty, axes: along.map(dim) });
  }
  const before = w.tensors.length;
  w.tensors.push(...states);
  const inside: string[] = [];
  const lets = c.next(2);
  for (let k = 0; k < lets; k++) {
    const scope = indices(w, along);
    const ty = c.pick<Ty>(['f32', 'i64', 'u64', 'i32', 'bool']);
    const name = w.fresh('t');
    inside.push(`let ${name}${brackets(scope.map(binder))} = ${damped(w, ty, [...scope, step], 2)};`);
    w.tensors.push({ name, storage: ty, axes: along.map(dim) });
  }
  for (const s of states) {
    const scope = indices(w, along);
    inside.push(`${s.name}${names(scope)} = ${damped(w, WIDENS[s.storage], [...scope, step], 2)};`);
  }
  if (c.next(3) > 0) {
    const scope = indices(w, along);
    const storage = storageOf(w);
    const t = declare(w, b, 'y', storage, [dim('M'), ...along.map(dim)]);
    inside.push(`${t.name}${names([step, ...scope])} = ${narrow(w, storage, [step, ...scope], 2)};`);
  }
  b.lines.push([...starts, `for ${step.name} in 0..M {`, ...inside.map((l) => `  ${l}`), '}'].join('\n  '));
  // Lets of the loop end with it; states keep their last value.
  w.tensors.splice(before, w.tensors.length, ...states);
  plain(w, b);
}
/** A start value in its arithmetic type: a bare read would give the state the storage type of what is read. */
function kept(w: World, ty: Ty, scope: readonly Index[]): string {
  const start = w.expr(ty, scope, 1);
  return ty === 'bool' ? `(${start} && true)` : `(${start} + ${ZERO[ty]})`;
}
/** Floats stay small from step to step, or nothing could be compared after a few. */
const damped = (w: World, ty: Ty, scope: readonly Index[], depth: number): string =>
  ty === 'f32' ? `tanh(${w.expr(ty, scope, depth)}) * 0.5` : w.expr(ty, scope, depth);

function rows(w: World, b: Body): void {
  const [n] = indices(w, ['N']);
  const y = w.fresh('y');
  const fields = [
    { name: 'q', storage: w.c.pick<Storage>(['u8', 'i16', 'f16', 'i64']), scope: indices(w, ['M']) },
    { name: 's', storage: w.c.pick<Storage>(['f32', 'bf16', 'bool', 'u64']), scope: [] },
  ];
  if (n === undefined) return;
  b.results.push(
    `${y}: row{${fields
      .map(
        (f) =>
          `${f.name}: ${typeText(
            f.storage,
            f.scope.map((i) => dim(i.dim)),
          )}`,
      )
      .join(', ')}}[N]`,
  );
  for (const f of fields)
    b.lines.push(`${y}[${n.name}].${f.name}${names(f.scope)} = ${narrow(w, f.storage, [n, ...f.scope], 3)};`);
}

function pairs(w: World, b: Body): void {
  const [n, f, g] = indices(w, ['N', 'M', 'M']);
  if (n === undefined || f === undefined || g === undefined) return;
  const storage = storageOf(w);
  const t = declare(w, b, 'y', storage, [dim('N'), { kind: 'pairs', dim: 'M' }]);
  b.lines.push(`${t.name}[${n.name}, (${f.name}, ${g.name})] = ${narrow(w, storage, [n, f, g], 3)};`);
  w.tensors.push(t);
}

function tuple(w: World, b: Body): void {
  const parts = w.c.pick<readonly Dim[]>([
    ['K', 'M'],
    ['N', '2'],
    ['M', 'K', '3'],
  ]);
  const [n, ...rest] = indices(w, ['N', ...parts]);
  if (n === undefined) return;
  const storage = storageOf(w);
  const t = declare(w, b, 'y', storage, [dim('N'), { kind: 'tuple', dims: parts }]);
  b.lines.push(
    `${t.name}[${n.name}, (${rest.map((i) => i.name).join(', ')})] = ${narrow(w, storage, [n, ...rest], 3)};`,
  );
  w.tensors.push(t);
}

/** Updates of arrays in place: reads see what they were at the start. */
export function update(w: World, t: Tensor): string {
  const scope = indices(w, t.axes.flatMap(dimsOf));
  return `${t.name}${names(scope)} = ${narrow(w, t.storage, scope, 3)};`;
}
