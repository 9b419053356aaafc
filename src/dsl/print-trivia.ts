import type { Span } from '../diagnostics/span.ts';
import { concat, hardline, line, sequence, trailing } from './layout.ts';
import type { Layout } from './layout.ts';
import type { Comment } from './lex.ts';

/** What the tree does not hold: the comments that are to be put back, by place, and the text, for its blank lines. */
export interface Trivia {
  readonly text: string;
  readonly comments: readonly Comment[];
}
/** Something that stands on its own lines. */
export interface Piece {
  readonly span: Span;
  readonly layout: Layout;
  /** A block: it has put the comments inside it in their places. */
  readonly owns?: boolean;
}

/** A piece with the comments that belong to it. */
export interface Dressed extends Piece {
  readonly before: readonly Comment[];
  readonly behind: readonly Comment[];
}

/**
 * Gives each comment between `from` and `to` to a piece: to the one that ends on the comment's line, else to the next
 * one. What follows the last piece is `rest`. A comment inside a piece moves before it, unless the piece owns it.
 */
export function dress(
  pieces: readonly Piece[],
  trivia: Trivia,
  from: number,
  to: number,
): { readonly pieces: readonly Dressed[]; readonly rest: readonly Comment[] } {
  const before: Comment[][] = pieces.map(() => []);
  const behind: Comment[][] = pieces.map(() => []);
  const rest: Comment[] = [];
  let next = 0;
  for (const comment of trivia.comments) {
    if (comment.span.start < from || comment.span.start >= to) continue;
    while (next < pieces.length && (pieces[next]?.span.end ?? 0) <= comment.span.start) next++;
    const around = pieces[next];
    if (around?.owns === true && around.span.start <= comment.span.start) continue;
    const previous = pieces[next - 1];
    const sameLine = previous !== undefined && !trivia.text.slice(previous.span.end, comment.span.start).includes('\n');
    (sameLine ? behind[next - 1] : (before[next] ?? rest))?.push(comment);
  }
  return { pieces: pieces.map((p, i) => ({ ...p, before: before[i] ?? [], behind: behind[i] ?? [] })), rest };
}

/** Pieces on lines of their own, with their comments, and one blank line where the text has any. */
export function block(
  pieces: readonly Piece[],
  trivia: Trivia,
  from: number,
  to: number,
  gap?: (i: number) => boolean,
): Layout {
  const dressed = dress(pieces, trivia, from, to);
  const lines: Layout[] = [];
  let end: number | undefined;
  const add = (start: number, stop: number, layout: Layout, blank: boolean): void => {
    if (lines.length > 0)
      lines.push(
        blank || (end !== undefined && hasBlank(trivia.text, end, start)) ? concat(hardline, hardline) : hardline,
      );
    lines.push(layout);
    end = stop;
  };
  for (const [i, piece] of dressed.pieces.entries()) {
    let blank = gap?.(i) ?? false;
    for (const comment of piece.before) {
      add(comment.span.start, comment.span.end, ownLine(comment), blank);
      blank = false;
    }
    add(piece.span.start, piece.behind.at(-1)?.span.end ?? piece.span.end, withBehind(piece), blank);
  }
  for (const comment of dressed.rest) add(comment.span.start, comment.span.end, ownLine(comment), false);
  return sequence(lines);
}

/** Items of a bracketed list with their comments, and the commas between; a comment breaks the list. */
export function listItems(pieces: readonly Dressed[]): Layout {
  return sequence(
    pieces.flatMap((p, i) => [
      i === 0 ? '' : line,
      ...commentsBefore(p),
      p.layout,
      i === pieces.length - 1 ? '' : ',',
      ...behindOf(p),
    ]),
  );
}

/** On lines of their own. */
export const commentsBefore = (p: Dressed): readonly Layout[] => p.before.flatMap((c) => [ownLine(c), hardline]);
const ownLine = (c: Comment): Layout => c.text;
const behindOf = (p: Dressed): readonly Layout[] =>
  p.behind.length === 0 ? [] : [trailing(p.behind.map((c) => c.text).join(' '))];
export const withBehind = (p: Dressed): Layout => concat(p.layout, ...behindOf(p));
const hasBlank = (text: string, from: number, to: number): boolean =>
  from < to && /\n[ \t\r\f]*\n/.test(text.slice(from, to));
