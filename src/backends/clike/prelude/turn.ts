import type { Ty } from '../../../codegen/ir/tile.ts';
import type { Collector } from './collector.ts';
import { bitsOf, isIntType } from './integers.ts';
import { lanesSuffix, localType } from './types.ts';

/** Lanes that shuffles of x86 exchange at full speed stand within 16 bytes. */
const GROUP_BYTES = 16;
const widthOf = (t: Ty['dtype']): number => (isIntType(t) ? bitsOf(t) / 8 : t === 'f64' ? 8 : 4);

/**
 * Name of the function that turns a square of as many vectors as they have lanes, in place. First every group of 16 bytes is turned within four (two)
 * vectors, then groups change places between vectors: each step is one shuffle of two vectors.
 */
export function turn(c: Collector, ty: Ty): string {
  const { lanes } = ty;
  const T = localType(c, ty);
  const name = `turn_${ty.dtype}${lanesSuffix(lanes)}`;
  const group = Math.min(lanes, GROUP_BYTES / widthOf(ty.dtype));
  return c.add(name, () => {
    const lines: string[] = [];
    let rows = Array.from({ length: lanes }, (_, i) => `a${i}`);
    let made = 0;
    const step = (
      pick: (i: number) => { readonly from: readonly [number, number]; readonly lane: (l: number) => number },
    ): void => {
      rows = rows.map((_, i) => {
        const { from, lane } = pick(i);
        const id = `t${made++}`;
        const order = Array.from({ length: lanes }, (__, l) => lane(l));
        lines.push(
          `  const ${T} ${id} = __builtin_shufflevector(${rows[from[0]]}, ${rows[from[1]]}, ${order.join(', ')});`,
        );
        return id;
      });
    };
    // Interleaves the low (or high) halves of groups, in units of h lanes.
    const within = (h: number, far: number): void =>
      step((i) => {
        const high = (i & far) !== 0;
        const low = i & ~far;
        return {
          from: [low, low | far],
          lane: (l: number): number => {
            const [start, at] = [l - (l % group), l % group];
            const unit = Math.floor(at / h);
            const source = start + (high ? group / 2 : 0) + Math.floor(unit / 2) * h + (at % h);
            return unit % 2 === 0 ? source : lanes + source;
          },
        };
      });
    if (group === 4) {
      within(1, 1);
      // Rows hold (low of 0 and 1), (high of 0 and 1), (low of 2 and 3), (high of 2 and 3): pairs come from two rows on.
      step((i) => {
        const base = i - (i % 4);
        const low = base + (i % 4 >= 2 ? 1 : 0);
        return {
          from: [low, low + 2],
          lane: (l: number): number => {
            const [start, at] = [l - (l % 4), l % 4];
            const source = start + (i % 2 === 0 ? 0 : 2) + (at % 2);
            return at < 2 ? source : lanes + source;
          },
        };
      });
    } else if (group === 2) within(1, 1);
    for (let h = group; h < lanes; h *= 2) {
      step((i) => {
        const upper = (i & h) !== 0;
        const low = i & ~h;
        return {
          from: [low, low | h],
          lane: (l) => ((l & h) === 0 ? l + (upper ? h : 0) : lanes + l - (upper ? 0 : h)),
        };
      });
    }
    const params = Array.from({ length: lanes }, (_, i) => `${T}& a${i}`).join(', ');
    const out = rows.map((id, i) => `  a${i} = ${id};`);
    return `static inline void ${name}(${params}) {\n${[...lines, ...out].join('\n')}\n}`;
  });
}
