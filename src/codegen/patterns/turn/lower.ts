import { must } from '../../../assert.ts';

import { stageExprs } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, Val } from '../../ir/tile.ts';
import { address } from '../../tile/access.ts';
import { countUses } from '../../tile/affine.ts';
import { canStream, partRange } from '../../tile/kernel.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { boundsOf, loop, loopOver, sweep } from '../../tile/loops.ts';
import { block, branched, laneAt, valueOf, withAxis, withLane } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { lowerPoint } from '../../tile/stages.ts';
import type { Turned } from './shape.ts';

/** Lanes of a vector, vectors of results that are stored side by side, and how many elements ahead operands are asked for (0: not at all). */
export interface TurnConfig {
  readonly lanes: number;
  readonly vectors: number;
  readonly ahead: number;
}

/**
 * Squares of as many rows as a vector has lanes: operands are loaded in vectors along the rows and turned in registers, results are stored in vectors along
 * the columns, whole cache lines at a time. The walk follows the rows of the operands.
 */
export function lowerTurned(p: Turned, c: TurnConfig, s: Scope, k: KernelState, outer: Level | undefined): void {
  const enter = (depth: number, at: Scope): void => {
    const level = depth === 0 ? outer : undefined;
    const axis = p.outer[depth];
    if (axis === undefined) return columns(p, c, at, k, level);
    const body = (inner: Scope): void => enter(depth + 1, inner);
    if (level?.kind !== 'part') return loop(axis, at, body, level);
    const [lo, hi] = partRange(axis, ...boundsOf(axis, at), 1, at);
    return loopOver(axis, lo, hi, 1, at, body, level);
  };
  enter(0, s);
}

function columns(p: Turned, c: TurnConfig, s: Scope, k: KernelState, level: Level | undefined): void {
  const bounds = boundsOf(p.col, s);
  const [from, to] = level?.kind === 'part' ? partRange(p.col, ...bounds, c.lanes * c.vectors, s) : bounds;
  const step = (inner: Scope, at: Val, vectors: number): void => {
    const [lo, hi] = boundsOf(p.row, inner);
    const square = (one: Scope, row: Val): void => turnSquare(p, { ...c, vectors }, at, row, one, k);
    const single = (one: Scope): void => results(p, c.lanes, vectors, at, one, k, () => undefined);
    sweep(p.row, lo, hi, c.lanes, 1, inner, square, single);
  };
  sweep(p.col, from, to, c.lanes, c.vectors, s, step, (inner) =>
    loop(p.row, inner, (one) => lowerPoint(p.stage, [used(p, one)], undefined, false)),
  );
}

/** One square for each vector of columns, side by side. */
function turnSquare(p: Turned, c: TurnConfig, col: Val, row: Val, s: Scope, k: KernelState): void {
  const { lanes, vectors } = c;
  /** By vector: operands by key, one for each row. */
  const turned: Map<number, readonly Val[]>[] = [];
  for (let v = 0; v < vectors; v++) {
    const found = new Map<number, readonly Val[]>();
    for (const read of p.reads) {
      const key = s.cx.intern(read);
      if (found.has(key)) continue;
      const values: Val[] = [];
      for (let j = 0; j < lanes; j++) {
        const at = withAxis(apart(s), p.col.id, t.add(col, t.int(v * lanes + j)));
        const view = withLane(at, laneAt(p.row.id, lanes, row, 0, false));
        if (c.ahead > 0) {
          const { ref } = address(read, view);
          const far = { ...ref, index: t.add(ref.index, t.int(c.ahead)) };
          s.block.ops.push({ kind: 'prefetch', at: far, dtype: read.dtype });
        }
        values.push(valueOf(read, view));
      }
      const ids = values.map(() => s.fresh(read.buf));
      s.block.ops.push({ kind: 'turnTile', ids, values });
      const ty = must(values[0], 'row').ty;
      found.set(
        key,
        ids.map((id) => t.name(id, ty)),
      );
    }
    turned.push(found);
  }
  for (let i = 0; i < lanes; i++) {
    const one = withAxis(s, p.row.id, t.add(row, t.int(i)));
    results(p, lanes, vectors, col, one, k, (v, key) => turned[v]?.get(key)?.[i]);
  }
}

/** Vectors of results of one row; `known` gives operands that are at hand. */
function results(
  p: Turned,
  lanes: number,
  vectors: number,
  col: Val,
  s: Scope,
  k: KernelState,
  known: (vector: number, key: number) => Val | undefined,
): void {
  const scopes = Array.from({ length: vectors }, (_, v) => {
    const view = withLane(apart(s), laneAt(p.col.id, lanes, col, v, false));
    for (const read of p.reads) {
      const key = s.cx.intern(read);
      const value = known(v, key);
      if (value !== undefined) view.block.values.set(key, value);
    }
    return used(p, view);
  });
  const stream = k.schedule.stream && k.last.has(p.stage.out.buf) && canStream(p.stage.out, must(scopes[0], 'scope'));
  lowerPoint(p.stage, scopes, undefined, stream);
}

/** The same place with caches of its own: what was computed for other rows and columns is not seen. */
function apart(s: Scope): Scope {
  const own = branched(s);
  return { ...own, common: { ...block(s.common), ops: s.block.ops }, registers: new Map(s.registers) };
}
const used = (p: Turned, s: Scope): Scope => ({ ...s, uses: countUses(stageExprs(p.stage), s.cx.intern) });
