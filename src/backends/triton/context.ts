import type { TileOp } from '../../codegen/ir/tile.ts';
import { visitOps } from '../../codegen/ir/tile-walk.ts';
import type { Env } from './axes.ts';
import type { Line } from './lines.ts';
import type { Guard, Known, PrintCx } from './text.ts';

/** What statements of one kernel share. */
export interface KernelCx extends Pick<PrintCx, 'fresh' | 'use' | 'array' | 'read' | 'shape'> {
  readonly env: Env;
  /** Locals that are printed otherwise than by their own name. */
  readonly aliases: Map<string, string>;
  readonly name: (id: string) => string;
  /** Locals that are set after their declaration, as printed. */
  readonly mutable: ReadonlySet<string>;
  /** Arrays that the kernel both writes and reads, and those that only it has. */
  readonly shared: ReadonlySet<string>;
  readonly own: ReadonlySet<string>;
  readonly lines: Line[];
  /** Places of the lanes of a block, and whether a block has one for every element of a row. */
  readonly block?: {
    readonly lanes: string;
    readonly size: string;
    /** The same of rows, and how many terms of a product are taken at a time; with one axis there are none. */
    readonly rows: string;
    readonly rowSize: string;
    readonly depth: string;
    readonly whole: boolean;
    readonly rank: 1 | 2;
    /** Blocks are large enough for products of blocks. */
    readonly products: boolean;
  };
}
/** The largest of values along the block that count, none below 0. */
export function most(text: string, guards: readonly Guard[]): string {
  const masks = guards.filter((g) => g.axes !== 0).map((g) => g.text);
  return `tl.max(${masks.length === 0 ? text : `tl.where(${masks.join(' & ')}, ${text}, 0)`})`;
}
/** Where statements stand. */
export interface Place {
  readonly depth: number;
  readonly guards: readonly Guard[];
  readonly known: Known & { readonly forget: (array: string) => void };
  /** How many conditions stood around the declaration of a local. */
  readonly declared: Map<string, number>;
  /** Ends the loop around, as Triton has no `break`. */
  readonly leave?: (at: Place, cx: PrintCx) => void;
}

const MENTIONED = /[A-Za-z_]\w*/g;
/** What has a name in straight code; inner code sees it, but for elements of arrays that it stores to. */
export function knownIn(
  mutable: ReadonlySet<string>,
  outer?: Known,
  stored: ReadonlySet<string> = new Set(),
): Place['known'] {
  const own = new Map<string, string>();
  const gone = new Set(stored);
  const of = (key: string): string => key.slice(0, Math.max(0, key.indexOf('[')));
  return {
    get: (key) => own.get(key) ?? (gone.has(of(key)) ? undefined : outer?.get(key)),
    set: (key, name) => {
      const changes = [...key.matchAll(MENTIONED)].some(([id]) => mutable.has(id));
      if (!changes) own.set(key, name);
    },
    forget: (array) => {
      gone.add(array);
      for (const key of own.keys()) if (of(key) === array) own.delete(key);
    },
  };
}
/** Arrays that operations store to. */
export const storedIn = (ops: readonly TileOp[]): ReadonlySet<string> => {
  const out = new Set<string>();
  visitOps(ops, (op) => {
    if (op.kind === 'store' || op.kind === 'copy') out.add(op.to.array);
    if (op.kind === 'sortTile') out.add(op.order.array);
  });
  return out;
};
