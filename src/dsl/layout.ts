/**
 * Text with places where a line may break. A group stands on one line if it fits in the width, otherwise all breaks that
 * are directly in it are taken.
 */
export type Layout =
  | string
  | { readonly kind: 'concat'; readonly parts: readonly Layout[] }
  | { readonly kind: 'group'; readonly body: Layout }
  | { readonly kind: 'nest'; readonly body: Layout }
  /** `flat` where the line does not break; a hard one always breaks, and with it every group around it. */
  | { readonly kind: 'line'; readonly flat: string; readonly hard: boolean }
  /** A comment at the end of a line: takes no width, and the next break is hard. */
  | { readonly kind: 'trailing'; readonly text: string };

export const concat = (...parts: readonly Layout[]): Layout => sequence(parts);
/** The same for lists that may be too long for an argument list. */
export const sequence = (parts: readonly Layout[]): Layout => ({ kind: 'concat', parts });
export const group = (...parts: readonly Layout[]): Layout => ({ kind: 'group', body: concat(...parts) });
export const nest = (...parts: readonly Layout[]): Layout => ({ kind: 'nest', body: concat(...parts) });
/** A blank or a line break. */
export const line: Layout = { kind: 'line', flat: ' ', hard: false };
/** Nothing or a line break. */
export const softline: Layout = { kind: 'line', flat: '', hard: false };
export const hardline: Layout = { kind: 'line', flat: '', hard: true };
export const trailing = (text: string): Layout => ({ kind: 'trailing', text });

/** `(` items `)` on one line, come what may. */
export const tightly = (open: string, items: readonly Layout[], close: string): Layout =>
  concat(open, join(items, ', '), close);

/** The parts with a separator between. */
export function join(parts: readonly Layout[], separator: Layout): Layout {
  return sequence(parts.flatMap((part, i) => (i === 0 ? [part] : [separator, part])));
}
/** `(` items `)`: on one line, or one item a line. */
export function bracketed(open: string, items: readonly Layout[], close: string): Layout {
  return items.length === 0
    ? open + close
    : group(open, nest(softline, join(items, concat(',', line))), softline, close);
}

const INDENT = 2;
interface Todo {
  readonly doc: Layout;
  readonly indent: number;
  readonly flat: boolean;
}

/** Lays out without recursion, in time linear in the text but for the look ahead of one line per group. */
export function render(doc: Layout, width: number): string {
  const out: string[] = [];
  const todo: Todo[] = [{ doc, indent: 0, flat: false }];
  let column = 0;
  for (let top = todo.pop(); top !== undefined; top = todo.pop()) {
    const { doc: d, indent, flat } = top;
    if (typeof d === 'string') {
      out.push(d);
      column += d.length;
    } else if (d.kind === 'concat') for (const part of d.parts.toReversed()) todo.push({ doc: part, indent, flat });
    else if (d.kind === 'nest') todo.push({ doc: d.body, indent: indent + INDENT, flat });
    else if (d.kind === 'group') {
      const next = { doc: d.body, indent, flat: true };
      todo.push(flat || fits(next, todo, width - column) ? next : { ...next, flat: false });
    } else if (d.kind === 'trailing') out.push(` ${d.text}`);
    else if (flat && !d.hard) {
      out.push(d.flat);
      column += d.flat.length;
    } else {
      out.push(`\n${' '.repeat(indent)}`);
      column = indent;
    }
  }
  return out.join('').replace(/[ \t]+$/gm, '');
}

/** True if the group, and what follows it up to the next place where a line may break, fit in the room. */
function fits(first: Todo, rest: readonly Todo[], room: number): boolean {
  const todo: Todo[] = [first];
  let left = room;
  let inGroup = true;
  for (let next = rest.length; left >= 0;) {
    let top = todo.pop();
    if (top === undefined) {
      inGroup = false;
      top = rest[--next];
      if (top === undefined) return true;
    }
    const { doc: d, flat } = top;
    if (typeof d === 'string') left -= d.length;
    else if (d.kind === 'concat') for (const part of d.parts.toReversed()) todo.push({ ...top, doc: part });
    else if (d.kind === 'nest') todo.push({ ...top, doc: d.body });
    else if (d.kind === 'group') todo.push({ ...top, doc: d.body });
    else if (d.kind === 'trailing') return !inGroup;
    else if (d.hard || !flat) return !inGroup;
    else left -= d.flat.length;
  }
  return false;
}
