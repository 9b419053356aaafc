import { isFloat, widen } from '../../dsl/dtypes.ts';
import { cast, convert, binary, axisRef, all, reduceExpr } from '../ir/build.ts';
import { freshNames, sameExpr, substitute } from '../ir/rewrite.ts';
import type { BufId, Buffer, Expr, Reduce, Stage, StageGraph } from '../ir/stage.ts';
import { reduceType } from '../ir/verify.ts';
import { mapStage, placeExprs, reads, rewrite, stageExprs, stageReads, stageWrites, visit } from '../ir/walk.ts';
import type { Read } from '../ir/walk.ts';
import type { Reason } from '../space/space.ts';
import { share } from './share.ts';
import { simplify } from './simplify.ts';
import { unify } from './unify.ts';

/** A stage whose value at one element is an expression. */
export type Producer = Extract<Stage, { kind: 'map' | 'reduce' | 'scan' }>;
/** Whether the readers of a temporary compute its elements themselves. Asked only where that is legal. */
export type Wants = (producer: Producer, buffer: Buffer, readers: readonly Stage[]) => boolean;
export type Inlined =
  { readonly ok: true; readonly graph: StageGraph } | { readonly ok: false; readonly reasons: readonly Reason[] };

/**
 * Replaces reads of temporaries by what they hold, rounded as storing rounds; folds become `reduce` expressions, and what a reader uses more than
 * once is named by a `let`. Contract: every result keeps its value. Temporaries without storage must go, so those that cannot are the reasons.
 */
export function inline(graph: StageGraph, wants: Wants): Inlined {
  const reasons: Reason[] = [];
  const go = (stages: readonly Stage[]): readonly Stage[] => {
    let list = stages;
    for (const p of stages) {
      if (p.kind === 'recur') {
        list = list.map((s) => (s.id === p.id && s.kind === 'recur' ? { ...s, body: go(s.body) } : s));
        continue;
      }
      for (const id of stageWrites(p)) {
        const buffer = graph.buffers.find((b) => b.id === id);
        if (buffer?.role !== 'temp') continue;
        const done = attempt(list, p.id, buffer, wants);
        if (typeof done !== 'string') list = done;
        else if (buffer.virtual === true && !reasons.some((r) => r.message.startsWith(`${id} `)))
          reasons.push({ code: 'inline', message: `${id} has no storage and cannot be inlined: ${done}`, params: [] });
      }
    }
    return list;
  };
  const stages = go(graph.stages);
  if (reasons.length > 0) return { ok: false, reasons };
  const used = new Set(stages.flatMap((s) => [...stageWrites(s), ...stageReads(s).map((r) => r.buf)]));
  return {
    ok: true,
    graph: { ...graph, stages, buffers: graph.buffers.filter((b) => b.role !== 'temp' || used.has(b.id)) },
  };
}

/** A graph in which every temporary has storage. */
export const inlineVirtual = (graph: StageGraph): Inlined => inline(graph, (_p, b) => b.virtual === true);

/**
 * Readers of what is laid out like a ragged result compute its elements by themselves where that is a matter of single elements: the caller may
 * have made room for fewer. Contract: every result keeps its value, and where room is short those that do not depend on it still have theirs.
 */
export function recomputeLimited(graph: StageGraph): StageGraph {
  let { stages } = graph;
  const cheap: Wants = (p) => p.kind === 'map' && reads(p.value).length <= 8;
  for (const buffer of graph.buffers) {
    if (buffer.capacity === undefined || (buffer.role !== 'out' && buffer.role !== 'temp')) continue;
    const p = stages.find((s) => s.kind === 'map' && s.out.buf === buffer.id);
    const done = p === undefined ? '' : attempt(stages, p.id, buffer, cheap, buffer.role === 'out');
    if (typeof done !== 'string') stages = done;
  }
  return { ...graph, stages };
}

/** The stages with one temporary inlined, or why that cannot be. */
function attempt(
  stages: readonly Stage[],
  id: string,
  buffer: Buffer,
  wants: Wants,
  keep = false,
): readonly Stage[] | string {
  const at = stages.findIndex((s) => s.id === id);
  const p = stages[at];
  if (p === undefined || (p.kind !== 'map' && p.kind !== 'reduce' && p.kind !== 'scan'))
    return 'it is not the value of an expression';
  if (stages.some((s) => s !== p && stageWrites(s).includes(buffer.id))) return 'it is written in pieces';
  if (stageReads(p).some((r) => r.buf === buffer.id)) return 'it depends on itself';
  const readers = stages.filter((s) => stageReads(s).some((r) => r.buf === buffer.id));
  if (!(buffer.virtual === true || wants(p, buffer, readers))) return 'it was not asked for';
  const out: Stage[] = [];
  for (const [k, s] of stages.entries()) {
    if (s === p && !keep) continue;
    if (!readers.includes(s)) {
      out.push(s);
      continue;
    }
    const next = replaced(p, buffer, s);
    if (next === undefined) return `${s.name} reads it at an index that cannot be traced back`;
    if (overwritten(p, next, stages.slice(at + 1, k))) return `${s.name} would read what has been overwritten by then`;
    out.push(next);
  }
  return out;
}

