import type { Oracle, Oracles } from '../call.ts';
import { lengths, offsets, over, overRows, range, softmax, sum } from '../call.ts';

/** The dense item of a row, or what stands for it beyond the dense ones. */
const dense =
  (combine: (x: number, y: number) => number): Oracle =>
  (c) => {
    const [off, x, y, n] = [c.ints('off'), c.grid('x'), c.grid('y'), c.dim('N')];
    const at = (b: number, l: number, d: number): number => x.at(Number(off[b] ?? 0n) + l, d);
    return { o: overRows(off, [c.dim('D')], (b, l, d) => combine(at(b, l, d), l < n ? y.at(b, l, d) : 0)) };
  };

/** Rows of different lengths. */
export const oracles: Oracles = {
  jagged_to_padded: (c) => {
    const [off, x, pad] = [c.ints('off'), c.grid('x'), c.num('pad')];
    const lens = lengths(off);
    return {
      y: over([c.dim('B'), c.dim('N'), c.dim('D')], (b, n, d) =>
        n < (lens[b] ?? 0) ? x.at(Number(off[b] ?? 0n) + n, d) : pad,
      ),
    };
  },
  padded_to_jagged: (c) => {
    const [y, n] = [c.grid('y'), c.dim('N')];
    return { x: overRows(c.ints('off'), [c.dim('D')], (b, l, d) => (l < n ? y.at(b, l, d) : 0)) };
  },
  jagged_dense_add: dense((x, y) => x + y),
  jagged_dense_mul: dense((x, y) => x * y),
  jagged_softmax: (c) => {
    const [off, x] = [c.ints('off'), c.grid('x')];
    const lens = lengths(off);
    const columns = over([c.dim('B'), c.dim('D')], (b, d) =>
      softmax(range(lens[b] ?? 0).map((l) => x.at(Number(off[b] ?? 0n) + l, d))),
    );
    return { y: overRows(off, [c.dim('D')], (b, l, d) => columns[b * c.dim('D') + d]?.[l] ?? NaN) };
  },
  jagged_mean: (c) => {
    const [off, x] = [c.ints('off'), c.grid('x')];
    const lens = lengths(off);
    return {
      y: over([c.dim('B'), c.dim('D')], (b, d) => {
        const n = lens[b] ?? 0;
        return n === 0 ? 0 : sum(n, (l) => x.at(Number(off[b] ?? 0n) + l, d)) / n;
      }),
    };
  },
  segment_sum_csr: (c) => {
    const [csr, x, w] = [c.ints('csr'), c.grid('x'), c.dim('W')];
    return {
      y: lengths(csr).map((n, s) => sum(n * w, (i) => x.flat[Number(csr[s] ?? 0n) * w + i] ?? NaN)),
    };
  },
  batch_event_truncate: (c) => {
    const [users, most, f] = [c.ints('eo'), c.num('most'), c.dim('F')];
    const kept = lengths(users).map((n) => Math.min(n, most));
    const events = kept.flatMap((n, b) => range(n).map((e) => Number(users[b] ?? 0n) + e));
    const features = range(f).map((k) => {
      const [ao, x] = [c.ints('ao', k), c.ints('x', k)];
      const lists = events.map((e) => x.slice(Number(ao[e] ?? 0n), Number(ao[e + 1] ?? 0n)));
      return { y: lists.flat(), po: offsets(lists.map((l) => l.length)) };
    });
    const named = (name: string, k: number): string => (f === 1 ? name : `${name}{${k}}`);
    return {
      qo: offsets(kept),
      ...Object.fromEntries(
        features.flatMap(({ y, po }, k) => [
          [named('y', k), y],
          [named('po', k), po],
        ]),
      ),
    };
  },
  din_pooling: (c) => {
    const [off, q, k, w1, w2] = [c.ints('off'), c.grid('q'), c.grid('k'), c.grid('w1'), c.grid('w2')];
    const [b1, slope, D, H] = [c.grid('b1'), c.grid('slope'), c.dim('D'), c.dim('H')];
    const score = (b: number, i: number): number =>
      sum(H, (j) => {
        const z =
          b1.at(j) +
          sum(D, (d) => {
            const [u, v] = [q.at(b, d), k.at(i, d)];
            return [u, v, u - v, u * v].reduce((a, t, part) => a + t * w1.at(part, d, j), 0);
          });
        return (z > 0 ? z : z * slope.at(j)) * w2.at(j);
      });
    const scores = lengths(off).map((n, b) => range(n).map((l) => score(b, Number(off[b] ?? 0n) + l)));
    return {
      o: over([c.dim('B'), D], (b, d) =>
        sum(scores[b]?.length ?? 0, (l) => (scores[b]?.[l] ?? NaN) * k.at(Number(off[b] ?? 0n) + l, d)),
      ),
    };
  },
  hstu_attention: (c) => {
    const [off, q, k, v] = [c.ints('off'), c.grid('q'), c.grid('k'), c.grid('v')];
    const [H, D, E, N] = [c.dim('H'), c.dim('D'), c.dim('E'), c.num('N')];
    const [alpha, window, nt] = [c.num('alpha'), c.num('window'), c.ints('nt')];
    const lens = lengths(off);
    const silu = (t: number): number => t / (1 + Math.exp(-t));
    const seen = (b: number, i: number, j: number): boolean => {
      const past = (lens[b] ?? 0) - Number(nt[b] ?? 0n);
      const [r, s] = [Math.min(i, past), Math.min(j, past)];
      return i === j || (r > s && r - s <= window);
    };
    return {
      o: overRows(off, [H, E], (b, i, h, e) => {
        const at = Number(off[b] ?? 0n);
        return range(lens[b] ?? 0)
          .filter((j) => seen(b, i, j))
          .reduce((o, j) => {
            const dot = sum(D, (d) => q.at(at + i, h, d) * k.at(at + j, h, d));
            return o + (silu(alpha * dot) / N) * v.at(at + j, h, e);
          }, 0);
      }),
    };
  },
};
