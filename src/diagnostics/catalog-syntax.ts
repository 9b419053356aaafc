import { error, warning } from './rule.ts';

/** What the lexer and the parser report. */
export const SYNTAX = {
  'syntax-unexpected': error<{ found: string; expected: string }>((p) => `found ${p.found}, expected ${p.expected}`),
  'syntax-character': error<{ character: string; instead?: string }>(
    (p) => `${p.character} has no meaning here`,
    (p) => p.instead,
  ),
  'syntax-number': error<{ text: string }>(
    (p) => `\`${p.text}\` is not a number`,
    'numbers are `12`, `0x1f`, `1.5`, `2e-3`: digits on both sides of the point, no suffix, no `_`',
  ),
  'syntax-number-long': error<{ digits: number; most: number }>(
    (p) => `an integer of ${p.digits} characters; the most is ${p.most}`,
    'no type holds more than 64 bits',
  ),
  'syntax-string': error<{ found: string }>(
    (p) => `${p.found} in a string`,
    'a string stands in double quotes on one line; escapes are those of JSON',
  ),
  'syntax-comment': error<{ mark: string }>(
    (p) => `\`${p.mark}\` does not start a comment`,
    'comments start with `#`, doc comments with `##`; `//` is floor division',
  ),
  'syntax-doc': warning(
    () => 'a doc comment that belongs to no declaration',
    '`##` stands directly before `op` or `fn`; use `#` elsewhere',
  ),
  'syntax-semicolon': error<{ before: string }>(
    (p) => `missing \`;\` before ${p.before}`,
    'every statement ends with `;`',
  ),
  'syntax-result-semicolon': error(() => 'the result of a `fn` block has no `;`', 'write `{ let a = …; expression }`'),
  'syntax-equals': error(() => '`=` stands where a comparison belongs', 'equality is written `==`'),
  'syntax-assign': error<{ found: string }>(
    (p) => `a definition is written with \`=\`, not \`${p.found}\``,
    (p) =>
      p.found === '=='
        ? undefined
        : 'a value is defined once, in one piece; accumulate with `sum[…](…)` or `scatter add`',
  ),
  'syntax-bracket': error<{ open: string; close: string }>(
    (p) => `\`${p.open}\` is never closed`,
    (p) => `a \`${p.close}\` is missing`,
  ),
  'syntax-bracket-close': error<{ close: string; open?: string }>((p) =>
    p.open === undefined ? `\`${p.close}\` closes nothing` : `\`${p.close}\` does not close \`${p.open}\``,
  ),
  'syntax-keyword': error<{ word: string }>(
    (p) => `\`${p.word}\` is a reserved word and cannot be a name`,
    (p) => `another name is needed, such as \`${p.word}_\``,
  ),
  'syntax-reducer': error<{ name: string }>(
    (p) => `the reducer \`${p.name}\` needs its indices in brackets`,
    (p) => `write \`${p.name}[i](…)\`, with the indices that are reduced in place of \`i\``,
  ),
  'syntax-mixed': error<{ first: string; second: string }>(
    (p) => `\`${p.first}\` and \`${p.second}\` are mixed without parentheses`,
    (p) => `write \`(a ${p.first} b) ${p.second} c\` or \`a ${p.first} (b ${p.second} c)\``,
  ),
  'syntax-chain': error<{ op: string }>(
    (p) => `comparisons do not chain: a second \`${p.op}\``,
    'write `a < b && b < c`',
  ),
  'syntax-if': error(() => '`if` stands inside an expression without parentheses', 'write `(if c then a else b)`'),
  'syntax-tuple': error(
    () => 'a tuple is only legal as a whole index or axis',
    'write `x[(a, b)]`, or join the parts by an operator',
  ),
  'syntax-dtype': error<{ name: string; known: readonly string[] }>(
    (p) => `\`${p.name}\` is not a data type`,
    (p) => `data types: ${p.known.join(' ')}`,
  ),
  'syntax-temporary': error<{ why: string }>(
    (p) => p.why,
    'a temporary for scatter is `let h: i64[K];`; a definition is `let h[i] = …;`, where a type has no axes',
  ),
  'syntax-deep': error<{ most: number }>((p) => `more than ${p.most} levels of nesting`, 'name parts by `let`'),
  'syntax-large': error<{ most: number }>(
    (p) => `a source file of more than ${p.most} characters`,
    'divide it, and join the parts by `import`',
  ),
} as const;
