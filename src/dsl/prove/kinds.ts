import { DTYPES, type DType, type ValueType } from '../dtypes.ts';
import type { TExpr, TIndex } from '../typed.ts';

/** Least and greatest value of an integer or bool type. */
export interface Range {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Extents, lengths and positions are i64, so none exceeds this. */
export const MAX_EXTENT = (1n << 63n) - 1n;

/** The values of a storage type; undefined for floats. */
export function rangeOf(t: DType): Range | undefined {
  const { group, bytes, signed } = DTYPES[t];
  if (group === 'float') return undefined;
  if (group === 'bool') return { lo: 0n, hi: 1n };
  const bits = BigInt(bytes * 8);
  return signed ? { lo: -(1n << (bits - 1n)), hi: (1n << (bits - 1n)) - 1n } : { lo: 0n, hi: (1n << bits) - 1n };
}

/** A type of which arithmetic never goes below 0, and so wraps on ordinary values. */
export const isUnsigned = (t: ValueType): boolean => t === 'u32' || t === 'u64';
export const isIntType = (t: ValueType): boolean => DTYPES[t].group === 'int';

/** Identity of an expression's text: its nodes without spans. */
export function structuralKey(e: TExpr): string {
  return JSON.stringify(e, (k, v: unknown) =>
    k === 'span'
      ? undefined
      : typeof v === 'bigint'
        ? `${v}n`
        : typeof v === 'number' && !Number.isFinite(v)
          ? String(v)
          : v,
  );
}

/** The parts of an index, in order. */
export function indexParts(
  index: readonly TIndex[],
): readonly { readonly value: TExpr; readonly extent: TExpr; readonly policy: string }[] {
  return index.flatMap((i) => (i.kind === 'flat' ? [i.part] : i.kind === 'parts' ? i.parts : [i.f, i.g]));
}

/**
 * True if the value depends on what tensors hold, so that arithmetic on it may wrap; false for sizes and positions,
 * which the language keeps within i64.
 */
export function isData(e: TExpr): boolean {
  switch (e.kind) {
    case 'int':
    case 'bool':
    case 'float':
    case 'dim':
    case 'param':
    case 'var':
    case 'len':
    case 'base':
    case 'total':
      return false;
    case 'access':
    case 'bitcast':
      return true;
    case 'reduce':
      return !POSITIONS.has(e.reducer);
    case 'unary':
    case 'strict':
      return isData(e.a);
    case 'convert':
      return !isIntType(e.a.type) || isData(e.a);
    case 'cast':
      // A written narrowing may wrap, and what is computed from it then wraps in the narrow type.
      return e.to !== 'i64' || !isIntType(e.a.type) || isData(e.a);
    case 'binary':
      return isData(e.a) || isData(e.b);
    case 'call':
      return !EXACT_CALLS.has(e.fn) || e.args.some(isData);
    case 'if':
      return isData(e.then) || isData(e.else);
    case 'guard':
      return isData(e.value) || isData(e.other);
    case 'let':
      return isData(e.body);
    case 'local':
      return true;
  }
}
/** Reducers that yield a position or a count within an extent. */
const POSITIONS: ReadonlySet<string> = new Set(['count', 'first', 'argmax', 'argmin', 'lower_bound', 'upper_bound']);
/** Calls whose integer result is no larger in magnitude than an operand. */
const EXACT_CALLS: ReadonlySet<string> = new Set(['min', 'max', 'clip', 'sign', 'abs', 'popcount', 'clz']);
