import { refWith, withOpParts, withParts } from './tile-map.ts';
import type { Ref, TileOp, Val } from './tile.ts';

type Names = ReadonlyMap<string, string>;

/**
 * The same operations with another name for every local that shares its name with one of another scope: for languages whose functions have one scope.
 * `fresh` hands out names; outside names (dims, arrays, scalars) stay as they are.
 */
export function uniqueLocals(ops: readonly TileOp[], fresh: (base: string) => string): readonly TileOp[] {
  return scope(ops, new Map(), fresh);
}

function scope(ops: readonly TileOp[], outer: Names, fresh: (base: string) => string): readonly TileOp[] {
  const names = new Map(outer);
  const val = (v: Val): Val => {
    if (v.kind === 'name') return { ...v, id: names.get(v.id) ?? v.id };
    return withParts(v, val);
  };
  const ref = (r: Ref): Ref => refWith(r, val);
  const declare = (id: string): string => {
    const name = fresh(id);
    names.set(id, name);
    return name;
  };
  const use = (id: string): string => names.get(id) ?? id;
  const inside = (body: readonly TileOp[]): readonly TileOp[] => scope(body, names, fresh);
  return ops.map((op): TileOp => {
    switch (op.kind) {
      case 'loop': {
        const [lo, hi] = [val(op.lo), val(op.hi)];
        const id = fresh(op.id);
        return { ...op, id, lo, hi, body: scope(op.body, new Map(names).set(op.id, id), fresh) };
      }
      case 'prefetch':
        return { ...op, at: ref(op.at) };
      default:
        return renamed(withOpParts(op, { val, ref, body: inside }));
    }
  });

  /** The names that an operation declares or uses apart from its values. */
  function renamed(op: TileOp): TileOp {
    switch (op.kind) {
      case 'let':
      case 'reduceTile':
      case 'scanTile':
      case 'var':
        return { ...op, id: declare(op.id) };
      case 'set':
        return { ...op, id: use(op.id) };
      case 'turnTile':
        return { ...op, ids: op.ids.map(declare) };
      case 'waveDot':
      case 'waveStore':
        return { ...op, sums: use(op.sums) };
      default:
        return op;
    }
  }
}
