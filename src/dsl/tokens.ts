import { createToken, Lexer } from 'chevrotain';
import type { TokenType } from 'chevrotain';
import { CLASSES, CONTEXTUAL, REDUCERS, RESERVED, SYMBOLS } from './words.ts';
import type { ClassName, ContextualWord, ReservedWord, SymbolName } from './words.ts';

type Table<K extends string> = Readonly<Record<K, TokenType>>;
function table<K extends string>(names: readonly K[], make: (name: K) => TokenType): Table<K> {
  return Object.fromEntries(names.map((name) => [name, make(name)] as const)) as Table<K>;
}
function keys<K extends string>(record: Readonly<Record<K, unknown>>): readonly K[] {
  return Object.keys(record) as K[];
}
/** `lower_bound` → `LowerBound`. */
const pascal = (word: string): string => word.replace(/(?:^|_)([a-z])/g, (_, c: string) => c.toUpperCase());

/** Token classes: never in the text themselves, the grammar names them in place of their members. */
export const CLASS: Table<ClassName> = table(keys(CLASSES), (name) =>
  createToken({ name, pattern: Lexer.NA, label: name }),
);
const classesOf = (text: string): TokenType[] =>
  keys(CLASSES)
    .filter((c) => (CLASSES[c] as readonly string[]).includes(text))
    .map((c) => CLASS[c]);

export const Id = createToken({ name: 'Id', pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: 'a name' });
/** `1.5`, `1e-3`, `2.5e10`: listed before `Int`, and never the start of a longer word. */
export const Float = createToken({
  name: 'Float',
  pattern: /(\d+\.\d+([eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?![A-Za-z0-9_])/,
  label: 'a float',
});
export const Hex = createToken({ name: 'Hex', pattern: /0[xX][0-9a-fA-F]+(?![A-Za-z0-9_])/, label: 'a hex integer' });
export const Int = createToken({ name: 'Int', pattern: /\d+(?![A-Za-z0-9_])/, label: 'an integer' });
export const Text = createToken({ name: 'Text', pattern: /"([^"\\\r\n]|\\.)*"/, label: 'a string' });
/** What looks like a number and is none: `12abc`, `1.`, `1.5f`, `.5`. The range `1..8` is not touched. */
export const BadNumber = createToken({
  name: 'BadNumber',
  pattern: /\d+\.\d+[A-Za-z_]\w*|\d+\.(?![.\d])\w*|\d+[A-Za-z_]\w*|\.\d\w*/,
});
export const BadText = createToken({ name: 'BadText', pattern: /"([^"\\\r\n]|\\[^\r\n])*\\?/ });
/** A C-style block comment, closed or not: the two characters are never neighbours in a program. */
export const BadComment = createToken({
  name: 'BadComment',
  pattern: /\/\*([^*]|\*(?!\/))*(\*\/)?/,
  line_breaks: true,
});

export const DocComment = createToken({ name: 'DocComment', pattern: /##[^\r\n]*/, group: 'docs' });
export const Comment = createToken({ name: 'Comment', pattern: /#[^\r\n]*/, group: 'comments' });
const Space = createToken({ name: 'Space', pattern: /[ \t\r\n\f]+/, group: Lexer.SKIPPED, line_breaks: true });
const ByteOrderMark = createToken({ name: 'ByteOrderMark', pattern: /\uFEFF/, group: Lexer.SKIPPED });

export const WORD: Table<ReservedWord> = table(RESERVED, (word) =>
  createToken({ name: pascal(word), pattern: word, label: word, longer_alt: Id, categories: classesOf(word) }),
);
export const REDUCER: Table<(typeof REDUCERS)[number]> = table(REDUCERS, (word) =>
  createToken({ name: pascal(word), pattern: word, label: word, longer_alt: Id, categories: classesOf(word) }),
);
/** Also identifiers, through the category. */
export const SOFT: Table<ContextualWord> = table(CONTEXTUAL, (word) =>
  createToken({
    name: `${pascal(word)}Word`,
    pattern: word,
    label: word,
    longer_alt: Id,
    categories: [Id, ...classesOf(word)],
  }),
);
export const SYMBOL: Table<SymbolName> = table(keys(SYMBOLS), (name) =>
  createToken({ name, pattern: SYMBOLS[name], label: SYMBOLS[name], categories: classesOf(SYMBOLS[name]) }),
);
/** Longest first, so that `..` is not two points. */
const symbols = keys(SYMBOLS)
  .toSorted((a, b) => SYMBOLS[b].length - SYMBOLS[a].length)
  .map((name) => SYMBOL[name]);

/** Longest first, so that `init` is not `in`. */
const words = [...Object.values(WORD), ...Object.values(REDUCER), ...Object.values(SOFT)].toSorted(
  (a, b) => (b.LABEL ?? '').length - (a.LABEL ?? '').length,
);

/** All tokens in the order in which the lexer tries them. */
// prettier-ignore
export const TOKENS: TokenType[] = [
  ...Object.values(CLASS), Space, DocComment, Comment,
  ...words, Id,
  Float, Hex, SYMBOL.Range, BadNumber, Int, BadComment, ...symbols.filter((t) => t !== SYMBOL.Range), Text, BadText, ByteOrderMark,
];

/** Built anew for a test that lets Chevrotain check the patterns. */
export const makeLexer = (validate: boolean): Lexer =>
  new Lexer(TOKENS, { positionTracking: 'onlyOffset', ensureOptimizations: true, skipValidations: !validate });

/** Built once; holds no state between runs. */
export const lexer = makeLexer(false);
