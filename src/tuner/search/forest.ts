import { below } from '../../codegen/space/random.ts';
import type { Rng } from '../../codegen/space/random.ts';

/** One training row: features, class, and how much it counts. */
export interface Sample {
  readonly x: readonly number[];
  readonly good: boolean;
  readonly weight: number;
}

interface Leaf {
  readonly kind: 'leaf';
  readonly id: number;
  /** Weighted share of good rows. */
  readonly p: number;
}
interface Split {
  readonly kind: 'split';
  readonly feature: number;
  readonly threshold: number;
  readonly low: Node;
  readonly high: Node;
}
type Node = Leaf | Split;

/** A random forest that tells good configs from others. */
export interface Forest {
  /** Mean over trees of the share of good rows in the leaf that `x` falls into. */
  probability(x: readonly number[]): number;
  /** The leaf of each tree; two configs are alike as far as they share leaves. */
  leaves(x: readonly number[]): readonly number[];
}

/** Fits weighted Gini trees on bootstrap samples, with about the square root of the features tried at each split. */
export function fitForest(samples: readonly Sample[], trees: number, rng: Rng): Forest {
  const width = samples[0]?.x.length ?? 0;
  const tried = Math.max(1, Math.round(Math.sqrt(width)));
  const grown = Array.from({ length: trees }, () => {
    const drawn = samples.flatMap(() => samples[below(rng, samples.length)] ?? []);
    let next = 0;
    const grow = (rows: readonly Sample[]): Node => {
      let total = 0;
      let positive = 0;
      for (const r of rows) {
        total += r.weight;
        if (r.good) positive += r.weight;
      }
      const split = positive === 0 || positive === total ? undefined : bestSplit(rows, width, tried, rng);
      if (split === undefined) return { kind: 'leaf', id: next++, p: total === 0 ? 0 : positive / total };
      const { feature, threshold } = split;
      const low = grow(rows.filter((r) => (r.x[feature] ?? 0) <= threshold));
      const high = grow(rows.filter((r) => (r.x[feature] ?? 0) > threshold));
      return { kind: 'split', feature, threshold, low, high };
    };
    return grow(drawn);
  });
  const leafOf = (root: Node, x: readonly number[]): Leaf => {
    let node = root;
    while (node.kind === 'split') node = (x[node.feature] ?? 0) <= node.threshold ? node.low : node.high;
    return node;
  };
  return {
    probability: (x) => grown.reduce((sum, t) => sum + leafOf(t, x).p, 0) / Math.max(1, grown.length),
    leaves: (x) => grown.map((t) => leafOf(t, x).id),
  };
}

/** The split of least weighted Gini impurity among a few random features; more features are tried while none of them separates anything. */
function bestSplit(
  rows: readonly Sample[],
  width: number,
  tried: number,
  rng: Rng,
): { readonly feature: number; readonly threshold: number } | undefined {
  const features = Array.from({ length: width }, (_, i) => i);
  let best: { feature: number; threshold: number } | undefined;
  let least = Infinity;
  for (let n = 0; n < width && (n < tried || best === undefined); n++) {
    const at = n + below(rng, width - n);
    const feature = features[at] ?? 0;
    features[at] = features[n] ?? 0;
    const bins = new Map<number, [total: number, positive: number]>();
    let all = 0;
    let good = 0;
    for (const r of rows) {
      const v = r.x[feature] ?? 0;
      const bin = bins.get(v) ?? [0, 0];
      bin[0] += r.weight;
      if (r.good) bin[1] += r.weight;
      bins.set(v, bin);
      all += r.weight;
      if (r.good) good += r.weight;
    }
    const order = [...bins.entries()].sort((a, b) => a[0] - b[0]);
    let [total, positive] = [0, 0];
    for (let i = 0; i + 1 < order.length; i++) {
      const [v, [t, p]] = order[i] ?? [0, [0, 0]];
      total += t;
      positive += p;
      const [rest, restGood] = [all - total, good - positive];
      const impurity = (positive * (total - positive)) / total + (restGood * (rest - restGood)) / rest;
      if (impurity < least) {
        least = impurity;
        best = { feature, threshold: (v + (order[i + 1]?.[0] ?? v)) / 2 };
      }
    }
  }
  return best;
}
