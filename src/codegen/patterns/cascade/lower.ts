import { must } from '../../../assert.ts';
import { ix } from '../../ir/build.ts';
import type { Axis, BufId, Expr } from '../../ir/stage.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, Val } from '../../ir/tile.ts';
import { dependsOn } from '../../tile/affine.ts';
import { lowerNodes, partRange } from '../../tile/kernel.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { boundsOf, loop, loopOver } from '../../tile/loops.ts';
import { bind, valueOf } from '../../tile/scope.ts';
import type { Scope, Storage } from '../../tile/scope.ts';
import { successorsOf } from './reuse.ts';
import { packRight } from './pack.ts';
import type { Packed } from './pack.ts';
import { lanesOf, multiply } from './product.ts';
import type { Block } from './product.ts';
import type { Cascade, Product } from './shape.ts';

/** Rows of a block, and the micro-tile. */
export interface CascadeConfig {
  readonly rows: number;
  readonly tile: { readonly m: number; readonly vectors: number };
}

/**
 * Blocks of rows: each product runs as micro-tiles on the whole block, what lies between runs row by row on scratch rows in the cache. The right operands
 * are packed once where their loops begin.
 */
export function lowerCascade(
  c: Cascade,
  config: CascadeConfig,
  s: Scope,
  k: KernelState,
  outer: Level | undefined,
): void {
  const products = c.steps.flatMap((x) => (x.kind === 'product' ? [x.product] : []));
  const enter = (depth: number, at: Scope, packed: ReadonlyMap<Product, Packed>): void => {
    const here = new Map(packed);
    for (const p of products)
      if (levelOf(p, c.batch) === depth) here.set(p, packRight(p, config.tile.vectors * lanesOf(k), at, k));
    const axis = c.batch[depth];
    if (axis === undefined) return rowBlocks(c, config, here, at, k, depth === 0 ? outer : undefined);
    const body = (inner: Scope): void => enter(depth + 1, inner, here);
    if (depth > 0 || outer?.kind !== 'part') return loop(axis, at, body, depth === 0 ? outer : undefined);
    const [lo, hi] = partRange(axis, ...boundsOf(axis, at), 1, at);
    return loopOver(axis, lo, hi, 1, at, body, outer);
  };
  enter(0, s, new Map());
}

/** How many of the loops around a right operand hangs on. */
function levelOf(p: Product, batch: readonly Axis[]): number {
  const exprs = [p.right, p.over.hi, p.cols.hi];
  return batch.reduce((deepest, a, k) => (exprs.some((e) => dependsOn(e, a.id)) ? k + 1 : deepest), 0);
}

function rowBlocks(
  c: Cascade,
  config: CascadeConfig,
  packed: ReadonlyMap<Product, Packed>,
  s: Scope,
  k: KernelState,
  outer: Level | undefined,
): void {
  const { rows } = config;
  const [lo, hi] = boundsOf(c.row, s);
  const [from, to] = outer?.kind === 'part' ? partRange(c.row, lo, hi, rows, s) : [lo, hi];
  loopOver(
    c.row,
    from,
    to,
    rows,
    s,
    (inner, at) => {
      const end = bind(inner, `${c.row.name}_end`, t.call('min', [t.add(at, t.int(rows)), to], 'i64'));
      const scope = withKept(c, config, at, inner, k);
      const tile = { m: config.tile.m, n: config.tile.vectors * lanesOf(k) };
      const block: Block = { row: c.row, from: at, to: end, rows, tile };
      c.steps.forEach((step, n) => {
        if (step.kind === 'rows') {
          // All the work between two products runs on one row before it runs on the next: the row stays in the first cache.
          if (c.steps[n - 1]?.kind === 'rows') return;
          const after = c.steps.findIndex((x, at) => at > n && x.kind === 'product');
          const nodes = c.steps
            .slice(n, after < 0 ? undefined : after)
            .flatMap((x) => (x.kind === 'rows' ? [x.node] : []));
          return eachRow(block, scope, (one) => lowerNodes(nodes, one, k));
        }
        const next = c.steps[n + 1];
        const feeds = step.product.feeds !== undefined && next?.kind === 'product' ? next.product : undefined;
        return multiply(step.product, feeds, must(packed.get(step.product), 'packed operand'), block, scope, k);
      });
    },
    outer,
  );
}

/** A loop over the rows of a block. */
export function eachRow(block: Block, s: Scope, body: (one: Scope, at: Val) => void): void {
  loopOver(block.row, block.from, block.to, 1, s, body);
}

/** Temporaries of rows live in scratch that holds a block of them. */
function withKept(c: Cascade, config: CascadeConfig, at: Val, s: Scope, k: KernelState): Scope {
  const storages = new Map<BufId, Storage>();
  const arrays = new Map<BufId, string>();
  const successors = successorsOf(c, (id) => s.cx.buffer(id));
  for (const [buf, { at: position, keep }] of c.kept) {
    const b = s.cx.buffer(buf);
    const extents = keep.map((p) => must(b.shape[p], 'extent'));
    const before = successors.get(buf);
    const id =
      (before === undefined ? undefined : arrays.get(before)) ??
      k.scratch(`${buf}_block`, b.dtype, ix.mul(ix.product(extents), rowCount(config.rows)));
    arrays.set(buf, id);
    const width = t.product(extents.map((e) => t.convert(valueOf(e, s), 'i64')));
    storages.set(buf, { kind: 'array', id, keep: [position, ...keep], origin: t.mul(at, width) });
  }
  return { ...s, cx: { ...s.cx, storage: (id) => storages.get(id) ?? s.cx.storage(id) } };
}
const rowCount = (n: number): Expr => ({ kind: 'int', type: 'i64', value: BigInt(n) });
