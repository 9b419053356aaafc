import { must } from '../../assert.ts';
import { DTYPES, widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { ix } from '../ir/build.ts';
import type { Axis, BufId, Expr, Place, Stage } from '../ir/stage.ts';
import { keyOf } from '../ir/rewrite.ts';
import { printExpr, printPlace, printStage } from '../ir/print.ts';
import { children, reads, stageExprs, stageReads } from '../ir/walk.ts';
import * as t from '../ir/tile-build.ts';
import type { Level, Ref, TileOp, Val } from '../ir/tile.ts';
import type { Read } from '../ir/walk.ts';
import { stagesOf } from '../plan/plan.ts';
import type { PlanNode } from '../plan/plan.ts';
import { countUses, dependsOn } from './affine.ts';
import type { Rows } from './affine.ts';
import type { RowVector } from './fold.ts';
import { divisorOf } from './facts.ts';
import { foldsHalves, mapsHalves } from './halves.ts';
import { blockLanes, boundsOf, guarded, loop, loopOver, sweep, wholeSteps } from './loops.ts';
import { tighten } from './tighten.ts';
import { nextRows, prefetchRows } from './prefetch.ts';
import { bind, branched, laneAt, valueOf, withLane } from './scope.ts';
import type { Scope } from './scope.ts';
import { lowerScanBlock } from './block-scan.ts';
import { lowerScanLanes, scansInLanes } from './scan.ts';
import { lowerPoint } from './stages.ts';
import { lowerOffsets, lowerPack, lowerScan, lowerScatter, lowerSelect } from './sweeps.ts';
import { inLanes, isAlone, lanesFor, resultType, rowInLanes } from './vectorise.ts';
import type { Schedule } from './vectorise.ts';

/** What lowering of a kernel needs besides scopes. */
export interface KernelState {
  readonly schedule: Schedule;
  /** Arrays that the kernel's own code needs: made on demand. */
  readonly scratch: (base: string, dtype: DType, size: Expr) => string;
  /** Arrays of so many elements that the lanes of a block share. */
  readonly shared: (base: string, dtype: DType, count: number) => string;
  /** The array that a state is written to during a step, its own, and their length. */
  readonly shadow: (state: BufId) => {
    readonly from: string;
    readonly to: string;
    readonly dtype: DType;
    readonly size: Expr;
  };
  /** Results that no later stage reads. */
  readonly last: ReadonlySet<string>;
  /** Buffers in memory through which stages of the kernel pass values on: where lanes of a block share work, they wait for each other around stores to these. */
  readonly exchanged: ReadonlySet<string>;
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
      const bounded = level === undefined ? boundedLoop(n) : n;
      if (bounded !== n) return lowerNode(bounded, s, k, level);
      const pass = vectorPass(n, s, k);
      if (pass !== undefined) return vectorLoop(pass, s, k, level);
      const body = (inner: Scope): void => rowPasses(n.axis, n.body, inner, k);
      // A block takes a whole iteration, its lanes what lies inside.
      const own: Level | undefined =
        level?.kind === 'grid' && k.schedule.block !== undefined ? { ...level, flat: false } : level;
      if (level?.kind !== 'part') return loop(n.axis, s, body, own);
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

/** A loop whose stages share a condition that bounds it runs over the bounds instead and asks nothing. */
function boundedLoop(n: PlanNode & { readonly kind: 'loop' }): PlanNode {
  const leaves = n.body.flatMap((c) =>
    c.kind === 'leaf' && (c.stage.kind === 'map' || c.stage.kind === 'reduce') ? [c.stage] : [],
  );
  const where = leaves[0]?.where;
  if (where === undefined || leaves.length !== n.body.length) return n;
  const key = keyOf(where);
  if (!leaves.every((x) => x.where !== undefined && keyOf(x.where) === key)) return n;
  const tight = tighten(n.axis, where, (id) => id !== n.axis.id);
  if (tight.axis.lo === n.axis.lo && tight.axis.hi === n.axis.hi) return n;
  const body = leaves.map((x): PlanNode => {
    const { where: _where, ...rest } = x;
    return { kind: 'leaf', stage: tight.when === undefined ? rest : { ...rest, where: tight.when } };
  });
  return { kind: 'loop', axis: tight.axis, body };
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
  const all = stages.every((x) => inLanes(x, axis.id, buffer, schedule.products));
  // A lane of a block may do by itself whatever is one value a point.
  if (!all) return schedule.block !== undefined && stages.every((x) => isAlone(x, buffer)) ? 1 : undefined;
  const lanes = lanesFor(stages.map(resultType), schedule.bytes);
  return lanes > 1 || schedule.block !== undefined ? lanes : undefined;
}

/** A loop whose stages all run in vectors along its axis. */
interface VectorPass {
  readonly axis: Axis;
  readonly stages: readonly Stage[];
  readonly lanes: number;
}
function vectorPass(
  { axis, body }: PlanNode & { readonly kind: 'loop' },
  s: Scope,
  k: KernelState,
): VectorPass | undefined {
  const stages = body.flatMap((c) => (c.kind === 'leaf' ? [c.stage] : []));
  if (stages.length < body.length) return undefined;
  const lanes = lanesOf(stages, axis, k.schedule, s.cx.buffer);
  return lanes === undefined ? undefined : { axis, stages, lanes };
}

/** The passes over one row; one of them asks for the start of the next row. */
function rowPasses(axis: Axis, nodes: readonly PlanNode[], s: Scope, k: KernelState): void {
  const passes = nodes.map((n) => (n.kind === 'loop' ? vectorPass(n, s, k) : undefined));
  const asks = k.schedule.prefetch === 0 ? -1 : askingPass(passes.map((p) => p?.stages));
  nodes.forEach((n, at) => {
    const pass = passes[at];
    if (at !== asks || pass === undefined) return lowerNode(n, s, k);
    const next = { axis: axis.id, rows: nextRows(nodes.flatMap(stagesOf), axis.id, s) };
    return vectorLoop(pass, s, k, undefined, next);
  });
}

const LONG_CALLS: ReadonlySet<string> = new Set('exp exp2 expm1 log log2 log1p tanh erf sin cos pow'.split(' '));
/**
 * The pass that computes most, since the memory is idle there: the last one after the first that calls a long function, else the last one, whose
 * stores compete with the lines asked for.
 */
function askingPass(passes: readonly (readonly Stage[] | undefined)[]): number {
  const calls = (e: Expr): boolean => (e.kind === 'call' && LONG_CALLS.has(e.fn)) || children(e).some(calls);
  const computes = passes.findLastIndex((p, at) => at > 0 && p?.some((x) => stageExprs(x).some(calls)));
  return computes < 0 ? passes.length - 1 : computes;
}

/** Rows that a pass prefetches, and the loop whose next iteration reads them. */
interface NextRows {
  readonly axis: string;
  readonly rows: readonly Read[];
}

function vectorLoop(
  { axis, stages, lanes }: VectorPass,
  s: Scope,
  k: KernelState,
  level?: Level,
  next?: NextRows,
): void {
  const run = (scopes: readonly Scope[]): void => {
    for (const stage of stages) lowerOne(stage, scopes, k);
  };
  for (const stage of stages) note(stage, s.block.ops);
  const [lo, hi] = boundsOf(axis, s);
  if (k.schedule.block !== undefined) {
    const own: Level = level?.kind === 'grid' ? { ...level, flat: true } : { kind: 'lane' };
    const taken = blockLanes(
      axis,
      lanes,
      s,
      stages.flatMap(stageExprs),
      stages.flatMap((x) => (x.kind === 'map' || x.kind === 'reduce' ? [x.out] : [])),
    );
    const step = (inner: Scope, pos: Val): void =>
      run(
        (taken > 1 ? points(inner, pos, axis, taken, 1, false) : [inner]).map((x) => ({
          ...x,
          inLane: true,
        })),
      );
    const walk = (): void => loopOver(axis, lo, hi, taken, s, step, own);
    return level === undefined ? passing(stages, s, k, walk) : walk();
  }
  // Parts own contiguous ranges of the axis; each has whole vectors first and its own rest.
  const [from, to] = level?.kind === 'part' ? partRange(axis, lo, hi, lanes * k.schedule.unroll, s) : [lo, hi];
  const halves = k.schedule.halves && stages.every((x) => mapsHalves(x, axis.id, s.cx));
  const step = (inner: Scope, pos: Val, count: number): void => run(points(inner, pos, axis, lanes, count, halves));
  const { unroll, prefetch } = k.schedule;
  const width = Math.max(...(next?.rows ?? []).map((r) => DTYPES[r.dtype].bytes), 0);
  const near = width === 0 ? 0 : Math.floor(prefetch / width / (lanes * unroll)) * lanes * unroll;
  if (next === undefined || near === 0) return sweep(axis, from, to, lanes, unroll, s, step, (inner) => run([inner]));
  // The beginning of the row in a loop of its own, so that neither loop decides anything.
  const whole = divisorOf(axis.hi, s.cx.facts) % (lanes * unroll) === 0 ? to : wholeSteps(from, to, lanes * unroll);
  const edge = bind(s, `${axis.name}_near`, t.call('min', [t.add(from, t.int(near)), whole], 'i64'));
  const level1: Level = { kind: 'vector', lanes };
  loopOver(
    axis,
    from,
    edge,
    lanes * unroll,
    s,
    (inner, pos) => {
      prefetchRows(next.rows, next.axis, pos, lanes * unroll, inner);
      step(inner, pos, unroll);
    },
    level1,
  );
  sweep(axis, edge, to, lanes, unroll, s, step, (inner) => run([inner]));
}
/** Code of stages between barriers where other lanes may read what they store, or may still read what they overwrite. */
function passing(stages: readonly Stage[], s: Scope, k: KernelState, code: () => void): void {
  const around: readonly TileOp[] = written(stages).some((b) => k.exchanged.has(b))
    ? [{ kind: 'barrier', within: 'block' }]
    : [];
  s.block.ops.push(...around);
  code();
  s.block.ops.push(...around);
}

/** Views of one step of a vector loop: vector u has the lanes pos + u·lanes and on. */
const points = (inner: Scope, pos: Val, axis: Axis, lanes: number, count: number, halves: boolean): readonly Scope[] =>
  Array.from({ length: count }, (_, u) => ({
    ...withLane(branched(inner), laneAt(axis.id, lanes, pos, u, halves && count % 2 === 0)),
    registers: new Map(inner.registers),
    shared: count > 1,
  }));
/** The range of this part: bounds are multiples of `step` from `lo`, so that only the last part has a rest. */
export function partRange(axis: Axis, lo: Val, hi: Val, step: number, s: Scope): readonly [Val, Val] {
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

/** The scope for one stage: what it uses several times is worth a name. */
export const withUses = (stage: Stage, s: Scope): Scope => ({ ...s, uses: countUses(stageExprs(stage), s.cx.intern) });

function lowerOne(stage: Stage, scopes: readonly Scope[], k: KernelState, row?: RowVector): void {
  if (stage.kind !== 'map' && stage.kind !== 'reduce') throw new Error('internal: not a pointwise stage');
  const stream = k.schedule.stream && k.last.has(stage.out.buf) && canStream(stage.out, must(scopes[0], 'scope'));
  const [only] = scopes;
  // Outside of lane loops all lanes of a block compute the same value; one of them stores it.
  if (k.schedule.block !== undefined && only !== undefined && only.inLane !== true) {
    return passing([stage], only, k, () =>
      lowerPoint(stage, [{ ...withUses(stage, only), storing: 'first lane' }], row, false),
    );
  }
  lowerPoint(
    stage,
    scopes.map((s) => withUses(stage, s)),
    row,
    stream,
  );
}

/** True if whole vectors of a result lie at multiples of their size: the lane axis counts from 0, and rows are whole vectors. */
export function canStream(out: Place, s: Scope): boolean {
  const b = s.cx.buffer(out.buf);
  const { lane } = s;
  const last = out.index.at(-1);
  if (lane === undefined || last?.kind !== 'axis' || last.id !== lane.axis || !s.ends.has(lane.axis)) return false;
  const lanes = lane.lanes * (lane.half === undefined ? 1 : 2);
  if (lanes * DTYPES[b.dtype].bytes < 16 || b.list !== undefined || b.row !== undefined) return false;
  if (b.role === 'temp' || b.capacity !== undefined) return false;
  s.cx.wishes.aligned.add(b.id);
  const row = must(b.shape.at(-1), 'extent');
  return s.cx.facts.aligned.has(b.id) && (b.shape.length === 1 || divisorOf(row, s.cx.facts) % lanes === 0);
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

function rowFor(stage: Stage, schedule: Schedule, s: Scope): RowVector | undefined {
  const across = schedule.block === undefined ? 'vector' : 'block';
  if (stage.kind !== 'reduce' || (schedule.bytes === 0 && across === 'vector')) return undefined;
  if (!rowInLanes(stage.reduce, s.cx.buffer)) return undefined;
  const lanes = lanesFor([stage.reduce.op === 'count' ? 'i64' : stage.reduce.body.type], schedule.bytes);
  if (across === 'block') return { lanes, unroll: 1, halves: false, across };
  const halves = schedule.halves && foldsHalves(stage.reduce, s.cx);
  return lanes > 1 ? { lanes, unroll: schedule.accumulators, halves, across } : undefined;
}

function lowerLeaf(stage: Stage, s0: Scope, k: KernelState): void {
  note(stage, s0.block.ops);
  if (stage.kind === 'map' || stage.kind === 'reduce') return lowerOne(stage, [s0], k, rowFor(stage, k.schedule, s0));
  const s = withUses(stage, s0);
  switch (stage.kind) {
    case 'scan': {
      const { block } = k.schedule;
      if (block !== undefined) return passing([stage], s, k, () => lowerScanBlock(stage, s, block));
      if (!scansInLanes(stage, s.cx.buffer)) return lowerScan(stage, s);
      const lanes = lanesFor([stage.body.type, widen(stage.acc)], k.schedule.bytes);
      if (lanes < 2) return lowerScan(stage, s);
      const stream = (view: Scope): boolean =>
        k.schedule.stream && k.last.has(stage.out.buf) && canStream(stage.out, view);
      return lowerScanLanes(stage, s, { lanes, unroll: k.schedule.unroll }, stream);
    }
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

/** Buffers that maps, folds and scans write. */
const written = (stages: readonly Stage[]): readonly BufId[] =>
  stages.flatMap((x) => (x.kind === 'map' || x.kind === 'reduce' || x.kind === 'scan' ? [x.out.buf] : []));

/** Results of a kernel's stages: those that its stages read again, and those that they do not. */
export function resultsOf(stages: readonly Stage[]): {
  readonly exchanged: ReadonlySet<BufId>;
  readonly last: ReadonlySet<BufId>;
} {
  const read = new Set(stages.flatMap((x) => stageReads(x).map((r) => r.buf)));
  const all = written(stages);
  return { exchanged: new Set(all.filter((b) => read.has(b))), last: new Set(all.filter((b) => !read.has(b))) };
}
