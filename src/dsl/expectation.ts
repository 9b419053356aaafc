import type { IParserErrorMessageProvider, TokenType } from 'chevrotain';
import { Float, Hex, Id, Int, SYMBOL, WORD } from './tokens.ts';

/**
 * What could stand where the parser stopped, in words. This is all that the parser says: `parse` adds what was found,
 * where, and a hint.
 */
export const expectation: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => {
    if (ruleName === 'opDecl' && expected === SYMBOL.RCurly) return 'a statement or `}`';
    return isList(expected, ruleName) ? `${name(SYMBOL.Comma)} or ${name(expected)}` : name(expected);
  },
  buildNotAllInputParsedMessage: ({ ruleName }) => (ruleName === 'body' ? 'a statement or `}`' : END),
  buildNoViableAltMessage: ({ expectedPathsPerAlt }) => oneOf(expectedPathsPerAlt.flat()),
  buildEarlyExitMessage: ({ expectedIterationPaths }) => oneOf(expectedIterationPaths),
};

/** What is expected behind a whole declaration. */
export const END = 'the end of the declaration';

/** Rules whose closing bracket could also be a comma. */
// prettier-ignore
const LISTS: ReadonlySet<string> = new Set([
  'importDecl', 'fnDecl', 'opDecl', 'typeParam', 'type', 'row', 'sizeCall', 'sizeParen', 'lhsList', 'lhs', 'names', 'scatter', 'tunable', 'knob', 'call',
  'indices', 'reduce',
]);
const isList = (expected: TokenType, rule: string): boolean =>
  LISTS.has(rule) &&
  (expected === SYMBOL.RParen || expected === SYMBOL.RSquare || (expected === SYMBOL.RCurly && rule !== 'fnDecl'));

/** A token in a sentence: `;` in backquotes, `a name` as it is. */
function name(type: TokenType): string {
  const label = type.LABEL ?? type.name;
  return label.startsWith('a ') || label.startsWith('an ') ? label : `\`${label}\``;
}

/** Sets of tokens that readers know by one name. */
const STATEMENT: readonly TokenType[] = [WORD.let, WORD.scatter, WORD.property];
const EXPRESSION: readonly TokenType[] = [Int, Float, SYMBOL.LParen];
const SIZE: readonly TokenType[] = [Int, Id, SYMBOL.LParen];
const has = (types: ReadonlySet<TokenType>, all: readonly TokenType[]): boolean => all.every((t) => types.has(t));

function oneOf(paths: readonly (readonly TokenType[])[]): string {
  const first = new Set(paths.flatMap((path) => path.slice(0, 1)));
  if (has(first, STATEMENT)) return 'a statement';
  if (has(first, EXPRESSION)) return 'an expression';
  if (has(first, SIZE) && first.has(Hex)) return first.has(SYMBOL.Star) ? 'an axis' : 'a size';
  const names = [...first].filter((t) => !(first.has(Id) && t !== Id && (t.CATEGORIES ?? []).includes(Id))).map(name);
  const last = names.pop() ?? 'nothing';
  return names.length === 0 ? last : `${names.join(', ')} or ${last}`;
}
