import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from '../../../src/dsl/parse.ts';
import { format, print, WIDTH } from '../../../src/dsl/print.ts';
import { constructsText, examplesText, languageText } from '../../fixtures/programs.ts';
import { plain } from './plain.ts';

const formatted = (text: string): string => format(text, 'a').text ?? '';

describe.each([
  ['examples', examplesText],
  ['language', languageText],
  ['constructs', constructsText],
])('%s', (_, text) => {
  it('keep their tree', () => {
    expect(plain(parse(formatted(text), 'a').module)).toEqual(plain(parse(text, 'a').module));
    expect(plain(parse(print(parse(text, 'a').module), 'a').module)).toEqual(plain(parse(text, 'a').module));
  });
  it('are formatted once and for all', () => {
    const once = formatted(text);
    expect(formatted(once)).toBe(once);
  });
  it('keep within the width', () => {
    expect(
      formatted(text)
        .split('\n')
        .filter((line) => line.length > WIDTH && !line.startsWith('#')),
    ).toEqual([]);
  });
});

it('the canonical form of every construct is as pinned', async () => {
  await expect(formatted(constructsText)).toMatchFileSnapshot('../../fixtures/constructs.formatted.ktune');
});

describe('the library', () => {
  const folder = new URL('../../../ops/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ktune'));
  it.each(files)('%s is in canonical form', (file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    expect(formatted(text)).toBe(text);
  });
});

describe('layout', () => {
  it('a short operator of one statement stays on one line', () => {
    const text = 'op twice(x: f32[N]) -> (y: f32[N]) { y[n] = 2 * x[n]; }\n';
    expect(formatted(text.replaceAll(' ', '\n  '))).toBe(text);
  });
  it('sums of products in indices are set tight', () => {
    expect(formatted('op f(x: f32[N+1,2*N-1]) -> () { let y[n, m in 0 .. N - 1] = x[n * s+r, n+1] + n*2 + 1; }')).toBe(
      'op f(x: f32[N+1, 2*N - 1]) -> () { let y[n, m in 0..N-1] = x[n*s + r, n + 1] + n * 2 + 1; }\n',
    );
  });
  it('long parameters, sizes and sums break one a line', () => {
    const long = 'a_rather_long_name';
    const params = Array.from({ length: 6 }, (_, i) => `${long}${i}: f32[N]`).join(', ');
    const sum = Array.from({ length: 6 }, (_, i) => `${long}${i}[n]`).join(' + ');
    expect(formatted(`op f(${params}) -> (y: f32[M]) dim M = N - 1; where N > 1 { y[n] = ${sum}; }`)).toBe(
      `op f(\n  ${params.replaceAll(', ', ',\n  ')}\n) -> (y: f32[M])\n  dim M = N - 1;\n  where N > 1\n{\n  y[n] =\n    ${sum.replaceAll(' + ', ' +\n    ')};\n}\n`,
    );
  });
  it('comments keep their line or stand before what they were in', () => {
    const text = `# head

## doc
op f(
  x: f32[N], # the input
  # before y
  y: f32[N]
) -> (z: f32[N]) {
  # first

  # second
  let a[n] = x[n] + y[n]; # behind

  z[n] = a[n];
  # end
} # after

# tail
`;
    expect(formatted(text)).toBe(text);
    expect(formatted('op f(x: f32) -> (y: f32) { y = x + # why\n 1; }')).toBe(
      'op f(x: f32) -> (y: f32) {\n  # why\n  y = x + 1;\n}\n',
    );
  });
  it('a misplaced doc comment does not become documentation by being moved', () => {
    expect(formatted('## doc\nfn##d\n f(x: f32): f32 = x;')).toBe('# d\n## doc\nfn f(x: f32): f32 = x;\n');
  });
  it('line ends of other systems and a byte order mark make no difference', () => {
    expect(formatted(`\uFEFF${constructsText.replaceAll('\n', '\r\n')}`)).toBe(formatted(constructsText));
  });
  it('there is no text for a source with errors', () => {
    expect(format('op f(', 'a').text).toBeUndefined();
    expect(formatted('')).toBe('');
    expect(formatted('# only\n')).toBe('# only\n');
  });
});
