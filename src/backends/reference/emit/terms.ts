import type { Reduce } from '../../../codegen/ir/stage.ts';
import type { Emitter, Val } from './code.ts';
import type { Opened } from './loops.ts';
import { closeLoops, openLoops } from './loops.ts';

/** One term of a fold. */
export interface Term {
  readonly opened: Opened;
  readonly body: Val;
  readonly doubt: string | undefined;
  /** How many terms there can be. */
  readonly most: number;
}
/** Opens the loops and evaluates the body; `lines` go into the innermost block. */
export function walk(em: Emitter, r: Reduce, lines: (t: Term) => readonly string[], label = ''): void {
  const opened = openLoops(em, r.over, r.when);
  const body = em.expr(em, r.body);
  const most = opened.ranges.reduce((p, { lo, hi }) => p * Math.max(0, hi.hi - lo.lo), 1);
  em.block.lines.push(...lines({ opened, body, doubt: opened.doubt?.v, most }));
  const [head, ...rest] = opened.heads;
  closeLoops(em, { ...opened, heads: head === undefined ? [] : [label === '' ? head : `${label}: ${head}`, ...rest] });
}
