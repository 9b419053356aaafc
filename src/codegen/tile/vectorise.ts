import { isFloat, widen } from '../../dsl/dtypes.ts';
import { keyOf } from '../ir/rewrite.ts';
import { children, reads, reduceExprs } from '../ir/walk.ts';
import type { AxisId, Expr, Reduce, Stage } from '../ir/stage.ts';
import { dependsOn, walksRow } from './affine.ts';
import type { Rows } from './affine.ts';

/** How loops are mapped to vectors, or to the lanes of a block. `bytes` 0: scalars only. */
export interface Schedule {
  /** Lanes of a block: loops that could run in vectors run over them instead, one element each. */
  readonly block?: number;
  /** Bytes of a vector. */
  readonly bytes: number;
  /** Vectors computed in one step of a vector loop. */
  readonly unroll: number;
  /** Accumulators of a reduction along lanes. */
  readonly accumulators: number;
  /** Results that are not read again are stored past the caches. */
  readonly stream: boolean;
  /** Bytes of the next row that are asked for while a row's last pass runs. */
  readonly prefetch: number;
  /** Items of a segment that gathered rows are asked for in advance. */
  readonly ahead: number;
  /** Sums of products take the lanes along their results whatever is consecutive: targets that stage blocks of operands read each of them once. */
  readonly products?: boolean;
  /** Two vectors of 16-bit floats are taken as the even and odd halves of one run. */
  readonly halves: boolean;
}
export const SCALAR: Schedule = {
  bytes: 0,
  unroll: 1,
  accumulators: 1,
  stream: false,
  prefetch: 0,
  ahead: 0,
  halves: false,
};

const NONE: ReadonlySet<string> = new Set();
/**
 * True if the expression can be computed for several values of the axis at once: loop bounds inside do not move with it, and what only some
 * lanes may touch is addressed lane by lane, or is among the `steady` reads, which are made whatever the lanes want.
 */
export function laneable(e: Expr, axis: AxisId, masked = false, steady = NONE): boolean {
  const varies = (x: Expr): boolean => dependsOn(x, axis);
  switch (e.kind) {
    case 'let':
      // Names are followed by value: what a varying name reaches is taken to vary.
      return (
        laneable(e.value, axis, masked, steady) &&
        (varies(e.value) ? lanesWithVar(e.body) : true) &&
        laneable(e.body, axis, masked, steady)
      );
    case 'dim':
      return e.list === undefined || !varies(e.list);
    case 'read':
      if (e.list !== undefined && varies(e.list)) return false;
      if (masked && !e.index.some(varies)) return steady.has(keyOf(e));
      return e.index.every((i) => laneable(i, axis, masked, steady));
    case 'select':
    case 'binary': {
      const lazy =
        e.kind === 'select'
          ? { cond: e.cond, sides: [e.then, e.else] }
          : e.op === 'and' || e.op === 'or'
            ? { cond: e.a, sides: [e.b] }
            : undefined;
      if (lazy === undefined) return children(e).every((c) => laneable(c, axis, masked, steady));
      const under = masked || varies(lazy.cond);
      return laneable(lazy.cond, axis, masked, steady) && lazy.sides.every((x) => laneable(x, axis, under, steady));
    }
    case 'reduce':
      return (
        laneableFold(e.reduce, axis, masked, steady) && (e.post === undefined || laneable(e.post, axis, masked, steady))
      );
    default:
      return children(e).every((c) => laneable(c, axis, masked, steady));
  }
}
/** Loads at addresses that hang on a varying name would need gathers under names; nested folds and lazy reads are refused. */
const lanesWithVar = (body: Expr): boolean => !hasFold(body);
const hasFold = (e: Expr): boolean => e.kind === 'reduce' || children(e).some(hasFold);

const SEARCHES: ReadonlySet<Reduce['op']> = new Set<Reduce['op']>(['argmax', 'argmin', 'first', 'lower', 'upper']);
function laneableFold(r: Reduce, axis: AxisId, masked: boolean, steady = NONE): boolean {
  if (r.over.some((a) => dependsOn(a.lo, axis) || dependsOn(a.hi, axis))) return false;
  if (SEARCHES.has(r.op)) return !reduceExprs(r).some((x) => dependsOn(x, axis));
  const under = masked || (r.when !== undefined && dependsOn(r.when, axis));
  return (r.when === undefined || laneable(r.when, axis, masked, steady)) && laneable(r.body, axis, under, steady);
}

