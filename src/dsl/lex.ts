import { tokenMatcher } from 'chevrotain';
import type { IToken, TokenType } from 'chevrotain';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Span } from '../diagnostics/span.ts';
import { BadComment, BadNumber, BadText, CLASS, Float, Hex, Id, Int, lexer, SYMBOL, Text } from './tokens.ts';

/** A `#` or `##` comment, with its mark. */
export interface Comment {
  readonly text: string;
  readonly doc: boolean;
  readonly span: Span;
}

export interface Lexed {
  readonly tokens: readonly IToken[];
  /** In the order of the text. */
  readonly comments: readonly Comment[];
  /** By place. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Text to tokens. What is no token is reported and replaced, so that the parser may go on. */
export function lex(text: string, file: string): Lexed {
  const result = lexer.tokenize(text);
  const diagnostics: Diagnostic[] = [];
  const tokens: IToken[] = [];
  const span = (start: number, end: number): Span => ({ file, start, end });
  /** Where a comment that was written with `//` ends. */
  let skipTo = 0;
  const skipped: Skipped[] = [];
  for (const token of result.tokens) {
    const start = token.startOffset;
    const end = start + token.image.length;
    // The lexer tracks starts only; the parser takes the span of a node from both ends of its tokens.
    token.endOffset = end - 1;
    if (start < skipTo) continue;
    if (token.tokenType === BadComment) {
      diagnostics.push(diagnostic('syntax-comment', { mark: '/*' }, span(start, end)));
    } else if (token.tokenType === SYMBOL.FloorDiv && !endsOperand(tokens.at(-1), text.slice(0, start))) {
      skipTo = lineEnd(text, start);
      skipped.push({ start, end: skipTo });
      diagnostics.push(diagnostic('syntax-comment', { mark: '//' }, span(start, skipTo)));
    } else if (token.tokenType === BadNumber) {
      diagnostics.push(diagnostic('syntax-number', { text: clip(token.image) }, span(start, end)));
      tokens.push(as(token, Int));
    } else if (token.tokenType === BadText) {
      diagnostics.push(diagnostic('syntax-string', { found: 'the line ends' }, span(start, end)));
      tokens.push(as(token, Text));
    } else tokens.push(token);
  }
  for (const error of result.errors) {
    if (isSkipped(skipped, error.offset)) continue;
    const character = String.fromCodePoint(text.codePointAt(error.offset) ?? 0);
    const instead =
      INSTEAD[character] ?? (/\p{L}/u.test(character) ? 'names are made of ASCII letters, digits and `_`' : undefined);
    diagnostics.push(
      diagnostic(
        'syntax-character',
        { character: shown(character), ...(instead === undefined ? {} : { instead }) },
        span(error.offset, error.offset + Math.max(1, error.length)),
      ),
    );
  }
  const comments = [...(result.groups['docs'] ?? []), ...(result.groups['comments'] ?? [])]
    .map((t) => ({
      text: t.image.trimEnd(),
      doc: t.image.startsWith('##'),
      span: span(t.startOffset, t.startOffset + t.image.trimEnd().length),
    }))
    .filter((c) => !isSkipped(skipped, c.span.start))
    .toSorted((a, b) => a.span.start - b.span.start);
  return { tokens, comments, diagnostics: diagnostics.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0)) };
}

interface Skipped {
  readonly start: number;
  readonly end: number;
}
/** `skipped` is in the order of the text. */
function isSkipped(skipped: readonly Skipped[], offset: number): boolean {
  const last = skipped[lowerBound(skipped, offset + 1, (s) => s.start) - 1];
  return last !== undefined && offset < last.end;
}

/** The number of elements whose key is below `value`; keys ascend. */
export function lowerBound<T>(list: readonly T[], value: number, key: (element: T) => number): number {
  let lo = 0;
  let hi = list.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    const element = list[mid];
    if (element !== undefined && key(element) < value) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/** What the writer of a character probably meant. */
const INSTEAD: Readonly<Record<string, string>> = {
  '?': 'a choice is written `if c then a else b`, a default for an absent value `(e ?? v)`',
  "'": 'strings stand in double quotes',
  '“': 'strings stand in double quotes: `"`',
  '”': 'strings stand in double quotes: `"`',
  '`': 'strings stand in double quotes',
  '×': 'write `*`',
  '·': 'write `*`',
  '−': 'write `-`',
  '–': 'write `-`',
  '→': 'write `->`',
  '≤': 'write `<=`',
  '≥': 'write `>=`',
  '≠': 'write `!=`',
  '∞': 'write `inf`',
  '\u00a0': 'it is a no-break space; write a plain one',
  '@': 'a matrix product is a sum: `y[m, n] = sum[k](a[m, k] * b[k, n]);`',
};

const shown = (character: string): string =>
  /[\p{L}\p{N}\p{P}\p{S}]/u.test(character)
    ? `\`${character}\``
    : `the character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 37)}…` : text);
/** Stands in for what it should have been: the declaration is not built, but its other errors are told. */
const as = (token: IToken, tokenType: TokenType): IToken => ({
  ...token,
  tokenType,
  tokenTypeIdx: tokenType.tokenTypeIdx ?? 0,
});

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

/** True where `//` can be floor division: behind something that has a value; behind `}` on the same line only. */
function endsOperand(token: IToken | undefined, before: string): boolean {
  if (token === undefined) return false;
  if (token.tokenType === SYMBOL.RCurly) return !before.slice(token.startOffset).includes('\n');
  return [Id, Int, Hex, Float, CLASS.Constant, SYMBOL.RParen, SYMBOL.RSquare].some((type) => tokenMatcher(token, type));
}
