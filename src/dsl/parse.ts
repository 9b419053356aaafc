import type { IToken } from 'chevrotain';
import { diagnostic, isError } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Item, Module } from './ast.ts';
import { checkBrackets } from './brackets.ts';
import { buildItem } from './build-ast.ts';
import type { ItemCstNode } from './cst.ts';
import { lex } from './lex.ts';
import type { Comment } from './lex.ts';
import { parser } from './parser.ts';
import { checkSyntax } from './syntax-rules.ts';
import { syntaxErrors } from './syntax-errors.ts';
import type { Slice } from './syntax-errors.ts';
import { WORD } from './tokens.ts';

/** Longest source that is read, in UTF-16 units: a module is written by hand. */
export const MOST_TEXT = 1 << 20;

export interface Parsed {
  /** The declarations that are free of errors. */
  readonly module: Module;
  /** By place in the text. Without an error among them, `module` is the whole file. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every comment, documentation too, by place: what the formatter puts back. */
  readonly comments: readonly Comment[];
}

/** Text of a file to its syntax tree. Never throws: whatever is wrong is a diagnostic. `file` is the name in spans. */
export function parse(text: string, file: string): Parsed {
  const span = { file, start: 0, end: text.length };
  if (text.length > MOST_TEXT) {
    return { module: { kind: 'module', items: [], span }, diagnostics: [diagnostic('syntax-large', { most: MOST_TEXT }, { file, start: 0, end: 1 })], comments: [] };
  }
  const { tokens, comments, diagnostics: lexical } = lex(text, file);
  const docs = attachDocs(comments, tokens);
  const diagnostics = [...lexical, ...docs.lost];
  const items: Item[] = [];
  for (const slice of slices(tokens, file, text)) {
    const item = parseItem(slice, lexical, docs.before, diagnostics);
    if (item !== undefined) items.push(item);
  }
  diagnostics.push(...checkSyntax(items));
  const sorted = diagnostics.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  return { module: { kind: 'module', items, span }, diagnostics: sorted, comments };
}

const STARTS: ReadonlySet<IToken['tokenType']> = new Set([WORD.op, WORD.fn, WORD.import]);

/** Declarations start with reserved words, so an error in one never reaches the next. */
function slices(tokens: readonly IToken[], file: string, text: string): readonly Slice[] {
  const starts = tokens.flatMap((t, i) => (i === 0 || STARTS.has(t.tokenType) ? [i] : []));
  return starts.map((start, k) => {
    const end = starts[k + 1] ?? tokens.length;
    return { file, text, tokens: tokens.slice(start, end), next: tokens[end] };
  });
}

function parseItem(slice: Slice, lexical: readonly Diagnostic[], docs: ReadonlyMap<number, string>, diagnostics: Diagnostic[]): Item | undefined {
  const { tokens, file } = slice;
  const start = tokens[0]?.startOffset ?? 0;
  const end = slice.next?.startOffset ?? Infinity;
  const broken = lexical.some((d) => isError(d) && (d.span?.start ?? 0) >= start && (d.span?.start ?? 0) < end);
  const brackets = checkBrackets(tokens, file);
  if (brackets.some((b) => b.to === Infinity)) {
    diagnostics.push(...brackets.map((b) => b.diagnostic));
    return undefined;
  }
  parser.input = [...tokens];
  const tree = parser.item() as ItemCstNode;
  const errors = parser.errors;
  parser.input = [];
  if (errors.length > 0 || brackets.length > 0) {
    const found = syntaxErrors(slice, errors).filter((d) => !brackets.some((b) => (d.span?.start ?? 0) >= b.from && (d.span?.start ?? 0) <= b.to));
    const closers = found.some((d) => d.code === 'syntax-unexpected') ? brackets.filter((b) => b.diagnostic.code !== 'syntax-bracket-close') : brackets;
    diagnostics.push(...found, ...closers.map((b) => b.diagnostic));
    return undefined;
  }
  if (broken) return undefined;
  const build = { file, diagnostics: [] };
  const item = buildItem(build, tree, docs.get(start));
  diagnostics.push(...build.diagnostics);
  return build.diagnostics.length === 0 ? item : undefined;
}

interface Docs {
  /** Text of the `##` lines before the token at that offset. */
  readonly before: ReadonlyMap<number, string>;
  readonly lost: readonly Diagnostic[];
}

/** Documentation belongs to the `op` or `fn` that follows with nothing but comments between. */
function attachDocs(comments: readonly Comment[], tokens: readonly IToken[]): Docs {
  const before = new Map<number, string>();
  const lost: Diagnostic[] = [];
  let next = 0;
  for (const comment of comments) {
    if (!comment.doc) continue;
    while (next < tokens.length && (tokens[next]?.startOffset ?? 0) < comment.span.start) next++;
    const token = tokens[next];
    const line = comment.text.replace(/^## ?/, '');
    if (token === undefined || (token.tokenType !== WORD.op && token.tokenType !== WORD.fn)) lost.push(diagnostic('syntax-doc', {}, comment.span));
    else before.set(token.startOffset, before.has(token.startOffset) ? `${before.get(token.startOffset)}\n${line}` : line);
  }
  return { before, lost };
}
