import type { BufId, Buffer, Expr, Stage, StageGraph } from '../codegen/ir/stage.ts';
import { reads, stageExprs, visit } from '../codegen/ir/walk.ts';
import { isInt } from '../dsl/dtypes.ts';

/**
 * What the values of an input must satisfy, read off the graph: a test that breaks a precondition proves nothing, and one that never
 * leaves the usual range misses the guards.
 */
export type Role =
  /** Starts at 0, never falls. */
  | { readonly kind: 'offsets' }
  /** Selects along axes of these extents; `safe` if the graph bounds it, so that values beyond may be tried. */
  | { readonly kind: 'index'; readonly extents: readonly Expr[]; readonly safe: boolean }
  /** Searched by lower_bound or upper_bound: ascending along its last axis. */
  | { readonly kind: 'ascending' }
  /** Targets of `scatter unique`: distinct. */
  | { readonly kind: 'distinct'; readonly extent: Expr }
  | { readonly kind: 'data' };

/** The role of each input buffer. */
export function inputRoles(graph: StageGraph): ReadonlyMap<BufId, Role> {
  const buffers = new Map(graph.buffers.map((b) => [b.id, b]));
  const origin = copies(graph);
  const inputsOf = (e: Expr): readonly BufId[] => reads(e).flatMap((r) => [...(origin.get(r.buf) ?? [])]);
  const roles = new Map<BufId, Role>();
  const set = (id: BufId, role: Role): void => {
    const old = roles.get(id);
    if (old?.kind === 'offsets' || old?.kind === 'distinct') return;
    if (role.kind === 'index' && old?.kind === 'index') {
      roles.set(id, { kind: 'index', extents: [...old.extents, ...role.extents], safe: old.safe && role.safe });
    } else roles.set(id, role);
  };
  for (const b of graph.buffers) if (b.offsetsOf !== undefined) roles.set(b.id, { kind: 'offsets' });
  for (const stage of everyStage(graph.stages)) {
    for (const e of stageExprs(stage)) {
      visit(e, (x) => {
        if (x.kind === 'read') indexed(x.buf, x.index, x.unchecked !== true);
        if (x.kind === 'reduce' && isSearch(x.reduce.op))
          for (const id of inputsOf(x.reduce.body)) set(id, { kind: 'ascending' });
      });
    }
    if (stage.kind === 'reduce' && isSearch(stage.reduce.op))
      for (const id of inputsOf(stage.reduce.body)) set(id, { kind: 'ascending' });
    if (stage.kind === 'scatter') {
      const extent = buffers.get(stage.out.buf)?.shape[0];
      for (const i of stage.out.index) {
        for (const id of inputsOf(i)) {
          if (stage.op === 'unique' && extent !== undefined) roles.set(id, { kind: 'distinct', extent });
        }
      }
      if (stage.op !== 'unique') indexed(stage.out.buf, stage.out.index, true);
    }
  }
  function indexed(buf: BufId, index: readonly Expr[], safe: boolean): void {
    const target = buffers.get(buf);
    index.forEach((i, axis) => {
      const extent = target?.shape[axis];
      if (extent === undefined) return;
      for (const id of inputsOf(i)) {
        if (isInt(buffers.get(id)?.dtype ?? 'f32')) set(id, { kind: 'index', extents: [extent], safe });
      }
    });
  }
  const role = (b: Buffer): Role => roles.get(b.id) ?? { kind: 'data' };
  return new Map(graph.buffers.filter((b) => b.role === 'in' || b.role === 'inout').map((b) => [b.id, role(b)]));
}

const isSearch = (op: string): boolean => op === 'lower' || op === 'upper';

/** Every stage, those of recurrences included. */
export function everyStage(stages: readonly Stage[]): readonly Stage[] {
  return stages.flatMap((s) => (s.kind === 'recur' ? [s, ...everyStage(s.body)] : [s]));
}

/** For each buffer: the inputs that its integer values may be taken from, through maps that copy. */
function copies(graph: StageGraph): ReadonlyMap<BufId, ReadonlySet<BufId>> {
  const origin = new Map<BufId, Set<BufId>>();
  for (const b of graph.buffers) if (b.role === 'in' || b.role === 'inout') origin.set(b.id, new Set([b.id]));
  for (const stage of everyStage(graph.stages)) {
    if (stage.kind !== 'map' || !isInt(graph.buffers.find((b) => b.id === stage.out.buf)?.dtype ?? 'f32')) continue;
    const from = origin.get(stage.out.buf) ?? new Set<BufId>();
    for (const r of reads(stage.value)) for (const id of origin.get(r.buf) ?? []) if (isInt(r.dtype)) from.add(id);
    origin.set(stage.out.buf, from);
  }
  return origin;
}

/** Scalars that bound a loop or a shape: tests give them small values that are never negative. */
export function sizeScalars(graph: StageGraph): ReadonlySet<string> {
  const names = new Set<string>();
  const note = (e: Expr): void =>
    visit(e, (x) => {
      if (x.kind === 'scalar' && x.type !== 'f32' && x.type !== 'f64') names.add(x.name);
    });
  for (const b of graph.buffers) if (b.role !== 'temp') b.shape.forEach(note);
  for (const s of everyStage(graph.stages)) for (const a of s.axes) [a.lo, a.hi].forEach(note);
  return names;
}
