import type { IToken } from 'chevrotain';
import { diagnostic, isError } from '../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Item, Module } from './ast.ts';
import { checkBrackets } from './brackets.ts';
import { buildItem } from './build-ast.ts';
import type { ItemCstNode } from './cst.generated.ts';
import { lex, lowerBound } from './lex.ts';
import type { Comment } from './lex.ts';
import { parser } from './parser.ts';
import { explainItem } from './recover.ts';
import { checkSyntax } from './syntax-rules.ts';
import type { Slice } from './syntax-errors.ts';
import { WORD } from './tokens.ts';

/** Longest source that is read, in UTF-16 units: a module is written by hand. */
export const MOST_TEXT = 1 << 20;

/** Most errors of one file; the rest of the file is left out. */
const MOST_ERRORS = 1000;

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
    return {
      module: { kind: 'module', items: [], span },
      diagnostics: [diagnostic('syntax-large', { most: MOST_TEXT }, { file, start: 0, end: 1 })],
      comments: [],
    };
  }
  const { tokens, comments, diagnostics: lexical } = lex(text, file);
  const docs = attachDocs(comments, tokens);
  const diagnostics = [...docs.lost, ...lexical];
  const items: Item[] = [];
  for (const slice of slices(tokens, file, text)) {
    if (diagnostics.length - docs.lost.length >= MOST_ERRORS) break;
    const item = parseItem(slice, lexical, docs.before, diagnostics);
    if (item !== undefined) items.push(item);
  }
  const checked = checkSyntax(items);
  diagnostics.push(...checked.diagnostics);
  const sorted = diagnostics
    .slice(0, docs.lost.length + MOST_ERRORS)
    .toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  return { module: { kind: 'module', items: checked.items, span }, diagnostics: sorted, comments };
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

function parseItem(
  slice: Slice,
  lexical: readonly Diagnostic[],
  docs: ReadonlyMap<number, string>,
  diagnostics: Diagnostic[],
): Item | undefined {
  const { tokens, file } = slice;
  const start = tokens[0]?.startOffset ?? 0;
  const end = slice.next?.startOffset ?? Infinity;
  const at = (d: Diagnostic): number => d.span?.start ?? 0;
  const inside = lexical
    .slice(lowerBound(lexical, start, at), lowerBound(lexical, end, at))
    .filter(isError)
    .map(at);
  const brackets = checkBrackets(tokens, file);
  if (brackets.some((b) => b.fatal)) {
    diagnostics.push(...brackets.map((b) => b.diagnostic));
    return undefined;
  }
  parser.input = [...tokens];
  const tree = parser.item() as ItemCstNode;
  const first = parser.errors[0];
  parser.input = [];
  if (first !== undefined || brackets.length > 0) {
    diagnostics.push(...explainItem(slice, first, brackets, inside));
    return undefined;
  }
  if (inside.length > 0) return undefined;
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
    if (token === undefined || (token.tokenType !== WORD.op && token.tokenType !== WORD.fn))
      lost.push(diagnostic('syntax-doc', {}, comment.span));
    else
      before.set(token.startOffset, before.has(token.startOffset) ? `${before.get(token.startOffset)}\n${line}` : line);
  }
  return { before, lost };
}
