import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasErrors } from '../../src/diagnostics/diagnostic.ts';
import { report } from '../../src/diagnostics/report.ts';
import { parse } from '../../src/dsl/parse.ts';
import { format, print } from '../../src/dsl/print.ts';
import { CONTEXTUAL, REDUCERS, RESERVED, SYMBOLS } from '../../src/dsl/words.ts';
import { plain } from '../dsl/syntax/plain.ts';
import { examplesText, languageText } from '../fixtures/programs.ts';
import { expr, module, stmt } from './syntax-arbitrary.ts';
import type { Module, Stmt } from '../../src/dsl/ast.ts';

const span = { file: '', start: 0, end: 0 };
const noParens = { parens: false };

/** A module of one operator with that body. */
function moduleOf(body: readonly Stmt[]): Module {
  const x = {
    kind: 'param',
    mode: 'in',
    name: { name: 'x', span },
    type: { elem: { kind: 'name', name: { name: 'f32', span } }, axes: [], span },
    span,
  } as const;
  const op = {
    kind: 'op',
    name: { name: 'f', span },
    typeParams: [],
    params: [x],
    results: [],
    dims: [],
    where: [],
    body,
    span,
  } as const;
  return { kind: 'module', items: [op], span };
}

/** What is printed is read as the same tree, and printed as the same text. */
function roundTrips(tree: Module): void {
  const text = print(tree);
  const parsed = parse(text, '');
  expect(report(parsed.diagnostics, new Map([['', text]]))).toBe('');
  expect(plain(parsed.module, noParens)).toEqual(plain(tree, noParens));
  expect(print(parsed.module)).toBe(text);
  expect(format(text, '').text).toBe(text);
}

describe('print and parse', () => {
  it('are inverse on expressions', () => {
    fc.assert(
      fc.property(expr, (e) =>
        roundTrips(
          moduleOf([
            {
              kind: 'define',
              isLet: true,
              targets: [{ name: { name: 'a', span }, index: [], indexed: false, span }],
              rhs: { kind: 'expr', near: false, expr: e, span },
              span,
            },
          ]),
        ),
      ),
      { numRuns: 300 },
    );
  });
  it('are inverse on statements', () => {
    fc.assert(
      fc.property(fc.array(stmt, { minLength: 1, maxLength: 3 }), (body) => roundTrips(moduleOf(body))),
      { numRuns: 150 },
    );
  });
  it('are inverse on modules', () => {
    fc.assert(fc.property(module, roundTrips), { numRuns: 100 });
  });
});

/** Every token and some that are none, with and without blanks between. */
const words = [
  ...RESERVED,
  ...REDUCERS,
  ...CONTEXTUAL,
  ...Object.values(SYMBOLS),
  'x',
  'N',
  '1',
  '1.5',
  '0x1',
  '"s"',
  '#c\n',
  '##d\n',
  '\n',
  '1.',
  '"',
  '?',
  "'",
  '/*',
  'é',
  '\t',
  '\u0000',
  '\r',
];
const soup = fc
  .array(fc.tuple(fc.constantFrom(...words), fc.constantFrom(' ', ' ', '')), { maxLength: 60 })
  .map((parts) => parts.flat().join(''));

/** Never throws; every span lies in the text; what is called free of errors formats and keeps its tree. */
function survives(text: string): void {
  const { diagnostics, module: tree } = parse(text, 'a');
  for (const d of diagnostics) {
    expect(d.span?.start).toBeGreaterThanOrEqual(0);
    expect(d.span?.end).toBeLessThanOrEqual(Math.max(1, text.length));
  }
  report(diagnostics, new Map([['a', text]]));
  if (hasErrors(diagnostics)) return;
  const once = format(text, 'a').text ?? '';
  expect(plain(parse(once, 'a').module)).toEqual(plain(tree));
  expect(format(once, 'a').text).toBe(once);
}

describe('the parser survives', () => {
  it('any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), survives), { numRuns: 300 });
  });
  it('any tokens', () => {
    fc.assert(fc.property(soup, survives), { numRuns: 500 });
  });
  it('any tokens as the body of an operator', () => {
    fc.assert(
      fc.property(soup, (body) => survives(`op f(x: f32[N]) -> (y: f32[N]) { ${body} }`)),
      { numRuns: 500 },
    );
  });
  it('programs with pieces cut out, doubled, exchanged or replaced', () => {
    const programs = `${examplesText}\n${languageText}`.split(/\n(?=##|op )/);
    const edit = fc.record({
      at: fc.nat(),
      length: fc.nat({ max: 12 }),
      by: fc.oneof(fc.constant(''), fc.constantFrom(...words), fc.string({ maxLength: 4 })),
    });
    const mutant = fc
      .tuple(fc.constantFrom(...programs), fc.array(edit, { minLength: 1, maxLength: 4 }))
      .map(([program, edits]) =>
        edits.reduce((text, e) => {
          const at = e.at % (text.length + 1);
          return text.slice(0, at) + e.by + text.slice(at + e.length);
        }, program),
      );
    fc.assert(fc.property(mutant, survives), { numRuns: 1000 });
  });
  it('comments anywhere: none is lost, and the tree stays', () => {
    const programs = `${examplesText}\n${languageText}`.split(/\n(?=##|op )/);
    const place = fc.tuple(fc.constantFrom(...programs), fc.array(fc.nat(), { minLength: 1, maxLength: 6 }));
    const property = fc.property(place, ([program, places]) => {
      // A comment may stand wherever a blank does, outside of strings.
      const code = program.replace(/^#.*$/gm, '');
      const blanks = [...code.matchAll(/"[^"]*"|[ \n]/g)].filter((m) => m[0].length === 1).map((m) => m.index);
      const chosen = [...new Set(places.map((p) => blanks[p % blanks.length] ?? 0))].toSorted((a, b) => b - a);
      const text = chosen.reduce((t, at, i) => `${t.slice(0, at)} # c${i}\n${t.slice(at)}`, code);
      const once = format(text, 'a').text ?? '';
      expect([...once.matchAll(/# c\d+/g)].map((m) => m[0]).toSorted()).toEqual(
        chosen.map((_, i) => `# c${i}`).toSorted(),
      );
      expect(plain(parse(once, 'a').module)).toEqual(plain(parse(code, 'a').module));
      expect(format(once, 'a').text).toBe(once);
    });
    fc.assert(property, { numRuns: 300 });
  });
});
