import type { Config, Param } from '../space/space.ts';
import type { Machine } from './pattern.ts';

/** Rows, and vectors of columns, whose sums of products a micro-kernel keeps in registers. */
export interface MicroTile {
  readonly name: string;
  readonly m: number;
  readonly vectors: number;
}

/**
 * Micro-tiles, the best first: most sums in registers beside one row of right operands and a broadcast, and of those the narrowest that is not bound by
 * its loads. Small ones for few rows or columns come last.
 */
export function microTiles(machine: Machine): readonly MicroTile[] {
  const full = [2, 3, 4, 1].flatMap((vectors) => {
    const m = Math.floor((machine.registers - vectors - 1) / vectors / 2) * 2;
    return m < 2 ? [] : [tile(m, vectors)];
  });
  const sums = (t: MicroTile): number => (t.vectors === 1 ? 0 : t.m * t.vectors);
  const all = [...full.sort((a, b) => sums(b) - sums(a)), tile(4, 2), tile(2, 4), tile(1, 4)];
  return all.filter((t, k) => all.findIndex((u) => u.name === t.name) === k);
}
const tile = (m: number, vectors: number): MicroTile => ({ name: `${m}x${vectors}`, m, vectors });

/** The parameter that patterns with products share. */
export const tileParam = (machine: Machine, byDefault: string): Param => ({
  name: 'tile',
  help: 'rows and vectors of columns whose sums stay in registers; none: plain loops',
  kind: 'enum',
  values: [...microTiles(machine).map((t) => t.name), 'none'],
  default: byDefault,
});
/** The tile that a config asks for; undefined where it asks for loops. */
export function tileOf(config: Config): MicroTile | undefined {
  const found = /^(\d+)x(\d+)$/.exec(String(config['tile'] ?? 'none'));
  return found === null ? undefined : tile(Number(found[1]), Number(found[2]));
}

/** The share of whole tiles that an extent fills; 1 where it is not known. */
export const fill = (tileExtent: number, extent: number | undefined): number =>
  extent === undefined || extent === 0 ? 1 : extent / (Math.ceil(extent / tileExtent) * tileExtent);
