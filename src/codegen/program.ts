import type { DType } from '../dsl/dtypes.ts';
import type { Expr } from './ir/stage.ts';

/** One parameter of an emitted entry, in order. Size expressions mention dims, scalars and `off[B]` reads only. */
export type AbiParam =
  | {
      readonly kind: 'buffer';
      readonly name: string;
      readonly role: 'in' | 'out' | 'inout';
      readonly dtype: DType;
      /** Row-major, contiguous; a ragged axis stands with all axes to its left as one axis of extent total. Rows of bytes: dtype u8, `rowBytes` each. */
      readonly shape: readonly Expr[];
      readonly rowBytes?: Expr;
      /** A pointer table: `T* const*`, this many entries. */
      readonly list?: Expr;
    }
  | { readonly kind: 'dim'; readonly name: string; readonly perElement?: string }
  | { readonly kind: 'scalar'; readonly name: string; readonly dtype: DType }
  /** Items the caller made room for in a ragged result (i64). */
  | { readonly kind: 'capacity'; readonly ragged: string }
  /** `bytes` for a call in one part; `perPart` more for each further part. 64-byte aligned. */
  | { readonly kind: 'workspace'; readonly bytes: Expr; readonly perPart: Expr };

/**
 * How to call a kernel. CPU entries are `void entry(params…, i64 part, i64 parts)`; the uniform form used by runners is
 * `void entry_call(void* const* args, i64 part, i64 parts)` where args[i] points at the data (buffer, table, workspace) or at the value (dim, scalar, capacity).
 *
 * The caller owns the threads. With parts = 1 and part = 0 one call does everything. With parts > 1 a program of several phases (kernels) is called
 * phases · parts times: part = phase · parts + p does the share p of that phase. The calls of one phase may run at the same time, in any order;
 * a phase starts after all calls of the one before it have returned. `for (part = 0; part < phases * parts; ++part) entry(…, part, parts)` is
 * therefore always right. All calls share one workspace.
 */
export interface Abi {
  readonly entry: string;
  readonly params: readonly AbiParam[];
  readonly target: string;
  /** Kernels that run one after the other; see above. */
  readonly phases: number;
  /** True if repeated runs repeat bit for bit. */
  readonly deterministic: boolean;
  /** Orders in which an executor takes the threads of a block, one a call; absent where nothing takes them one by one. */
  readonly orders?: number;
}

/** A definition that emitted code uses; equal names have equal texts, so that variants in one file share it. */
export interface Helper {
  readonly name: string;
  readonly text: string;
}

/** Emitted text of one config, with what is needed to compile, call and explain it. */
export interface Emitted {
  readonly entry: string;
  /** The whole file: helpers, then kernels. */
  readonly text: string;
  /** The same in two parts, for files that hold several variants. All names in `body` start with the entry's. */
  readonly helpers: readonly Helper[];
  readonly body: string;
  /**
   * `body` without the variants that cannot run at the hinted sizes on arrays that lie on 64-byte borders, where that is less: what runs there is the
   * same text. A search compiles this; whoever ships, compiles `body`.
   */
  readonly lean?: string;
  readonly abi: Abi;
  /** Pattern that each kernel of the plan was emitted by; `loops` is the fallback. */
  readonly patterns: readonly string[];
  /**
   * Variants of kernels that run for some sizes only: by dim, what it must be a multiple of. A check that never meets them says nothing about their code.
   */
  readonly guards: readonly Readonly<Record<string, number>>[];
  /** Bytes moved and operations per call, for the roofline. */
  readonly cost: { readonly bytes: Expr; readonly flops: Expr };
}
