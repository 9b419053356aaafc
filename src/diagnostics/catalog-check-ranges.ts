import { error, warning } from './rule.ts';

export interface At {
  readonly name: string;
  readonly axis: number;
  readonly index: string;
  readonly extent: string;
}
const ways = (p: At): string => `guard it \`(${p.name}[…] ?? v)\`, or write \`clamp ${p.index}\``;
const plural = (n: number, one: string): string => `${n} ${n === 1 ? one : one === 'index' ? 'indices' : `${one}s`}`;

/** Sizes, indices, ranges, presence. */
export const RANGES = {
  'dim-unbound': error<{ name: string }>(
    (p) => `nothing tells the size \`${p.name}\``,
    (p) =>
      `a size stands bare in an input's axis, or is a parameter (\`const ${p.name}: i64\`), or is derived (\`dim ${p.name} = …;\`)`,
  ),
  'dim-composite': error<{ names: readonly string[] }>(
    (p) => `a composite axis with several unknown factors: ${p.names.join(', ')}`,
    (p) => `one factor follows by division; pass the others, such as \`const ${p.names[0] ?? 'G'}: i64\``,
  ),
  'pack-place': error<{ name: string }>(
    (p) => `the pack \`*${p.name}\` stands first or last in its tensor, one per tensor`,
  ),
  'size-name': error<{ name: string }>(
    (p) => `\`${p.name}\` is no size`,
    'sizes are made of dims, integer consts and parameters, and `total(L)`; restrict by `where` instead',
  ),
  'size-expression': error(
    () => 'this is no size expression',
    'sizes are integer arithmetic: + - * / // % min max over dims, consts and `total(L)`',
  ),
  'const-tensor': error<{ name: string }>((p) => `\`const ${p.name}\` has axes`, 'only scalars are const'),
  'default-tensor': error<{ name: string }>((p) => `a default for the tensor \`${p.name}\``, 'only scalars have one'),
  'default-constant': error(() => 'a default is an expression of literals'),
  'index-rank': error<{ name: string; wanted: number; found: number }>(
    (p) => `\`${p.name}\` has ${plural(p.wanted, 'axis').replace('axiss', 'axes')}, not ${p.found}`,
    'a composite axis `(G, C)` takes one tuple `(g, c)` or one flat index',
  ),
  'index-unindexed': error<{ name: string; rank: number }>(
    (p) => `the tensor \`${p.name}\` stands without its ${plural(p.rank, 'index')}`,
    (p) => `write \`${p.name}[…]\`; whole tensors stand in operator calls and properties`,
  ),
  'index-scalar': error<{ name: string }>((p) => `\`${p.name}\` is a scalar and takes no index`),
  'index-tuple': error<{ name: string; axis: number; wanted: number; found: number }>(
    (p) =>
      p.wanted < 2
        ? `axis ${p.axis} of \`${p.name}\` is plain and takes no tuple`
        : `axis ${p.axis} of \`${p.name}\` takes a tuple of ${p.wanted}, not ${p.found}`,
    (p) => (p.wanted < 2 ? undefined : 'or one flat index'),
  ),
  'index-tuple-place': error(() => 'a tuple stands only as a whole index'),
  'index-type': error<{ found: string }>(
    (p) => `${p.found} as an index`,
    'indices are signed integers: write `… as i64`',
  ),
  'index-shadow': error<{ name: string; what: string }>(
    (p) => `the index \`${p.name}\` is ${p.what} already`,
    'names are never shadowed: choose another',
  ),
  'index-twice': error<{ name: string }>(
    (p) => `the index \`${p.name}\` stands twice`,
    'for the diagonal write `where i == j`',
  ),
  'index-free': error<{ name: string }>(
    (p) => `nothing tells the range of \`${p.name}\``,
    (p) => `it occurs bare in no unguarded axis: write \`${p.name} in 0..N\``,
  ),
  'index-extents': error<{ name: string; one: string; other: string }>(
    (p) => `\`${p.name}\` runs over ${p.one} here and over ${p.other} there`,
    (p) =>
      `if they are equal, say so: \`where ${p.one} == ${p.other}\`; else guard one access, or give \`${p.name}\` its range by \`in\``,
  ),
  'index-extent': error<At & { readonly range: string }>(
    (p) =>
      `\`${p.index}\` runs over ${p.range}, axis ${p.axis} of \`${p.name}\` holds ${p.extent}: cannot prove \`${p.index} < ${p.extent}\``,
    (p) => `add a \`where\` that relates the sizes, ${ways(p)}`,
  ),
  'index-range': error<At & { readonly known: string }>(
    (p) => `cannot prove \`0 <= ${p.index} < ${p.extent}\` in axis ${p.axis} of \`${p.name}\``,
    (p) => `${p.known === '' ? '' : `known: ${p.known}; `}${ways(p)}`,
  ),
  'index-data': error<At>(
    (p) => `\`${p.index}\` is data: cannot prove \`0 <= ${p.index} < ${p.extent}\` in axis ${p.axis} of \`${p.name}\``,
    (p) => `${ways(p)}, or \`unchecked ${p.index}\``,
  ),
  'index-pair': error<{ name: string; f: string; g: string }>(
    (p) => `cannot prove \`${p.f} < ${p.g}\`, which \`pairs\` of \`${p.name}\` needs`,
    'pairs hold f < g: guard the access, or order the indices by `min` and `max`',
  ),
  'index-order': error<{ name: string; after: string }>(
    (p) => `the range of \`${p.after}\` depends on an index to its right`,
    (p) => `put \`${p.after}\` behind what its row depends on, not before \`${p.name}\``,
  ),
  'list-index': error<{ name: string }>(
    (p) => `\`${p.name}\` is a list: which element?`,
    (p) => `write \`${p.name}{f}\``,
  ),
  'list-none': error<{ name: string }>((p) => `\`${p.name}\` is no list and takes no \`{…}\``),
  'list-range': error<{ name: string; index: string; size: string }>(
    (p) => `cannot prove \`0 <= ${p.index} < ${p.size}\` in the list \`${p.name}\``,
  ),
  'list-let': error<{ name: string }>(
    (p) => `a list of lets \`${p.name}{…}\``,
    'make the element an index: `let q[f, i] = …`',
  ),
  'field-needed': error<{ name: string; fields: readonly string[] }>(
    (p) => `\`${p.name}\` holds rows: which field?`,
    (p) => `fields: ${p.fields.map((f) => `.${f}`).join(' ')}`,
  ),
  'field-none': error<{ name: string; field: string }>(
    (p) => `\`${p.name}\` has no fields`,
    (p) => `drop \`.${p.field}\``,
  ),
  'field-unknown': error<{ name: string; field: string; fields: readonly string[]; known?: string }>(
    (p) => `\`${p.name}\` has no field \`${p.field}\``,
    (p) =>
      p.known === undefined ? `fields: ${p.fields.map((f) => `.${f}`).join(' ')}` : `did you mean \`${p.known}\`?`,
  ),
  'field-type': error<{ name: string }>(
    (p) => `field \`${p.name}\` is no plain array`,
    'a field is a type with plain or composite axes',
  ),
  'field-let': error<{ name: string }>((p) => `a field of the \`let\` \`${p.name}\``, 'only results hold rows'),
  'ragged-unknown': error<{ fn: string; name: string; known?: string }>(
    (p) => `\`${p.fn}\` names a ragged axis; \`${p.name}\` is none`,
    (p) => (p.known === undefined ? 'a ragged axis is declared in a type: `~L(off)`' : `did you mean \`${p.known}\`?`),
  ),
  'ragged-value': error<{ name: string }>(
    (p) => `the ragged axis \`${p.name}\` is no value`,
    (p) => `write \`len(${p.name}, b)\`, \`base(${p.name}, b)\` or \`total(${p.name})\``,
  ),
  'ragged-later': error<{ name: string }>(
    (p) => `the rows of \`${p.name}\` are not defined yet`,
    (p) => `put \`ragged ${p.name}[…] = …;\` before`,
  ),
  'ragged-undefined': error<{ name: string }>(
    (p) => `nothing defines the rows of \`${p.name}\``,
    (p) => `add \`ragged ${p.name}[…] = …;\` or \`pack ${p.name}[…] from …\``,
  ),
  'ragged-input': error<{ name: string; offsets: string }>(
    (p) => `the rows of \`${p.name}\` come from the input \`${p.offsets}\``,
    'a result with lengths of its own needs offsets among the results',
  ),
  'ragged-first': error<{ name: string }>(
    (p) => `the ragged axis \`~${p.name}\` has no axis to its left`,
    'rows are counted by the axes to the left: `[B, ~L(off)]`',
  ),
  'ragged-left': error<{ name: string }>(
    (p) => `\`~${p.name}\` stands behind other axes than where it was declared`,
    'the offsets count rows of the same axes everywhere',
  ),
  'ragged-list': error<{ name: string; offsets: string }>(
    (p) => `\`~${p.name}\` and its offsets \`${p.offsets}\` are listed together or not at all`,
    (p) => `write \`~${p.name}{f}(${p.offsets}{f})\``,
  ),
  'ragged-offsets': error<{ name: string; offsets: string }>(
    (p) => `\`~${p.name}\` has the offsets \`${p.offsets}\` elsewhere`,
  ),
  'ragged-offsets-unknown': error<{ name: string }>(
    (p) => `the offsets \`${p.name}\` are neither a parameter nor a result`,
    (p) => `add \`${p.name}: i64[B+1]\``,
  ),
  'ragged-offsets-type': error<{ name: string }>(
    (p) => `the offsets \`${p.name}\` are no list of integers`,
    (p) => `declare \`${p.name}: i64[…]\` with one axis (i32 is legal)`,
  ),
  'ragged-offsets-size': error<{ name: string; axis: string; wanted: string }>(
    (p) => `the offsets \`${p.name}\` of \`~${p.axis}\` need one entry per row and one more`,
    (p) => `declare \`${p.name}: i64[${p.wanted}]\``,
  ),
  'ragged-row': error<{ name: string }>(
    (p) => `which row of \`${p.name}\`?`,
    'an index over a ragged axis needs the indices of its row to its left',
  ),
  'guard-idle': warning(
    () => 'nothing in this guard can be out of range or absent',
    'drop `??`; inside a reducer the guard stands in its body: `sum[k](x[k + 1] ?? 0)`',
  ),
  'absent-read': error<{ what: string }>(
    (p) => `${p.what} reads points that may be absent`,
    'a `let` with `where` has no value elsewhere: write `(… ?? v)`, or reduce over it',
  ),
} as const;
