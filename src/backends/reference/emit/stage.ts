import type { Stage } from '../../../codegen/ir/stage.ts';
import { emitStore } from './access.ts';
import type { Emitter } from './code.ts';
import { emitFold } from './fold.ts';
import { closeLoops, openLoops } from './loops.ts';

/** Emits the loops of a map or a reduce; `params` stand for the outermost axes. */
export function emitPointwise(
  em: Emitter,
  s: Extract<Stage, { kind: 'map' | 'reduce' }>,
  params: readonly string[],
): void {
  const opened = openLoops(em, s.axes, s.where, params);
  const value = s.kind === 'map' ? em.expr(em, s.value) : emitFold(em, s.reduce, s.post);
  emitStore(em, s.out, value, opened.doubt?.v);
  closeLoops(em, opened);
}
/** Parameter names for the outermost `n` axes. */
export const paramsOf = (n: number): readonly string[] => Array.from({ length: n }, (_, k) => `p${k}`);
