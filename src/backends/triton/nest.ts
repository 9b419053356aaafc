import { visitOps } from '../../codegen/ir/tile-walk.ts';
import { withParts } from '../../codegen/ir/tile-map.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import type { TileOp, Val } from '../../codegen/ir/tile.ts';

export type Loop = TileOp & { readonly kind: 'loop' };

/** A kernel as the points that its programs take: loops that hold one thing each, and what one point runs. */
export interface Nest {
  /** What every program does first. */
  readonly before: readonly TileOp[];
  /** Independent loops from 0 over extents that the host knows, outermost first; only the first may have any extent. */
  readonly loops: readonly Loop[];
  /** A loop over lanes that is all that a point runs, where programs share its elements too. */
  readonly across: Loop | undefined;
  readonly body: readonly TileOp[];
}

/** The outermost loops of a kernel that is a nest. */
export function nestOf(ops: readonly TileOp[], isHost: (v: Val) => boolean): Nest | undefined {
  const at = ops.findIndex((op) => op.kind === 'loop' && op.level.kind === 'grid');
  const first = ops[at];
  if (first?.kind !== 'loop' || at !== ops.length - 1 || !fromZero(first)) return undefined;
  const before = ops.slice(0, at);
  if (first.level.kind === 'grid' && first.level.flat) {
    return { before, loops: [], across: first, body: first.body };
  }
  const loops: Loop[] = [first];
  let body: readonly TileOp[] = first.body;
  for (;;) {
    const held = only(body);
    if (held === undefined || !fromZero(held.loop) || !isHost(held.loop.hi)) break;
    const { loop } = held;
    if (loop.level.kind === 'lane') return { before, loops, across: loop, body: [...held.lets, ...loop.body] };
    if ((loop.level.kind !== 'serial' && loop.level.kind !== 'grid') || carries(loop)) break;
    loops.push(loop);
    body = [...held.lets, ...loop.body];
  }
  return { before, loops, across: undefined, body };
}

const fromZero = (l: Loop): boolean => l.lo.kind === 'int' && l.lo.value === 0n && l.step === 1;

/** The only loop of a body, where besides it there are but names, remarks and barriers. */
function only(body: readonly TileOp[]): { readonly loop: Loop; readonly lets: readonly TileOp[] } | undefined {
  const rest = body.filter((op) => op.kind !== 'barrier');
  const last = rest.at(-1);
  if (last?.kind !== 'loop' || !rest.slice(0, -1).every((op) => op.kind === 'let' || op.kind === 'note'))
    return undefined;
  return { loop: last, lets: rest.slice(0, -1) };
}

/** True if a step hangs on the one before: it sets a local from around. */
function carries(l: Loop): boolean {
  const own = new Set<string>();
  let carried = false;
  visitOps(l.body, (op) => {
    if (op.kind === 'var') own.add(op.id);
    if (op.kind === 'set' && !own.has(op.id)) carried = true;
    if (op.kind === 'break') carried = true;
  });
  return carried;
}

/** Names of `ops` bound by `let`, written out in a value. */
export function writtenOut(v: Val, lets: ReadonlyMap<string, Val>): Val {
  if (v.kind === 'name') {
    const value = lets.get(v.id);
    return value === undefined ? v : writtenOut(value, lets);
  }
  return withParts(v, (x) => writtenOut(x, lets));
}
export function letsOf(ops: readonly TileOp[]): ReadonlyMap<string, Val> {
  const out = new Map<string, Val>();
  visitOps(ops, (op) => {
    if (op.kind === 'let') out.set(op.id, op.value);
  });
  return out;
}

/** A bound that the host can compute and that a value never passes; undefined where there is none. */
export function boundOf(v: Val, isHost: (v: Val) => boolean): Val | undefined {
  if (isHost(v)) return v;
  if (v.kind === 'convert') return boundOf(v.a, isHost);
  if (v.kind !== 'call') return undefined;
  const bounds = v.args.map((a) => boundOf(a, isHost));
  if (v.fn === 'min') return bounds.find((b) => b !== undefined);
  const all = bounds.flatMap((b) => (b === undefined ? [] : [b]));
  return v.fn === 'max' && all.length === v.args.length ? t.call('max', all, v.ty.dtype) : undefined;
}
