import type { IRecognitionException, IToken, TokenType } from 'chevrotain';
import { must } from '../assert.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { MOST_ERRORS } from './brackets.ts';
import type { BracketError } from './brackets.ts';
import { tokenSpan } from './build-context.ts';
import { END } from './expectation.ts';
import { lowerBound } from './lex.ts';
import { parser } from './parser.ts';
import { explainError } from './syntax-errors.ts';
import type { Slice } from './syntax-errors.ts';
import { SYMBOL, WORD } from './tokens.ts';

/**
 * All errors of a declaration. The parser stops at the first error and starts anew at the next statement, so that no
 * error is the consequence of another. `first` is what the parse of the whole declaration stopped at, `lexical` the
 * places where something was no token.
 */
export function explainItem(
  slice: Slice,
  first: IRecognitionException | undefined,
  brackets: readonly BracketError[],
  lexical: readonly number[],
): readonly Diagnostic[] {
  const { tokens } = slice;
  const list: Diagnostic[] = [];
  const body = bodyStart(tokens);
  for (let error = first, from = 0; error !== undefined && list.length < MOST_ERRORS;) {
    const said = explainError(slice, error, from);
    list.push(said.diagnostic);
    const next = parseFrom(
      tokens,
      said.diagnostic.code === 'syntax-semicolon' ? said.at : nextStatement(tokens, said.at, body),
      body,
    );
    if (next.behind !== undefined) list.push(textBehind(slice, next.behind));
    ({ error, from } = next);
  }
  const heard = list.filter((d) => !isNoise(slice, d, brackets, lexical));
  return [...heard, ...bracketsToSay(brackets, lexical, heard)];
}

interface Next {
  readonly error: IRecognitionException | undefined;
  /** First token that the parser saw in the run that stopped. */
  readonly from: number;
  /** A token behind the `}` of the body. */
  readonly behind?: IToken;
}

/** Parses statements from there to the next error, through the ends of blocks, at most to the end of the body. */
function parseFrom(tokens: readonly IToken[], start: number, body: number): Next {
  for (let from = start; from < tokens.length;) {
    parser.input = tokens.slice(from);
    parser.body();
    const error = parser.errors[0];
    parser.input = [];
    if (error === undefined) break;
    if (error.name !== 'NotAllInputParsedException' || error.token.tokenType !== SYMBOL.RCurly) return { error, from };
    const end = tokens.indexOf(error.token, from);
    const inner = tokens.slice(body, end);
    const open =
      inner.filter((t) => t.tokenType === SYMBOL.LCurly).length -
      inner.filter((t) => t.tokenType === SYMBOL.RCurly).length;
    const after = tokens[end + 1];
    from = end + 1;
    if (open <= 0) return { error: undefined, from, ...(after === undefined ? {} : { behind: after }) };
  }
  return { error: undefined, from: tokens.length };
}

function textBehind(slice: Slice, token: IToken): Diagnostic {
  return diagnostic(
    'syntax-unexpected',
    { found: `\`${token.image}\``, expected: END },
    tokenSpan({ file: slice.file, diagnostics: [] }, token),
  );
}

const place = (d: Diagnostic): number => d.span?.start ?? 0;

/** What a bracket that is never closed, or something in the statement that is no token, has led to. */
function isNoise(slice: Slice, d: Diagnostic, brackets: readonly BracketError[], lexical: readonly number[]): boolean {
  if (brackets.some((b) => place(d) >= b.from && place(d) <= b.to)) return true;
  const before = slice.tokens.slice(
    0,
    lowerBound(slice.tokens, place(d), (t) => t.startOffset),
  );
  const start = before.findLast((t) => STATEMENT_ENDS.includes(t.tokenType))?.startOffset ?? 0;
  return lexical.some((at) => at > start && at <= place(d));
}
const STATEMENT_ENDS: readonly TokenType[] = [SYMBOL.Semicolon, SYMBOL.LCurly, SYMBOL.RCurly];

/** An early `}` has been reported as text behind the declaration; an open string may have hidden the bracket. */
function bracketsToSay(
  brackets: readonly BracketError[],
  lexical: readonly number[],
  list: readonly Diagnostic[],
): readonly Diagnostic[] {
  const early = list.some((d) => d.message.endsWith(END));
  const isSaid = (b: BracketError): boolean =>
    !(early && b.diagnostic.message.startsWith('`}`')) && !lexical.some((at) => at > b.from && at < b.to);
  return brackets.filter(isSaid).map((b) => b.diagnostic);
}

/** Index behind the `;` that ends the statement, or of the `}` that ends its block; the start of the body for errors before it. */
function nextStatement(tokens: readonly IToken[], at: number, body: number): number {
  if (at < body) return body;
  const blocks: IToken[] = [];
  for (let i = body; i < tokens.length; i++) {
    const t = tokens[i];
    const inKnobs = blocks.some((open) => open.tokenType === WORD.schedule);
    if (i > at && t?.tokenType === SYMBOL.RCurly && !inKnobs) return i;
    if (t?.tokenType === SYMBOL.LCurly) blocks.push(openedBy(tokens, i));
    else if (t?.tokenType === SYMBOL.RCurly) blocks.pop();
    if (i < at || (inKnobs && t?.tokenType !== SYMBOL.RCurly)) continue;
    if (t?.tokenType === SYMBOL.Semicolon || t?.tokenType === SYMBOL.RCurly) return i + 1;
  }
  return tokens.length;
}

/** `schedule {` and `schedule cuda {` are told from other blocks by their first word. */
function openedBy(tokens: readonly IToken[], i: number): IToken {
  return [tokens[i - 1], tokens[i - 2]].find((t) => t?.tokenType === WORD.schedule) ?? must(tokens[i], 'token');
}

/** Index behind the `{` that opens the body: the first that is in no bracket and is no set of types. */
function bodyStart(tokens: readonly IToken[]): number {
  let depth = 0;
  for (const [i, t] of tokens.entries()) {
    if (t.image === '(' || t.image === '[') depth++;
    else if (t.image === ')' || t.image === ']') depth--;
    else if (t.image === '{' && depth <= 0 && tokens[i - 1]?.tokenType !== WORD.in && i > 1) return i + 1;
  }
  return tokens.length;
}
