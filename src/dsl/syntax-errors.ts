import { tokenMatcher } from 'chevrotain';
import type { IRecognitionException, IToken } from 'chevrotain';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic, Extra } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import { nearest } from './checks/names.ts';
import { END } from './expectation.ts';
import { CLASS, Id, SYMBOL, WORD } from './tokens.ts';
import { isReserved } from './words.ts';

/** One declaration as the parser saw it. */
export interface Slice {
  readonly file: string;
  readonly text: string;
  readonly tokens: readonly IToken[];
  /** What follows the declaration: the word that starts the next one, or nothing. */
  readonly next: IToken | undefined;
}

/** A place where the parser stopped. */
interface Stop extends Slice {
  /** Index of the token that was found, `tokens.length` at the end of the declaration. */
  readonly at: number;
  readonly found: IToken | undefined;
  readonly previous: IToken | undefined;
  /** What could have stood there, in words: the message of `expectation`. */
  readonly expected: string;
  readonly rule: string;
  readonly span: Span;
}

/**
 * Turns what the parser reports into a diagnostic, said in terms of the mistake that was probably made, and the index of
 * the token where it stopped (`tokens.length` at the end). `from` is the index of the first token that the parser saw.
 */
export function explainError(
  slice: Slice,
  error: IRecognitionException,
  from: number,
): { readonly diagnostic: Diagnostic; readonly at: number } {
  const s = stop(slice, error, from);
  return { diagnostic: explain(s), at: s.at };
}

function stop(slice: Slice, error: IRecognitionException, from: number): Stop {
  const { tokens, file, text } = slice;
  const offset = error.token.startOffset;
  const index = tokens.findIndex((t, i) => i >= from && t.startOffset === offset);
  const at = index < 0 ? tokens.length : index;
  const found = tokens[at];
  const previous = tokens[at - 1];
  const end = previous === undefined ? 0 : endOf(previous);
  const here = found ?? slice.next;
  const span =
    here === undefined
      ? { file, start: Math.max(end - 1, 0), end: Math.min(end, text.length) }
      : { file, start: here.startOffset, end: endOf(here) };
  return { ...slice, at, found, previous, expected: error.message, rule: error.context.ruleStack.at(-1) ?? '', span };
}

const endOf = (t: IToken): number => t.startOffset + t.image.length;
const quoted = (t: IToken): string => (t.image.length > 40 ? `\`${t.image.slice(0, 37)}…\`` : `\`${t.image}\``);

/** The most particular explanation that fits. */
function explain(s: Stop): Diagnostic {
  return equals(s) ?? assign(s) ?? keyword(s) ?? reducer(s) ?? choice(s) ?? chained(s) ?? semicolon(s) ?? unexpected(s);
}

function equals(s: Stop): Diagnostic | undefined {
  if (s.found?.tokenType !== SYMBOL.Equals || s.previous === undefined || s.expected === 'a name') return undefined;
  let depth = 0;
  for (let i = s.at - 1; i >= 0; i--) {
    const t = s.tokens[i];
    if (t === undefined || t.tokenType === SYMBOL.Semicolon || t.tokenType === SYMBOL.LCurly) return undefined;
    if (t.tokenType === SYMBOL.RParen || t.tokenType === SYMBOL.RSquare) depth++;
    else if (t.tokenType === SYMBOL.LParen || t.tokenType === SYMBOL.LSquare) depth--;
    const inExpression = t.tokenType === SYMBOL.Equals || t.tokenType === WORD.if || t.tokenType === WORD.where;
    if (depth < 0 || (depth === 0 && inExpression))
      return s.rule === 'opDecl' && depth < 0 ? undefined : diagnostic('syntax-equals', {}, s.span);
  }
  return undefined;
}

/** `==`, `+=`, `:=` in place of `=`. */
function assign(s: Stop): Diagnostic | undefined {
  const { found, previous } = s;
  if (found === undefined) return undefined;
  const after = s.tokens[s.at + 1];
  if (
    found.tokenType === SYMBOL.Equals &&
    previous?.tokenType === SYMBOL.Colon &&
    endOf(previous) === found.startOffset
  ) {
    return diagnostic(
      'syntax-assign',
      { found: ':=' },
      { ...s.span, start: previous.startOffset },
      { hint: 'write `=`' },
    );
  }
  // A `let` may end without a value, as a temporary does.
  if (!/^(a statement|.*`=`)/.test(s.expected) && !(s.rule === 'let' && !hasValue(s))) return undefined;
  if (found.tokenType === SYMBOL.EqEq) return diagnostic('syntax-assign', { found: '==' }, s.span);
  const compound =
    [CLASS.AddOp, CLASS.MulOp, CLASS.BitOp].some((c) => tokenMatcher(found, c)) &&
    after?.tokenType === SYMBOL.Equals &&
    after.startOffset === endOf(found);
  return compound
    ? diagnostic('syntax-assign', { found: `${found.image}=` }, { ...s.span, end: endOf(after) })
    : undefined;
}

/** True if the statement has its `=` already. */
function hasValue(s: Stop): boolean {
  const start = s.tokens.findLastIndex((t, i) => i < s.at && t.tokenType === WORD.let);
  return s.tokens.slice(start, s.at).some((t) => t.tokenType === SYMBOL.Equals);
}

