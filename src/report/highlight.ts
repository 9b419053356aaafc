import { escape } from './svg.ts';

const KEYWORDS = new Set(
  (
    'alignas auto bool break case char const constexpr continue def do double else enum extern false float for from if import in inline int ' +
    'lambda long namespace None not nullptr or return short signed sizeof static struct switch template true True False typedef typename union ' +
    'unsigned using void volatile while and as with __global__ __device__ __shared__ __restrict__ __launch_bounds__'
  ).split(' '),
);

/** Comments, strings, preprocessor lines and decorators, numbers, words. */
const TOKEN =
  /(?<comment>\/\*[\s\S]*?\*\/|\/\/[^\n]*)|(?<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?<directive>^[ \t]*(?:#[^\n]*|@[\w.]+))|(?<number>\b(?:0x[\da-fA-F]+|\d[\d.]*(?:e[+-]?\d+)?)[a-zA-Z]*)|(?<word>[A-Za-z_]\w*)/gm;

/** HTML of a kernel in C++, CUDA, HIP or Python, with classes for its kinds of words. */
export function highlight(code: string, extension: string): string {
  const python = extension === 'py';
  let out = '';
  let at = 0;
  for (const m of code.matchAll(TOKEN)) {
    out += escape(code.slice(at, m.index));
    at = m.index + m[0].length;
    const kind = kindOf(m.groups ?? {}, m[0], python);
    out += kind === undefined ? escape(m[0]) : `<span class="${kind}">${escape(m[0])}</span>`;
  }
  return out + escape(code.slice(at));
}

function kindOf(
  groups: Readonly<Record<string, string | undefined>>,
  text: string,
  python: boolean,
): string | undefined {
  if (groups['comment'] !== undefined) return python && text.startsWith('//') ? undefined : 'c';
  if (groups['string'] !== undefined) return 's';
  // A line that begins with # is a comment in Python, an instruction to the preprocessor elsewhere.
  if (groups['directive'] !== undefined) return python && text.trimStart().startsWith('#') ? 'c' : 'd';
  if (groups['number'] !== undefined) return 'n';
  if (KEYWORDS.has(text)) return 'k';
  return /^(?:[iuf]\d+|\w+_t|vf\w*|vi\w*|tl)$/.test(text) ? 't' : undefined;
}
