import { DTYPES } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { join, meets, within } from './axes.ts';
import type { Axes } from './axes.ts';
import type { Guard, PrintCx } from './text.ts';
import { STORAGE } from './types.ts';

/** Where elements lie, and under which conditions they may be touched. */
export interface Place {
  readonly text: string;
  readonly mask: string | undefined;
  /** What two accesses to the same elements share: with the conditions of this one, and with those of the loops around alone. */
  readonly key: string;
  readonly open: string;
}

/** Pointers to elements of an array at an index that is printed already and differs along `axes`. */
export function pointerTo(
  array: string,
  index: string,
  axes: Axes,
  cx: Pick<PrintCx, 'array' | 'guards' | 'shape'>,
  lazy: readonly Guard[] = [],
): Place {
  const base = cx.array(array);
  const own = join(axes, base.axes);
  // Bounds of loops that do not move the address say nothing about it: some point is within them.
  const around = cx.guards.filter((g) => !g.loop || meets(g.axes, own));
  const guards = [...around, ...lazy];
  const all = join(own, ...guards.map((g) => g.axes));
  const plain = index === '0' ? base.text : `${base.text} + ${index}`;
  const text = within(all, own) ? plain : `tl.broadcast_to(${plain}, ${cx.shape(all)})`;
  const masks = (of: readonly Guard[]): string => [...new Set(of.map((g) => g.text))].join(' & ');
  return {
    text,
    mask: guards.length === 0 ? undefined : masks(guards),
    key: `${array}[${index}] ${masks(guards)}`,
    open: `${array}[${index}] ${masks(around)}`,
  };
}

/** A field of a packed row, which may lie anywhere: its bytes one by one. */
export function fieldOf(at: Place, dtype: DType): string {
  const { bytes } = DTYPES[dtype];
  const wide = `tl.uint${8 * bytes}`;
  const mask = at.mask === undefined ? '' : `, mask=${at.mask}, other=0`;
  const parts = Array.from({ length: bytes }, (_, k) => {
    const one = `tl.load(${at.text}${k === 0 ? '' : ` + ${k}`}${mask})`;
    return k === 0 ? `${one}.to(${wide})` : `(${one}.to(${wide}) << ${8 * k})`;
  });
  const all = parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(' | ')})`;
  return wide === `tl.${STORAGE[dtype]}` ? all : `${all}.to(tl.${STORAGE[dtype]}, bitcast=True)`;
}
