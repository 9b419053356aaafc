import { describe, expect, it } from 'vitest';
import type { TOp } from '../../src/dsl/typed.ts';
import { compile, examplesText, languageText, smallConsts, trickyText } from '../fixtures/programs.ts';
import { compare } from './compare.ts';

describe('lowering means what the typed operator says', () => {
  const ops = [...compile(examplesText), ...compile(languageText), ...compile(trickyText)];
  it.each(ops.map((o): [string, TOp] => [`${o.name} ${Object.values(o.types).join(' ')}`.trim(), o]))('%s', (_, op) => {
    expect(compare(op, smallConsts(op))).toBeGreaterThan(0);
  });
});
