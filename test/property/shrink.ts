import { choicesFrom } from './choices.ts';
import type { Choices, Span } from './choices.ts';

export interface Shrunk {
  readonly list: readonly number[];
  /** Lists that were tried. */
  readonly tried: number;
}

/**
 * A list that still fails and from which nothing can be left out: whole items and parts first, then single numbers. `decode` reads a list;
 * `fails` says whether what it stands for still shows the failure. Stops after `budget` lists.
 */
export async function shrink(
  list: readonly number[],
  decode: (c: Choices) => string,
  fails: (list: readonly number[]) => Promise<boolean>,
  budget: number,
): Promise<Shrunk> {
  const tried = new Set<string>();
  const read = (
    l: readonly number[],
  ): { readonly text: string; readonly used: number[]; readonly spans: readonly Span[] } => {
    const c = choicesFrom(l);
    const text = decode(c);
    return { text, used: Array.from({ length: c.read() }, (_, i) => l[i] ?? 0), spans: c.spans };
  };
  let best = read(list);
  tried.add(best.text);
  let left = budget;
  for (let improved = true; improved && left > 0;) {
    improved = false;
    for (const candidate of candidates(best.used, best.spans)) {
      const seen = read(candidate);
      if (tried.has(seen.text) || !isSmaller(seen, best)) continue;
      tried.add(seen.text);
      if (left-- <= 0) break;
      if (!(await fails(seen.used))) continue;
      best = seen;
      improved = true;
      break;
    }
  }
  return { list: best.used, tried: tried.size };
}

/** Shorter text, or one of that length from smaller numbers: what cannot go on for ever. */
function isSmaller(
  a: { readonly text: string; readonly used: readonly number[] },
  b: { readonly text: string; readonly used: readonly number[] },
): boolean {
  const sum = (l: readonly number[]): number => l.reduce((x, y) => x + y, 0);
  return a.text.length < b.text.length || (a.text.length === b.text.length && sum(a.used) < sum(b.used));
}

/** Lists that may be simpler, the boldest first. */
function* candidates(list: readonly number[], spans: readonly Span[]): Generator<readonly number[]> {
  const bySize = spans.filter((s) => s.end > s.start).toSorted((a, b) => b.end - b.start - (a.end - a.start));
  const splice = (s: Span, put: readonly number[]): readonly number[] => [
    ...list.slice(0, s.start),
    ...put,
    ...list.slice(s.end),
  ];
  for (const s of bySize) {
    if (s.kind === 'item') yield splice(s, []);
    // A part that reads nothing but zeros is its simplest form; those that are left over are cut off when the list is read.
    else yield splice(s, [0]);
  }
  for (const s of bySize) {
    if (s.kind === 'item') continue;
    for (const inner of bySize) {
      if (inner.kind === s.kind && inner.start > s.start && inner.end <= s.end)
        yield splice(s, list.slice(inner.start, inner.end));
    }
  }
  for (const s of bySize) if (s.kind !== 'item') yield splice(s, [0, 0]);
  for (let i = 0; i < list.length; i++) {
    const v = list[i] ?? 0;
    if (v === 0) continue;
    yield [...list.slice(0, i), 0, ...list.slice(i + 1)];
    if (v > 1) yield [...list.slice(0, i), 1, ...list.slice(i + 1)];
    if (v > 2) yield [...list.slice(0, i), v - 1, ...list.slice(i + 1)];
  }
}
