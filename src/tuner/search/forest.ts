import { below } from '../../codegen/space/random.ts';
import type { Rng } from '../../codegen/space/random.ts';

/** Points by features of [0, 1]; all have the same number of them. */
export type Features = readonly Float64Array[];

/** A regression tree in arrays: node k asks whether feature `at[k]` is at most `cut[k]`; a leaf has at −1 and the mean of its rows in `cut`. */
interface Tree {
  readonly at: Int32Array;
  readonly cut: Float64Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
}
export interface Forest {
  readonly trees: readonly Tree[];
}

/**
 * Extremely randomised trees (Geurts, Ernst, Wehenkel: Machine Learning 63, 2006): every tree sees all rows, a split is the best of a few random cuts, and
 * leaves hold single rows. What trees disagree on is what the rows do not tell.
 */
export function fitForest(
  x: Features,
  y: readonly number[],
  options: { readonly trees: number; readonly share: number; readonly rng: Rng },
): Forest {
  const width = x[0]?.length ?? 0;
  // One block of memory: fitting is most of what a search computes.
  const flat = new Float64Array(y.length * width);
  x.forEach((point, k) => flat.set(point, k * width));
  const targets = Float64Array.from(y);
  return {
    trees: Array.from({ length: options.trees }, () => fitTree(flat, width, targets, options.share, options.rng)),
  };
}

/** Random cuts that are tried for a feature. */
const CUTS = 2;

function fitTree(x: Float64Array, width: number, y: Float64Array, share: number, rng: Rng): Tree {
  const most = 2 * y.length;
  const tree = {
    at: new Int32Array(most).fill(-1),
    cut: new Float64Array(most),
    left: new Int32Array(most),
    right: new Int32Array(most),
  };
  const tries = Math.max(1, Math.ceil(width * share));
  const rows = Int32Array.from(y, (_, k) => k);
  const features = Int32Array.from({ length: width }, (_, k) => k);
  // Feature and target of the rows of a node, side by side.
  const values = new Float64Array(y.length);
  const targets = new Float64Array(y.length);
  let nodes = 0;

  /** Grows the node of rows[from..to). */
  const grow = (from: number, to: number): number => {
    const node = nodes++;
    const count = to - from;
    let sum = 0;
    let least = Infinity;
    let largest = -Infinity;
    for (let i = 0; i < count; i++) {
      const v = y[rows[from + i] ?? 0] ?? 0;
      targets[i] = v;
      sum += v;
      if (v < least) least = v;
      if (v > largest) largest = v;
    }
    tree.cut[node] = sum / count;
    if (count < 2 || least === largest) return node;
    let gain = -Infinity;
    let at = -1;
    let cut = 0;
    let tried = 0;
    for (let f = 0; f < width && (tried < tries || at < 0); f++) {
      const swap = f + below(rng, width - f);
      const feature = features[swap] ?? 0;
      features[swap] = features[f] ?? 0;
      features[f] = feature;
      let lo = Infinity;
      let hi = -Infinity;
      for (let i = 0; i < count; i++) {
        const v = x[(rows[from + i] ?? 0) * width + feature] ?? 0;
        values[i] = v;
        if (v < lo) lo = v;
        if (v > hi) hi = v;
      }
      if (lo === hi) continue;
      tried++;
      for (let c = 0; c < CUTS; c++) {
        const edge = lo + rng() * (hi - lo);
        let under = 0;
        let n = 0;
        for (let i = 0; i < count; i++) {
          if ((values[i] ?? 0) > edge) continue;
          under += targets[i] ?? 0;
          n++;
        }
        if (n === 0 || n === count) continue;
        const over = sum - under;
        const score = (under * under) / n + (over * over) / (count - n);
        if (score > gain) {
          gain = score;
          at = feature;
          cut = edge;
        }
      }
    }
    if (at < 0) return node;
    let middle = from;
    for (let i = from; i < to; i++) {
      const r = rows[i] ?? 0;
      if ((x[r * width + at] ?? 0) > cut) continue;
      rows[i] = rows[middle] ?? 0;
      rows[middle++] = r;
    }
    tree.at[node] = at;
    tree.cut[node] = cut;
    tree.left[node] = grow(from, middle);
    tree.right[node] = grow(middle, to);
    return node;
  };
  grow(0, y.length);
  return tree;
}

/** Mean of the trees at a point, and how far they lie apart (standard deviation). */
export function predict(forest: Forest, point: Float64Array): { readonly mean: number; readonly spread: number } {
  let [sum, squares] = [0, 0];
  for (const tree of forest.trees) {
    let node = 0;
    for (let at = tree.at[0] ?? -1; at >= 0; at = tree.at[node] ?? -1)
      node = ((point[at] ?? 0) <= (tree.cut[node] ?? 0) ? tree.left[node] : tree.right[node]) ?? 0;
    const v = tree.cut[node] ?? 0;
    sum += v;
    squares += v * v;
  }
  const n = forest.trees.length;
  const mean = sum / n;
  return { mean, spread: Math.sqrt(Math.max(0, squares / n - mean * mean)) };
}