/** True where something that `p` reads changes before the reader runs, or in the reader at another element. */
function overwritten(p: Producer, reader: Stage, between: readonly Stage[]): boolean {
  const inputs = new Set(stageReads(p).map((r) => r.buf));
  if (between.some((s) => stageWrites(s).some((w) => inputs.has(w)))) return true;
  const own = stageWrites(reader).filter((w) => inputs.has(w));
  if (own.length === 0) return false;
  if (reader.kind !== 'map') return true;
  return reads(reader.value).some((r) => own.includes(r.buf) && !sameElement(r, reader));
}
const sameElement = (r: Read, s: Extract<Stage, { kind: 'map' }>): boolean =>
  r.index.every((e, k) => sameExpr(e, s.out.index[k] ?? e)) &&
  (r.list === undefined || s.out.list === undefined || sameExpr(r.list, s.out.list));

function replaced(p: Producer, buffer: Buffer, s: Stage): Stage | undefined {
  const fresh = freshNames(namesIn(s));
  let failed = false;
  const one = (e: Expr): Expr =>
    rewrite(e, (x) => {
      if (x.kind !== 'read' || x.buf !== buffer.id || failed) return x;
      const value = expand(p, buffer, x, fresh);
      if (value === undefined) failed = true;
      return value ?? x;
    });
  // Two equal reads become two equal copies, so names are made per copy and then shared.
  const next = mapStage(s, (e) => (readsOf(e, buffer.id) ? tidy(one(e), fresh) : e));
  return failed ? undefined : next;
}
/** Names what became common, drops names of names, and names again what this made equal. */
const tidy = (e: Expr, fresh: (base: string) => string): Expr => share(simplify(share(e, fresh)), fresh);
const readsOf = (e: Expr, id: BufId): boolean => reads(e).some((r) => r.buf === id);

/** The value that a read of the producer's buffer yields. */
function expand(p: Producer, buffer: Buffer, x: Read, fresh: (base: string) => string): Expr | undefined {
  const index = [...(x.list === undefined ? [] : [x.list]), ...x.index];
  const axes = unify(placeExprs(p.out), index, p.axes);
  if (axes === undefined) return undefined;
  const type = widen(buffer.dtype);
  const value = convert(type, substitute(valueOf(p), { axes }, fresh));
  // A result is read as it was stored; between temporaries of full width products and sums may contract.
  const stored = type !== buffer.dtype || (buffer.role === 'out' && isFloat(buffer.dtype));
  return stored ? cast('as', buffer.dtype, value) : value;
}
function valueOf(p: Producer): Expr {
  if (p.kind === 'map') return p.value;
  if (p.kind === 'reduce') return reduceExpr(p.reduce, p.post?.type ?? reduceType(p.reduce), p.post);
  const place = binary(p.compare, axisRef(p.along.id), axisRef(p.at));
  const when = all([place, ...(p.when === undefined ? [] : [p.when])]);
  const reduce: Reduce = { op: p.monoid, acc: p.acc, over: [p.along], when, body: p.body };
  return reduceExpr(reduce, reduceType(reduce));
}

/** Loops and vars that a stage mentions or binds. */
function namesIn(s: Stage): readonly string[] {
  const out = s.axes.map((a) => a.id);
  const note = (e: Expr): void =>
    visit(e, (x) => {
      if (x.kind === 'axis' || x.kind === 'let' || x.kind === 'var') out.push(x.id);
      if (x.kind === 'reduce') out.push(...x.reduce.over.map((a) => a.id));
    });
  stageExprs(s).forEach(note);
  if (s.kind === 'reduce') out.push(...s.reduce.over.map((a) => a.id));
  if (s.kind === 'scan') out.push(s.along.id);
  if (s.kind === 'pack') out.push(s.from.id);
  if (s.kind === 'select') out.push(s.along.id, s.slot.id);
  if (s.kind === 'recur') out.push(s.step.id, ...s.body.flatMap(namesIn));
  return out;
}
