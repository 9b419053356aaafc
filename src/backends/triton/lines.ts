/** Lines of a function while they are made. */
export interface Line {
  readonly text: string;
  readonly depth: number;
  /** The array that the line stores to. */
  readonly stores?: string;
  readonly barrier?: true;
}

const ASSIGNED = /^(\w+) = /;
const NAMES = /[A-Za-z_]\w*/g;

/** Without what has no use: stores to own arrays that nobody reads, barriers where nothing is passed on, names that nobody mentions. */
export function useful(
  lines: readonly Line[],
  isOwn: (array: string) => boolean,
  read: ReadonlySet<string>,
): readonly Line[] {
  const kept = lines.filter((l) => l.stores === undefined || !isOwn(l.stores) || read.has(l.stores));
  const passes = kept.some((l) => l.stores !== undefined && read.has(l.stores));
  let left = passes ? kept : kept.filter((l) => l.barrier !== true);
  for (;;) {
    const count = new Map<string, number>();
    for (const l of left) for (const [id] of l.text.matchAll(NAMES)) count.set(id, (count.get(id) ?? 0) + 1);
    const next = left.filter((l) => {
      const id = ASSIGNED.exec(l.text)?.[1];
      return id === undefined || (count.get(id) ?? 0) > 1;
    });
    if (next.length === left.length) return filled(next);
    left = next;
  }
}

/** Bodies that lost all of their lines say so. */
function filled(lines: readonly Line[]): readonly Line[] {
  return lines.flatMap((l, k) => {
    const code = (at: number): Line | undefined => lines.slice(at).find((x) => !x.text.startsWith('#'));
    const next = code(k + 1);
    const opens = l.text.endsWith(':') && !l.text.startsWith('#');
    return opens && (next === undefined || next.depth <= l.depth) ? [l, { text: 'pass', depth: l.depth + 1 }] : [l];
  });
}

/** The text of the lines, `depth` further in. */
export const indented = (lines: readonly Line[], depth: number): readonly string[] =>
  lines.map((l) => `${'    '.repeat(l.depth + depth)}${l.text}`);
