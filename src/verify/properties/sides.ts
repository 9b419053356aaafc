import type { Output } from '../../backends/reference/outputs.ts';
import { getAt } from '../../codegen/numeric/tensor.ts';
import type { Scalar } from '../../codegen/numeric/tensor.ts';
import type { Tol } from '../../dsl/ast.ts';
import { DTYPES, isFloat } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';

/** The first point at which a relation does not hold. */
export interface Broken {
  /** Its position in the side that has more elements; empty for scalars. */
  readonly index: readonly number[];
  readonly left: string;
  readonly right: string;
  /** What the sides may differ by there; absent where the relation is exact. */
  readonly allowed?: number;
  /** Points that break it, this one included, of those that were compared. */
  readonly count: number;
  readonly of: number;
}
/** What comparing two sides showed. */
export interface Compared {
  /** Points that were compared. */
  readonly points: number;
  /** Of those, points at which the tolerance is so wide that nothing could fail, or that hang on a rounding of the property's own arithmetic. */
  readonly weak: number;
  readonly broken?: Broken;
}

export interface Relation {
  readonly op: '~=' | '==' | '<=';
  readonly within: Tol;
  /** Types that the sides are stored in, for tolerances in ulp. */
  readonly storage: readonly DType[];
}

/** True where the relation lets the sides differ by their error bounds. */
export const isBounded = (r: Relation): boolean =>
  r.op === '~=' && (r.within.kind === 'auto' || r.within.kind === 'bound');

/**
 * Compares two sides element by element, a single element with all of the other side; `holds` says where. NaN equals NaN; `<=` with a NaN
 * says nothing. Floats of exact relations are compared as stored, rounded to their type.
 */
export function compareSides(
  left: Output,
  right: Output,
  relation: Relation,
  holds: (i: number) => 'yes' | 'no' | 'unsure',
): Compared {
  const [n, m] = [left.tensor.data.length, right.tensor.data.length];
  const scalar = left.tensor.shape.length === 0 || right.tensor.shape.length === 0;
  if (n !== m && !scalar) {
    const [a, b] = [shapeOf(left), shapeOf(right)];
    return { points: 1, weak: 0, broken: { index: [], left: a, right: b, count: 1, of: 1 } };
  }
  const count = left.tensor.shape.length === 0 ? m : n;
  const long = left.tensor.shape.length === 0 ? right : left;
  const usual = usualOf(left, right);
  let [points, weak, wrong] = [0, 0, 0];
  let broken: Omit<Broken, 'count' | 'of'> | undefined;
  for (let i = 0; i < count; i++) {
    const here = holds(i);
    if (here === 'no') continue;
    points++;
    const verdict =
      here === 'unsure' ? 'weak' : compareAt(left, n === count ? i : 0, right, m === count ? i : 0, relation, usual);
    if (verdict === 'weak') weak++;
    if (typeof verdict === 'string') continue;
    wrong++;
    broken ??= { index: unflatten(i, long.tensor.shape), ...verdict };
  }
  return { points, weak, ...(broken === undefined ? {} : { broken: { ...broken, count: wrong, of: points } }) };
}

type Verdict = 'right' | 'weak' | Pick<Broken, 'left' | 'right' | 'allowed'>;

function compareAt(a: Output, i: number, b: Output, j: number, r: Relation, usual: number): Verdict {
  const [x, y] = [getAt(a.tensor, i), getAt(b.tensor, j)];
  const [ea, eb] = [a.bound?.[i] ?? 0, b.bound?.[j] ?? 0];
  const shown = { left: show(x), right: show(y) };
  const nan = [x, y].map((v) => typeof v === 'number' && Number.isNaN(v));
  if (!isFloat(a.tensor.dtype) || !isFloat(b.tensor.dtype)) {
    // A bound on an integer or boolean says that it hangs on a rounding: any value within it is right.
    const right = r.op === '<=' ? x <= y : Number(x) === Number(y) && x.toString() === y.toString();
    if (right) return 'right';
    if (ea + eb > 0) return 'weak';
    return shown;
  }
  if (r.op === '<=') {
    if (nan.includes(true)) return 'weak';
    return x <= y ? 'right' : ea + eb < Infinity ? shown : 'weak';
  }
  if (x === y || (nan[0] === true && nan[1] === true)) return 'right';
  if (r.op === '==' || r.within.kind === 'exact') return ea + eb < Infinity ? shown : 'weak';
  const [l, q] = [a.values?.[i] ?? Number(x), b.values?.[j] ?? Number(y)];
  const size = Math.max(Math.abs(l), Math.abs(q));
  const allowed = allowance(r, ea + eb, size);
  // A bound that is no number says as little as an infinite one.
  if (!(allowed < Infinity)) return 'weak';
  if (Math.abs(l - q) <= allowed)
    return isBounded(r) && allowed > 0.1 * size && allowed > usual / 20 ? 'weak' : 'right';
  return { ...shown, allowed };
}

function allowance(r: Relation, bounds: number, size: number): number {
  switch (r.within.kind) {
    case 'auto':
      return bounds;
    case 'bound':
      return r.within.n * bounds;
    case 'absrel':
      return r.within.abs + r.within.rel * size;
    case 'ulp':
      return r.within.n * 2 * Math.max(...r.storage.filter(isFloat).map((t) => DTYPES[t].unit)) * size;
    case 'exact':
      return 0;
  }
}

/** Root mean square of both sides, so that sums near 0 do not count as weak only for being small. */
function usualOf(...sides: readonly Output[]): number {
  let [sum, n] = [0, 0];
  for (const s of sides) {
    for (let i = 0; i < s.tensor.data.length; i++) {
      const v = Number(getAt(s.tensor, i));
      if (!Number.isFinite(v)) continue;
      sum += v * v;
      n++;
    }
  }
  return n === 0 ? 0 : Math.sqrt(sum / n);
}
const shapeOf = (o: Output): string => `of shape [${o.tensor.shape.join(', ')}]`;
function unflatten(i: number, shape: readonly number[]): readonly number[] {
  const out: number[] = [];
  let rest = i;
  for (const n of shape.toReversed()) {
    out.unshift(n === 0 ? 0 : rest % n);
    rest = n === 0 ? 0 : Math.floor(rest / n);
  }
  return out;
}
const show = (v: Scalar): string => (Object.is(v, -0) ? '-0' : String(v));
