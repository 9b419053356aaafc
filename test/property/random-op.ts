import fc from 'fast-check';
import type { Choices } from './choices.ts';
import { choicesFrom } from './choices.ts';
import { expression } from './random-expr.ts';
import { plainRead } from './random-read.ts';
import { letStmt, result, update } from './random-stmt.ts';
import type { Body } from './random-stmt.ts';
import type { Axis, Fn, Index, Storage, Tensor, Ty, World } from './random-world.ts';
import { STORAGES, TYPES, dim, typeText } from './random-world.ts';

/** What a random program is decoded from. */
export const arbitraryChoices = (size = 600): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.nat(2 ** 16 - 1), { minLength: size / 6, maxLength: size, size: 'max' });

/** Program `index` of `seed`: equal arguments give the same program whatever was drawn before. */
export function drawChoices(seed: number, index: number): readonly number[] {
  const [list] = fc.sample(fc.noBias(arbitraryChoices()), { seed: seed * 1_000_003 + index, numRuns: 1 });
  return list ?? [];
}
/** Random programs for properties of their own; fast-check makes failing ones shorter. */
export const arbitraryOp = (size = 600): fc.Arbitrary<{ readonly source: string }> =>
  arbitraryChoices(size).map((list) => ({ source: randomOp(list, 'random') }));
/** A random well-typed operator called `name`, as source text. */
export const randomOp = (list: readonly number[], name: string): string => decodeOp(choicesFrom(list), name);

const AXES: readonly (readonly Axis[])[] = [
  [dim('N')],
  [dim('M')],
  [dim('N'), dim('M')],
  [dim('K')],
  [dim('K'), dim('M')],
  [dim('N'), dim('K')],
  [dim('M'), dim('K')],
  [dim('N'), dim('M'), dim('K')],
  [dim('N'), { kind: 'ragged' }],
  [dim('N'), { kind: 'ragged' }, dim('M')],
  [dim('N'), { kind: 'tuple', dims: ['2', 'M'] }],
  [dim('N'), { kind: 'tuple', dims: ['K', 'M'] }],
  [{ kind: 'pairs', dim: 'M' }],
  [{ kind: 'pack' }, dim('M')],
  [{ kind: 'pack' }],
];

