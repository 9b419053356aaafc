import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../../src/dsl/check.ts';
import { parse } from '../../../src/dsl/parse.ts';
import { examplesText, languageText } from '../../fixtures/programs.ts';

const operators = `${examplesText}\n${languageText}`.split(/\n(?=op |fn |##)/).filter((t) => t.includes('op '));
const WORDS = [
  'n',
  'x',
  '0',
  '1',
  '1.5',
  '+',
  '/',
  '%',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ',',
  ';',
  'where',
  '??',
  'clamp',
  'as',
  'f16',
  'i64',
  'sum',
  'len',
  'L',
  'in',
  '..',
  'inf',
  'true',
  'let',
  '.',
  ':',
  '=',
];

/** A program with one to three of its tokens deleted, doubled, swapped or replaced. */
const broken = fc
  .tuple(
    fc.constantFrom(...operators),
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('drop', 'twice', 'swap', 'word'), fc.constantFrom(...WORDS), fc.nat()),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([text, edits]) => {
    let tokens: readonly string[] = text.match(/#[^\n]*\n|\w+(?:\.\d+)?|\s+|[^\w\s]/g) ?? [];
    for (const [at, kind, word, other] of edits) {
      const i = at % tokens.length;
      const j = other % tokens.length;
      const [a, b] = [tokens[i] ?? '', tokens[j] ?? ''];
      if (kind === 'drop') tokens = tokens.toSpliced(i, 1);
      else if (kind === 'twice') tokens = tokens.toSpliced(i, 0, a);
      else if (kind === 'word') tokens = tokens.toSpliced(i, 1, word);
      else tokens = tokens.map((t, k) => (k === i ? b : k === j ? a : t));
    }
    return tokens.join('');
  });

describe('wrong programs', () => {
  it('yield diagnostics, never an exception, with spans inside the text', () => {
    const property = fc.property(broken, (text) => {
      const parsed = parse(text, 'broken.ktune');
      const checked = check(parsed.module);
      for (const d of checked.diagnostics) {
        expect(d.span?.start).toBeLessThanOrEqual(text.length);
        expect(d.span?.end).toBeLessThanOrEqual(text.length);
        expect(d.message).not.toContain('undefined');
        expect(d.hint ?? '').not.toContain('undefined');
      }
    });
    fc.assert(property, { numRuns: 500 });
  });
});
