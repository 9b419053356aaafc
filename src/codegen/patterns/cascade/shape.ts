import type { Axis, AxisId, BufId, Expr, Stage, StageGraph } from '../../ir/stage.ts';
import * as b from '../../ir/build.ts';
import { keyOf } from '../../ir/rewrite.ts';
import { children, freeAxes, mapChildren, reads, stageWrites } from '../../ir/walk.ts';
import type { Read } from '../../ir/walk.ts';
import { dependsOn } from '../../tile/affine.ts';
import { tighten } from '../../tile/tighten.ts';
import { laneable } from '../../tile/vectorise.ts';
import { stagesOf } from '../../plan/plan.ts';
import type { KernelPlan, PlanNode } from '../../plan/plan.ts';

type Fold = Stage & { readonly kind: 'reduce' };
type Pointwise = Stage & { readonly kind: 'map' };

/**
 * A matrix product inside a loop over rows: acc[row, col] = Σ_k left[row, k] · right[k, col], where `right` is the same for all rows. `after` are the
 * stages at each (row, col), the first of which has the product as `acc`.
 */
export interface Product {
  readonly over: Axis;
  readonly cols: Axis;
  /** Value of `left`; absent where an earlier product stored it (`feeds`). */
  readonly left?: Expr;
  readonly right: Expr;
  /** Points outside do not count: `left` is 0 there, which hides nothing as long as `right` is finite. */
  readonly when?: Expr;
  /** The condition under which a result matters; columns that it excludes for all rows may be left out. */
  readonly wanted?: Expr;
  /** Stores the operand `left` of the next product instead of the result of a stage. */
  readonly feeds?: Expr;
  readonly after: readonly Pointwise[];
  /** The same as loops, for operands that are not finite. */
  readonly plain: PlanNode;
}
export type Step =
  { readonly kind: 'rows'; readonly node: PlanNode } | { readonly kind: 'product'; readonly product: Product };

/** Products and row by row work in turn, all of it over the same rows. */
export interface Cascade {
  /** Loops around, outermost first; their bounds do not mention the row. */
  readonly batch: readonly Axis[];
  readonly row: Axis;
  readonly steps: readonly Step[];
  /** Temporaries that a block of rows keeps, and the position of the row in their index; `keep`: the positions that vary within a row. */
  readonly kept: ReadonlyMap<BufId, { readonly at: number; readonly keep: readonly number[] }>;
}

