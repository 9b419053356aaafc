import { must } from '../../assert.ts';
import type { AxisId, Buffer, BufId, Expr } from '../ir/stage.ts';
import * as t from '../ir/tile-build.ts';
import type { Half, TileOp, Val } from '../ir/tile.ts';
import type { Interner } from './affine.ts';
import type { Facts, Wishes } from './facts.ts';
import { identifiers } from './names.ts';
import type { Identifiers } from './names.ts';

/** Where a buffer lives while a kernel runs. */
export type Storage =
  | {
      readonly kind: 'array';
      readonly id: string;
      /** Positions of the index that are kept; the others are fixed by loops around. */
      readonly keep: readonly number[];
      /** The flat index at which the array begins: it holds a block of the buffer. */
      readonly origin?: Val;
    }
  /** A local of the innermost loop that writes and reads it. */
  | { readonly kind: 'register' };

/** What all scopes of a kernel share. */
export interface KernelCx {
  readonly buffer: (id: BufId) => Buffer;
  readonly storage: (id: BufId) => Storage;
  /** The array that stores to a buffer go to where that is not the one it is read from: states of a recurrence during a step. */
  readonly target: (id: BufId) => string | undefined;
  /** Variable that holds the capacity of a ragged result. */
  readonly capacity: (ragged: string) => string;
  /** Identifiers of dims, scalars as printed. */
  readonly dim: (id: string) => string;
  readonly scalar: (name: string) => string;
  readonly intern: Interner;
  readonly facts: Facts;
  readonly wishes: Wishes;
  /** Lowering of expressions; see `lowerExpr`. */
  readonly lower: (e: Expr, s: Scope) => Val;
}

/** Straight-line code under construction. `values` caches what was bound to a local here, by interned expression. */
export interface Block {
  readonly ops: TileOp[];
  readonly values: Map<number, Val>;
  readonly parent: Block | undefined;
}
export const block = (parent?: Block): Block => ({ ops: [], values: new Map(), parent });

/** The axis that vector lanes run along: lane j is axis value base + j, or of halves base + 2 j, one more for the odd one. */
export interface Lane {
  readonly axis: AxisId;
  readonly lanes: number;
  readonly base: Val;
  readonly half?: Half;
}

/** Vector `u` of a step that starts at `pos`: the one after vector u − 1, or with halves the odd half of the run whose even half u − 1 is. */
export const laneAt = (axis: AxisId, lanes: number, pos: Val, u: number, halves: boolean): Lane =>
  halves
    ? { axis, lanes, base: t.add(pos, t.int((u - (u % 2)) * lanes)), half: u % 2 === 0 ? 'even' : 'odd' }
    : { axis, lanes, base: t.add(pos, t.int(u * lanes)) };

/** Where an expression is lowered. */
export interface Scope {
  readonly cx: KernelCx;
  /** Names that nothing visible here has. */
  readonly fresh: Identifiers;
  readonly block: Block;
  /** Code of values of the first lane: own cache, same operations. */
  readonly first: Block;
  /** What no lane axis changes, for all scopes that share the operations. */
  readonly common: Block;
  readonly axes: ReadonlyMap<AxisId, Val>;
  /** Axes that run from 0, with the end of their range as a comparable text. */
  readonly ends: ReadonlyMap<AxisId, string>;
  readonly vars: ReadonlyMap<string, Val>;
  readonly registers: Map<BufId, Val>;
  readonly uses: ReadonlyMap<number, number>;
  readonly lane?: Lane;
  /** The lane axis, in the view of its first lane too. */
  readonly across?: AxisId;
  /** Several scopes compute the same expressions side by side: what no lane changes is worth a name. */
  readonly shared?: boolean;
  /** Lanes that may load. */
  readonly mask?: Val;
  /** Inside a loop over the lanes of a block. */
  readonly inLane?: boolean;
  /** Who stores a value that all lanes of a block have. */
  readonly storing?: 'first lane';
  /** Items that folds over segments ask gathered rows for in advance; 0: not at all. */
  readonly ahead: number;
  /** No contraction of products. */
  readonly strict?: boolean;
}

