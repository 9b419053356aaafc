/**
 * A list of small numbers read as decisions: 0 is the simplest choice everywhere and the answer once the list is used up. What the list is
 * turned into is marked in spans, so that a failing list can be made smaller by whole parts of the program instead of by single numbers.
 */
export interface Choices {
  /** A number below `n`. */
  next(n: number): number;
  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T;
  /** What `make` reads belongs together; spans of one kind can stand for each other. */
  span<T>(kind: string, make: () => T): T;
  /** As many items as the choices say, `most` at most; each can be left out by itself. */
  several(most: number, odds: number, make: () => void): void;
  readonly spans: readonly Span[];
  /** How much of the list was read. */
  read(): number;
}
export interface Span {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** Reads `list`. While `zeroed` spans are read, every choice is 0. */
export function choicesFrom(list: readonly number[]): Choices {
  let at = 0;
  const spans: Span[] = [];
  const next = (n: number): number => (list[at++] ?? 0) % n;
  const span = <T>(kind: string, make: () => T): T => {
    const start = at;
    const made = make();
    spans.push({ kind, start, end: at });
    return made;
  };
  return {
    next,
    pick(items) {
      const item = items[next(items.length)];
      if (item === undefined) throw new Error('internal: nothing to choose from');
      return item;
    },
    span,
    several(most, odds, make) {
      for (let k = 0; k < most; k++) {
        const start = at;
        if (next(odds) === 0) return;
        make();
        // Without these numbers the list reads as if the item had never been there.
        spans.push({ kind: 'item', start, end: at });
      }
    },
    spans,
    read: () => at,
  };
}
