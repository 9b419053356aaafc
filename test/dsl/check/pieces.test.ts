import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../../src/dsl/check.ts';
import { parse } from '../../../src/dsl/parse.ts';

type Env = Readonly<Record<string, number>>;
interface Size {
  readonly text: string;
  readonly value: (e: Env) => number;
}
const size: fc.Arbitrary<Size> = fc.constantFrom<Size>(
  { text: '0', value: () => 0 },
  { text: '1', value: () => 1 },
  { text: 'D', value: (e) => e['D'] ?? 0 },
  { text: 'E', value: (e) => e['E'] ?? 0 },
  { text: 'D + E', value: (e) => (e['D'] ?? 0) + (e['E'] ?? 0) },
  { text: 'W', value: (e) => (e['D'] ?? 0) + (e['E'] ?? 0) + 1 },
  { text: 'W - 1', value: (e) => (e['D'] ?? 0) + (e['E'] ?? 0) },
);
interface Part {
  readonly text: string;
  readonly has: (w: number, e: Env) => boolean;
}
const range = fc.tuple(size, size).map(([lo, hi]): Part => ({
  text: `y[w in ${lo.text}..${hi.text}]`,
  has: (w, e) => w >= lo.value(e) && w < hi.value(e),
}));
const point = fc.constantFrom(0, 1, 2).map((n): Part => ({ text: `y[${n}]`, has: (w) => w === n }));
const where = fc.tuple(fc.constantFrom('<', '>='), size).map(([op, s]): Part => ({
  text: `y[w] where w ${op} ${s.text}`,
  has: (w, e) => (op === '<' ? w < s.value(e) : w >= s.value(e)),
}));
const modulo = fc
  .tuple(fc.constantFrom('==', '!='), fc.constantFrom(0, 1))
  .map(([op, r]): Part => ({ text: `y[w] where w % 2 ${op} ${r}`, has: (w) => (w % 2 === r) === (op === '==') }));
const pieces = fc.array(fc.oneof({ weight: 4, arbitrary: range }, { weight: 2, arbitrary: where }, point, modulo), {
  minLength: 1,
  maxLength: 3,
});

describe('pieces', () => {
  it('that check define every point once', () => {
    let accepted = 0;
    const joined = fc
      .tuple(fc.constantFrom<readonly number[]>([0, 3], [0, 1, 3], [0, 2, 3], [0, 1, 2, 3]))
      .map(([cuts]): Part[] => {
        const names: readonly Size[] = [
          { text: '0', value: () => 0 },
          { text: 'D', value: (e) => e['D'] ?? 0 },
          { text: 'D + E', value: (e) => (e['D'] ?? 0) + (e['E'] ?? 0) },
          { text: 'W', value: (e) => (e['D'] ?? 0) + (e['E'] ?? 0) + 1 },
        ];
        return cuts.slice(1).map((to, k) => {
          const [lo, hi] = [names[cuts[k] ?? 0], names[to]];
          return {
            text: `y[w in ${lo?.text ?? ''}..${hi?.text ?? ''}]`,
            has: (w, e) => w >= (lo?.value(e) ?? 0) && w < (hi?.value(e) ?? 0),
          };
        });
      });
    const property = fc.property(fc.oneof({ weight: 3, arbitrary: pieces }, joined), fc.boolean(), (list, flip) => {
      const parts = flip ? list.toReversed() : list;
      const text = `op f(a: f32[D], b: f32[E]) -> (y: f32[W]) dim W = D + E + 1; { ${parts.map((p) => `${p.text} = 1;`).join(' ')} }`;
      const bad = check(parse(text, 'f.ktune').module).diagnostics.filter((d) => d.severity === 'error');
      if (bad.length > 0) return;
      accepted++;
      for (let d = 0; d <= 3; d++)
        for (let e = 0; e <= 3; e++)
          for (let w = 0; w < d + e + 1; w++) {
            const n = parts.filter((p) => p.has(w, { D: d, E: e })).length;
            if (n !== 1) throw new Error(`${text} defines y[${w}] ${n} times for D = ${d}, E = ${e}`);
          }
    });
    fc.assert(property, { numRuns: 400 });
    expect(accepted).toBeGreaterThan(20);
  });
});
