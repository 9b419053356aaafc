import { CLASSES, CONSTANTS, CONTEXTUAL, DTYPE_NAMES, REDUCERS, RESERVED, SYMBOLS } from '../src/dsl/words.ts';

/** The TextMate grammar that editors colour `.ktune` files with, made from the words of the language. */
export function editorGrammar(): string {
  const rule = (name: string, match: string): object => ({ name: `${name}.ktune`, match });
  const words = (list: readonly string[]): string =>
    `\\b(?:${list.toSorted((a, b) => b.length - a.length).join('|')})\\b`;
  const symbols = (list: readonly string[]): string =>
    list
      .toSorted((a, b) => b.length - a.length)
      .map((s) => s.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'))
      .join('|');
  const declarations: readonly string[] = ['import', 'op', 'fn', 'let', 'const', 'inout'];
  const constants: ReadonlySet<string> = new Set(CONSTANTS);
  const control = RESERVED.filter(
    (w) => !declarations.includes(w) && !constants.has(w) && !(CLASSES.CastOp as readonly string[]).includes(w),
  );
  const operators = Object.values(SYMBOLS).filter((s) => !/^[()[\]{},;:.]$/.test(s));
  const grammar = {
    $schema: 'https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json',
    name: 'ktune',
    scopeName: 'source.ktune',
    fileTypes: ['ktune'],
    patterns: [
      rule('comment.line.documentation', '##.*$'),
      rule('comment.line.number-sign', '#.*$'),
      {
        name: 'string.quoted.double.ktune',
        begin: '"',
        end: '"|$',
        patterns: [rule('constant.character.escape', '\\\\.')],
      },
      {
        match: '\\b(op|fn)\\s+([A-Za-z_]\\w*)',
        captures: { 1: { name: 'keyword.declaration.ktune' }, 2: { name: 'entity.name.function.ktune' } },
      },
      rule('keyword.declaration', words(declarations)),
      rule('keyword.operator.word', words(CLASSES.CastOp)),
      rule('keyword.control', words(control)),
      rule('constant.language', words(CONSTANTS)),
      rule('support.type', words([...DTYPE_NAMES, 'tf32'])),
      rule('support.function.reducer', `${words(REDUCERS)}(?=\\s*[\\[<])`),
      rule('entity.name.function.call', '\\b[A-Za-z_]\\w*(?=\\()'),
      rule('keyword.other', `${words(CONTEXTUAL)}(?=\\s+[A-Za-z_0-9-])`),
      rule('constant.numeric.float', '\\b(?:\\d+\\.\\d+(?:[eE][+-]?\\d+)?|\\d+[eE][+-]?\\d+)(?!\\w)'),
      rule('constant.numeric.hex', '\\b0[xX][0-9a-fA-F]+(?!\\w)'),
      rule('constant.numeric.integer', '\\b\\d+(?!\\w)'),
      rule('keyword.operator', symbols(operators)),
    ],
  };
  return `${JSON.stringify(grammar, undefined, 2)}\n`;
}
