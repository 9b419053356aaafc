import { must } from '../../assert.ts';
import { cast, convert, reduceExpr } from '../ir/build.ts';
import { freshNames, substitute } from '../ir/rewrite.ts';
import type { AxisId, Buffer, Expr, Stage, StageGraph } from '../ir/stage.ts';
import { mapStage, rewrite, stageReads, stageWrites, visit } from '../ir/walk.ts';
import { widen } from '../../dsl/dtypes.ts';

type Producer = Stage & { readonly kind: 'map' | 'reduce' };
/** Decides whether the consumers of a temporary recompute it; only asked where that is legal. */
export type Policy = (producer: Producer, buffer: Buffer, readers: number) => boolean;

/** Replaces reads of temporaries by what they hold, where the policy wants it and always where no storage exists. */
export function inline(graph: StageGraph, policy: Policy): StageGraph {
  const fresh = freshNames(axisIds(graph.stages));
  let stages = graph.stages;
  for (const buffer of graph.buffers) {
    if (buffer.role !== 'temp') continue;
    const at = stages.findIndex((s) => stageWrites(s).includes(buffer.id));
    const producer = stages[at];
    const readers = stages.filter((s) => stageReads(s).some((r) => r.buf === buffer.id));
    if (producer === undefined || !canInline(producer, buffer, stages, readers)) {
      if (buffer.virtual === true) throw new Error(`internal: ${buffer.id} has no storage and cannot be inlined`);
      continue;
    }
    if (buffer.virtual !== true && !policy(producer, buffer, readers.length)) continue;
    const replace = (e: Expr): Expr =>
      rewrite(e, (x) => (x.kind === 'read' && x.buf === buffer.id ? expand(producer, buffer, x, fresh) : x));
    stages = stages.filter((_, k) => k !== at).map((s) => mapStage(s, replace));
  }
  const used = new Set(stages.flatMap((s) => [...stageWrites(s), ...stageReads(s).map((r) => r.buf)]));
  return { ...graph, stages, buffers: graph.buffers.filter((b) => b.role !== 'temp' || used.has(b.id)) };
}

function axisIds(stages: readonly Stage[]): readonly AxisId[] {
  return stages.flatMap((s) => {
    const out = s.axes.map((a) => a.id);
    mapStage(s, (e) => {
      visit(
        e,
        (x) =>
          void (x.kind === 'axis'
            ? out.push(x.id)
            : x.kind === 'reduce' && out.push(...x.reduce.over.map((a) => a.id))),
      );
      return e;
    });
    if (s.kind === 'recur') out.push(...axisIds(s.body));
    return out;
  });
}

/** A single producer at plain axes, and nothing it reads changes before its readers run. */
function canInline(p: Stage, buffer: Buffer, stages: readonly Stage[], readers: readonly Stage[]): p is Producer {
  if (p.kind !== 'map' && p.kind !== 'reduce') return false;
  if (stages.filter((s) => stageWrites(s).includes(buffer.id)).length !== 1) return false;
  const ids = p.out.index.map((e) => (e.kind === 'axis' ? e.id : undefined));
  const list = p.out.list?.kind === 'axis' ? p.out.list.id : undefined;
  if (p.out.list !== undefined && list === undefined) return false;
  if (ids.includes(undefined) || new Set(ids).size !== ids.length || p.out.field !== undefined) return false;
  if (!p.axes.every((a) => a.id === list || ids.includes(a.id))) return false;
  const from = stages.indexOf(p);
  const last = Math.max(from, ...readers.map((r) => stages.indexOf(r)));
  const changed = new Set(stages.slice(from + 1, last + 1).flatMap(stageWrites));
  return !stageReads(p).some((r) => changed.has(r.buf));
}

/** The value that a read of the producer's buffer yields, rounded as storing would round it. */
function expand(
  p: Producer,
  buffer: Buffer,
  read: Expr & { readonly kind: 'read' },
  fresh: (base: string) => string,
): Expr {
  const axes = new Map<AxisId, Expr>();
  p.out.index.forEach((e, k) => void (e.kind === 'axis' && axes.set(e.id, must(read.index[k], 'index'))));
  if (p.out.list?.kind === 'axis') axes.set(p.out.list.id, must(read.list, 'list index'));
  const type = widen(buffer.dtype);
  const raw = p.kind === 'map' ? p.value : reduceExpr(p.reduce, p.post?.type ?? foldType(p), p.post);
  const value = convert(type, substitute(raw, { axes }, fresh));
  return type === buffer.dtype ? value : cast('as', buffer.dtype, value);
}
const INDEX_OPS: ReadonlySet<string> = new Set(['count', 'argmax', 'argmin', 'first', 'lower', 'upper']);
const foldType = (p: Stage & { readonly kind: 'reduce' }): Expr['type'] =>
  INDEX_OPS.has(p.reduce.op) ? 'i64' : widen(p.reduce.acc);

/** Operations of an expression, loops counted by how deep they are: a measure of what recomputing costs. */
export function weight(e: Expr): number {
  let n = 0;
  visit(e, (x) => {
    if (x.kind === 'binary' || x.kind === 'unary' || x.kind === 'select') n += 1;
    else if (x.kind === 'call') n += 4;
    else if (x.kind === 'read') n += 2;
    else if (x.kind === 'reduce') n += 1000;
  });
  return n;
}
