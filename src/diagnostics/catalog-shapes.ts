import { error } from './rule.ts';

/** What is wrong with the extents that a program is asked to run on, or with the consts that it is made for. */
export const SHAPES = {
  'shape-missing': error<{ dim: string; like: string }>(
    (p) => `dim \`${p.dim}\` has no value`,
    (p) => `give one, as in ${p.like}`,
  ),
  'shape-name': error<{ name: string; op: string; has: string }>(
    (p) => `\`${p.op}\` has no dim, const or integer parameter \`${p.name}\``,
    (p) => (p.has === '' ? 'it has none at all' : `it has ${p.has}`),
  ),
  'shape-value': error<{ name: string; value: string }>(
    (p) => `\`${p.name}\` = ${p.value} is not a whole number from 0 to 2^53`,
    'extents are whole numbers; 0 is legal',
  ),
  'shape-negative': error<{ what: string; value: number; from: string }>(
    (p) => `${p.what} would be ${p.value}${p.from === '' ? '' : ` with ${p.from}`}`,
    'an extent may be 0, not negative',
  ),
  'shape-large': error<{ what: string; value: string }>(
    (p) => `${p.what} would have ${p.value} elements, more than 2^53`,
  ),
  'shape-divide': error<{ tensor: string; axis: number; extent: number; by: number }>(
    (p) => `axis ${p.axis} of \`${p.tensor}\` has extent ${p.extent}, which is not a multiple of ${p.by}`,
  ),
  'shape-differs': error<{ tensor: string; axis: number; extent: number; wanted: number; size: string }>(
    (p) => `axis ${p.axis} of \`${p.tensor}\` has extent ${p.extent}, but ${p.size} is ${p.wanted}`,
  ),
  'shape-rank': error<{ tensor: string; found: number; wanted: string }>(
    (p) => `\`${p.tensor}\` has ${p.found} axes, ${p.wanted} are declared`,
  ),
  'shape-list': error<{ tensor: string; found: number; wanted: number }>(
    (p) => `list \`${p.tensor}\` has ${p.found} tensors, ${p.wanted} are declared`,
  ),
  'shape-fact': error<{ text: string; with: string }>(
    (p) => `\`${p.text}\` does not hold${p.with === '' ? '' : ` with ${p.with}`}`,
  ),
  'const-missing': error<{ name: string }>(
    (p) => `const \`${p.name}\` has no value`,
    (p) => `give one, as in --shape ${p.name}=2`,
  ),
  'const-type': error<{ name: string; dtype: string; value: string }>(
    (p) => `const \`${p.name}\` is of type ${p.dtype}, not ${p.value}`,
  ),
  'const-unknown': error<{ name: string; op: string }>((p) => `\`${p.op}\` has no const \`${p.name}\``),
  'const-fact': error<{ text: string }>((p) => `\`${p.text}\` does not hold for these consts`),
  'const-extent': error<{ tensor: string; axis: number; value: string }>(
    (p) => `axis ${p.axis} of \`${p.tensor}\` would have extent ${p.value} for these consts`,
    'an extent may be 0, not negative',
  ),
  'const-dim': error<{ dim: string; value: string }>((p) => `dim \`${p.dim}\` would be ${p.value} for these consts`),
} as const;
