import { error } from './rule.ts';

const FLOAT = /^f|^bf|float/;

/** A value of one type where another is needed; `text` is the value as written, where it is short. */
export interface Conversion {
  readonly found: string;
  readonly wanted: string;
  readonly text?: string;
}
const as = (p: Conversion): string => {
  const text = p.text ?? '…';
  return `(${/^[\w.[\], ]+$/.test(text) ? text : `(${text})`} as ${p.wanted})`;
};

/** Types of values, casts, reducers. */
export const TYPES = {
  'type-unknown': error<{ name: string; params: readonly string[] }>(
    (p) => `\`${p.name}\` is not a type`,
    (p) =>
      p.params.length === 0
        ? 'types are f64 f32 f16 bf16 f8e4m3 f8e5m2 f8e4m3fnuz i8 i16 i32 i64 u8 u16 u32 u64 bool'
        : `type parameters here: ${p.params.join(', ')}`,
  ),
  'type-twice': error<{ name: string }>((p) => `type parameter \`${p.name}\` lists a type twice`),
  'type-int-float': error<Conversion>(
    (p) => `${p.found} meets ${p.wanted}: integers and floats do not mix`,
    (p) => `convert it: \`${as(p)}\``,
  ),
  'type-sign': error<Conversion>(
    (p) => `${p.found} meets ${p.wanted}: signed and unsigned do not mix`,
    (p) => `convert it: \`${as(p)}\``,
  ),
  'type-narrow': error<Conversion>(
    (p) => `${p.found} does not fit ${p.wanted} by itself`,
    (p) => `narrowing is always written: \`${as(p)}\``,
  ),
  'type-bool-number': error<Conversion>(
    (p) => `${p.found} where ${p.wanted} is needed`,
    (p) =>
      p.wanted === 'bool' ? 'compare it: `… != 0`' : `write \`(if ${p.text ?? '…'} then 1 else 0)\`, or \`${as(p)}\``,
  ),
  'type-condition': error<{ found: string }>(
    (p) => `a condition is needed, this is ${p.found}`,
    'compare it: `… != 0`',
  ),
  'type-number': error<{ what: string; found: string }>(
    (p) => `${p.what} takes numbers, not ${p.found}`,
    'conditions are joined by `&&`, `||`, `!`, `==`, `!=`',
  ),
  'type-integer': error<{ what: string; found: string }>(
    (p) => `${p.what} takes integers, not ${p.found}`,
    (p) =>
      p.what === '`//`' || p.what === '`%`'
        ? 'use `floor(a / b)`, or convert: `(… as i64)`'
        : 'conditions are joined by `&&` and `||`; floats convert by `as` or `bitcast<u32>(…)`',
  ),
  'type-divide': error<{ left: string }>(
    (p) => `\`/\` divides floats; \`${p.left}\` is an integer`,
    (p) => `write \`//\` for the floor, or \`(${p.left} as f32) / …\``,
  ),
  'type-literal': error<{ text: string; type: string }>(
    (p) => `${p.text} is not a value of ${p.type}`,
    (p) =>
      p.type === 'i64'
        ? 'a literal this large needs a typed operand: `… as u64`'
        : FLOAT.test(p.type)
          ? 'write it as a float: it is rounded'
          : undefined,
  ),
  'cast-tf32': error(() => '`as tf32`: tf32 is no storage type', 'write `near tf32` on an operand to allow it'),
  'cast-near': error<{ found: string; to: string }>(
    (p) => `\`near ${p.to}\` of ${p.found}`,
    '`near` rounds floats to floats; write `as`',
  ),
  'cast-bool': error<{ found: string; to: string }>((p) => `${p.found} cannot become ${p.to}`, 'compare it: `… != 0`'),
  'bitcast-type': error(() => '`bitcast` needs the type to read the bits as', 'write `bitcast<u32>(…)`'),
  'bitcast-width': error<{ from: string; to: string }>(
    (p) => `${p.from} and ${p.to} differ in width`,
    'the type must be as wide as the operand',
  ),
  'strict-float': error<{ found: string }>(
    (p) => `\`strict\` around ${p.found}`,
    'it is about rounding: only floats round',
  ),
  'near-let': error<{ name: string }>(
    (p) => `\`near\` without a type to round \`${p.name}\` to`,
    (p) => `write \`let ${p.name}[…]: f16 = near …\`, or \`… near f16\``,
  ),
  'reduce-arguments': error<{ name: string; wanted: number; found: number }>(
    (p) => `\`${p.name}\` takes ${p.wanted === 1 ? 'one argument' : 'two arguments'}, not ${p.found}`,
    (p) => (p.wanted === 2 ? `write \`${p.name}[k](m[k], v)\`` : undefined),
  ),
  'reduce-one-index': error<{ name: string }>((p) => `\`${p.name}\` searches along one index`),
  'reduce-type': error<{ name: string }>(
    (p) => `\`${p.name}\` has no accumulator type to choose`,
    'sum, prod, mean, var, logsumexp and softmax have',
  ),
  'reduce-body': error<{ name: string; wanted: string; found: string }>(
    (p) => `\`${p.name}\` takes ${p.wanted}, not ${p.found}`,
    (p) =>
      p.wanted === 'a float'
        ? 'convert it: `… as f32`'
        : p.wanted === 'a condition'
          ? 'compare it: `… != 0`'
          : 'count conditions with `count[…](…)`',
  ),
  'reduce-accumulator': error<{ name: string; acc: string; found: string }>(
    (p) => `\`${p.name}<${p.acc}>\` over ${p.found}`,
    'accumulator and operand are both floats, or integers of one sign; convert the operand first',
  ),
  'reduce-order': error<{ name: string }>(
    (p) => `\`${p.name}\` counts positions row by row: a ragged index stands right of its row`,
  ),
  'softmax-index': error<{ name: string }>(
    (p) => `\`softmax\` names a bound index; \`${p.name}\` is none`,
    'its result has that index: put it on the left side, `y[b, d] = softmax[d](x[b, d])`',
  ),
  'softmax-domain': error<{ name: string }>(
    (p) => `\`in\` on the index \`${p.name}\` of \`softmax\``,
    'the index is bound already; restrict the row by `where`',
  ),
} as const;
