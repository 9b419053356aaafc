import type { IToken } from 'chevrotain';
import { must } from '../assert.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import type { Diagnostic, Extra } from '../diagnostics/diagnostic.ts';
import type { Code, Params } from '../diagnostics/catalog.ts';
import { cover } from '../diagnostics/span.ts';
import type { Span } from '../diagnostics/span.ts';
import type { Ident } from './ast.ts';
import type { Located } from './cst.generated.ts';

/** What the builders share: the file, and where rules that are no matter of shape are reported. */
export interface Build {
  readonly file: string;
  readonly diagnostics: Diagnostic[];
}

/** Reports a rule of the catalog. */
export function fail<C extends Code>(build: Build, code: C, params: Params<C>, span: Span, extra?: Extra): void {
  build.diagnostics.push(diagnostic(code, params, span, extra));
}

/** The one child of that kind: trees are built from declarations that parsed without errors. */
export const only = <T>(list: readonly T[] | undefined): T => must(list?.[0], 'child of a syntax tree');
/** `list[i]`, which must exist. */
export const nth = <T>(list: readonly T[] | undefined, i: number): T => must(list?.[i], 'child of a syntax tree');

export const tokenSpan = (build: Build, token: IToken): Span => ({
  file: build.file,
  start: token.startOffset,
  end: token.endOffset === undefined ? token.startOffset + token.image.length : token.endOffset + 1,
});
export function nodeSpan(build: Build, node: Located): Span {
  const at = must(node.location, 'location of a syntax node');
  return { file: build.file, start: at.startOffset, end: (at.endOffset ?? at.startOffset) + 1 };
}
export const ident = (build: Build, token: IToken): Ident => ({ name: token.image, span: tokenSpan(build, token) });
export const optionalIdent = (build: Build, list: readonly IToken[] | undefined): Ident | undefined =>
  list?.[0] === undefined ? undefined : ident(build, list[0]);

/** The value of a string literal; escapes are those of JSON. */
export function stringValue(build: Build, token: IToken): string {
  try {
    const value: unknown = JSON.parse(token.image.replaceAll('\t', '\\t'));
    if (typeof value === 'string') return value;
  } catch {
    fail(build, 'syntax-string', { found: 'an unknown escape' }, tokenSpan(build, token));
  }
  return token.image.slice(1, -1);
}

/** From the start of the first to the end of the last. */
export const covering = (a: { readonly span: Span }, b: { readonly span: Span }): Span => cover(a.span, b.span);
