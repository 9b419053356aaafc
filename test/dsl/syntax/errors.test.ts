import { describe, expect, it } from 'vitest';
import { SYNTAX } from '../../../src/diagnostics/catalog-syntax.ts';
import type { Diagnostic } from '../../../src/diagnostics/diagnostic.ts';
import { MOST_TEXT, parse } from '../../../src/dsl/parse.ts';
import { examplesOf, say } from '../../diagnostics/examples.ts';

const stage = (text: string, file: string): readonly Diagnostic[] => parse(text, file).diagnostics;
/** Too long to keep an example of. */
const LONG = 'syntax-large';
const codes = Object.keys(SYNTAX).filter((code) => code !== LONG);

describe('syntax errors', () => {
  it('have an example each', () => {
    expect(codes.filter((code) => examplesOf(code).length === 0)).toEqual([]);
  });

  it.each(codes.flatMap((code) => examplesOf(code).map((file) => [file, code] as const)))('%s', async (file, code) => {
    const said = say(file, stage);
    expect(said.diagnostics.map((d) => d.code)).toContain(code);
    await expect(said.text).toMatchFileSnapshot(said.pinned);
    for (const { message, span } of said.diagnostics) {
      expect(message).not.toMatch(/\n|\.$/);
      expect(span?.end).toBeGreaterThan(span?.start ?? 0);
    }
  });

  it('a source that is too long is refused', () => {
    expect(stage('#'.repeat(MOST_TEXT + 1), 'long.ktune').map((d) => d.code)).toEqual([LONG]);
    expect(stage('# '.repeat(MOST_TEXT / 2), 'long.ktune')).toEqual([]);
  });
});
