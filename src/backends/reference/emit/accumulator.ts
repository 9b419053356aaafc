import type { Emitter, Val } from './code.ts';
import { fresh } from './code.ts';
import type { Whole } from './wide.ts';

/**
 * A running fold in emitted code; its names are declared where it was made. `step` yields the lines that take one more term,
 * which may be in doubt, of `most` at most; `result` emits what ends the fold, in the current block.
 */
export interface Accumulator {
  readonly step: (body: Val, doubt: string | undefined, most: number) => readonly string[];
  readonly result: () => Val;
  /** Once this holds no term changes the result. */
  readonly settled?: string;
}

export const declare = (em: Emitter, names: readonly string[], values: readonly string[]): void =>
  void em.block.lines.push(`let ${names.map((n, i) => `${n} = ${values[i] ?? '0'}`).join(', ')};`);

export function whole(v: Val): Whole {
  if (v.rep === 'int' || v.rep === 'wide') return v;
  throw new Error(`internal: an integer fold over ${v.type}`);
}
export function now(em: Emitter, text: string): string {
  const n = fresh(em, 'k');
  em.block.lines.push(`const ${n} = ${text};`);
  return n;
}