/** The kernel as a cascade over one of its loops; undefined where it is none. */
export function cascadeOf(kernel: KernelPlan, graph: StageGraph): Cascade | undefined {
  if (!kernel.split) return undefined;
  const { loops, nodes } = trunk(kernel.root);
  for (let at = loops.length - 1; at >= 0; at--) {
    const row = loops[at];
    if (row === undefined || loops.slice(at + 1).some((a) => mentions(a, row.id)) || !fromZero(row)) continue;
    const inner = loops.slice(at + 1);
    const found = overRow(kernel, graph, loops.slice(0, at), row, inner, nodes);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The loops that stand around everything, and what is in them. */
function trunk(root: PlanNode): { readonly loops: readonly Axis[]; readonly nodes: readonly PlanNode[] } {
  const loops: Axis[] = [];
  let nodes: readonly PlanNode[] = [root];
  for (let only = nodes[0]; nodes.length === 1 && only?.kind === 'loop'; only = nodes[0]) {
    loops.push(only.axis);
    nodes = only.body;
  }
  return { loops, nodes };
}

/** Tries one loop as the row: loops inside it move out where the work is one product; otherwise there must be none. */
function overRow(
  kernel: KernelPlan,
  graph: StageGraph,
  outer: readonly Axis[],
  row: Axis,
  inner: readonly Axis[],
  nodes: readonly PlanNode[],
): Cascade | undefined {
  const [only] = nodes;
  if (inner.length > 0) {
    // One fold below all loops: the last loop is the product's columns, the others are independent of the row and stand outside.
    const cols = inner.at(-1);
    if (nodes.length !== 1 || only?.kind !== 'leaf' || cols === undefined) return undefined;
    const steps = productsOf({ kind: 'loop', axis: cols, body: [only] }, row.id);
    if (steps === undefined || steps.length < 2) return undefined;
    return { batch: [...outer, ...inner.slice(0, -1)], row, steps, kept: new Map() };
  }
  const steps = nodes.flatMap((node): readonly Step[] => productsOf(node, row.id) ?? [{ kind: 'rows', node }]);
  if (!steps.some((s) => s.kind === 'product') || steps.length < 2) return undefined;
  const kept = keptOf(kernel, graph, row.id);
  const open = [...outer, row];
  return kept && { batch: outer, row, steps: steps.map((s) => unasked(s, open, kept, graph)), kept };
}

/**
 * Scratch may hold anything where nobody reads it: what a product leaves there needs no condition, as long as its value can be computed everywhere.
 */
function unasked(step: Step, outer: readonly Axis[], kept: Cascade['kept'], graph: StageGraph): Step {
  if (step.kind === 'rows') return step;
  const axes = [...outer, step.product.cols];
  const after = step.product.after.map((s): Pointwise => {
    if (!kept.has(s.out.buf) || !reads(s.value).every((r) => isWhole(r, axes, graph))) return s;
    const { where: _where, ...rest } = s;
    return rest;
  });
  return { kind: 'product', product: { ...step.product, after, ...withWanted(step.product) } };
}
/** The condition under which some result of a product is read or stored. */
function withWanted({ after }: Product): { readonly wanted?: Expr } {
  const [first, ...others] = after.map((s) => s.where);
  if (first === undefined) return {};
  const key = keyOf(first);
  return others.every((w) => w !== undefined && keyOf(w) === key) ? { wanted: first } : {};
}
/** True if the read is in range whatever a condition says: each index is an axis as long as the buffer. */
function isWhole(r: Read, axes: readonly Axis[], graph: StageGraph): boolean {
  const shape = graph.buffers.find((x) => x.id === r.buf)?.shape ?? [];
  return (
    r.list === undefined &&
    r.field === undefined &&
    r.index.every((e, k) => {
      const [axis, extent] = [axes.find((a) => e.kind === 'axis' && a.id === e.id), shape[k]];
      return axis !== undefined && extent !== undefined && keyOf(axis.hi) === keyOf(extent);
    })
  );
}

/** The products that compute a loop over columns; undefined where it is no product. */
function productsOf(node: PlanNode, row: AxisId): readonly Step[] | undefined {
  if (node.kind !== 'loop' || !fromZero(node.axis) || mentions(node.axis, row)) return undefined;
  const leaves = node.body.flatMap((n) => (n.kind === 'leaf' ? [n.stage] : []));
  const [fold, ...rest] = leaves;
  if (leaves.length !== node.body.length || fold?.kind !== 'reduce') return undefined;
  const maps = rest.flatMap((s) => (s.kind === 'map' ? [s] : []));
  if (maps.length !== rest.length) return undefined;
  const cols = node.axis;
  const split = factors(fold, row, cols.id);
  if (split === undefined) return undefined;
  const { over, left, right, when } = split;
  const after: readonly Pointwise[] = [stored(fold), ...maps];
  const product = { over, cols, right, after, plain: node, ...(when === undefined ? {} : { when }) };
  const nested = folds(left);
  if (nested.length === 0)
    return laneable(masked(left, tighten(over, when, (id) => id !== over.id).when), over.id)
      ? [{ kind: 'product', product: { ...product, left } }]
      : undefined;
  // The operand holds a product of its own: that one comes first and leaves the operand behind.
  const [score] = nested;
  if (nested.length !== 1 || score === undefined) return undefined;
  const first = factors({ ...fold, reduce: score.reduce }, row, over.id);
  if (first === undefined || first.when !== undefined || folds(first.left).length > 0) return undefined;
  if (!laneable(first.left, first.over.id)) return undefined;
  const feeds = masked(replace(left, score, score.post ?? b.acc(score.type)), when);
  if (!laneable(feeds, over.id)) return undefined;
  return [
    {
      kind: 'product',
      product: { over: first.over, cols: over, left: first.left, right: first.right, feeds, after: [], plain: node },
    },
    { kind: 'product', product },
  ];
}

const replace = (e: Expr, one: Expr, by: Expr): Expr => (e === one ? by : mapChildren(e, (c) => replace(c, one, by)));

/** The operand with nothing where the condition does not hold. */
export const masked = (left: Expr, when: Expr | undefined): Expr =>
  when === undefined ? left : b.select(when, left, b.float(0, left.type));

const folds = (e: Expr): readonly (Expr & { readonly kind: 'reduce' })[] =>
  e.kind === 'reduce' ? [e] : children(e).flatMap(folds);

/** The stage once its fold is known. */
function stored(fold: Fold): Pointwise {
  const { id, span, name, axes, where, out, post } = fold;
  return {
    kind: 'map',
    id,
    span,
    name,
    axes,
    out,
    value: post ?? b.acc('f32'),
    ...(where === undefined ? {} : { where }),
  };
}

/** A sum of products, as a factor that moves with the row and one that moves with the column. */
function factors(
  fold: Fold,
  row: AxisId,
  cols: AxisId,
): { readonly over: Axis; readonly left: Expr; readonly right: Expr; readonly when?: Expr } | undefined {
  const { op, acc, over, when, body } = fold.reduce;
  const [axis] = over;
  if (op !== 'add' || acc !== 'f32' || over.length !== 1 || axis === undefined || body.type !== 'f32') return undefined;
  if (!fromZero(axis) || mentions(axis, row) || mentions(axis, cols)) return undefined;
  if (when !== undefined && dependsOn(when, cols)) return undefined;
  const all = product(body);
  const right = all.filter((e) => dependsOn(e, cols));
  const left = all.filter((e) => !dependsOn(e, cols));
  if (left.length === 0 || right.length === 0) return undefined;
  if (right.some((e) => dependsOn(e, row) || folds(e).length > 0) || !left.some((e) => dependsOn(e, row)))
    return undefined;
  const [a, c] = [left.reduce(b.mul), right.reduce(b.mul)];
  if (!dependsOn(a, axis.id) || !dependsOn(c, axis.id) || !laneable(c, cols)) return undefined;
  return { over: axis, left: a, right: c, ...(when === undefined ? {} : { when }) };
}
const product = (e: Expr): readonly Expr[] =>
  e.kind === 'binary' && e.op === 'mul' ? [...product(e.a), ...product(e.b)] : [e];

const fromZero = (a: Axis): boolean => a.lo.kind === 'int' && a.lo.value === 0n;
const mentions = (a: Axis, id: AxisId): boolean => freeAxes(a.lo).has(id) || freeAxes(a.hi).has(id);

/** Where in their index temporaries of the rows have the row; undefined where one has it nowhere, or twice. */
function keptOf(kernel: KernelPlan, graph: StageGraph, row: AxisId): Cascade['kept'] | undefined {
  const kept = new Map<BufId, { at: number; keep: readonly number[] }>();
  const stages = stagesOf(kernel.root);
  for (const [buf, home] of kernel.homes) {
    const writers = stages.filter((s) => stageWrites(s).includes(buf));
    // What the prologue computes belongs to no row; what a workspace holds has room for all rows.
    if (writers.length === 0 || home.kind === 'workspace') continue;
    const places = writers.flatMap((s) =>
      s.kind === 'map' || s.kind === 'reduce' || s.kind === 'scan' ? [s.out] : [],
    );
    const [place] = places;
    if (place === undefined || places.length !== writers.length) return undefined;
    const at = place.index.findIndex((e) => e.kind === 'axis' && e.id === row);
    if (at < 0 || places.some((p) => !(p.index[at]?.kind === 'axis'))) return undefined;
    const shape = graph.buffers.find((x) => x.id === buf)?.shape ?? [];
    if (shape.length === 0) return undefined;
    // A value of one point of a product stays in registers.
    if (home.kind === 'register' && varies(kernel, place.index)) continue;
    kept.set(buf, { at, keep: home.kind === 'part' ? home.keep : [] });
  }
  return kept;
}
/** True if loops inside the rows move the index. */
function varies(kernel: KernelPlan, index: readonly Expr[]): boolean {
  const outer = new Set(trunk(kernel.root).loops.map((a) => a.id));
  return index.some((e) => [...freeAxes(e)].some((a) => !outer.has(a)));
}
