/** Sizes that an operator's doc comment asks for: dims, consts, type parameters, `total(L)` of ragged axes. */
export type ShapeNote = Readonly<Record<string, string>>;

/** What a doc comment says: prose, where the semantics come from, and the shapes to test and tune for. */
export interface DocNotes {
  readonly text: string;
  readonly source?: string;
  /** `shape: B=4096 D=4096` lines; the first is the one to tune for. */
  readonly shapes: readonly ShapeNote[];
}

/** Splits a doc comment (without its `##`) into prose and notes. */
export function readDoc(doc: string): DocNotes {
  const prose: string[] = [];
  const shapes: ShapeNote[] = [];
  let source: string | undefined;
  for (const line of doc.split('\n').map((l) => l.trim())) {
    const note = /^(shape|source):\s*(.*)$/.exec(line);
    if (note === null) prose.push(line);
    else if (note[1] === 'source') source = note[2] ?? '';
    else shapes.push(readShape(note[2] ?? ''));
  }
  const text = prose.join('\n').trim();
  return source === undefined ? { text, shapes } : { text, source, shapes };
}

/** `B=4096 total(L)=81920`, separated by spaces or commas. Items without `=` are dropped. */
export function readShape(text: string): ShapeNote {
  const items = text.split(/[\s,]+/).filter((item) => item.includes('='));
  return Object.fromEntries(items.map((item) => [item.slice(0, item.indexOf('=')), item.slice(item.indexOf('=') + 1)]));
}
