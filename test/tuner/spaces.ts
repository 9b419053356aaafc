import { defineSpace } from '../../src/codegen/space/config.ts';
import type { Config, Space } from '../../src/codegen/space/space.ts';

/** 3 plans × tiles × unrolls × a conditional width, with one constraint: 156 valid configs, the optimum far from the default. */
export const SPACE: Space = defineSpace({
  params: [
    { name: 'plan', help: '', kind: 'enum', values: ['a', 'b', 'c'], default: 'a' },
    { name: 'tile', help: '', kind: 'pow2', lo: 1, hi: 64, default: 1 },
    { name: 'unroll', help: '', kind: 'int', lo: 1, hi: 4, step: 1, default: 1 },
    { name: 'wide', help: '', kind: 'bool', default: false, when: { param: 'plan', in: ['b', 'c'] } },
  ],
  constraints: [
    {
      code: 'registers',
      params: ['tile', 'unroll'],
      check: (c) =>
        Number(c['tile']) * Number(c['unroll']) > 128
          ? { code: 'registers', message: 'too many registers', params: ['tile', 'unroll'] }
          : undefined,
    },
  ],
  seeds: [{ tile: 8 }, { plan: 'b', tile: 4 }],
});

/** Smooth in tile and unroll, with a better valley under plan b, wide; in nanoseconds, between 1 and some 15 milliseconds. */
export function smooth(c: Config): number {
  const valley = c['plan'] === 'b' && c['wide'] === true ? 1e6 : c['plan'] === 'c' ? 1.6e6 : 2e6;
  const tile = Math.log2(Number(c['tile'])) - 5;
  return valley * (1 + 0.2 * tile * tile + 0.1 * (Number(c['unroll']) - 3) ** 2);
}
/** The fastest config of `smooth`. */
export const OPTIMUM: Config = { plan: 'b', tile: 32, unroll: 3, wide: true };
