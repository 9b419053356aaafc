import type { Reducer } from './ast.ts';
import type { DType } from './dtypes.ts';

/**
 * The words and symbols of the language. The lexer, the formatter, the grammar page and the editor grammar are all made
 * from these tables.
 */

/** Reserved: never a name. */
// prettier-ignore
export const RESERVED = [
  'import', 'op', 'fn', 'let', 'const', 'inout', 'in', 'where', 'if', 'then', 'else', 'as', 'near', 'strict', 'for', 'forall',
  'clamp', 'unchecked', 'topk', 'sort', 'ragged', 'pack', 'scatter', 'property', 'tolerance', 'tunable', 'schedule',
  'inf', 'nan', 'true', 'false',
] as const;

/** Reserved as plain names; operators may be called so, and `max(a, b)` is a call. */
// prettier-ignore
export const REDUCERS = [
  'sum', 'prod', 'max', 'min', 'any', 'all', 'count', 'argmax', 'argmin', 'first', 'mean', 'var', 'logsumexp', 'softmax',
  'lower_bound', 'upper_bound',
] as const satisfies readonly Reducer[];

/** Words with a meaning in one place only; names everywhere else. */
// prettier-ignore
export const CONTEXTUAL = [
  'from', 'dim', 'row', 'pairs', 'state', 'add', 'or', 'unique', 'init', 'drop', 'ascending', 'descending', 'within',
  'auto', 'exact', 'ulp', 'bound', 'abs', 'rel',
] as const;

/** Literals written as words. */
export const CONSTANTS = ['inf', 'nan', 'true', 'false'] as const satisfies readonly (typeof RESERVED)[number][];

/** Symbols, by the names that the concrete syntax tree uses. */
// prettier-ignore
export const SYMBOLS = {
  LParen: '(', RParen: ')', LSquare: '[', RSquare: ']', LCurly: '{', RCurly: '}',
  Comma: ',', Semicolon: ';', Colon: ':', Dot: '.', Range: '..', Arrow: '->', Equals: '=', Else: '??',
  OrOr: '||', AndAnd: '&&', EqEq: '==', NotEq: '!=', Approx: '~=', LessEq: '<=', Less: '<', GreaterEq: '>=', Greater: '>',
  Amp: '&', Bar: '|', Caret: '^', ShiftLeft: '<<', ShiftRight: '>>', Plus: '+', Minus: '-',
  Star: '*', FloorDiv: '//', Slash: '/', Percent: '%', Bang: '!', Tilde: '~',
} as const;

/** Operators of one level of precedence, and other symbols that stand for one another in the grammar. */
export const CLASSES = {
  CmpOp: ['==', '!=', '<=', '<', '>=', '>'],
  FactOp: ['==', '<=', '<', '>=', '>'],
  BitOp: ['&', '|', '^'],
  ShiftOp: ['<<', '>>'],
  AddOp: ['+', '-'],
  MulOp: ['*', '/', '//', '%'],
  UnaryOp: ['-', '!', '~'],
  CastOp: ['as', 'near'],
  Constant: CONSTANTS,
  Reducer: REDUCERS,
} as const;

/** Data types, in the order of the language page. They are ordinary identifiers to the parser. */
// prettier-ignore
export const DTYPE_NAMES = [
  'f64', 'f32', 'f16', 'bf16', 'f8e4m3', 'f8e5m2', 'f8e4m3fnuz', 'i8', 'i16', 'i32', 'i64', 'u8', 'u16', 'u32', 'u64', 'bool',
] as const satisfies readonly DType[];

export type ReservedWord = (typeof RESERVED)[number];
export type ContextualWord = (typeof CONTEXTUAL)[number];
export type SymbolName = keyof typeof SYMBOLS;
export type ClassName = keyof typeof CLASSES;

const reserved: ReadonlySet<string> = new Set<string>([...RESERVED, ...REDUCERS]);
const reducers: ReadonlySet<string> = new Set<string>(REDUCERS);
const dtypes: ReadonlySet<string> = new Set<string>(DTYPE_NAMES);
export const isReserved = (word: string): boolean => reserved.has(word);
export const isReducer = (word: string): word is Reducer => reducers.has(word);
export const isDType = (word: string): word is DType => dtypes.has(word);
