import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { benchCases } from '../../bench/cases/cases.ts';
import { chosenOf } from '../../bench/subject.ts';
import { caseOf } from '../../src/verify/fixed-case.ts';
import { resolveSizes } from '../../src/verify/sizes.ts';

test('names of cases are distinct', () => {
  expect(new Set(benchCases.map((c) => c.name)).size).toBe(benchCases.length);
});

describe.each(benchCases.map((c) => [c.name, c] as const))('%s', (_, c) => {
  test('its operator exists and its shape determines every size', () => {
    expect(existsSync(join(import.meta.dirname, '../..', c.file))).toBe(true);
    const { graph, sizes, scalars } = chosenOf(c);
    const made = caseOf(graph, { sizes, scalars, seed: 1 });
    expect(made.ok).toBe(true);
    if (made.ok) expect(typeof resolveSizes(graph, made.case)).toBe('object');
  });

  test('peers have a form, and names of forms are distinct', () => {
    const eager = [...Object.keys(c.torch), ...Object.keys(c.eager ?? {})];
    const compiled = [...Object.keys(c.torch), ...Object.keys(c.compiled ?? {})];
    expect(eager.length).toBeGreaterThan(0);
    expect(new Set(eager).size).toBe(eager.length);
    expect(new Set(compiled).size).toBe(compiled.length);
    expect(c.bytes).toBeGreaterThan(0);
  });
});