export function decodeOp(c: Choices, name: string): string {
  let count = 0;
  const fresh = (prefix: string): string => `${prefix}${count++}`;
  const tensors: Tensor[] = [];
  const params: string[] = [];
  const dims = ['N', 'M', 'K'];
  const input = (t: Tensor, text: string): void => {
    tensors.push(t);
    params.push(text);
  };
  const storage = (): Storage => c.pick(STORAGES);
  const types = c.next(6) === 5;
  const first: Storage = types ? 'T' : storage();
  input({ name: 'x', storage: first, axes: [dim('N'), dim('M')] }, `x: ${typeText(first, [dim('N'), dim('M')])}`);
  const inouts: Tensor[] = [];
  let ascending: World['ascending'];
  c.several(5, 4, () => {
    const kind = c.next(12);
    const v = fresh('v');
    if (kind === 9) {
      const s = storage();
      const axes = c.pick([[dim('N'), dim('M')], [dim('M')], [dim('N')]]);
      const t: Tensor = { name: v, storage: s, axes };
      inouts.push(t);
      return input(t, `inout ${v}: ${typeText(s, axes)}`);
    }
    if (kind === 10) {
      const s = storage();
      const axes = c.pick([[dim('N'), dim('M')], [dim('M')]]);
      if (!dims.includes('F')) dims.push('F');
      return input({ name: v, storage: s, axes, list: true }, `${v}{f in F}: ${typeText(s, axes)}`);
    }
    if (kind === 11) {
      const fields = ['q', 's', 'z']
        .slice(0, 2 + c.next(2))
        .map((f, k) => ({ name: f, storage: storage(), axes: k === 0 ? [dim('M')] : [] }));
      for (const field of fields) tensors.push({ name: v, storage: field.storage, axes: [dim('N')], field });
      return void params.push(
        `${v}: row{${fields.map((f) => `${f.name}: ${typeText(f.storage, f.axes)}`).join(', ')}}[N]`,
      );
    }
    if (kind === 8 && ascending === undefined) {
      const ty = c.pick<Ty>(['i64', 'f32', 'u64']);
      ascending = { name: v, ty };
      return void params.push(`${v}: ${ty}[K]`);
    }
    const axes = c.pick(AXES);
    if (axes.some((a) => a.kind === 'pack') && !dims.includes('B')) dims.push('B');
    const s = types && c.next(2) === 1 ? 'T' : storage();
    return input({ name: v, storage: s, axes }, `${v}: ${typeText(s, axes)}`);
  });
  const ragged = tensors.find((t) => t.axes.some((a) => a.kind === 'ragged'));
  if (ragged !== undefined) params.push('off: i64[N+1]');
  if (dims.includes('F')) params.push(`const F: i64 = ${1 + c.next(3)}`);
  const scalars: { readonly name: string; readonly ty: Ty }[] = [];
  c.several(3, 2, () => {
    const s = { name: fresh('c'), ty: c.pick<Ty>(['f32', 'i64', 'i32', 'bool', 'u64', 'f64']) };
    scalars.push(s);
    const held = c.next(6) === 5 && s.ty === 'i64';
    params.push(`${held ? 'const ' : ''}${s.name}: ${s.ty}${held ? ` = ${c.next(4)}` : ''}`);
  });
  // K is bound by an input, or no extent of it has a meaning.
  params.push('kk: f32[K]');
  tensors.push({ name: 'kk', storage: 'f32', axes: [dim('K')] });

  const body: Body = { results: [], lines: [], derived: [] };
  if (c.next(5) === 4) {
    dims.push('O');
    body.derived.push(`dim O = ${c.pick(['M//2 + 1', 'M + K', 'max(M - 1, 0)', 'N*2'])};`);
  }
  const fns: Fn[] = [];
  const world: World = {
    c,
    fresh,
    expr: (ty: Ty, scope: readonly Index[], depth: number) => expression(world, ty, scope, depth),
    exact: (scope) => plainRead(world, 'f32', scope, (t) => t.storage === 'f32' && /^[xv]/.test(t.name)),
    raggedAnchor(scope) {
      const at = `${ragged?.name ?? ''}[${scope.map((i) => i.name).join(', ')}${(ragged?.axes.length ?? 0) > 2 ? ', clamp 0' : ''}]`;
      return ragged?.storage === 'bool' ? `(${at} || true)` : `(${at} == ${at})`;
    },
    tensors,
    scalars,
    fns,
    dims,
    ragged: ragged !== undefined,
    types,
    ascending,
  };
  const functions: string[] = [];
  c.several(2, 3, () => functions.push(scalarFn(world)));
  c.several(3, 3, () => body.lines.push(letStmt(world)));
  for (const t of inouts) body.lines.push(update(world, t));
  // There is at least one result; the others can be left out.
  result(world, body);
  c.several(2, 2, () => result(world, body));
  const typeParams = types ? `<T in {${c.pick(['f16, f32', 'bf16', 'f32, bf16', 'f16'])}}>` : '';
  const head = `op ${name}${typeParams}(${params.join(', ')}) -> (${body.results.join(', ')})`;
  const derived = body.derived.length === 0 ? '' : `\n  ${body.derived.join(' ')}`;
  return `${functions.join('')}${head}${derived} {\n${body.lines.map((l) => `  ${l}\n`).join('')}}\n`;
}

/** A pure function of scalars; its body sees nothing but its parameters. */
function scalarFn(w: World): string {
  const { c } = w;
  const name = w.fresh('f');
  const result = c.pick(TYPES);
  const params = Array.from({ length: 1 + c.next(2) }, () => ({ name: w.fresh('a'), ty: c.pick(TYPES) }));
  const own: World = {
    ...w,
    tensors: [],
    scalars: [...params],
    fns: [...w.fns],
    ragged: false,
    ascending: undefined,
    closed: true,
    expr: (ty, scope, depth) => expression(own, ty, scope, depth),
    exact: () => undefined,
  };
  const head = `fn ${name}(${params.map((p) => `${p.name}: ${p.ty}`).join(', ')}): ${result} = `;
  const made = { name, params: params.map((p) => p.ty), result };
  let text: string;
  if (c.next(2) === 0) text = `${head}${own.expr(result, [], 2)};\n`;
  else {
    const local = { name: w.fresh('a'), ty: c.pick(TYPES) };
    const value = own.expr(local.ty, [], 2);
    (own.scalars as { name: string; ty: Ty }[]).push(local);
    text = `${head}{\n  let ${local.name} = ${value};\n  ${own.expr(result, [], 2)}\n}\n`;
  }
  w.fns.push(made);
  return text;
}
