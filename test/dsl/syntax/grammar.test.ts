import { readFileSync } from 'node:fs';
import type { ISerializedGast } from 'chevrotain';
import { describe, expect, it } from 'vitest';
import { KtuneParser, parser } from '../../../src/dsl/parser.ts';
import { makeLexer } from '../../../src/dsl/tokens.ts';
import { CLASSES, CONTEXTUAL, REDUCERS, RESERVED } from '../../../src/dsl/words.ts';
import { either, many, optional, readEbnf, rule, seq, text } from './ebnf.ts';
import type { Production } from './ebnf.ts';

const source = readFileSync(new URL('../../../grammar/ktune.ebnf', import.meta.url), 'utf8');
const page = readEbnf(source);

/** Tokens that the page describes by rules of its own or in words. */
const LEXICAL: Readonly<Record<string, string>> = { Id: 'id', Int: 'int', Hex: 'hex', Float: 'float', Text: 'string' };
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function terminal(name: string, label: string): Production {
  return name in CLASSES ? rule(lower(name)) : name in LEXICAL ? rule(LEXICAL[name] ?? '') : text(label);
}

/** A rule of the parser, as Chevrotain recorded it, in the normal form of the page. */
interface Gast extends ISerializedGast {
  readonly name?: string;
  readonly label?: string;
  readonly separator?: { readonly name: string; readonly label: string };
}
function fromParser(node: Gast): Production {
  const body = seq(...(node.definition ?? []).map(fromParser));
  const separator = node.separator === undefined ? [] : [terminal(node.separator.name, node.separator.label)];
  switch (node.type) {
    case 'Terminal':
      return terminal(node.name ?? '', node.label ?? '');
    case 'NonTerminal':
      return rule(node.name ?? '');
    case 'Rule':
    case 'Alternative':
      return body;
    case 'Option':
      return optional(body);
    case 'Repetition':
      return many(body);
    case 'RepetitionMandatory':
    case 'RepetitionMandatoryWithSeparator':
      return seq(body, many(seq(...separator, body)));
    case 'RepetitionWithSeparator':
      return optional(seq(body, many(seq(...separator, body))));
    case 'Alternation':
      return either(...(node.definition ?? []).map(fromParser));
    default:
      throw new Error('no such production');
  }
}
const rules = new Map(parser.getSerializedGastProductions().map((r: Gast) => [r.name ?? '', fromParser(r)]));
const classes = new Map(Object.entries(CLASSES).map(([name, members]) => [lower(name), either(...members.map(text))]));

describe('the grammar', () => {
  it('is LL(2) without ambiguities, and no token hides another', () => {
    expect(() => new KtuneParser(true)).not.toThrow();
    expect(makeLexer(true).lexerDefinitionErrors).toEqual([]);
  });
});

describe('the grammar page', () => {
  it('has the rules of the parser and the classes of tokens, no more', () => {
    expect([...page.keys()].toSorted()).toEqual([...rules.keys(), ...classes.keys()].toSorted());
  });
  it.each([...rules, ...classes])('%s is as parsed', (name, production) => {
    expect(page.get(name)).toEqual(production);
  });
  it('names every contextual word', () => {
    expect(CONTEXTUAL.filter((word) => !source.slice(source.indexOf('(* Lexical rules')).includes(` ${word}`))).toEqual(
      [],
    );
  });
  it('uses every reserved word', () => {
    expect([...RESERVED, ...REDUCERS].filter((word) => !source.includes(`"${word}"`))).toEqual([]);
  });
});
