import type { BufId, Buffer, Expr, Stage, StageGraph } from '../../codegen/ir/stage.ts';
import { stageWrites } from '../../codegen/ir/walk.ts';
import type { Scalar } from '../../codegen/numeric/tensor.ts';
import { must } from '../../assert.ts';
import type { FaultLog } from './compile.ts';
import { instantiate, newEmitter } from './compile.ts';
import type { Surroundings } from './emit/code.ts';
import { rowLayout } from './emit/spot.ts';
import { intLit } from './emit/code.ts';
import { inlineValue } from './emit/inline.ts';
import type { Memory, RowLayout } from './memory.ts';
import { allocate } from './memory.ts';

/** One evaluation in progress. */
export interface Run {
  readonly graph: StageGraph;
  readonly bounds: boolean;
  readonly dims: ReadonlyMap<string, number | readonly number[]>;
  readonly scalars: ReadonlyMap<string, Scalar>;
  readonly buffers: ReadonlyMap<BufId, Buffer>;
  readonly writers: ReadonlyMap<BufId, readonly Stage[]>;
  /** What reads see, and where stores go: two memories for `inout` and for the states of a recurrence. */
  readonly reading: Map<BufId, Memory>;
  readonly writing: Map<BufId, Memory>;
  readonly log: FaultLog;
  /** Set while sampling: how to make an element of a temporary available. */
  demand?: Surroundings['demand'];
}

export function flatStages(stages: readonly Stage[]): readonly Stage[] {
  return stages.flatMap((s) => (s.kind === 'recur' ? [s, ...flatStages(s.body)] : [s]));
}
export function writersOf(graph: StageGraph): ReadonlyMap<BufId, readonly Stage[]> {
  const out = new Map<BufId, Stage[]>();
  for (const s of flatStages(graph.stages)) {
    if (s.kind === 'recur') continue;
    for (const b of stageWrites(s)) out.set(b, [...(out.get(b) ?? []), s]);
  }
  return out;
}

/** Buffers are allocated when first touched: by then the offsets that their shapes read are there. */
export function memoryOf(run: Run, id: BufId, use: 'read' | 'write'): Memory {
  const table = use === 'read' ? run.reading : run.writing;
  const known = table.get(id);
  if (known !== undefined) return known;
  const b = must(run.buffers.get(id), `buffer ${id}`);
  const m = allocate(b, shapesOf(run, b), rowsOf(run, b));
  for (const t of [run.reading, run.writing]) if (!t.has(id)) t.set(id, m);
  return m;
}
/** Layout of a buffer of packed rows. */
export function rowsOf(run: Run, b: Buffer): RowLayout | undefined {
  return b.row === undefined ? undefined : rowLayout(newEmitter(surroundings(run), 'rows', false), b);
}
/** Shapes of a buffer, one per list element. */
export function shapesOf(run: Run, b: Buffer): readonly (readonly number[])[] {
  if (b.list === undefined) return [b.shape.map((e) => Math.max(0, sizeOf(run, e)))];
  const { elem, count } = b.list;
  return Array.from({ length: sizeOf(run, count) }, (_, l) =>
    b.shape.map((e) => Math.max(0, sizeOf(run, e, { axis: elem, at: l }))),
  );
}

/** Value of an integer or boolean expression without axes (booleans as 0 and 1). */
export function sizeOf(run: Run, e: Expr, element?: { readonly axis: string; readonly at: number }): number {
  const em = newEmitter(surroundings(run), 'size', false);
  if (element !== undefined) {
    const v = intLit(em, BigInt(element.at), 'i64');
    em.axes.set(element.axis, v);
    em.element = v;
  }
  const v = em.expr(em, e);
  if (v.rep === 'int' && v.lo === v.hi) return v.lo;
  if (v.rep === 'bool' && (v.v === 'true' || v.v === 'false')) return v.v === 'true' ? 1 : 0;
  em.block.lines.push(
    `return ${v.rep === 'wide' ? (v.type === 'i64' ? `${v.h} * 4294967296 + (${v.l} >>> 0)` : `(${v.h} >>> 0) * 4294967296 + (${v.l} >>> 0)`) : v.v};`,
  );
  return Number(instantiate(em, [], run.log)());
}

export function surroundings(run: Run): Surroundings {
  return {
    dim: (id) => {
      const v = run.dims.get(id);
      if (typeof v !== 'number') throw new Error(`internal: dim ${id} has no value`);
      return v;
    },
    dimList: (id) => {
      const v = run.dims.get(id);
      return typeof v === 'object' ? v : undefined;
    },
    scalar: (name) => must(run.scalars.get(name), `scalar ${name}`),
    memory: (id, use) => memoryOf(run, id, use),
    ...(run.demand === undefined ? {} : { demand: run.demand }),
    inline: (em, read, index) => {
      const b = must(run.buffers.get(read.buf), `buffer ${read.buf}`);
      return b.virtual === true ? inlineValue(em, run.writers.get(b.id) ?? [], b.dtype, index) : undefined;
    },
    site: (stage, buf) => {
      const at = run.log.sites.findIndex((s) => s.stage === stage && s.buf === buf);
      return at >= 0 ? at : run.log.sites.push({ stage, buf }) - 1;
    },
  };
}
