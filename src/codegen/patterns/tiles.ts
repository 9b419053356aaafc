import type { Machine } from './pattern.ts';

/** Rows and columns that a micro-kernel keeps in registers. */
export interface MicroTile {
  readonly m: number;
  readonly n: number;
}
export const tileName = (x: MicroTile): string => `${x.m}x${x.n}`;
export function tileNamed(name: string): MicroTile | undefined {
  const [m, n] = name.split('x').map(Number);
  return m !== undefined && n !== undefined && m > 0 && n > 0 ? { m, n } : undefined;
}

/**
 * Micro-tiles of f32 whose accumulators fit the registers beside one row of right operands and a broadcast, the best first: most products for each
 * element loaded. One vector of columns is bound by loads, and left out.
 */
export function microTiles(machine: Machine): readonly MicroTile[] {
  const lanes = machine.vectorBytes / 4;
  const found: (MicroTile & { readonly reuse: number })[] = [];
  for (let v = 2; v <= 4; v++) {
    const m = Math.floor((machine.registers - v - 1) / v / 2) * 2;
    if (m >= 2) found.push({ m, n: v * lanes, reuse: (m * v) / (m + v) });
  }
  return found.sort((a, b) => b.reuse - a.reuse).map(({ m, n }) => ({ m, n }));
}
