import type { AxisId, BufId, Expr } from '../../../codegen/ir/stage.ts';
import type { DType, ValueType } from '../../../dsl/dtypes.ts';
import type { Memory } from '../memory.ts';

/** A lexical block of the emitted function. Reads may not move out of a guard; arithmetic may. */
export interface Block {
  readonly parent: Block | undefined;
  readonly depth: number;
  readonly guard: boolean;
  readonly lines: string[];
  readonly known: Map<string, string>;
}

/** A value in emitted code. Names are bound once; `e` is its error bound (for bool: whether it could be the other one), absent where exact. */
export type Val = { readonly block: Block } & (Float | Int | Wide | Bool);
export interface Float {
  readonly rep: 'float';
  readonly type: 'f32' | 'f64';
  readonly v: string;
  readonly e?: string | undefined;
  /** A narrower type that kernels hold this value in as well. */
  readonly rounded?: DType | undefined;
  readonly literal?: number;
}
/** An integer in an f64, exact; its value lies in lo..hi. */
export interface Int {
  readonly rep: 'int';
  readonly type: 'i32' | 'u32' | 'i64' | 'u64';
  readonly v: string;
  readonly e?: string | undefined;
  readonly lo: number;
  readonly hi: number;
}
/** A 64-bit integer as two i32. */
export interface Wide {
  readonly rep: 'wide';
  readonly type: 'i64' | 'u64';
  readonly h: string;
  readonly l: string;
  readonly e?: string | undefined;
  /** Ends of its range, where more than the type is known. */
  readonly lo?: number;
  readonly hi?: number;
}
export interface Bool {
  readonly rep: 'bool';
  readonly type: 'bool';
  readonly v: string;
  readonly e?: string | undefined;
}
export type FloatVal = Float & { readonly block: Block };
export type IntVal = Int & { readonly block: Block };
export type WideVal = Wide & { readonly block: Block };
export type BoolVal = Bool & { readonly block: Block };

/** What the emitted function may ask its surroundings for. */
export interface Surroundings {
  readonly dim: (id: string) => number;
  /** Values of a dim that has one per list element. */
  readonly dimList: (id: string) => readonly number[] | undefined;
  readonly scalar: (name: string) => number | bigint | boolean;
  readonly memory: (buf: BufId, use: 'read' | 'write') => Memory;
  /** Emits code that makes the element at `index` of a temporary available, where temporaries are evaluated on demand. */
  readonly demand?: (em: Emitter, buf: BufId, index: readonly Val[]) => void;
  /** A read that no storage backs: the producing stage's value at `index`. */
  readonly inline: (em: Emitter, read: Extract<Expr, { kind: 'read' }>, index: readonly Val[]) => Val | undefined;
  /** Number that a fault at this place is reported under. */
  readonly site: (stage: string, buf: BufId) => number;
}

/** State of emitting one function. */
export interface Emitter {
  readonly around: Surroundings;
  readonly stage: string;
  readonly bounds: boolean;
  block: Block;
  next: number;
  readonly helpers: Set<string>;
  readonly memories: Map<string, Memory>;
  /** Objects of the surroundings by the name that emitted code knows them under. */
  readonly objects: Map<string, unknown>;
  readonly axes: Map<AxisId, Val>;
  readonly vars: Map<string, Val>;
  strict: boolean;
  /** Set while emitting the side of a choice that is not taken: reads out of range are unknown, not faults. */
  speculative: number;
  /** Conditions, in code, under which the point at hand may be none: an access out of range is then no fault. */
  readonly doubts: string[];
  readonly expr: (em: Emitter, e: Expr) => Val;
  /** The list element at hand, inside the shape of a list. */
  element?: Val | undefined;
}

export const rootBlock = (): Block => ({ parent: undefined, depth: 0, guard: true, lines: [], known: new Map() });

