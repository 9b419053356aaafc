/** A source of numbers in [0, 1). Equal seeds give equal sequences on every machine. */
export type Rng = () => number;

/** A generator (sfc32) seeded by any text or number. */
export function seeded(seed: string | number): Rng {
  let [a, b, c] = [0x9e3779b9, 0x243f6a88, 0xb7e15162];
  let counter = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (const char of String(seed)) {
    a = Math.imul(a ^ char.charCodeAt(0), 0x01000193);
    next();
  }
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** An integer in [0, n). */
export const below = (rng: Rng, n: number): number => Math.floor(rng() * n);

/** One of `items`, which is not empty. */
export function pick<T>(rng: Rng, items: readonly T[]): T {
  const item = items[below(rng, items.length)];
  if (item === undefined && items.length === 0) throw new Error('internal: pick from an empty list');
  return item as T;
}

/** A shuffled copy. */
export function shuffle<T>(rng: Rng, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: rng() }))
    .sort((x, y) => x.key - y.key)
    .map((x) => x.item);
}
