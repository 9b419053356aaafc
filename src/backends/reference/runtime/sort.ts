import { ltS64, ltU64 } from './wide.ts';

/** Keys of one row: as f64, or as 64-bit halves; their bounds; and whether the position at a place of the order is unstable. */
export interface Keys {
  readonly n: number;
  readonly v: Float64Array;
  readonly l: Int32Array;
  readonly h: Int32Array;
  readonly e: Float64Array;
  readonly u: Uint8Array;
}
export function keys(n: number): Keys {
  return {
    n,
    v: new Float64Array(n),
    l: new Int32Array(n),
    h: new Int32Array(n),
    e: new Float64Array(n),
    u: new Uint8Array(n),
  };
}

/** NaN orders above +inf. */
const compare = (a: number, b: number): number =>
  a < b ? -1 : a > b ? 1 : a === b ? 0 : a !== a ? (b !== b ? 0 : 1) : -1;
const FEW = 32;

/** Positions in order, stable; only the first `count` (and one more) need be in order. */
export function orderKeys(k: Keys, descending: boolean, count: number): Uint32Array {
  const sign = descending ? -1 : 1;
  const { n, v } = k;
  if (count < FEW && n > 2 * FEW) return leading(v, n, sign, Math.min(n, count + 1));
  return Uint32Array.from({ length: n }, (_, i) => i).sort(
    (a, b) => sign * compare(v[a] as number, v[b] as number) || a - b,
  );
}
/** Insertion into a short sorted list: later equal keys stay behind. */
function leading(v: Float64Array, n: number, sign: number, count: number): Uint32Array {
  const best = new Uint32Array(count);
  let used = 0;
  for (let i = 0; i < n; i++) {
    const x = v[i] as number;
    if (used === count && sign * compare(x, v[best[count - 1] as number] as number) >= 0) continue;
    let j = used < count ? used++ : count - 1;
    while (j > 0 && sign * compare(x, v[best[j - 1] as number] as number) < 0) {
      best[j] = best[j - 1] as number;
      j--;
    }
    best[j] = i;
  }
  return best;
}
export function orderWide(k: Keys, descending: boolean, signed: boolean): Uint32Array {
  const less = signed ? ltS64 : ltU64;
  const sign = descending ? -1 : 1;
  const { n, l, h } = k;
  const below = (a: number, b: number): boolean => less(h[a] as number, l[a] as number, h[b] as number, l[b] as number);
  return Uint32Array.from({ length: n }, (_, i) => i).sort((a, b) =>
    below(a, b) ? -sign : below(b, a) ? sign : a - b,
  );
}

/** Marks the places of the order whose neighbours come within the bounds: another position may stand there. */
export function markClose(k: Keys, order: Uint32Array, most: number): void {
  if (most === 0) return;
  for (let i = 0; i + 1 < order.length; i++) {
    const a = order[i] as number;
    const b = order[i + 1] as number;
    const gap = Math.abs((k.v[a] as number) - (k.v[b] as number));
    if (gap > Math.max((k.e[a] as number) + most, (k.e[b] as number) + most)) continue;
    k.u[i] = 1;
    k.u[i + 1] = 1;
  }
}

/** Arrays of `width` counters for each element of each list entry. */
export const tallies = (sizes: readonly number[], width: number): Float64Array[] =>
  sizes.map((n) => new Float64Array(n * width));
export function fillAll(arrays: readonly Float64Array[], v: number): void {
  for (const a of arrays) a.fill(v);
}
