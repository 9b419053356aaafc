import type { IToken } from 'chevrotain';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { tokenSpan } from './build-context.ts';
import { SYMBOL, WORD } from './tokens.ts';

/** Brackets and `if`s that may stand inside one another: the parser recurses on them, some 8 KB of stack a level. */
export const MOST_NESTING = 64;

/** Most errors of one declaration: beyond, the reader is helped no more. */
export const MOST_ERRORS = 50;

/** What is wrong with the brackets of a declaration, and the offsets between which the parser's own words are noise. */
export interface BracketError {
  readonly diagnostic: Diagnostic;
  readonly from: number;
  readonly to: number;
  /** Nothing else can be said about the declaration. */
  readonly fatal?: true;
}

const PAIRS = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);

/** Matches the brackets of one declaration. `;` closes what round and square brackets are open: they never hold one. */
export function checkBrackets(tokens: readonly IToken[], file: string): readonly BracketError[] {
  const errors: BracketError[] = [];
  const open: IToken[] = [];
  let ifs = 0;
  const unclosed = (token: IToken, to: number): void => {
    const close = PAIRS.get(token.image) ?? '';
    errors.push({
      diagnostic: diagnostic(
        'syntax-bracket',
        { open: token.image, close },
        tokenSpan({ file, diagnostics: [] }, token),
      ),
      from: token.startOffset,
      to,
    });
  };
  for (const token of tokens) {
    const top = open.at(-1);
    if (PAIRS.has(token.image)) open.push(token);
    else if (token.tokenType === WORD.if) ifs++;
    else if (token.tokenType === SYMBOL.Semicolon) {
      ifs = 0;
      const first = open.findLastIndex((t) => t.image === '{') + 1;
      const broken = open[first];
      if (broken !== undefined) unclosed(broken, token.startOffset);
      open.length = first;
    } else if (token.image === ')' || token.image === ']' || token.image === '}') {
      if (top !== undefined && PAIRS.get(top.image) === token.image) open.pop();
      else {
        const span = tokenSpan({ file, diagnostics: [] }, token);
        const at = open.findLastIndex((t) => PAIRS.get(t.image) === token.image);
        const inner = open[at + 1];
        if (token.image === '}' && at >= 0 && inner !== undefined) {
          unclosed(inner, token.startOffset);
          open.length = at;
        } else {
          const other = top === undefined || top.image === '{' ? undefined : top;
          const params = other === undefined ? { close: token.image } : { close: token.image, open: other.image };
          const related =
            other === undefined
              ? {}
              : { related: [{ message: 'opened here', span: tokenSpan({ file, diagnostics: [] }, other) }] };
          errors.push({
            diagnostic: diagnostic('syntax-bracket-close', params, span, related),
            from: token.startOffset,
            to: token.startOffset,
          });
          if (at >= 0) open.length = at;
        }
      }
    }
    if (errors.length >= MOST_ERRORS) return errors;
    if (open.length + ifs > MOST_NESTING) {
      errors.push({
        diagnostic: diagnostic('syntax-deep', { most: MOST_NESTING }, tokenSpan({ file, diagnostics: [] }, token)),
        from: 0,
        to: Infinity,
        fatal: true,
      });
      return errors;
    }
  }
  const broken = open[0];
  if (broken !== undefined) unclosed(broken, Infinity);
  return errors;
}
