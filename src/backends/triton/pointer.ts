import { join, meets, within } from './axes.ts';
import type { Axes } from './axes.ts';
import type { Guard, PrintCx } from './text.ts';

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
