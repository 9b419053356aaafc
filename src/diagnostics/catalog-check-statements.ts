import { error } from './rule.ts';

const mean = (known: string | undefined, other: string): string =>
  known === undefined ? other : `did you mean \`${known}\`?`;

/** Definitions and the other statements. */
export const STATEMENTS = {
  'op-no-result': error<{ name: string }>(
    (p) => `operator \`${p.name}\` yields nothing`,
    'give it a result, or an `inout` parameter',
  ),
  'result-undefined': error<{ name: string }>(
    (p) => `nothing defines the result \`${p.name}\``,
    (p) => `add \`${p.name}[…] = …;\``,
  ),
  'field-undefined': error<{ name: string; field: string }>(
    (p) => `nothing defines the field \`${p.field}\` of \`${p.name}\``,
    (p) => `add \`${p.name}[…].${p.field} = …;\``,
  ),
  'inout-undefined': error<{ name: string }>(
    (p) => `\`inout ${p.name}\` is never written`,
    'define it, or drop `inout`',
  ),
  'inout-twice': error<{ name: string }>(
    (p) => `\`inout ${p.name}\` has two definitions`,
    'it has one; share values through a `let`, and pieces by `if`',
  ),
  'state-undefined': error<{ name: string }>(
    (p) => `the loop never steps the state \`${p.name}\``,
    (p) => `add \`${p.name}[…] = …;\` to its body`,
  ),
  'state-form': error(() => 'a state starts as `state s[…] = value;`', 'one target, no `where`, no field'),
  'loop-result': error<{ name: string; index: string }>(
    (p) => `\`${p.name}\` is defined anew in every step of the loop`,
    (p) => `index it by \`${p.index}\`, or define it after the loop from a state`,
  ),
  'loop-read': error<{ name: string; index: string }>(
    (p) => `\`${p.name}\` is read at another step than \`${p.index}\``,
    'carry the value from step to step in a `state`',
  ),
  'temp-undefined': error<{ name: string }>(
    (p) => `nothing fills the temporary \`${p.name}\``,
    (p) => `add \`scatter add ${p.name}[…] = … init 0;\``,
  ),
  'temp-axis': error<{ name: string }>(
    (p) => `the temporary \`${p.name}\` has an axis that is not plain`,
    'temporaries have plain, composite and pack axes of one data type',
  ),
  'defined-twice': error<{ name: string }>(
    (p) => `\`${p.name}\` is defined twice`,
    'pieces of one tensor need `in`, literal indices or `where` that keep them apart',
  ),
  'define-unknown': error<{ name: string; known?: string }>(
    (p) => `\`${p.name}\` is no result`,
    (p) => mean(p.known, `a name of your own is introduced by \`let ${p.name}[…] = …;\``),
  ),
  'define-read-only': error<{ name: string; what: string }>(
    (p) => `\`${p.name}\` is ${p.what} and is not defined here`,
    (p) => (p.what === 'an input' ? 'mark it `inout` to update it in place' : undefined),
  ),
  'define-offsets': error<{ name: string }>(
    (p) => `\`${p.name}\` holds offsets`,
    'they follow from `ragged P[…] = length;` or `pack`',
  ),
  'define-targets': error(
    () => 'several targets for one value',
    'only `topk`, `sort` and operator calls yield several',
  ),
  'define-type': error<{ name: string }>(
    (p) => `a type on the definition of \`${p.name}\``,
    'it is declared in the signature',
  ),
  'pieces-overlap': error<{ name: string }>(
    (p) => `cannot prove that two pieces of \`${p.name}\` do not overlap`,
    'pieces meet end to end: `in 0..D`, `in D..D+E`',
  ),
  'pieces-gap': error<{ name: string; count: number }>(
    (p) =>
      `cannot prove that ${p.count === 1 ? 'the definition covers' : `the ${p.count} pieces cover`} all of \`${p.name}\``,
    'define the rest by another piece',
  ),
  'piece-range': error<{ name: string; piece: string; extent: string }>(
    (p) => `cannot prove that ${p.piece} lies in 0..${p.extent} of \`${p.name}\``,
    (p) => `if it does, say so by a \`where\` on the operator, such as \`where ${p.extent} >= 1\``,
  ),
  'piece-flat': error<{ name: string }>(
    (p) => `pieces of \`${p.name}\` index one axis flat and as a tuple`,
    'use the same form in each piece',
  ),
  'piece-type': error<{ name: string; one: string; other: string }>(
    (p) => `pieces of \`${p.name}\` are ${p.one} and ${p.other}`,
    'convert one',
  ),
  'piece-after-read': error<{ name: string }>(
    (p) => `a piece of \`${p.name}\` after \`${p.name}\` has been read`,
    'define all of it before it is read',
  ),
  'scatter-target': error<{ name: string }>(
    (p) => `\`scatter\` cannot fill \`${p.name}\``,
    'it fills a result or a temporary (`let h: i64[K];`) with plain axes',
  ),
  'scatter-type': error<{ op: string; type: string }>(
    (p) => `\`scatter ${p.op}\` into ${p.type}`,
    '`or` takes integers and bool; add, max and min take numbers',
  ),
  'scatter-range': error<{ name: string; axis: number; index: string; extent: string; data: boolean }>(
    (p) =>
      `${p.data ? `\`${p.index}\` is data: ` : ''}cannot prove \`0 <= ${p.index} < ${p.extent}\` in axis ${p.axis} of \`${p.name}\``,
    (p) => `write \`drop ${p.index}\` to skip what lies outside, or \`clamp ${p.index}\``,
  ),
  'pack-out': error<{ name: string; axis: string }>(
    (p) => `\`pack\` cannot fill \`${p.name}\``,
    (p) => `it fills results whose last axis is \`~${p.axis}\``,
  ),
  'select-targets': error<{ name: string; found: number }>(
    (p) => `\`${p.name}\` yields values and indices, not ${p.found} results`,
  ),
  'select-where': error<{ name: string }>(
    (p) => `a \`where\` on \`${p.name}\``,
    'give absent points a value of their own: `(… ?? -inf)`',
  ),
  'select-slot': error<{ name: string }>(
    (p) => `the targets of \`${p.name}\` need an index for the position`,
    'the last index of each target counts the selected: `w[t, j], e[t, j] = …`',
  ),
  'select-extent': error<{ name: string; one: string; other: string }>(
    (p) => `\`${p.name}\` yields ${p.other} items, the axis holds ${p.one}`,
    (p) => `if they are equal, say so: \`where ${p.one} == ${p.other}\``,
  ),
  'select-indices': error(() => 'values and indices are indexed alike', 'write the same indices on both targets'),
  'select-role': error<{ name: string }>((p) => `\`${p.name}\` cannot take a selection`, 'select into results or lets'),
  'property-within': error<{ op: string }>((p) => `\`within\` with \`${p.op}\``, 'only `~=` has a tolerance'),
  'property-operator': error<{ op: string }>(
    (p) => `\`${p.op}\` between whole tensors`,
    'whole tensors take + - * / elementwise',
  ),
  'property-whole': error<{ name: string; problem: string }>(
    (p) => `\`${p.name}\` ${p.problem}, and cannot stand as a whole in a property`,
    'write the elements out: `x[n]`',
  ),
  'property-index': error<{ index: string }>(
    (p) => `the index \`${p.index}\` in a property over whole tensors`,
    'index both sides, or neither; a `where` then holds for the whole call',
  ),
  'tolerance-name': error<{ name: string; known?: string }>(
    (p) => `\`${p.name}\` is no result`,
    (p) => mean(p.known, 'a tolerance belongs to a result'),
  ),
  'tuning-twice': error<{ what: string; name: string }>((p) => `${p.what} \`${p.name}\` stands twice`),
  'tuning-value': error<{ name: string }>((p) => `the values of \`${p.name}\` are not distinct and of one kind`),
  'schedule-target': error<{ name: string; families: readonly string[]; known?: string }>(
    (p) => `\`${p.name}\` is no target family`,
    (p) => mean(p.known, `families: ${p.families.join(', ')}`),
  ),
} as const;