export function open(em: Emitter, guard: boolean): Block {
  const block: Block = { parent: em.block, depth: em.block.depth + 1, guard, lines: [], known: new Map() };
  em.block = block;
  return block;
}
/** Leaves the current block and puts `head { … } tail` into its parent. */
export function close(em: Emitter, head: string, tail = ''): void {
  const { lines, parent } = em.block;
  if (parent === undefined) throw new Error('internal: closing the root block');
  parent.lines.push(`${head} {`, ...lines, `}${tail}`);
  em.block = parent;
}

const deeper = (a: Block, b: Block): Block => (b.depth > a.depth ? b : a);
export function guardOf(block: Block): Block {
  let b = block;
  while (!b.guard && b.parent !== undefined) b = b.parent;
  return b;
}
export function rootOf(em: Emitter): Block {
  let b = em.block;
  while (b.parent !== undefined) b = b.parent;
  return b;
}
/** The outermost block where code over `deps` may stand; `pinned` code stays inside its guard. */
export function home(em: Emitter, deps: readonly Val[], pinned: boolean): Block {
  return deps.reduce((b, d) => deeper(b, d.block), pinned ? guardOf(em.block) : rootOf(em));
}

/** Emits `lines(n)` once per `key` and block: the names in it end in n. Yields n and the block. */
export function once(
  em: Emitter,
  key: string,
  deps: readonly Val[],
  lines: (n: string) => readonly string[],
  pinned = false,
): { readonly n: string; readonly block: Block } {
  const block = home(em, deps, pinned);
  for (let b: Block | undefined = block; b !== undefined; b = b.parent) {
    const n = b.known.get(key);
    if (n !== undefined) return { n, block: b };
  }
  const n = String(em.next++);
  block.lines.push(...lines(n));
  block.known.set(key, n);
  return { n, block };
}
/** Binds an expression to a name, outside every loop it does not depend on. */
export function bind(
  em: Emitter,
  text: string,
  deps: readonly Val[],
  pinned = false,
): { readonly v: string; readonly block: Block } {
  const { n, block } = once(em, text, deps, (k) => [`const v${k} = ${text};`], pinned);
  return { v: `v${n}`, block };
}
/** Name of a run-time helper. */
export function helper(em: Emitter, name: string): string {
  em.helpers.add(name);
  return name;
}
export const fresh = (em: Emitter, prefix: string): string => `${prefix}${em.next++}`;

export const num = (v: number): string => (Object.is(v, -0) ? '-0' : v < 0 ? `(${v})` : String(v));
export function floatLit(em: Emitter, value: number, type: 'f32' | 'f64'): FloatVal {
  return { rep: 'float', type, v: num(value), literal: value, block: rootOf(em) };
}
export function intLit(em: Emitter, value: bigint, type: Int['type']): IntVal | WideVal {
  if (value > -(2n ** 53n) && value < 2n ** 53n) {
    const n = Number(value);
    return { rep: 'int', type, v: num(n), lo: n, hi: n, block: rootOf(em) };
  }
  if (type !== 'i64' && type !== 'u64') throw new Error(`internal: ${value} as ${type}`);
  return {
    rep: 'wide',
    type,
    h: num(Number(BigInt.asIntN(32, value >> 32n))),
    l: num(Number(BigInt.asIntN(32, value))),
    block: rootOf(em),
  };
}
export const boolLit = (em: Emitter, value: boolean): BoolVal => ({
  rep: 'bool',
  type: 'bool',
  v: String(value),
  block: rootOf(em),
});

export function isFloatType(t: ValueType): t is 'f32' | 'f64' {
  return t === 'f32' || t === 'f64';
}
/** Unit roundoff of arithmetic in a float type; that of f64 covers the reference's own rounding too. */
export const unit = (t: 'f32' | 'f64'): number => (t === 'f32' ? 2 ** -24 : 2 ** -52);

/** Bound of an integer result that is exact unless an operand is not. */
export function spoiled(em: Emitter, ...parts: readonly Val[]): string | undefined {
  const es = parts.flatMap((p) => (p.e === undefined ? [] : [p.rep === 'bool' ? p.e : `${p.e} > 0`]));
  if (es.length === 0) return undefined;
  return bind(em, `${es.join(' || ')} ? Infinity : 0`, parts).v;
}
