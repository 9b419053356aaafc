import { widen } from '../../../dsl/dtypes.ts';
import type { ValueType } from '../../../dsl/dtypes.ts';
import * as b from '../../ir/build.ts';
import { keyOf } from '../../ir/rewrite.ts';
import type { Axis, AxisId, Expr, Stage } from '../../ir/stage.ts';
import { children, freeAxes, placeExprs, reads, stageReads, stageWrites } from '../../ir/walk.ts';
import type { KernelPlan, PlanNode } from '../../plan/plan.ts';
import { dependsOn } from '../../tile/affine.ts';

export type Pointwise = Stage & { readonly kind: 'map' | 'reduce' };

/**
 * out[batch, rows, cols] = Σ over `over` of left · right, then what follows at each point. `left` stands still along `cols`, `right` along `rows`.
 * The last of `rows`, `cols` and `over` is the one that tiles and packs run along; the others are loops around it.
 */
export interface Contraction {
  readonly batch: readonly Axis[];
  readonly rows: readonly Axis[];
  readonly cols: readonly Axis[];
  readonly over: readonly Axis[];
  readonly left: Expr;
  readonly right: Expr;
  readonly acc: ValueType;
  /** Stages at a point; the first stores the sum, which is the variable `acc`. */
  readonly after: readonly (Stage & { readonly kind: 'map' })[];
}

/** The contraction that a kernel is; undefined where it is none, or where operands could be touched that no point asks for. */
export function contractionOf(kernel: KernelPlan): Contraction | undefined {
  const { loops, leaves } = chain(kernel.root);
  const [fold, ...rest] = leaves ?? [];
  if (leaves === undefined || loops.length < 2 || fold?.kind !== 'reduce' || fold.where !== undefined) return undefined;
  const after = rest.flatMap((s) => (s.kind === 'map' ? [s] : []));
  if (after.length < rest.length) return undefined;
  const { op, acc, over, when, body } = fold.reduce;
  if (op !== 'add' || widen(acc) !== acc || acc === 'bool' || when !== undefined || body.type !== acc) return undefined;
  if (!over.every(fromZero) || !over.every((a) => freeAxes(a.hi).size === 0 && reads(a.hi).length === 0))
    return undefined;
  const cols = loops.find((a) => isAxis(fold.out.index.at(-1), a.id)) ?? loops.at(-1);
  if (cols === undefined || !loops.every(fromZero)) return undefined;
  const factors = product(body);
  const right = factors.filter((e) => dependsOn(e, cols.id));
  const left = factors.filter((e) => !dependsOn(e, cols.id));
  if (left.length === 0 || right.length === 0 || factors.some((e) => !isPlain(e))) return undefined;
  const inLeft = (a: Axis): boolean => left.some((e) => dependsOn(e, a.id));
  const inRight = (a: Axis): boolean => right.some((e) => dependsOn(e, a.id));
  const rows = loops.filter((a) => inLeft(a) && !inRight(a));
  const wide = loops.filter((a) => inRight(a) && !inLeft(a));
  const batch = loops.filter((a) => !rows.includes(a) && !wide.includes(a));
  const free = new Set(batch.map((a) => a.id));
  if (rows.length === 0 || ![...rows, ...wide].every((a) => [...freeAxes(a.hi)].every((id) => free.has(id))))
    return undefined;
  if (!batch.every((a, k) => [...freeAxes(a.hi)].every((id) => batch.slice(0, k).some((o) => o.id === id))))
    return undefined;
  const stages = [fold, ...after];
  if (!readsOwn(stages, [...left, ...right])) return undefined;
  return {
    batch,
    rows,
    cols: [...wide.filter((a) => a !== cols), cols],
    over: inOrder(over, left, right),
    left: left.reduce(b.mul),
    right: right.reduce(b.mul),
    acc,
    after: [stored(fold), ...after],
  };
}

/** Loops that each hold one thing, and the stages inside. */
function chain(root: PlanNode): { readonly loops: readonly Axis[]; readonly leaves: readonly Pointwise[] | undefined } {
  const loops: Axis[] = [];
  let nodes: readonly PlanNode[] = [root];
  for (let only = nodes[0]; nodes.length === 1 && only?.kind === 'loop'; only = nodes[0]) {
    loops.push(only.axis);
    nodes = only.body;
  }
  const leaves = nodes.flatMap((n) =>
    n.kind === 'leaf' && (n.stage.kind === 'map' || n.stage.kind === 'reduce') ? [n.stage] : [],
  );
  return { loops, leaves: leaves.length === nodes.length ? leaves : undefined };
}

const fromZero = (a: Axis): boolean => a.lo.kind === 'int' && a.lo.value === 0n;
const isAxis = (e: Expr | undefined, id: AxisId): boolean => e?.kind === 'axis' && e.id === id;
const product = (e: Expr): readonly Expr[] =>
  e.kind === 'binary' && e.op === 'mul' ? [...product(e.a), ...product(e.b)] : [e];
/** No fold that packing would repeat, no product that must not be contracted. */
const isPlain = (e: Expr): boolean => e.kind !== 'reduce' && e.kind !== 'strict' && children(e).every(isPlain);

/** Operands read nothing that the kernel writes; what follows reads it at the same point only. */
function readsOwn(stages: readonly Pointwise[], operands: readonly Expr[]): boolean {
  const written = new Set(stages.flatMap(stageWrites));
  if (operands.some((e) => reads(e).some((r) => written.has(r.buf)))) return false;
  const places = new Map(stages.map((s) => [s.out.buf, placeExprs(s.out).map(keyOf).join()] as const));
  return stages.every((s) =>
    stageReads(s).every((r) => !written.has(r.buf) || placeExprs(r).map(keyOf).join() === places.get(r.buf)),
  );
}

/** Reduced axes with the one last that most operands walk along in memory; the order of a sum is free. */
function inOrder(over: readonly Axis[], left: readonly Expr[], right: readonly Expr[]): readonly Axis[] {
  const walks = (a: Axis): number =>
    [...left, ...right].flatMap(reads).filter((r) => isAxis(r.index.at(-1), a.id)).length;
  const last = over.reduce<Axis | undefined>(
    (best, a) => (best !== undefined && walks(best) > walks(a) ? best : a),
    undefined,
  );
  return last === undefined ? over : [...over.filter((a) => a !== last), last];
}

/** The stage once its sum is known. */
function stored(fold: Stage & { readonly kind: 'reduce' }): Stage & { readonly kind: 'map' } {
  const { reduce, post, ...rest } = fold;
  return { ...rest, kind: 'map', value: post ?? b.acc(widen(reduce.acc)) };
}
