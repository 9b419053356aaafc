import { describe, expect, it } from 'vitest';
import { CATALOG } from '../../src/diagnostics/catalog.ts';
import { diagnostic, hasErrors } from '../../src/diagnostics/diagnostic.ts';
import { report, reportJson, summary } from '../../src/diagnostics/report.ts';

const span = (start: number, end: number): { file: string; start: number; end: number } => ({
  file: 'a.ktune',
  start,
  end,
});
const sources = new Map([['a.ktune', 'op f(\n  x y']]);
const unexpected = diagnostic('syntax-unexpected', { found: '`y`', expected: '`:`' }, span(10, 11));
const bracket = diagnostic('syntax-bracket-close', { close: ')', open: '[' }, span(4, 5), {
  related: [{ message: 'opened here', span: span(3, 4) }],
});
const doc = diagnostic('syntax-doc', {}, span(0, 2));

describe('diagnostics', () => {
  it('take message, severity and hint from the catalog', () => {
    expect(unexpected).toEqual({
      code: 'syntax-unexpected',
      severity: 'error',
      message: 'found `y`, expected `:`',
      span: span(10, 11),
    });
    expect(doc).toMatchObject({ severity: 'warning', hint: expect.stringContaining('directly before') as unknown });
    expect(diagnostic('syntax-doc', {}, undefined, { hint: 'other' })).toMatchObject({ hint: 'other' });
    expect(hasErrors([doc])).toBe(false);
    expect(hasErrors([doc, bracket])).toBe(true);
  });
  it('a wrong code, a missing and a wrong parameter do not compile', () => {
    // @ts-expect-error no such code
    expect(() => diagnostic('no-such-code', {})).toThrow();
    // @ts-expect-error `expected` is missing
    diagnostic('syntax-unexpected', { found: '' });
    // @ts-expect-error no such parameter
    diagnostic('syntax-doc', { found: '' });
  });
  it('codes are words with dashes', () => {
    expect(Object.keys(CATALOG).filter((code) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(code))).toEqual([]);
  });
});

describe('report', () => {
  it('shows place, code, frame, related places and hint', () => {
    expect(report([unexpected, bracket], sources))
      .toBe(`a.ktune:2:5: error[syntax-unexpected]: found \`y\`, expected \`:\`
2 |   x y
  |     ^

a.ktune:1:5: error[syntax-bracket-close]: \`)\` does not close \`[\`
1 | op f(
  |     ^
a.ktune:1:4: opened here
1 | op f(
  |    ^

2 errors
`);
  });
  it('does without the source, and without a place', () => {
    expect(report([unexpected], new Map())).toContain('a.ktune: error[syntax-unexpected]');
    expect(report([diagnostic('file-kind', { file: 'b' })], sources)).toMatch(/^error\[file-kind\]/);
    expect(report([], sources)).toBe('');
  });
  it('colours on request only', () => {
    expect(report([unexpected], sources)).not.toContain('\u001b');
    expect(report([unexpected], sources, { color: true })).toContain('\u001b[31m');
  });
  it('counts', () => {
    expect(summary([unexpected])).toBe('1 error');
    expect(summary([unexpected, bracket, doc])).toBe('2 errors, 1 warning');
    expect(summary([doc, doc])).toBe('2 warnings');
    expect(summary([])).toBe('no errors');
  });
  it('for machines has lines and columns', () => {
    const [first, second] = reportJson([unexpected, bracket], sources);
    expect(first).toMatchObject({
      code: 'syntax-unexpected',
      span: { start: 10, from: { line: 2, column: 5 }, to: { line: 2, column: 6 } },
    });
    expect(second?.related?.[0]).toMatchObject({ span: { from: { line: 1, column: 4 } } });
    expect(reportJson([unexpected], new Map())[0]?.span).toEqual(span(10, 11));
  });
});
