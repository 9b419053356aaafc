import type { Axis, Expr, Stage, StageGraph } from '../../ir/stage.ts';
import { children } from '../../ir/walk.ts';
import type { KernelPlan } from '../../plan/plan.ts';
import { stagesOf } from '../../plan/plan.ts';
import { dependsOn, walksRow } from '../../tile/affine.ts';
import type { Rows } from '../../tile/affine.ts';
import { laneable } from '../../tile/vectorise.ts';

type Map_ = Stage & { readonly kind: 'map' };
type Read = Expr & { readonly kind: 'read' };

/** A pointwise stage whose results are consecutive along `col` and some of whose operands are consecutive along `row`. */
export interface Turned {
  readonly stage: Map_;
  /** The axes around, outermost first. */
  readonly outer: readonly Axis[];
  readonly row: Axis;
  readonly col: Axis;
  readonly reads: readonly Read[];
}

/** The kernel as such a stage; undefined where it is none. */
export function turnedOf(kernel: KernelPlan, graph: StageGraph): Turned | undefined {
  const [stage, ...more] = stagesOf(kernel.root);
  if (stage?.kind !== 'map' || more.length > 0 || stage.where !== undefined || stage.out.list !== undefined)
    return undefined;
  const last = stage.out.index.at(-1);
  const col = stage.axes.find((a) => last?.kind === 'axis' && a.id === last.id);
  if (col === undefined || stage.out.field !== undefined) return undefined;
  const buffer: Rows = (id) => {
    const found = graph.buffers.find((b) => b.id === id);
    if (found === undefined) throw new Error(`internal: no buffer ${id}`);
    return found;
  };
  if (!walksRow(stage.out, col.id, buffer) || !laneable(stage.value, col.id)) return undefined;
  const across = steady(stage.value).flatMap((r) => {
    const at = r.index.at(-1);
    const row = stage.axes.find((a) => at?.kind === 'axis' && a.id === at.id && a.id !== col.id);
    const turned = row !== undefined && dependsOn(r, col.id) && walksRow(r, row.id, buffer) && isPlain(r);
    return turned ? [{ row, read: r }] : [];
  });
  const row = across[0]?.row;
  if (row === undefined) return undefined;
  const outer = stage.axes.filter((a) => a !== row && a !== col);
  const bound = (a: Axis, by: Axis): boolean => dependsOn(a.lo, by.id) || dependsOn(a.hi, by.id);
  if (bound(row, col) || bound(col, row) || outer.some((a) => bound(a, row) || bound(a, col))) return undefined;
  return { stage, outer, row, col, reads: across.filter((x) => x.row === row).map((x) => x.read) };
}

/** Reads that are made at every point, whatever the values. */
function steady(e: Expr): readonly Read[] {
  switch (e.kind) {
    case 'read':
      return [e, ...e.index.flatMap(steady)];
    case 'select':
      return steady(e.cond);
    case 'binary':
      return e.op === 'and' || e.op === 'or' ? steady(e.a) : [...steady(e.a), ...steady(e.b)];
    case 'reduce':
      return [];
    default:
      return children(e).flatMap(steady);
  }
}

/** A read that means the same wherever it is made: no packed rows, lists or names in its index. */
const isPlain = (r: Read): boolean =>
  r.list === undefined && r.field === undefined && r.type !== 'bool' && !r.index.some(hasVar);
const hasVar = (e: Expr): boolean => e.kind === 'var' || e.kind === 'let' || children(e).some(hasVar);