/** A reserved word where a name belongs. */
function keyword(s: Stop): Diagnostic | undefined {
  if (s.found === undefined || !isReserved(s.found.image)) return undefined;
  const after = s.tokens[s.at + 1];
  const named =
    s.expected.includes('a name') ||
    (s.expected.startsWith('a statement') &&
      [SYMBOL.Equals, SYMBOL.LSquare, SYMBOL.Comma].some((t) => after?.tokenType === t));
  return named ? diagnostic('syntax-keyword', { word: s.found.image }, s.span) : undefined;
}

/** `sum x`, `max * 2`. */
function reducer(s: Stop): Diagnostic | undefined {
  if (s.found === undefined || !tokenMatcher(s.found, CLASS.Reducer) || s.expected !== 'an expression')
    return undefined;
  return diagnostic('syntax-reducer', { name: s.found.image }, s.span);
}

function choice(s: Stop): Diagnostic | undefined {
  return s.found?.tokenType === WORD.if && s.expected === 'an expression'
    ? diagnostic('syntax-if', {}, s.span)
    : undefined;
}

function chained(s: Stop): Diagnostic | undefined {
  if (
    s.found === undefined ||
    !tokenMatcher(s.found, CLASS.CmpOp) ||
    !/^(`|an operator)/.test(s.expected) ||
    s.expected.includes('`==`')
  )
    return undefined;
  for (let i = s.at - 1; i >= 0; i--) {
    const t = s.tokens[i];
    if (
      t === undefined ||
      [SYMBOL.Semicolon, SYMBOL.LCurly, SYMBOL.Equals, SYMBOL.AndAnd, SYMBOL.OrOr].includes(t.tokenType)
    )
      return undefined;
    if (tokenMatcher(t, CLASS.CmpOp)) return diagnostic('syntax-chain', { op: s.found.image }, s.span);
  }
  return undefined;
}

function semicolon(s: Stop): Diagnostic | undefined {
  const { found, previous } = s;
  if (s.rule === 'fnDecl' && found?.tokenType === SYMBOL.Semicolon && s.expected.includes('`}`'))
    return diagnostic('syntax-result-semicolon', {}, s.span);
  if (s.expected !== '`;`' || previous === undefined) return undefined;
  const here = found ?? s.next;
  const newLine = here === undefined || s.text.slice(endOf(previous), here.startOffset).includes('\n');
  if (!newLine && here.tokenType !== SYMBOL.RCurly && here.tokenType !== WORD.let) return undefined;
  const end = endOf(previous);
  return diagnostic(
    'syntax-semicolon',
    { before: here === undefined ? 'the end of the file' : quoted(here) },
    { file: s.file, start: end - 1, end },
  );
}

function unexpected(s: Stop): Diagnostic {
  const here = s.found ?? s.next;
  const found = here === undefined ? 'the end of the file' : quoted(here);
  return diagnostic('syntax-unexpected', { found, expected: s.expected }, s.span, hint(s));
}

/** Words of other languages. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['and', 'conjunction is written `&&`'],
  ['or', 'disjunction is written `||`'],
  ['not', 'negation is written `!`'],
  ['return', 'a result is defined by its name: `y[i] = …;`'],
  ['for', 'indices on the left are loops already; a recurrence is `state s[i] = …; for t in 0..T { … }`'],
  ['while', 'there are no loops: indices on the left side range by themselves'],
]);

/** What starts a statement or a declaration, for words that are nearly one of them. */
const STARTS = [
  'let',
  'ragged',
  'pack',
  'scatter',
  'state',
  'property',
  'tolerance',
  'tunable',
  'schedule',
  'dim',
  'where',
  'op',
  'fn',
  'import',
];

function hint(s: Stop): Extra {
  const image = (s.found ?? s.next)?.image ?? '';
  const previous = s.previous;
  const say = (text: string): Extra => ({ hint: text });
  const word = WORDS.get(image) ?? WORDS.get(previous?.image ?? '');
  if (word !== undefined && !s.expected.includes('a name')) return say(word);
  const meant = misspelt(s);
  if (meant !== undefined) return say(`did you mean \`${meant}\`?`);
  if (s.expected === '`else`') return say('an `if` always has both: `if c then a else b`');
  if (s.expected === '`->`')
    return say('results follow the parameters: `-> (y: f32[N])`, or `-> ()` when something is `inout`');
  if (s.rule === 'opDecl' && previous?.tokenType === SYMBOL.Arrow)
    return say('results stand in parentheses: `-> (y: f32[N])`');
  const closes = image === ')' || image === ']' || image === '}';
  if (closes && previous?.tokenType === SYMBOL.Comma) return say('no comma stands before a closing bracket');
  if (image === ']' && previous?.tokenType === SYMBOL.LSquare) return say('a scalar is written without brackets');
  if (image === '*' && previous?.image === '*') return say('powers are written `pow(a, b)`');
  if (s.expected === END)
    return say('a declaration starts with `op`, `fn` or `import`; perhaps a `}` too many stands before');
  if (image === ',' || closes) return {};
  return s.expected === '`;`' ? say('an operator is missing, or a `;`') : {};
}

/** A name that is nearly a word which may stand there: what was found, or what stood before it. */
function misspelt(s: Stop): string | undefined {
  const isStart = (before: IToken | undefined): boolean =>
    before === undefined || [SYMBOL.Semicolon, SYMBOL.LCurly, SYMBOL.RCurly, SYMBOL.RParen].includes(before.tokenType);
  if (s.rule === 'knob') return undefined;
  const word = isStart(s.previous) ? s.found : isStart(s.tokens[s.at - 2]) ? s.previous : undefined;
  return word?.tokenType === Id ? nearest(word.image, STARTS) : undefined;
}
