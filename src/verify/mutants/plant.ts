import { mapOps } from '../../codegen/ir/tile-map.ts';
import { printTile } from '../../codegen/ir/tile-print.ts';
import type { TileKernel, TileOp, TileProgram } from '../../codegen/ir/tile.ts';
import type { MutantClass } from './classes.ts';

/** One place of a program where a bug of a class fits. */
export interface Site {
  readonly kernel: number;
  /** The body that is right for all calls, or the one under the kernel's guards. */
  readonly body: 'plain' | 'fast';
  /** Which of the places in it, in the order of a walk. */
  readonly nth: number;
}

/** All places where bugs of a class fit. */
export function sitesOf(program: TileProgram, kind: MutantClass): readonly Site[] {
  return program.kernels.flatMap((k, kernel) =>
    bodiesOf(k).flatMap(([body, ops]) => {
      const { seen } = changed(ops, kind, -1);
      return Array.from({ length: seen }, (_, nth): Site => ({ kernel, body, nth }));
    }),
  );
}

/** The program with the bug. */
export function plant(program: TileProgram, kind: MutantClass, site: Site): TileProgram {
  const kernels = program.kernels.map((k, n): TileKernel => {
    if (n !== site.kernel) return k;
    if (site.body === 'plain' || k.fast === undefined) return { ...k, body: changed(k.body, kind, site.nth).ops };
    return { ...k, fast: { ...k.fast, body: changed(k.fast.body, kind, site.nth).ops } };
  });
  return { ...program, kernels };
}

/** What a bug changed, as the printed program shows it: a line or two before and after. */
export function difference(before: TileProgram, after: TileProgram): string {
  const [a, b] = [printTile(before).split('\n'), printTile(after).split('\n')];
  const at = a.findIndex((line, k) => line !== b[k]);
  if (at < 0) return 'nothing that is printed';
  const removed = b.length < a.length ? '' : ` → ${(b[at] ?? '').trim()}`;
  return `${(a[at] ?? '').trim()}${removed}`;
}

function bodiesOf(k: TileKernel): readonly (readonly [Site['body'], readonly TileOp[]])[] {
  return [['plain', k.body] as const, ...(k.fast === undefined ? [] : [['fast', k.fast.body] as const])];
}

/** The operations with the nth place changed, and how many places there are. */
function changed(
  ops: readonly TileOp[],
  kind: MutantClass,
  nth: number,
): { readonly ops: readonly TileOp[]; readonly seen: number } {
  let seen = 0;
  const out = mapOps(ops, {
    op(op) {
      const other = kind.op?.(op);
      return other !== undefined && seen++ === nth ? other : [op];
    },
    val(v) {
      const other = kind.val?.(v);
      return other !== undefined && seen++ === nth ? other : v;
    },
  });
  return { ops: out, seen };
}
