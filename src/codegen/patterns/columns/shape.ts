import { widen } from '../../../dsl/dtypes.ts';
import { reads } from '../../ir/walk.ts';
import type { Axis, Expr, Monoid, Stage, StageGraph } from '../../ir/stage.ts';
import { stagesOf } from '../../plan/plan.ts';
import type { KernelPlan } from '../../plan/plan.ts';
import { dependsOn, walksRow } from '../../tile/affine.ts';
import type { Rows } from '../../tile/affine.ts';
import { gatheredRows } from '../../tile/prefetch.ts';
import { laneable } from '../../tile/vectorise.ts';

type Fold = Stage & { readonly kind: 'reduce' };

/** A fold over rows: results and operands are consecutive along `col`, the folded axes lie around it. */
export interface Columns {
  readonly stage: Fold;
  readonly op: Monoid;
  /** Axes of the results around the columns, outermost first. */
  readonly outer: readonly Axis[];
  readonly col: Axis;
  readonly over: readonly Axis[];
  /** Operands that pass by once. */
  readonly streamed: readonly (Expr & { readonly kind: 'read' })[];
}

const MONOIDS: ReadonlySet<string> = new Set<Monoid>(['add', 'mul', 'max', 'min']);

/** The kernel as such a fold; undefined where it is none. */
export function columnsOf(kernel: KernelPlan, graph: StageGraph): Columns | undefined {
  const [stage, ...more] = stagesOf(kernel.root);
  if (stage?.kind !== 'reduce' || more.length > 0 || stage.where !== undefined) return undefined;
  const { reduce, out } = stage;
  const last = out.index.at(-1);
  const col = stage.axes.find((a) => last?.kind === 'axis' && a.id === last.id);
  const row = reduce.over.at(-1);
  if (col === undefined || row === undefined || out.list !== undefined || out.field !== undefined) return undefined;
  if (!MONOIDS.has(reduce.op) || reduce.when !== undefined || widen(reduce.acc) !== reduce.acc) return undefined;
  if (reduce.acc === 'bool' || reduce.body.type === 'bool') return undefined;
  const buffer: Rows = (id) => {
    const found = graph.buffers.find((b) => b.id === id);
    if (found === undefined) throw new Error(`internal: no buffer ${id}`);
    return found;
  };
  const moves = (a: Axis, by: readonly Axis[]): boolean =>
    by.some((x) => dependsOn(a.lo, x.id) || dependsOn(a.hi, x.id));
  const outer = stage.axes.filter((a) => a !== col);
  if ([...outer, ...reduce.over].some((a) => moves(a, [col])) || moves(col, reduce.over)) return undefined;
  if (outer.some((a) => moves(a, reduce.over))) return undefined;
  // Ragged rows are short, and gathered ones do not pass by in their order.
  if (reduce.over.some((a) => moves(a, outer)) || gatheredRows(reduce.body, row.id).length > 0) return undefined;
  if (!walksRow(out, col.id, buffer) || !laneable(reduce.body, col.id)) return undefined;
  if (stage.post !== undefined && !laneable(stage.post, col.id)) return undefined;
  // Operands whose consecutive elements are folded with each other are better taken in lanes of that axis.
  if (reads(reduce.body).some((r) => walksRow(r, row.id, buffer) && dependsOn(r, col.id))) return undefined;
  const streamed = reads(reduce.body).filter((r) => walksRow(r, col.id, buffer) && dependsOn(r, row.id));
  if (streamed.length === 0) return undefined;
  return { stage, op: reduce.op as Monoid, outer, col, over: reduce.over, streamed };
}