/** The same place with another block for code to come; caches of outer blocks stay visible. */
export function nested(s: Scope): Scope {
  return { ...aside(s), fresh: identifiers(s.fresh.taken()) };
}
/** A block that may be merged into the one around it: it shares its names. */
export function aside(s: Scope): Scope {
  const b = block(s.block);
  return {
    ...s,
    block: b,
    first: { ops: b.ops, values: new Map(), parent: s.first },
    common: { ops: b.ops, values: new Map(), parent: s.common },
    registers: new Map(s.registers),
  };
}
/** Code goes on in the same list, but what is cached from here on stays invisible outside. */
export function branched(s: Scope): Scope {
  return {
    ...s,
    block: { ops: s.block.ops, values: new Map(), parent: s.block },
    first: { ops: s.block.ops, values: new Map(), parent: s.first },
  };
}
/** Code goes on in the same list, but nothing that has a name is known: an axis stands elsewhere from here on. */
export function moved(s: Scope): Scope {
  const own = (): Block => ({ ops: s.block.ops, values: new Map(), parent: undefined });
  return { ...s, block: own(), first: own(), common: own() };
}
/** The view of lane 0: the lane axis is its base, values are scalars. */
export function firstLane(s: Scope): Scope {
  if (s.lane === undefined) return s;
  const { lane, mask: _, ...rest } = s;
  return { ...rest, block: s.first, axes: new Map(s.axes).set(lane.axis, lane.base) };
}
export const withAxis = (s: Scope, id: AxisId, value: Val): Scope => ({ ...s, axes: new Map(s.axes).set(id, value) });
export const withVar = (s: Scope, id: string, value: Val): Scope => ({ ...s, vars: new Map(s.vars).set(id, value) });
export const withLane = (s: Scope, lane: Lane): Scope => ({ ...s, lane, across: lane.axis });
export const withMask = (s: Scope, cond: Val): Scope => ({ ...s, mask: must(t.and(s.mask, cond), 'mask') });

export function cached(b: Block | undefined, key: number): Val | undefined {
  for (let at = b; at !== undefined; at = at.parent) {
    const v = at.values.get(key);
    if (v !== undefined) return v;
  }
  return undefined;
}

/** Binds a value to a local unless it is one already or trivial. */
export function bind(s: Scope, base: string, value: Val): Val {
  if (value.kind === 'name' || value.kind === 'int' || value.kind === 'float' || value.kind === 'bool') return value;
  const id = s.fresh(base);
  s.block.ops.push({ kind: 'let', id, value });
  return t.name(id, value.ty);
}

/** Declares a mutable local. */
export function declare(s: Scope, base: string, init: Val): Val & { readonly kind: 'name' } {
  const id = s.fresh(base);
  s.block.ops.push({ kind: 'var', id, ty: init.ty, init });
  return { kind: 'name', id, ty: init.ty };
}
export const assign = (s: Scope, to: Val & { readonly kind: 'name' }, value: Val): void =>
  void s.block.ops.push({ kind: 'set', id: to.id, value });

/** True if the axis or a name bound to lanes occurs below. */
export const varying =
  (s: Scope) =>
  (id: string): boolean =>
    (s.vars.get(id)?.ty.lanes ?? 1) > 1;

/** A name for a value that a reader recognises. */
export function nameFor(e: Expr): string {
  switch (e.kind) {
    case 'read':
      return `${e.buf}_${e.field ?? 'at'}`;
    case 'let':
      return e.id;
    case 'call':
      return `${e.fn}_at`;
    case 'reduce':
      return e.reduce.op;
    default:
      return 't';
  }
}

/** The value of an expression here. */
export const valueOf = (e: Expr, s: Scope): Val => s.cx.lower(e, s);
/** The value of an index or bound. */
export const indexOf = (e: Expr, s: Scope): Val => t.convert(s.cx.lower(e, s), 'i64');
