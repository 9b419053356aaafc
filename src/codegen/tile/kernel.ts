import type { DType, ValueType } from '../../dsl/dtypes.ts';
import { ix } from '../ir/build.ts';
import type { Axis, BufId, Expr, Stage } from '../ir/stage.ts';
import { printExpr, printPlace, printStage } from '../ir/print.ts';
import { reads, stageExprs, stageReads } from '../ir/walk.ts';
import * as t from '../ir/tile-build.ts';
import type { Level, Ref, TileOp, Val } from '../ir/tile.ts';
import type { PlanNode } from '../plan/plan.ts';
import { countUses, dependsOn } from './affine.ts';
import type { Rows } from './affine.ts';
import { wholeSteps } from './fold.ts';
import type { RowVector } from './fold.ts';
import { boundsOf, guarded, loop, loopOver } from './loops.ts';
import { bind, branched, valueOf, withLane } from './scope.ts';
import type { Scope } from './scope.ts';
import { lowerPoint } from './stages.ts';
import { lowerOffsets, lowerPack, lowerScan, lowerScatter, lowerSelect } from './sweeps.ts';
import { inLanes, lanesFor, resultType, rowInLanes } from './vectorise.ts';
import type { Schedule } from './vectorise.ts';

/** What lowering of a kernel needs besides scopes. */
export interface KernelState {
  readonly schedule: Schedule;
  /** Arrays that the kernel's own code needs: made on demand. */
  readonly scratch: (base: string, dtype: ValueType, size: Expr) => string;
  /** The array that a state is written to during a step, its own, and their length. */
  readonly shadow: (state: BufId) => {
    readonly from: string;
    readonly to: string;
    readonly dtype: DType;
    readonly size: Expr;
  };
  /** Results that no later stage reads. */
  readonly last: ReadonlySet<string>;
}

/** Loop nests and stages of a plan node. */
export function lowerNodes(nodes: readonly PlanNode[], s: Scope, k: KernelState, level?: Level): void {
  for (const n of nodes) lowerNode(n, s, k, level);
}

function lowerNode(n: PlanNode, s: Scope, k: KernelState, level?: Level): void {
  switch (n.kind) {
    case 'leaf':
      return lowerLeaf(n.stage, s, k);
    case 'loop': {
      const leaves = n.body.flatMap((c) => (c.kind === 'leaf' ? [c.stage] : []));
      const lanes = leaves.length === n.body.length ? lanesOf(leaves, n.axis, k.schedule, s.cx.buffer) : undefined;
      if (lanes !== undefined) return vectorLoop(n.axis, leaves, lanes, s, k, level);
      const body = (inner: Scope): void => lowerNodes(n.body, inner, k);
      if (level?.kind !== 'part') return loop(n.axis, s, body, level);
      const [lo, hi] = partRange(n.axis, ...boundsOf(n.axis, s), 1, s);
      return loopOver(n.axis, lo, hi, 1, s, body, level);
    }
    case 'recur':
      return loop(n.step, s, (inner) => {
        lowerNodes(n.body, inner, k);
        for (const state of n.states) commit(k.shadow(state), inner);
      });
    default:
      return n satisfies never;
  }
}

/** The step's values become the state. */
function commit(state: ReturnType<KernelState['shadow']>, s: Scope): void {
  const start = (array: string): Ref => ({ array, index: t.int(0) });
  s.block.ops.push({
    kind: 'copy',
    to: start(state.to),
    from: start(state.from),
    dtype: state.dtype,
    count: valueOf(state.size, s),
    vector: 1,
    async: false,
  });
}

/** Lanes for a loop whose stages are all pointwise along it; undefined where it stays scalar. */
function lanesOf(stages: readonly Stage[], axis: Axis, schedule: Schedule, buffer: Rows): number | undefined {
  if (schedule.bytes === 0 || !stages.every((x) => inLanes(x, axis.id, buffer))) return undefined;
  const lanes = lanesFor(stages.map(resultType), schedule.bytes);
  return lanes > 1 ? lanes : undefined;
}

function vectorLoop(
  axis: Axis,
  stages: readonly Stage[],
  lanes: number,
  s: Scope,
  k: KernelState,
  level?: Level,
): void {
  const run = (scopes: readonly Scope[]): void => {
    for (const stage of stages) lowerOne(stage, scopes, k);
  };
  for (const stage of stages) note(stage, s.block.ops);
  const [lo, hi] = boundsOf(axis, s);
  // Parts own contiguous ranges of the axis; each has whole vectors first and its own rest.
  const [from, to] = level?.kind === 'part' ? partRange(axis, lo, hi, lanes * k.schedule.unroll, s) : [lo, hi];
  let at = from;
  for (const count of k.schedule.unroll > 1 ? [k.schedule.unroll, 1] : [1]) {
    const step = lanes * count;
    const end = bind(s, `${axis.name}_end`, wholeSteps(at, to, step));
    loopOver(axis, at, end, step, s, (inner, pos) => run(points(inner, pos, axis, lanes, count)), {
      kind: 'vector',
      lanes,
    });
    at = end;
  }
  loopOver(axis, at, to, 1, s, (inner) => run([inner]));
}
/** Views of one step of a vector loop: vector u has the lanes pos + u·lanes and on. */
const points = (inner: Scope, pos: Val, axis: Axis, lanes: number, count: number): readonly Scope[] =>
  Array.from({ length: count }, (_, u) => ({
    ...withLane(branched(inner), { axis: axis.id, lanes, base: t.add(pos, t.int(u * lanes)) }),
    registers: new Map(inner.registers),
  }));
