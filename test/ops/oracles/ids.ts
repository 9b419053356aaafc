import type { Oracle, Oracles } from '../call.ts';
import { lengths, offsets, over, overRows, range } from '../call.ts';

const u64 = (v: bigint): bigint => BigInt.asUintN(64, v);
const FACTOR = 0x9ddfea08eb382d69n;
/** 64-bit mixing after Thomas Wang, in big integers. */
function twang(key: bigint): bigint {
  let k = u64(key);
  k = u64((k ^ 0xffffffffffffffffn) + (k << 21n));
  k ^= k >> 24n;
  k = u64(k * 265n);
  k ^= k >> 14n;
  k = u64(k * 21n);
  k ^= k >> 28n;
  return u64(k + (k << 31n));
}
function hash128(high: bigint, low: bigint): bigint {
  let a = u64((low ^ high) * FACTOR);
  a ^= a >> 47n;
  let b = u64((high ^ a) * FACTOR);
  b ^= b >> 47n;
  return u64(b * FACTOR);
}
/** Remainder of floor division; 0 of a division by 0. */
const mod = (a: bigint, m: bigint): bigint => (m === 0n ? 0n : ((a % m) + m) % m);
const sigrid = (v: bigint, salt: bigint, modulus: bigint): bigint =>
  mod(BigInt.asIntN(64, hash128(u64(salt), twang(v))), modulus);

/** Splits rows by `id % C`, stable. */
const bySplit =
  (weighted: boolean): Oracle =>
  (c) => {
    const [off, v, owners] = [c.ints('off'), c.ints('v'), Number(c.int('C'))];
    const rows = range(off.length - 1).map((r) => v.slice(Number(off[r]), Number(off[r + 1])));
    const w = weighted ? c.grid('w').flat : [];
    const lists = range(owners).flatMap((owner) =>
      rows.map((row, r) =>
        row.flatMap((id, pos) =>
          u64(id) % BigInt(owners) === BigInt(owner)
            ? [{ o: BigInt.asIntN(64, u64(id) / BigInt(owners)), pos: BigInt(pos), ow: w[Number(off[r]) + pos] ?? NaN }]
            : [],
        ),
      ),
    );
    const flat = lists.flat();
    return {
      o: flat.map((x) => x.o),
      pos: flat.map((x) => x.pos),
      ...(weighted ? { ow: flat.map((x) => x.ow) } : {}),
      po: offsets(lists.map((l) => l.length)),
    };
  };

/** Ids: hashes, buckets, vocabularies. */
export const oracles: Oracles = {
  sigrid_hash: (c) => ({ o: c.ints('v').map((v) => sigrid(v, c.int('salt'), c.int('modulus'))) }),
  clip_gather_hash: (c) => {
    const [v, start, most] = [c.ints('v'), c.ints('start'), c.int('most')];
    const lens = c.ints('length').map((n) => Number(n < 0n ? 0n : n > most ? most : n));
    const id = (place: bigint): bigint => {
      const last = BigInt(v.length - 1);
      return v[Number(place > last ? last : place < 0n ? 0n : place)] ?? 0n;
    };
    const po = offsets(lens);
    return {
      o: overRows(po, [], (b, p) =>
        sigrid(id(BigInt.asIntN(64, (start[b] ?? 0n) + BigInt(p))), c.int('salt'), c.int('modulus')),
      ),
      po,
    };
  },
  bucketize: (c) => {
    const [x, borders] = [c.grid('x').flat, c.grid('borders').flat];
    const below = (v: number): number => borders.filter((k) => (c.flag('right') ? k <= v : k < v)).length;
    return { y: x.map((v) => BigInt(Number.isNaN(v) ? borders.length : below(v))) };
  },
  map_id: (c) => {
    const m = c.ints('m');
    return { o: c.ints('v').map((v) => BigInt(m.indexOf(v) + 1)) };
  },
  merge_bucketized_dense: (c) => {
    const [x, borders, co] = [c.grid('x'), c.grid('c').flat, c.ints('co')];
    return {
      y: over([c.dim('F'), c.dim('B')], (f, b) => {
        const own = borders.slice(Number(co[f]), Number(co[f + 1]));
        return BigInt(own.filter((k) => k < x.at(f, b)).length + Number(co[f]) + f);
      }),
    };
  },
  bucketize_sparse: bySplit(false),
  bucketize_sparse_weighted: bySplit(true),
  embedding_grad: (c) => {
    const [g, ids, D] = [c.grid('g'), c.ints('ids'), c.dim('D')];
    const dw = range(c.dim('V') * D).map(() => 0);
    ids.forEach((id, n) => {
      if (id < 0n || id >= BigInt(c.dim('V'))) return;
      for (let d = 0; d < D; d++) dw[Number(id) * D + d] = (dw[Number(id) * D + d] ?? 0) + g.at(n, d);
    });
    return { dw };
  },
  pooled_embedding: (c) => bag(c, (table, row, d) => table.at(row, d)),
  pooled_embedding_weighted: (c) => {
    const a = c.grid('a').flat;
    return bag(c, (table, row, d, item) => (a[item] ?? NaN) * table.at(row, d));
  },
};

function bag(
  c: Parameters<Oracle>[0],
  term: (table: ReturnType<typeof c.grid>, row: number, d: number, item: number) => number,
): ReturnType<Oracle> {
  const [table, ids, off, V] = [c.grid('w'), c.ints('ids'), c.ints('off'), c.dim('V')];
  const row = (item: number): number => Math.min(Math.max(Number(ids[item] ?? 0n), 0), V - 1);
  return {
    y: over([c.dim('B'), c.dim('D')], (b, d) =>
      range(lengths(off)[b] ?? 0).reduce((y, l) => {
        const item = Number(off[b] ?? 0n) + l;
        return y + (V === 0 ? 0 : term(table, row(item), d, item));
      }, 0),
    ),
  };
}
