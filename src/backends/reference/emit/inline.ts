import type { Expr, Place, Stage } from '../../../codegen/ir/stage.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import { isFloat } from '../../../dsl/dtypes.ts';
import { indexOf } from './spot.ts';
import { boolOf, choose } from './branch.ts';
import { castTo, roundTo } from './cast.ts';
import type { BoolVal, Emitter, Val } from './code.ts';
import { bind, boolLit } from './code.ts';
import { emitFold } from './fold.ts';

type Piece = Extract<Stage, { kind: 'map' | 'reduce' }>;

/** The value that the stages writing a temporary without storage give its element at `index`. */
export function inlineValue(em: Emitter, writers: readonly Stage[], dtype: DType, index: readonly Val[]): Val {
  const pieces = writers.map((s): Piece => {
    if (s.kind !== 'map' && s.kind !== 'reduce') throw new Error(`internal: ${s.id} (${s.kind}) has no storage`);
    return s;
  });
  const value = (rest: readonly Piece[]): Val => {
    const [head, ...tail] = rest;
    if (head === undefined) throw new Error('internal: nothing writes a temporary');
    const here = (): Val => within(em, head, index, () => pieceValue(em, head, dtype));
    if (tail.length === 0) return here();
    const cond = within(em, head, index, () => covers(em, head, index));
    return choose(
      em,
      cond,
      { value: here, stays: true, folds: true },
      { value: () => value(tail), stays: true, folds: true },
    );
  };
  return value(pieces);
}

function pieceValue(em: Emitter, s: Piece, dtype: DType): Val {
  const v = s.kind === 'map' ? em.expr(em, s.value) : emitFold(em, s.reduce, s.post);
  return v.rep === 'float' && isFloat(dtype) ? roundTo(em, dtype, v) : castTo(em, dtype, v);
}
/** Runs `f` with the stage's own axes standing for the index. */
function within<T>(em: Emitter, s: Piece, index: readonly Val[], f: () => T): T {
  const axes = new Map(em.axes);
  const vars = new Map(em.vars);
  em.vars.clear();
  placeAxes(s.out).forEach((id, d) => {
    const v = index[d];
    if (id !== undefined && v !== undefined) em.axes.set(id, v);
  });
  const result = f();
  restore(em.axes, axes);
  restore(em.vars, vars);
  return result;
}
function restore<K, V>(m: Map<K, V>, saved: ReadonlyMap<K, V>): void {
  m.clear();
  for (const [k, v] of saved) m.set(k, v);
}
/** Axis that each index position is; undefined for literals. */
function placeAxes(p: Place): readonly (string | undefined)[] {
  return p.index.map((e) => {
    if (e.kind === 'axis') return e.id;
    if (e.kind === 'int') return undefined;
    throw new Error(`internal: ${p.buf} has no storage and is written at a computed index`);
  });
}
function covers(em: Emitter, s: Piece, index: readonly Val[]): BoolVal {
  let all: BoolVal = boolLit(em, true);
  const both = (b: BoolVal): void => {
    all = { ...all, ...bind(em, `${all.v} && ${b.v}`, [all, b]) };
  };
  s.out.index.forEach((e: Expr, d) => {
    const at = index[d];
    const axis = s.axes.find((a) => e.kind === 'axis' && a.id === e.id);
    if (at?.rep !== 'int') return;
    const [lo, hi] = axis === undefined ? [indexOf(em, e), undefined] : [indexOf(em, axis.lo), indexOf(em, axis.hi)];
    both({
      rep: 'bool',
      type: 'bool',
      ...bind(
        em,
        hi === undefined ? `${at.v} === ${lo.v}` : `${at.v} >= ${lo.v} && ${at.v} < ${hi.v}`,
        hi === undefined ? [at, lo] : [at, lo, hi],
      ),
    });
  });
  if (s.where !== undefined) both(boolOf(em, s.where));
  return all;
}
