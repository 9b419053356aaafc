import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { editorGrammar } from '../../../scripts/editor-grammar.ts';
import { constructsText } from '../../fixtures/programs.ts';

interface Rule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
}
const text = readFileSync(new URL('../../../grammar/ktune.tmLanguage.json', import.meta.url), 'utf8');
const { patterns } = JSON.parse(text) as { readonly patterns: readonly Rule[] };

/** The scope of the first rule that matches at that place. */
function scopeAt(source: string, at: number): string | undefined {
  for (const rule of patterns) {
    const pattern = new RegExp(rule.match ?? rule.begin ?? '', 'my');
    pattern.lastIndex = at;
    if (pattern.test(source)) return rule.name ?? rule.captures?.['1']?.name;
  }
  return undefined;
}

describe('the editor grammar', () => {
  it('is up to date', () => {
    expect(editorGrammar()).toBe(text);
  });
  it.each([
    ['## A block.', 'comment.line.documentation.ktune'],
    ['# Every', 'comment.line.number-sign.ktune'],
    ['op types', 'keyword.declaration.ktune'],
    ['where A', 'keyword.control.ktune'],
    ['as f16', 'keyword.operator.word.ktune'],
    ['bf16}', 'support.type.ktune'],
    ['-inf', 'keyword.operator.ktune'],
    ['inf;', 'constant.language.ktune'],
    ['sum[n]', 'support.function.reducer.ktune'],
    ['max(max', 'entity.name.function.call.ktune'],
    ['dim N', 'keyword.other.ktune'],
    ['1e-5,', 'constant.numeric.float.ktune'],
    ['0x10', 'constant.numeric.hex.ktune'],
    ['128]', 'constant.numeric.integer.ktune'],
    ['"exact"', 'string.quoted.double.ktune'],
    ['Long', undefined],
  ])('%s', (sample, scope) => {
    const source = `${constructsText}\nLong`;
    expect(scopeAt(source, source.indexOf(sample))).toBe(scope);
  });
});