/** True if a stage can run in a loop whose steps compute several values of `axis`. */
export function inLanes(s: Stage, axis: AxisId, buffer: Rows, products = false): boolean {
  if (s.kind !== 'map' && s.kind !== 'reduce') return false;
  if (s.out.list !== undefined && dependsOn(s.out.list, axis)) return false;
  if (!walksRow(s.out, axis, buffer)) return false;
  const where = s.where;
  const under = where !== undefined && dependsOn(where, axis);
  if (where !== undefined && !laneable(where, axis)) return false;
  const steady = where === undefined ? steadyReads(s) : NONE;
  if (s.kind === 'map') return laneable(s.value, axis, under, steady);
  // Gathers lose against a reduced axis along which the same operands are consecutive.
  const staged = products && isProduct(s, axis);
  if (!staged && rowInLanes(s.reduce, buffer) && gathers(s.reduce.body, axis, buffer)) return false;
  return laneableFold(s.reduce, axis, under, steady) && (s.post === undefined || laneable(s.post, axis, under, steady));
}

/** True if a fold adds products of what moves along an axis of the results and of what moves along another one of them. */
export function isProduct(s: Stage, axis: AxisId): boolean {
  if (s.kind !== 'reduce' || s.reduce.op !== 'add' || widen(s.reduce.acc) !== s.reduce.acc) return false;
  const factors = (e: Expr): readonly Expr[] =>
    e.kind === 'binary' && e.op === 'mul' ? [...factors(e.a), ...factors(e.b)] : [e];
  const sides = factors(s.reduce.body);
  const others = s.axes.filter((a) => a.id !== axis);
  return (
    sides.some((e) => dependsOn(e, axis)) &&
    sides.some(
      (e) =>
        !dependsOn(e, axis) &&
        others.some((a) => dependsOn(e, a.id) && !sides.some((o) => dependsOn(o, axis) && dependsOn(o, a.id))),
    )
  );
}

/** True if a stage is best computed by one lane at each point of a loop: it has no row whose elements lanes could share. */
export const isAlone = (s: Stage, buffer: Rows): boolean =>
  s.kind === 'map' || (s.kind === 'reduce' && !rowInLanes(s.reduce, buffer));

/** Reads that every point of an unconditional stage makes: those of its place and of its loop bounds. */
function steadyReads(s: Stage & { readonly kind: 'map' | 'reduce' }): ReadonlySet<string> {
  const roots = [...s.out.index, ...s.axes.flatMap((a) => [a.lo, a.hi])];
  return new Set(roots.flatMap((e) => reads(e).map(keyOf)));
}

/** True if a read moves with the axis but not by one element. */
const gathers = (e: Expr, axis: AxisId, buffer: Rows): boolean =>
  (e.kind === 'read' && dependsOn(e, axis) && !walksRow(e, axis, buffer)) ||
  children(e).some((c) => gathers(c, axis, buffer));

const FOLDS: ReadonlySet<Reduce['op']> = new Set<Reduce['op']>([
  'add',
  'mul',
  'max',
  'min',
  'and',
  'or',
  'count',
  'mean',
  'var',
]);
/** True if the innermost reduced axis can run along lanes: something is read in consecutive elements, nothing needs one lane at a time. */
export function rowInLanes(r: Reduce, buffer: Rows): boolean {
  const axis = r.over.at(-1);
  if (axis === undefined || !FOLDS.has(r.op) || (isFloat(r.acc) && widen(r.acc) !== r.acc)) return false;
  if (!laneableFold({ ...r, over: [] }, axis.id, false)) return false;
  return readsRow([r.body, ...(r.when ? [r.when] : [])], axis.id, buffer);
}
function readsRow(roots: readonly Expr[], axis: AxisId, buffer: Rows): boolean {
  const go = (e: Expr): boolean => (e.kind === 'read' && walksRow(e, axis, buffer)) || children(e).some(go);
  return roots.some(go);
}

/** Lanes of a vector that suit the widest arithmetic of the expressions: 64-bit where results or most operands are. */
export function lanesFor(types: readonly Expr['type'][], bytes: number): number {
  const wide = types.some((x) => x === 'f64' || x === 'i64' || x === 'u64');
  return Math.max(1, Math.floor(bytes / (wide ? 8 : 4)));
}

/** Arithmetic type that a stage produces. */
export function resultType(s: Stage): Expr['type'] {
  if (s.kind === 'map') return s.value.type;
  if (s.kind === 'reduce') return s.post?.type ?? (s.reduce.op === 'count' ? 'i64' : widen(s.reduce.acc));
  return 'i64';
}
