import type { Oracle, Oracles } from '../call.ts';
import { gridOf, max, over, range, softmax, sum } from '../call.ts';

/** Sums over the part of a row that `takes` names. */
const prefix =
  (takes: (j: number, i: number) => boolean): Oracle =>
  (c) => {
    const D = c.dim('D');
    const x = c.grid('x');
    const rows = gridOf(x.flat, [D === 0 ? 0 : x.flat.length / D, D]);
    return {
      y: over(rows.shape, (n, i) =>
        range(D)
          .filter((j) => takes(j, i))
          .reduce((s, j) => s + rows.at(n, j), 0),
      ),
    };
  };
/** Place of the first largest value, NaN above all; -1 of nothing. */
const first = (row: readonly number[]): bigint => {
  const nan = row.findIndex(Number.isNaN);
  return BigInt(nan >= 0 ? nan : row.indexOf(max(row)));
};
/** The standard normal distribution function, by its series and its continued fraction. */
function normal(x: number): number {
  if (Number.isNaN(x)) return x;
  const z = Math.abs(x);
  if (z > 38) return x > 0 ? 1 : 0;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 5) {
    let [term, total] = [z, z];
    for (let n = 1; n < 200; n++) {
      term *= (z * z) / (2 * n + 1);
      total += term;
    }
    return x > 0 ? 0.5 + density * total : z < 1 ? 0.5 - density * total : tail(z, density);
  }
  return x > 0 ? 1 - tail(z, density) : tail(z, density);
}
function tail(z: number, density: number): number {
  let fraction = z;
  for (let n = 300; n >= 1; n--) fraction = z + n / fraction;
  return density / fraction;
}
const gelu = (x: number): number => (x === -Infinity ? NaN : x * normal(x));

