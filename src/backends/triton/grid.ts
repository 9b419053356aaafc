import type { Val } from '../../codegen/ir/tile.ts';
import { LANE, ROW } from './axes.ts';
import type { BlockShape } from './block-kernel.ts';
import type { Loop, Nest } from './nest.ts';
import { pyName } from './print.ts';
import type { Guard } from './text.ts';

/** How the tiles of a launch lie in the loops of a nest. */
export interface Grid {
  /** Lines that place a tile, and the conditions that hold in it. */
  readonly lines: (tile: string) => readonly string[];
  readonly guards: readonly Guard[];
  /** How many tiles there are, as a kernel computes it, and as the host does where it can. */
  readonly total: string;
  readonly tiles: string | undefined;
}

/** One loop: its points one by one, or so many at a time. */
interface Side {
  readonly name: string;
  readonly to: string;
  readonly count: string;
  readonly host: string | undefined;
  readonly size?: string;
  readonly places?: string;
}

export function gridOf(
  nest: Nest,
  row: Loop | undefined,
  shape: BlockShape,
  text: { readonly device: (v: Val) => string; readonly host: (v: Val) => string | undefined },
): Grid {
  const [rowSize, laneSize] = shape.names;
  const side = ({ id, hi }: Loop, size?: string, places?: string): Side => {
    const [to, known] = [text.device(hi), text.host(hi)];
    const count = size === undefined ? to : `tl.cdiv(${to}, ${size})`;
    const host = known === undefined || size === undefined ? known : `triton.cdiv(${known}, ${size})`;
    const block = size === undefined || places === undefined ? {} : { size, places };
    return { name: pyName(id), to, count: whole(count), host: host && whole(host), ...block };
  };
  const { across } = nest;
  const sides = [
    ...(across === undefined ? [] : [side(across, laneSize, 'cols')]),
    ...nest.loops.toReversed().map((l) => (l === row ? side(l, rowSize, 'rows') : side(l))),
  ];
  const guard = ({ id }: Loop, axes: Guard['axes']): Guard => ({ text: `in_${pyName(id)}`, axes, loop: true });
  const hosts = sides.flatMap((s) => (s.host === undefined ? [] : [s.host]));
  const grouped = across !== undefined && row !== undefined && shape.group !== undefined;
  return {
    lines: (tile) => (grouped ? inGroups(sides, tile, shape.group ?? '') : oneByOne(sides, tile)),
    guards: [...(across === undefined ? [] : [guard(across, LANE)]), ...(row === undefined ? [] : [guard(row, ROW)])],
    total: sides.map((s) => s.count).join(' * '),
    tiles: hosts.length === sides.length ? hosts.join(' * ') : undefined,
  };
}
/** A factor: in parentheses unless it is a name, a number or a call. */
const whole = (x: string): string => (/^\w+$/.test(x) || /^[\w.]+\([^()]*\)$/.test(x) ? x : `(${x})`);

/** The points of a side that tile `at` of it has. */
const placed = (s: Side, at: string): readonly string[] =>
  s.size === undefined
    ? [`${s.name} = ${at}`]
    : [`${s.name} = ${at} * ${s.size} + ${s.places ?? ''}`, `in_${s.name} = ${s.name} < ${s.to}`];

/** The side that comes first runs fastest. */
function oneByOne(sides: readonly Side[], tile: string): readonly string[] {
  return sides.flatMap((s, nth) => {
    const rest = nth === 0 ? tile : 'rest';
    if (nth === sides.length - 1) return placed(s, rest);
    return [...placed(s, `(${rest} % ${s.count})`), `rest = ${rest} // ${s.count}`];
  });
}

/** Tiles of some rows go down before the next column, so that what they read is still in the cache. */
function inGroups(sides: readonly Side[], tile: string, group: string): readonly string[] {
  const [right, down, ...others] = sides;
  if (right === undefined || down === undefined) throw new Error('internal: groups of tiles have two sides');
  const last = others.length === 0;
  return [
    `wide = ${right.count}`,
    `tall = ${down.count}`,
    last ? `here = ${tile}` : `here = ${tile} % (wide * tall)`,
    ...(last ? [] : [`rest = ${tile} // (wide * tall)`]),
    `first = here // (${group} * wide) * ${group}`,
    `height = tl.minimum(tall - first, ${group})`,
    ...placed(down, `(first + here % (${group} * wide) % height)`),
    ...placed(right, `(here % (${group} * wide) // height)`),
    ...(last ? [] : oneByOne(others, 'rest')),
  ];
}
