import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { check } from '../../../src/dsl/check.ts';
import { parse } from '../../../src/dsl/parse.ts';

/** An index expression as text, and its value for an environment of names. */
interface Sample {
  readonly text: string;
  readonly value: (env: Readonly<Record<string, number>>) => number;
}
const mod = (a: number, b: number): number => (b === 0 ? 0 : a - Math.floor(a / b) * b);
const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc
    .constantFrom('i', 'j', 'N', 'M', 's', 'p')
    .map((name) => ({ text: name, value: (e: Readonly<Record<string, number>>) => e[name] ?? 0 })),
  fc.integer({ min: 0, max: 3 }).map((n) => ({ text: String(n), value: () => n })),
);
const OPS: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '//': (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  '%': mod,
  min: Math.min,
  max: Math.max,
};
const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(fc.constantFrom(...Object.keys(OPS)), tie('sample'), tie('sample')).map(([op, a, b]): Sample => ({
      text: op === 'min' || op === 'max' ? `${op}(${a.text}, ${b.text})` : `(${a.text} ${op} ${b.text})`,
      value: (e) => OPS[op]?.(a.value(e), b.value(e)) ?? 0,
    })),
  ),
}));
const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '==': (a, b) => a === b,
  '>=': (a, b) => a >= b,
};
const condition = fc.tuple(fc.constantFrom(...Object.keys(COMPARE)), sample, sample);

it('an access that checks is in range at every point of every small shape', () => {
  let proven = 0;
  const property = fc.property(sample, condition, fc.boolean(), (index, [op, a, b], inverted) => {
    const cond = `${a.text} ${op} ${b.text}`;
    const read = inverted ? `if ${cond} then 0 else x[${index.text}]` : `if ${cond} then x[${index.text}] else 0`;
    const text = `op f(x: f32[N], const M: i64, const s: i64, const p: i64) -> (y: f32[N]) where M >= 0 { y[i] = sum[j in 0..M](${read}); }`;
    const checked = check(parse(text, 'f.ktune').module);
    const bad = checked.diagnostics.filter((d) => d.severity === 'error');
    expect(bad.every((d) => d.code === 'index-range' || d.code === 'index-extent')).toBe(true);
    if (bad.length > 0) return;
    proven++;
    for (let n = 0; n <= 3; n++)
      for (let m = 0; m <= 3; m++)
        for (let s = -1; s <= 3; s++)
          for (let p = -1; p <= 2; p++)
            for (let i = 0; i < n; i++)
              for (let j = 0; j < m; j++) {
                const env = { i, j, N: n, M: m, s, p };
                if (COMPARE[op]?.(a.value(env), b.value(env)) === inverted) continue;
                const at = index.value(env);
                if (at < 0 || at >= n) throw new Error(`${text} reads x[${at}] at ${JSON.stringify(env)}`);
              }
  });
  fc.assert(property, { numRuns: 400 });
  // The test says something only if a fair share is proven.
  expect(proven).toBeGreaterThan(20);
});
