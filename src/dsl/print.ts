import { assertNever } from '../assert.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { hasErrors } from '../diagnostics/diagnostic.ts';
import type { Expr, FnDecl, Item, Module, OpDecl, Param, Result } from './ast.ts';
import { bracketed, concat, group, hardline, join, line, nest, render, softline, tightly } from './layout.ts';
import type { Layout } from './layout.ts';
import type { Comment } from './lex.ts';
import { parse } from './parse.ts';
import { layoutAlone, layoutExpr, layoutIndex } from './print-expr.ts';
import { layoutList, layoutType, stmtPiece } from './print-stmt.ts';
import { block, commentsBefore, dress, listItems, withBehind } from './print-trivia.ts';
import type { Dressed, Piece, Trivia } from './print-trivia.ts';

/** Columns that a line may take; a long name or string may still exceed them. */
export const WIDTH = 120;

const NOTHING: Trivia = { text: '', comments: [] };

/**
 * The canonical text of a module: `parse(print(m))` is `m` but for spans. With the text and the comments that `parse`
 * gave, comments are put back and single blank lines are kept; without, there are none.
 */
export function print(module: Module, trivia: Trivia = NOTHING): string {
  if (module.items.length === 0 && trivia.comments.length === 0) return '';
  const comments = trivia.comments.filter((c) => !isAttached(c, module.items));
  const free = { ...trivia, comments: comments.map((c) => (c.doc && leaves(c, module.items) ? demoted(c) : c)) };
  const pieces = module.items.map((item) => ({
    span: item.span,
    layout: layoutItem(item, free),
    owns: item.kind === 'op' || (item.kind === 'fn' && item.block),
  }));
  const gap = (i: number): boolean =>
    i > 0 && !(module.items[i]?.kind === 'import' && module.items[i - 1]?.kind === 'import');
  return `${render(block(pieces, free, 0, Infinity, gap), WIDTH)}\n`;
}

/** One expression on one line, as messages and comments show it. */
export const printExpr = (e: Expr): string => render(layoutExpr(e), Infinity);

/** What `ktune fmt` does. No text if the source has syntax errors. */
export function format(
  text: string,
  file: string,
): { readonly text?: string; readonly diagnostics: readonly Diagnostic[] } {
  const { module, diagnostics, comments } = parse(text, file);
  return hasErrors(diagnostics) ? { diagnostics } : { text: print(module, { text, comments }), diagnostics };
}

/** Documentation is part of the tree: the `##` lines outside of declarations whose next declaration is an `op` or a `fn`. */
function isAttached(comment: Comment, items: readonly Item[]): boolean {
  if (!comment.doc) return false;
  const next = items.find((i) => i.span.end > comment.span.start);
  return next !== undefined && next.kind !== 'import' && next.span.start > comment.span.start;
}

/** A comment inside a function of one expression is put before that function. */
const leaves = (comment: Comment, items: readonly Item[]): boolean =>
  items.some(
    (i) => i.kind === 'fn' && !i.block && i.span.start < comment.span.start && comment.span.start < i.span.end,
  );

