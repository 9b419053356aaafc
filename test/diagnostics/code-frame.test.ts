import { describe, expect, it } from 'vitest';
import { codeFrame, position } from '../../src/diagnostics/code-frame.ts';

const frame = (text: string, start: number, end: number, width?: number): string =>
  codeFrame(text, { file: 'a', start, end }, width === undefined ? {} : { width });

describe('position', () => {
  it.each([
    [0, 1, 1],
    [3, 1, 4],
    [4, 2, 1],
    [8, 3, 1],
    [99, 4, 1],
  ])('offset %i', (offset, line, column) => {
    expect(position('abc\nde\r\nf\n', offset)).toEqual({ line, column });
  });
});

describe('code frame', () => {
  it('underlines the span', () => {
    expect(frame('let a = b;', 4, 5)).toBe('1 | let a = b;\n  |     ^');
  });
  it('shows an empty span, also at the end of the text', () => {
    expect(frame('ab', 1, 1)).toBe('1 | ab\n  |  ^');
    expect(frame('ab', 2, 2)).toBe('1 | ab\n  |   ^');
    expect(frame('', 0, 0)).toBe('1 |\n  | ^');
    expect(frame('ab\n', 3, 3)).toBe('2 |\n  | ^');
  });
  it('numbers lines to one width', () => {
    expect(frame('\n'.repeat(8) + 'a\nb\n', 8, 11)).toBe(' 9 | a\n   | ^\n10 | b\n   | ^');
  });
  it('expands tabs', () => {
    expect(frame('\tx\ty', 3, 4)).toBe('1 |     x    y\n  |          ^');
  });
  it('underlines each line of a long span without its indentation, and leaves out the middle', () => {
    const text = Array.from({ length: 9 }, (_, i) => `  line${i}`).join('\n');
    expect(frame(text, 2, text.length)).toBe(
      ['1 |   line0', '2 |   line1', '3 |   line2', '  | …', '7 |   line6', '8 |   line7', '9 |   line8']
        .flatMap((line) => (line.endsWith('…') ? [line] : [line, '  |   ^^^^^']))
        .join('\n'),
    );
  });
  it('does not underline the end of a line', () => {
    expect(frame('ab\r\ncd', 0, 4)).toBe('1 | ab\n  | ^^');
  });
  it.each([
    ['in the middle', 50, 52, 'XY'],
    ['at the start', 0, 2, 'aa'],
    ['at the end', 100, 102, 'bb'],
    ['behind the end', 102, 102, ''],
    ['wider than the frame', 20, 100, 'aaaaaaaaaaaaa…'],
  ])('cuts wide lines around a span %s', (_, start, end, shown) => {
    const text = `${'a'.repeat(50)}XY${'b'.repeat(50)}`;
    const [line = '', mark = ''] = frame(text, start, end, 20).split('\n');
    expect(line.length).toBe('1 | '.length + 20);
    expect(line).toMatch(/…/);
    expect(line.slice(mark.indexOf('^'), mark.lastIndexOf('^') + 1)).toBe(shown);
  });
});
