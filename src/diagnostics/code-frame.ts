import type { Span } from './span.ts';

/** Where an offset stands: both one-based; a column counts UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Lines of a multi-line span that are shown at its start and at its end. */
const SHOWN = 3;
const TAB = '    ';

/** Offsets at which lines begin. `\r\n` and `\n` end a line. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}

/** Line and column of an offset; an offset beyond the text stands at its end. */
export function position(text: string, offset: number, starts: readonly number[] = lineStarts(text)): Position {
  const at = Math.max(0, Math.min(offset, text.length));
  let lo = 0;
  let hi = starts.length - 1;
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1;
    if ((starts[mid] ?? 0) <= at) lo = mid;
    else hi = mid - 1;
  }
  return { line: lo + 1, column: at - (starts[lo] ?? 0) + 1 };
}

/** How a frame is drawn; the identity by default. */
export interface FrameStyle {
  readonly width?: number;
  readonly gutter?: (text: string) => string;
  readonly mark?: (text: string) => string;
}

/**
 * The source lines of a span with the span underlined, for a fixed-width font. Tabs become four blanks, long lines are
 * cut around the span, and of a span over many lines the first and the last three are shown.
 */
export function codeFrame(text: string, span: Span, style: FrameStyle = {}): string {
  const { width = 100, gutter = (s: string) => s, mark = (s: string) => s } = style;
  const starts = lineStarts(text);
  const first = position(text, span.start, starts);
  const last = position(text, Math.max(span.start, span.end - 1), starts);
  const pad = String(last.line).length;
  const out: string[] = [];
  for (let line = first.line; line <= last.line; line++) {
    if (last.line - first.line > 2 * SHOWN - 1 && line === first.line + SHOWN) {
      out.push(gutter(`${' '.repeat(pad)} | …`));
      line = last.line - SHOWN + 1;
    }
    const begin = starts[line - 1] ?? 0;
    const source = text.slice(begin, (starts[line] ?? text.length + 1) - 1).replace(/\r$/, '');
    const from = line === first.line ? first.column - 1 : source.length - source.trimStart().length;
    const to = line === last.line ? Math.max(from + 1, Math.min(span.end - begin, source.length)) : source.length;
    const cut = window(source, from, to, width);
    out.push(`${gutter(`${String(line).padStart(pad)} | `)}${cut.text}`.trimEnd());
    if (cut.to > cut.from)
      out.push(`${gutter(`${' '.repeat(pad)} | `)}${' '.repeat(cut.from)}${mark('^'.repeat(cut.to - cut.from))}`);
  }
  return out.join('\n');
}

interface Cut {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** At most `width` columns of a line that show the start of `from..to`, with `…` where something was cut. */
function window(source: string, from: number, to: number, width: number): Cut {
  const column = (at: number): number => expand(source.slice(0, at)).length + Math.max(0, at - source.length);
  const full = expand(source);
  const [a, b] = [column(from), column(to)];
  if (full.length <= width) return { text: full, from: a, to: b };
  const left = b <= width - 1 ? 0 : Math.max(0, Math.min(a - Math.floor(width / 4), full.length - width + 1));
  const head = left > 0 ? '…' : '';
  const room = width - head.length;
  const tail = left + room < full.length ? '…' : '';
  const body = full.slice(left, left + room - tail.length);
  const shift = head.length - left;
  return { text: head + body + tail, from: a + shift, to: Math.max(a + shift + 1, Math.min(b + shift, width)) };
}

/** Tabs and control characters take a known number of columns. */
function expand(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll('\t', TAB).replace(/[\u0000-\u001f\u007f]/g, '\u00b7');
}