/** The range of this part: bounds are multiples of `step` from `lo`, so that only the last part has a rest. */
function partRange(axis: Axis, lo: Val, hi: Val, step: number, s: Scope): readonly [Val, Val] {
  const part = t.name('part');
  const parts = t.name('parts');
  const steps = bind(
    s,
    'steps',
    step === 1 ? t.sub(hi, lo) : t.binary('div', t.add(t.sub(hi, lo), t.int(step - 1)), t.int(step)),
  );
  const edge = (p: Val): Val => {
    const at = t.add(lo, t.mul(t.binary('div', t.mul(steps, p), parts), t.int(step)));
    return step === 1 ? at : t.call('min', [at, hi], 'i64');
  };
  return [bind(s, `${axis.name}_lo`, edge(part)), bind(s, `${axis.name}_hi`, edge(t.add(part, t.int(1))))];
}

const withUses = (stage: Stage, s: Scope): Scope => ({ ...s, uses: countUses(stageExprs(stage), s.cx.intern) });

function lowerOne(stage: Stage, scopes: readonly Scope[], k: KernelState, row?: RowVector): void {
  if (stage.kind !== 'map' && stage.kind !== 'reduce') throw new Error('internal: not a pointwise stage');
  const stream = k.schedule.stream && k.last.has(stage.out.buf);
  lowerPoint(
    stage,
    scopes.map((s) => withUses(stage, s)),
    row,
    stream,
  );
}

function note(stage: Stage, ops: TileOp[]): void {
  ops.push({ kind: 'note', text: remarkOf(stage), span: stage.span });
}
/** The stage in one line. */
function remarkOf(stage: Stage): string {
  const text =
    stage.kind === 'map'
      ? `${printPlace(stage.out)} = ${printExpr(stage.value)}`
      : printStage(stage, '')
          .replace(/\s*\n\s*/g, ' ')
          .trim();
  return text.length > 110 ? `${text.slice(0, 109)}…` : text;
}

function rowFor(stage: Stage, schedule: Schedule, buffer: Rows): RowVector | undefined {
  if (stage.kind !== 'reduce' || schedule.bytes === 0 || !rowInLanes(stage.reduce, buffer)) return undefined;
  const lanes = lanesFor([stage.reduce.op === 'count' ? 'i64' : stage.reduce.body.type], schedule.bytes);
  return lanes > 1 ? { lanes, unroll: schedule.accumulators } : undefined;
}

function lowerLeaf(stage: Stage, s0: Scope, k: KernelState): void {
  note(stage, s0.block.ops);
  if (stage.kind === 'map' || stage.kind === 'reduce')
    return lowerOne(stage, [s0], k, rowFor(stage, k.schedule, s0.cx.buffer));
  const s = withUses(stage, s0);
  switch (stage.kind) {
    case 'scan':
      return lowerScan(stage, s);
    case 'scatter':
      return lowerScatter(stage, s);
    case 'offsets':
      return lowerOffsets(stage, s);
    case 'pack':
      return lowerPack(stage, s);
    case 'select': {
      const size = rowBound(stage, s);
      const scratch = {
        keys: k.scratch('keys', stage.body.type, size),
        order: k.scratch('order', 'i64', size),
        spare: k.scratch('spare', 'i64', size),
      };
      return guarded(stage.where, s, (inner) => lowerSelect(stage, inner, scratch));
    }
    case 'recur':
      throw new Error('internal: a recurrence is not a leaf');
    default:
      return stage satisfies never;
  }
}

/** Elements that a selected row has at most: its extent, or where that moves with the row all of what it reads. */
function rowBound(stage: Stage & { readonly kind: 'select' }, s: Scope): Expr {
  const { lo, hi, id } = stage.along;
  if (stage.axes.every((a) => !dependsOn(hi, a.id) && !dependsOn(lo, a.id))) return hi;
  const row = reads(stage.body).find((r) => r.index.some((e) => dependsOn(e, id)));
  if (row === undefined) throw new Error('internal: a selection over rows that it does not read');
  return ix.product(s.cx.buffer(row.buf).shape);
}

/** Results that stages do not read after they were written. */
export function unread(stages: readonly Stage[]): ReadonlySet<string> {
  const read = new Set(stages.flatMap((x) => stageReads(x).map((r) => r.buf)));
  return new Set(
    stages.flatMap((x) => (x.kind === 'map' || x.kind === 'reduce' ? [x.out.buf] : [])).filter((b) => !read.has(b)),
  );
}
