import { sizeUnder } from '../../shapes/eval-size.ts';
import type { Param } from '../../space/space.ts';
import { lanesFor, resultType } from '../../tile/vectorise.ts';
import type { Claim, Machine, Pattern } from '../pattern.ts';
import { lowerColumns } from './lower.ts';
import { columnsOf } from './shape.ts';
import type { Columns } from './shape.ts';

/** Sums, products and extremes over the rows of a matrix, or of several: gradients of biases and scales, statistics of features. */
export const columns: Pattern = {
  name: 'columns',
  claim(kernel, graph): Claim | undefined {
    const p = columnsOf(kernel, graph);
    if (p === undefined) return undefined;
    return {
      pattern: 'columns',
      params: (machine) => params(p, machine),
      lower(config, machine) {
        const [strip, rows, vector, unroll] = [config['strip'], config['together'], config['vector'], config['unroll']];
        const lanes = lanesOf(p, typeof vector === 'number' ? vector : machine.vectorBytes);
        if (typeof strip !== 'number' || typeof rows !== 'number' || strip === 0 || lanes < 2) return undefined;
        const ahead = config['strip_ahead'];
        const c = {
          strip,
          rows,
          lanes,
          unroll: typeof unroll === 'number' ? Math.min(unroll, 4) : 2,
          ahead: typeof ahead === 'number' ? ahead : 0,
        };
        return (s, k, outer) => lowerColumns(p, c, s, k, outer);
      },
    };
  },
};

const lanesOf = (p: Columns, bytes: number): number => lanesFor([resultType(p.stage), p.stage.reduce.body.type], bytes);

const STRIPS: readonly number[] = [256, 512, 1024, 2048, 4096, 8192];

function params(p: Columns, machine: Machine): readonly Param[] {
  const width = sizeUnder(p.col.hi, machine.dims);
  // Half of a first-level cache for the results; rows pass through the rest.
  const most = Math.max(256, machine.cache.l1 / 2 / 4);
  const fitting = STRIPS.filter((n) => n <= most);
  const strip = fitting.find((n) => width !== undefined && n >= width) ?? fitting.at(-1) ?? 256;
  return [
    {
      name: 'strip',
      help: 'columns whose results stay in a nearby cache while all rows pass by; 0: a few columns at a time, in registers',
      kind: 'enum',
      values: [0, ...STRIPS],
      default: strip,
    },
    {
      name: 'together',
      help: 'rows that are folded with each other before the results are touched',
      kind: 'enum',
      values: [1, 2, 4, 8, 16],
      default: 8,
      when: { param: 'strip', in: STRIPS },
    },
    {
      name: 'strip_ahead',
      help: 'columns that rows are asked for in advance',
      kind: 'enum',
      values: [0, 64, 128, 256],
      default: 128,
      when: { param: 'strip', in: STRIPS },
    },
  ];
}