/** Interactions of features, gates, and what runs over rows and columns. */
export const oracles: Oracles = {
  dlrm_dot: (c) => {
    const [x, B, F, D] = [c.grid('x'), c.dim('B'), c.dim('F'), c.dim('D')];
    return {
      y: range(B).flatMap((b) =>
        range(F).flatMap((f) =>
          range(F)
            .filter((g) => f < g)
            .map((g) => sum(D, (d) => x.at(b, f, d) * x.at(b, g, d))),
        ),
      ),
    };
  },
  fm: (c) => {
    const [x, F, D] = [c.grid('x'), c.dim('F'), c.dim('D')];
    return {
      y: range(c.dim('B')).map((b) => sum(F, (f) => sum(f, (g) => sum(D, (d) => x.at(b, f, d) * x.at(b, g, d))))),
    };
  },
  dcn_cross: (c) => {
    const [x0, x, w, bias, D] = [c.grid('x0'), c.grid('x'), c.grid('w'), c.grid('c'), c.dim('D')];
    return {
      y: over(
        [c.dim('B'), D],
        (b, d) => x0.at(b, d) * (sum(D, (k) => w.at(d, k) * x.at(b, k)) + bias.at(d)) + x.at(b, d),
      ),
    };
  },
  dcn_cross_low_rank: (c) => {
    const [x0, x, v, w, bias] = [c.grid('x0'), c.grid('x'), c.grid('v'), c.grid('w'), c.grid('c')];
    const [D, R] = [c.dim('D'), c.dim('R')];
    return {
      y: over([c.dim('B'), D], (b, d) => {
        const low = sum(R, (r) => w.at(d, r) * sum(D, (k) => v.at(r, k) * x.at(b, k)));
        return x0.at(b, d) * (low + bias.at(d)) + x.at(b, d);
      }),
    };
  },
  wukong_fm: (c) => {
    const [x, y, N, D] = [c.grid('x'), c.grid('y'), c.dim('N'), c.dim('D')];
    return {
      o: over([c.dim('B'), N, c.dim('K')], (b, n, k) =>
        sum(D, (d) => x.at(b, n, d) * sum(N, (m) => x.at(b, m, d) * y.at(b, m, k))),
      ),
    };
  },
  pffn: (c) => {
    const [x, w1, b1, w2, b2] = [c.grid('x'), c.grid('w1'), c.grid('b1'), c.grid('w2'), c.grid('b2')];
    const [N, D, K, eps] = [c.dim('N'), c.dim('D'), c.dim('K'), c.num('eps')];
    const norm = (row: readonly number[]): number[] => {
      const square = row.length === 0 ? 0 : row.reduce((s, v) => s + v * v, 0) / row.length;
      return row.map((v) => v / Math.sqrt(square + eps));
    };
    return {
      y: over([c.dim('B'), N], (b, n) => {
        const h = norm(range(K).map((k) => gelu(b1.at(b, k) + sum(D, (d) => x.at(b, n, d) * w1.at(b, d, k)))));
        return norm(range(D).map((d) => b2.at(b, d) + sum(K, (k) => (h[k] ?? NaN) * w2.at(b, k, d))));
      }).flat(),
    };
  },
  topk_gate: (c) => {
    const [x, T, E, J] = [c.grid('x'), c.dim('T'), c.dim('E'), c.num('J')];
    const rank = (v: number): number => (Number.isNaN(v) ? Infinity : v);
    const rows = range(T).map((t) => {
      const p = softmax(range(E).map((k) => x.at(t, k)));
      const best = range(E)
        .sort((a, b) => rank(p[b] ?? 0) - rank(p[a] ?? 0) || a - b)
        .slice(0, J);
      const total = best.reduce((s, k) => s + (p[k] ?? NaN), 0);
      return best.map((k) => ({ e: BigInt(k), w: (p[k] ?? NaN) / total }));
    });
    return { w: rows.flat().map((r) => r.w), e: rows.flat().map((r) => r.e) };
  },
  argmax: (c) => {
    const [x, D] = [c.grid('x').flat, c.dim('D')];
    return { y: over([c.dim('B')], (b) => first(x.slice(b * D, (b + 1) * D))) };
  },
  argmax_middle: (c) => {
    const [x, M] = [c.grid('x'), c.dim('M')];
    return { y: over([c.dim('N'), c.dim('D')], (n, d) => first(range(M).map((m) => x.at(n, m, d)))) };
  },
  cumsum: prefix((j, i) => j <= i),
  cumsum_exclusive: prefix((j, i) => j < i),
  cumsum_reverse: prefix((j, i) => j >= i),
  cumsum_reverse_exclusive: prefix((j, i) => j > i),
  column_sum: (c) => {
    const x = c.grid('x');
    return { y: range(c.dim('D')).map((d) => sum(c.dim('N'), (n) => x.at(n, d))) };
  },
  boxcox: (c) => {
    const [x, l1, l2] = [c.grid('x'), c.grid('l1'), c.grid('l2')];
    return {
      y: over([c.dim('N'), c.dim('D')], (n, d) => {
        const v = Math.max(x.at(n, d) + l2.at(d), 1e-6);
        const p = l1.at(d);
        return p === 0 ? Math.log(v) : (v ** p - 1) / p;
      }),
    };
  },
  adamw: (c) => {
    const [p, m, v, g] = ['p', 'm', 'v', 'g'].map((name) => c.grid(name).flat) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const [lr, b1, b2, eps, wd, step] = ['lr', 'b1', 'b2', 'eps', 'wd', 'step'].map((s) => c.num(s)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const m1 = m.map((x, i) => b1 * x + (1 - b1) * (g[i] ?? NaN));
    const v1 = v.map((x, i) => b2 * x + (1 - b2) * (g[i] ?? NaN) ** 2);
    const next = p.map(
      (x, i) =>
        x * (1 - lr * wd) -
        (lr * ((m1[i] ?? NaN) / (1 - b1 ** step))) / (Math.sqrt((v1[i] ?? NaN) / (1 - b2 ** step)) + eps),
    );
    return { p: next, m: m1, v: v1 };
  },
  transpose: (c) => {
    const x = c.values('x');
    return { y: over([c.dim('M'), c.dim('N')], (m, n) => x[n * c.dim('M') + m] ?? NaN) };
  },
};
