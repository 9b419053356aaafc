import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonical,
  configId,
  defaultConfig,
  defineSpace,
  encode,
  fromDiff,
  invalidity,
  showConfig,
  toDiff,
} from '../../../src/codegen/space/config.ts';
import { count, enumerate, listConfigs, neighbours, perturb, sample } from '../../../src/codegen/space/enumerate.ts';
import { cardinality, contains, neighbourValues, randomValue, values } from '../../../src/codegen/space/fragment.ts';
import { seeded } from '../../../src/codegen/space/random.ts';
import type { Config, Space } from '../../../src/codegen/space/space.ts';
import { cartesian, spaces } from './arbitrary-space.ts';

const valid = (space: Space, c: Config): boolean => invalidity(space, c).length === 0;
const key = (c: Config): string => JSON.stringify(c);

describe('any space', () => {
  test('values, cardinality, contains, draws and neighbours of a domain agree', () => {
    fc.assert(
      fc.property(spaces, fc.nat(), (space, seed) => {
        for (const p of space.params) {
          const all = values(p);
          expect(all).toHaveLength(cardinality(p));
          expect(all.every((v) => contains(p, v))).toBe(true);
          expect(contains(p, 'no such value')).toBe(false);
          expect(all).toContain(randomValue(p, seeded(seed)));
          for (const v of all) {
            const near = neighbourValues(p, v);
            expect(near.every((x) => all.includes(x) && x !== v)).toBe(true);
            expect(near.every((x) => neighbourValues(p, x).includes(v))).toBe(true);
          }
        }
      }),
    );
  });

  test('enumeration gives exactly the canonical valid configs, each once', () => {
    fc.assert(
      fc.property(spaces, (space) => {
        const expected = new Set(
          cartesian(space)
            .map((c) => canonical(space, c))
            .filter((c) => valid(space, c))
            .map(key),
        );
        const got = [...enumerate(space)].map(key);
        expect(new Set(got)).toEqual(expected);
        expect(got).toHaveLength(expected.size);
        expect(count(space)).toEqual({ count: expected.size, exact: true });
        expect(listConfigs(space)).toHaveLength(expected.size);
        if (expected.size > 1) expect(count(space, 1)).toEqual({ count: 1, exact: false });
      }),
    );
  });

  test('canonical is idempotent, and inactive parameters do not make a difference', () => {
    fc.assert(
      fc.property(spaces, (space) => {
        for (const raw of cartesian(space)) {
          const c = canonical(space, raw);
          expect(canonical(space, c)).toEqual(c);
          expect(space.params.map((p) => p.name)).toEqual(Object.keys(c));
        }
      }),
    );
  });

  test('a diff and its config are the same thing; ids tell configs apart', () => {
    fc.assert(
      fc.property(spaces, (space) => {
        const ids = new Set<string>();
        for (const c of enumerate(space)) {
          expect(fromDiff(space, JSON.parse(JSON.stringify(toDiff(space, c))))).toEqual({ ok: true, config: c });
          ids.add(configId(space, c));
        }
        expect(ids.size).toBe(count(space).count);
      }),
    );
  });

  test('draws, neighbours and perturbations are valid, and not the config itself', () => {
    fc.assert(
      fc.property(spaces, fc.nat(), (space, seed) => {
        const rng = seeded(seed);
        const c = sample(space, rng);
        if (c === undefined) {
          expect(count(space).count).toBe(0);
          return;
        }
        const near = neighbours(space, c);
        expect(new Set(near.map(key)).size).toBe(near.length);
        for (const other of [...near, perturb(space, c, 0.5, rng)]) {
          if (other === undefined) continue;
          expect(other).not.toEqual(c);
          expect(valid(space, other) && key(canonical(space, other)) === key(other)).toBe(true);
        }
      }),
    );
  });

  test('every draw has equal chances, whatever the constraints', () => {
    const space = fc.sample(spaces, { seed: 7, numRuns: 200 }).find((s) => count(s).count === 6);
    if (space === undefined) throw new Error('no space of six configs in the sample');
    const rng = seeded('draws');
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const c = sample(space, rng);
      if (c !== undefined) seen.set(key(c), (seen.get(key(c)) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const n of seen.values()) expect(Math.abs(n - 1000)).toBeLessThan(150);
  });

  test('features have one length and separate configs', () => {
    fc.assert(
      fc.property(spaces, (space) => {
        const rows = [...enumerate(space)].map((c) => encode(space, c));
        expect(new Set(rows.map((r) => r.length)).size).toBeLessThanOrEqual(1);
        expect(new Set(rows.map((r) => JSON.stringify(r))).size).toBe(rows.length);
      }),
    );
  });
});

describe('a small space', () => {
  const space = defineSpace({
    params: [
      { name: 'plan', help: '', kind: 'enum', values: ['fused', 'split'], default: 'fused' },
      { name: 'tile', help: '', kind: 'pow2', lo: 8, hi: 64, default: 16 },
      {
        name: 'parts',
        help: '',
        kind: 'int',
        lo: 1,
        hi: 9,
        step: 2,
        default: 1,
        when: { param: 'plan', in: ['split'] },
      },
    ],
    constraints: [
      {
        code: 'registers',
        params: ['tile', 'parts'],
        check: (c) =>
          Number(c['tile']) * Number(c['parts']) > 100
            ? { code: 'registers', message: 'tile × parts must not exceed 100', params: ['tile', 'parts'] }
            : undefined,
      },
    ],
    seeds: [{ tile: 32 }, { tile: 32, parts: 9 }, { plan: 'split', tile: 64, parts: 9 }],
  });

  test('keeps seeds that are valid and distinct', () => {
    expect(space.seeds).toEqual([{ plan: 'fused', tile: 32, parts: 1 }]);
  });

  test('moves a second parameter where a constraint stands in the way', () => {
    const edge = canonical(space, { plan: 'split', tile: 32, parts: 3 });
    expect(neighbours(space, edge)).toContainEqual({ plan: 'split', tile: 64, parts: 1 });
  });

  test.each([
    [[], 'a config is an object of parameter names and values'],
    [{ tyle: 8 }, 'no parameter is named tyle; there are plan, tile, parts'],
    [{ tile: 24 }, 'tile must be a power of two from 8 to 64, not 24'],
    [{ tile: '16' }, 'tile must be a power of two from 8 to 64, not "16"'],
    [{ parts: 2 }, 'parts must be an integer from 1 to 9 in steps of 2, not 2'],
    [{ plan: 'split', tile: 64, parts: 3 }, 'tile × parts must not exceed 100'],
  ])('refuses %j with a reason', (diff, message) => {
    expect(fromDiff(space, diff)).toMatchObject({ ok: false, reasons: [{ message }] });
  });

  test('shows configs by what differs from the default', () => {
    expect(showConfig(space, defaultConfig(space))).toBe('default');
    expect(showConfig(space, { plan: 'split', tile: 8, parts: 3 })).toBe('plan=split tile=8 parts=3');
  });

  test('a space too large to list is still sampled, counted up to the cap and walked', () => {
    const params = Array.from(
      { length: 12 },
      (_, i) => ({ name: `p${i}`, help: '', kind: 'int', lo: 0, hi: 9, step: 1, default: 0 }) as const,
    );
    const rare = (i: number) => ({
      code: `even${i}`,
      params: [`p${i}`, `p${i + 1}`],
      check: (c: Config) =>
        (Number(c[`p${i}`]) + Number(c[`p${i + 1}`])) % 3 === 0
          ? undefined
          : { code: 'even', message: '', params: [`p${i}`, `p${i + 1}`] },
    });
    const large = defineSpace({ params, constraints: Array.from({ length: 11 }, (_, i) => rare(i)), seeds: [] });
    expect(count(large, 1000)).toEqual({ count: 1000, exact: false });
    const c = sample(large, seeded(1));
    expect(c !== undefined && valid(large, c)).toBe(true);
  });
});
