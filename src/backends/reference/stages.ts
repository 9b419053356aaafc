import type { BufId, Stage } from '../../codegen/ir/stage.ts';
import { stageWrites } from '../../codegen/ir/walk.ts';
import { assertNever, must } from '../../assert.ts';
import { isFloat } from '../../dsl/dtypes.ts';
import { instantiate, newEmitter } from './compile.ts';
import type { Emitter } from './emit/code.ts';
import { emitOffsets, emitPackItems, emitPackSizes } from './emit/pack.ts';
import { emitScan } from './emit/scan.ts';
import { emitScatter } from './emit/scatter.ts';
import { emitSelection } from './emit/sort.ts';
import { emitPointwise, paramsOf } from './emit/stage.ts';
import { indexOf } from './emit/spot.ts';
import { allocate, inexact, rangeOf, tighten } from './memory.ts';
import type { Run } from './run.ts';
import { memoryOf, sizeOf, surroundings } from './run.ts';

/** Runs one stage to its end. */
export function runStage(run: Run, s: Stage): void {
  if (s.kind === 'recur') runSteps(run, s);
  else for (const f of compileStage(run, s)) f();
  for (const b of stageWrites(s)) {
    const m = run.writing.get(b);
    if (m !== undefined) tighten(m);
  }
}

type Simple = Exclude<Stage, { kind: 'recur' }>;
type Pass = (step?: number) => void;

/** Compiles a stage as a function of its outermost `n` axes. */
export function compilePoint(run: Run, s: Stage, n: number): (...at: readonly number[]) => void {
  const em = newEmitter(surroundings(run), s.name, run.bounds);
  const params = paramsOf(n);
  if (s.kind === 'map' || s.kind === 'reduce') emitPointwise(em, s, params);
  else if (s.kind === 'scan') emitScan(em, s, params);
  else if (s.kind === 'select') emitSelection(em, s, params);
  else throw new Error(`internal: ${s.kind} by points`);
  return instantiate(em, params, run.log);
}

/** The passes of a stage, to be compiled one after the other since a later one may need memory that an earlier one sizes. */
function passes(run: Run, s: Simple): readonly ((em: Emitter) => void)[] {
  switch (s.kind) {
    case 'map':
    case 'reduce':
      return run.buffers.get(s.out.buf)?.virtual === true ? [] : [(em) => emitPointwise(em, s, [])];
    case 'scan':
      return [(em) => emitScan(em, s, [])];
    case 'scatter':
      return [(em) => emitScatter(em, s)];
    case 'offsets':
      return [(em) => emitOffsets(em, s)];
    case 'pack':
      return [(em) => emitPackSizes(em, s), (em) => emitPackItems(em, s)];
    case 'select':
      return [(em) => emitSelection(em, s, [])];
    default:
      return assertNever(s, 'the reference');
  }
}
function compileStage(
  run: Run,
  s: Simple,
  step?: { readonly axis: string; readonly lo: number; readonly hi: number },
): readonly Pass[] {
  return passes(run, s).map((emit): Pass => {
    let compiled: ((...args: readonly number[]) => unknown) | undefined;
    return (at) => {
      if (compiled === undefined) {
        const em = newEmitter(surroundings(run), s.name, run.bounds);
        if (step !== undefined)
          em.axes.set(step.axis, { rep: 'int', type: 'i64', v: 'step', lo: step.lo, hi: step.hi - 1, block: em.block });
        emit(em);
        compiled = instantiate(em, step === undefined ? [] : ['step'], run.log);
      }
      compiled(at ?? 0);
    };
  });
}

/** A recurrence: stores to states go to memory of their own and become visible at the end of a step. */
function runSteps(run: Run, s: Extract<Stage, { kind: 'recur' }>): void {
  const em = newEmitter(surroundings(run), s.name, false);
  const [lo, hi] = [indexOf(em, s.step.lo), indexOf(em, s.step.hi)];
  const range = {
    axis: s.step.id,
    lo: lo.lo === lo.hi ? lo.lo : sizeOf(run, s.step.lo),
    hi: hi.lo === hi.hi ? hi.hi : sizeOf(run, s.step.hi),
  };
  const states = s.states.map((id) => doubled(run, id));
  // Ranges seen so far say nothing about later steps; a bound may come around before code that reads it knows.
  for (const id of s.body.flatMap(stageWrites)) widenRange(run, id);
  if (run.bounds) for (const id of s.body.flatMap(stageWrites)) markInexact(run, id);
  const body = s.body.flatMap((b) => {
    if (b.kind === 'recur') throw new Error('internal: nested recurrences');
    return compileStage(run, b, range);
  });
  for (let t = range.lo; t < range.hi; t++) {
    for (const f of body) f(t);
    for (const { now, next } of states) {
      now.data.forEach((d, l) => copy(next.data[l], d));
      now.err?.forEach((d, l) => copy(next.err?.[l], d));
    }
  }
  for (const id of s.states) run.writing.set(id, must(run.reading.get(id), id));
}
function doubled(
  run: Run,
  id: BufId,
): { readonly now: ReturnType<typeof memoryOf>; readonly next: ReturnType<typeof memoryOf> } {
  const now = memoryOf(run, id, 'read');
  const next = allocate(now.buffer, now.shapes);
  now.data.forEach((d, l) => copy(d, next.data[l]));
  if (run.bounds) {
    inexact(now);
    inexact(next);
    now.err?.forEach((d, l) => copy(d, next.err?.[l]));
  }
  run.writing.set(id, next);
  return { now, next };
}
function widenRange(run: Run, id: BufId): void {
  if (run.buffers.get(id)?.virtual === true) return;
  for (const m of [memoryOf(run, id, 'read'), memoryOf(run, id, 'write')]) [m.lo, m.hi] = rangeOf(m.buffer.dtype);
}
function markInexact(run: Run, id: BufId): void {
  const b = must(run.buffers.get(id), id);
  if (b.virtual !== true && (isFloat(b.dtype) || run.graph.buffers.some((x) => isFloat(x.dtype))))
    inexact(memoryOf(run, id, 'write'));
}
function copy(from: ArrayLike<number> | ArrayLike<bigint> | undefined, to: { set(a: never): void } | undefined): void {
  if (from !== undefined && to !== undefined) to.set(from as never);
}