/** A `##` that belonged to nothing must not become documentation by being moved. */
const demoted = (comment: Comment): Comment => ({ ...comment, text: comment.text.replace(/^#+ ?/, '# '), doc: false });

function layoutItem(item: Item, trivia: Trivia): Layout {
  switch (item.kind) {
    case 'import':
      return group(
        'import {',
        nest(
          line,
          join(
            item.names.map((n) => n.name),
            concat(',', line),
          ),
        ),
        line,
        '} from ',
        JSON.stringify(item.from),
        ';',
      );
    case 'fn':
      return concat(docs(item.doc), layoutFn(item, trivia));
    case 'op':
      return concat(docs(item.doc), layoutOp(item, trivia));
    default:
      return assertNever(item, 'layoutItem');
  }
}

const docs = (doc: string | undefined): Layout =>
  doc === undefined ? '' : concat(...doc.split('\n').flatMap((l) => [`## ${l}`.trimEnd(), hardline]));

function layoutFn(f: FnDecl, trivia: Trivia): Layout {
  const params = f.params.map((p) => `${p.name.name}${p.type === undefined ? '' : `: ${p.type.name}`}`);
  const head = concat(
    'fn ',
    f.name.name,
    bracketed('(', params, ')'),
    f.result === undefined ? '' : `: ${f.result.name}`,
    ' =',
  );
  if (!f.block) return group(head, nest(line, layoutAlone(f.body)), ';');
  const pieces: Piece[] = [
    ...f.lets.map((l) => ({ span: l.span, layout: group('let ', l.name.name, ' = ', layoutExpr(l.value), ';') })),
    { span: f.body.span, layout: layoutExpr(f.body) },
  ];
  return concat(head, ' {', nest(hardline, block(pieces, trivia, f.span.start, f.span.end)), hardline, '}');
}

function layoutOp(op: OpDecl, trivia: Trivia): Layout {
  const parts = headerParts(op);
  const open = openBrace(op, trivia);
  const dressed = dress(parts.flat(), trivia, op.span.start, open);
  const header = layoutHeader(op, parts, dressed.pieces);
  const from = dressed.rest[0]?.span.start ?? open;
  const body = op.body.map((s) => stmtPiece(s, trivia));
  if (body.length === 0 && !trivia.comments.some((c) => c.span.start >= from && c.span.start < op.span.end)) {
    return concat(header, '}');
  }
  const inside = block(body, trivia, from, op.span.end);
  return body.length === 1
    ? group(header, nest(line, inside), line, '}')
    : concat(header, nest(hardline, inside), hardline, '}');
}

/** Place of the `{` of the body, or the end of the header where there is no text. */
function openBrace(op: OpDecl, trivia: Trivia): number {
  const last = op.where.at(-1) ?? op.dims.at(-1) ?? op.results.at(-1) ?? op.params.at(-1);
  const end = last?.span.end ?? op.span.start;
  const at = (from: number): number => {
    const brace = trivia.text.indexOf('{', from);
    const comment = trivia.comments.find((c) => c.span.start <= brace && c.span.end > brace);
    return comment === undefined ? brace : at(comment.span.end);
  };
  return Math.max(end, at(end));
}

/** Parameters, results, derived sizes, facts. */
const headerParts = (op: OpDecl): readonly (readonly Piece[])[] => [
  op.params.map((p) => ({ span: p.span, layout: layoutParam(p) })),
  op.results.map((r) => ({ span: r.span, layout: layoutResult(r) })),
  op.dims.map((d) => ({ span: d.span, layout: concat('dim ', d.name.name, ' = ', layoutIndex(d.size), ';') })),
  op.where.map((c) => ({ span: c.span, layout: concat(layoutIndex(c.left), ` ${c.op} `, layoutIndex(c.right)) })),
];

/** `op f<T in {…}>(…) -> (…)`, its sizes and facts, and the `{`: each part on one line, or one element a line. */
function layoutHeader(op: OpDecl, parts: readonly (readonly Piece[])[], pieces: readonly Dressed[]): Layout {
  const [params = [], results = [], dims = [], facts = []] = parts.map((part, i) => {
    const start = parts.slice(0, i).reduce((n, p) => n + p.length, 0);
    return pieces.slice(start, start + part.length);
  });
  const types = op.typeParams.map((t) => concat(t.name.name, ' in {', t.choices.join(', '), '}'));
  const signature = concat(
    'op ',
    op.name.name,
    types.length === 0 ? '' : tightly('<', types, '>'),
    group('(', nest(softline, listItems(params)), softline, ')'),
    ' -> ',
    layoutResults(results),
  );
  if (dims.length === 0 && facts.length === 0) return concat(signature, ' {');
  const sizes = dims.flatMap((d) => [line, ...commentsBefore(d), withBehind(d)]);
  const [first, ...more] = facts;
  if (first === undefined) return group(signature, nest(...sizes), line, '{');
  const known = [line, ...commentsBefore(first), group('where ', nest(listItems([{ ...first, before: [] }, ...more])))];
  return group(signature, nest(...sizes, ...known), line, '{');
}

/** Results break last: only when they have comments or are too long for any line. */
function layoutResults(results: readonly Dressed[]): Layout {
  const flat =
    render(
      tightly(
        '',
        results.map((r) => r.layout),
        '',
      ),
      Infinity,
    ).length +
      ') -> () {'.length <=
    WIDTH;
  const bare = results.every((r) => r.before.length === 0 && r.behind.length === 0);
  return flat && bare
    ? tightly(
        '(',
        results.map((r) => r.layout),
        ')',
      )
    : group('(', nest(softline, listItems(results)), softline, ')');
}

function layoutParam(p: Param): Layout {
  return concat(
    p.mode === 'in' ? '' : `${p.mode} `,
    p.name.name,
    layoutList(p.list),
    ': ',
    layoutType(p.type),
    p.default === undefined ? '' : concat(' = ', layoutExpr(p.default)),
  );
}

const layoutResult = (r: Result): Layout => concat(r.name.name, layoutList(r.list), ': ', layoutType(r.type));
