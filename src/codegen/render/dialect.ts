import type { Builtin, TBinary } from '../../dsl/typed.ts';
import type { DType } from '../../dsl/dtypes.ts';
import type { TileArray, TileOp, Ty, Val } from '../ir/tile.ts';

/** Text of an expression and how tightly its outermost operator binds. */
export interface Printed {
  readonly text: string;
  readonly prec: number;
}

/** What a dialect's spellings may use of the printer. */
export interface Print {
  /** Text of a value; in parentheses where it binds more loosely than `prec` (0: never). */
  readonly val: (v: Val, prec?: number) => string;
  /** A condition of lanes whose elements have `bits` (32 or 64). */
  readonly mask: (v: Val, bits: number) => string;
  readonly array: (id: string) => TileArray;
}

/**
 * The spellings of one C-like language. The printer owns precedence, literals and plain operators; everything that depends on types or lanes
 * beyond that is asked of the dialect. Methods may note that a helper is used, which the dialect collects.
 */
export interface Dialect {
  readonly type: (ty: Ty) => string;
  readonly load: (v: Val & { readonly kind: 'load' }, p: Print) => Printed;
  readonly store: (op: TileOp & { readonly kind: 'store' }, p: Print) => readonly string[];
  /** Operators that are not one token: floor division, modulo, shifts by a variable, lanes of logic. Undefined: the plain operator. */
  readonly binary: (op: TBinary, a: Val, b: Val, ty: Ty, p: Print) => Printed | undefined;
  readonly call: (fn: Builtin, ty: Ty, args: readonly Val[], p: Print) => Printed;
  readonly convert: (from: Ty, to: Ty, a: Val, p: Print) => Printed;
  readonly round: (from: Ty, to: DType, ty: Ty, a: Val, p: Print) => Printed;
  readonly bitcast: (v: Val & { readonly kind: 'bitcast' }, p: Print) => Printed;
  readonly select: (v: Val & { readonly kind: 'select' }, p: Print) => Printed;
  readonly splat: (v: Val & { readonly kind: 'splat' }, p: Print) => Printed;
  readonly iota: (ty: Ty) => Printed;
  readonly opaque: (v: Val & { readonly kind: 'opaque' }, p: Print) => Printed;
  readonly dimOf: (id: string, entry: string) => string;
  /** Whole statements in the dialect's own way, where values have several lanes; undefined: as everywhere. */
  readonly wide?: (op: TileOp, p: Print) => readonly string[] | undefined;
  /** Head of a loop, up to its opening brace. */
  readonly loop: (op: TileOp & { readonly kind: 'loop' }, p: Print) => string;
  /** Operations on tiles: reductions over lanes, copies, sorts, atomics, barriers, hints. */
  readonly tile: (
    op: Extract<
      TileOp,
      {
        readonly kind:
          | 'reduceTile'
          | 'scanTile'
          | 'turnTile'
          | 'copy'
          | 'tileDot'
          | 'waveDot'
          | 'waveStore'
          | 'sortTile'
          | 'atomic'
          | 'prefetch'
          | 'barrier';
      }
    >,
    p: Print,
  ) => readonly string[];
}

/** Precedence of C's operators, larger binds tighter. */
export const PREC = {
  lowest: 0,
  ternary: 3,
  or: 4,
  and: 5,
  bitor: 6,
  bitxor: 7,
  bitand: 8,
  equality: 9,
  relation: 10,
  shift: 11,
  sum: 12,
  product: 13,
  unary: 14,
  postfix: 15,
} as const;
export const atom = (text: string): Printed => ({ text, prec: PREC.postfix });
export const prefix = (text: string): Printed => ({ text, prec: PREC.unary });
