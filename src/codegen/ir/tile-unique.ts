import { withParts } from './tile-map.ts';
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
  const ref = (r: Ref): Ref => ({
    ...r,
    index: val(r.index),
    ...(r.entry === undefined ? {} : { entry: val(r.entry) }),
  });
  const declare = (id: string): string => {
    const name = fresh(id);
    names.set(id, name);
    return name;
  };
  const use = (id: string): string => names.get(id) ?? id;
  const inside = (body: readonly TileOp[]): readonly TileOp[] => scope(body, names, fresh);
  return ops.map((op): TileOp => {
    switch (op.kind) {
      case 'note':
      case 'break':
      case 'barrier':
        return op;
      case 'loop': {
        const [lo, hi] = [val(op.lo), val(op.hi)];
        const id = fresh(op.id);
        return { ...op, id, lo, hi, body: scope(op.body, new Map(names).set(op.id, id), fresh) };
      }
      case 'while':
        return { ...op, cond: val(op.cond), body: inside(op.body) };
      case 'if':
        return { ...op, cond: val(op.cond), then: inside(op.then), else: inside(op.else) };
      case 'let':
      case 'reduceTile':
      case 'scanTile': {
        const value = val(op.value);
        return { ...op, value, id: declare(op.id) };
      }
      case 'var': {
        const init = op.init === undefined ? {} : { init: val(op.init) };
        return { ...op, ...init, id: declare(op.id) };
      }
      case 'set':
        return { ...op, id: use(op.id), value: val(op.value) };
      case 'turnTile':
        return { ...op, values: op.values.map(val), ids: op.ids.map(declare) };
      case 'store':
        return {
          ...op,
          to: ref(op.to),
          value: val(op.value),
          ...(op.odd === undefined ? {} : { odd: val(op.odd) }),
          ...(op.mask === undefined ? {} : { mask: val(op.mask) }),
        };
      case 'atomic':
        return { ...op, to: ref(op.to), value: val(op.value) };
      case 'prefetch':
        return { ...op, at: ref(op.at) };
      case 'copy':
        return { ...op, to: ref(op.to), from: ref(op.from), count: val(op.count) };
      case 'tileDot': {
        const { acc, a, aStep, b } = op.strides;
        const strides = { acc: val(acc), a: val(a), aStep: val(aStep), b: val(b) };
        return { ...op, acc: ref(op.acc), a: ref(op.a), b: ref(op.b), k: val(op.k), strides };
      }
      case 'waveDot':
        return { ...op, sums: use(op.sums), a: ref(op.a), b: ref(op.b) };
      case 'waveStore':
        return { ...op, sums: use(op.sums), to: ref(op.to) };
      case 'sortTile':
        return { ...op, keys: ref(op.keys), order: ref(op.order), scratch: ref(op.scratch), count: val(op.count) };
      default:
        return op satisfies never;
    }
  });
}
