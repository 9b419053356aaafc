import { DTYPES } from '../../../dsl/dtypes.ts';
import type { Claim, Machine, Pattern } from '../pattern.ts';
import { lanesFor, resultType } from '../../tile/vectorise.ts';
import type { Param } from '../../space/space.ts';
import { lowerTurned } from './lower.ts';
import { turnedOf } from './shape.ts';
import type { Turned } from './shape.ts';

/** Bytes stored side by side: whole cache lines, which stores past the caches need, and their neighbours, which lie open in memory. */
const SIDE_BY_SIDE = 128;

/** Pointwise work whose operands lie across its results: transposes, changes of layout, sums of a matrix and the transpose of another. */
export const turn: Pattern = {
  name: 'turn',
  claim(kernel, graph): Claim | undefined {
    const p = turnedOf(kernel, graph);
    if (p === undefined) return undefined;
    const out = graph.buffers.find((b) => b.id === p.stage.out.buf);
    const bytes = DTYPES[out?.dtype ?? 'f32'].bytes;
    return {
      pattern: 'turn',
      params: (machine) => params(p, bytes, machine),
      lower(config, machine) {
        const [vectors, ahead, vector] = [config['turn'], config['turn_ahead'], config['vector']];
        const lanes = lanesOf(p, typeof vector === 'number' ? vector : machine.vectorBytes);
        if (typeof vectors !== 'number' || vectors === 0 || lanes < 2) return undefined;
        const c = { lanes, vectors, ahead: typeof ahead === 'number' ? ahead : 0 };
        return (s, k, outer) => lowerTurned(p, c, s, k, outer);
      },
    };
  },
};

const lanesOf = (p: Turned, bytes: number): number =>
  lanesFor([resultType(p.stage), ...p.reads.map((r) => r.type)], bytes);

function params(p: Turned, bytes: number, machine: Machine): readonly Param[] {
  const lanes = lanesOf(p, machine.vectorBytes);
  const whole = Math.min(4, Math.max(1, SIDE_BY_SIDE / (lanes * bytes)));
  return [
    {
      name: 'turn',
      help: 'vectors of results that are stored side by side, from squares turned in registers; 0: operands are gathered',
      kind: 'enum',
      values: [0, 1, 2, 4],
      default: lanes < 2 ? 0 : whole,
    },
    {
      name: 'turn_ahead',
      help: 'elements that the rows of operands are asked for in advance',
      kind: 'enum',
      values: [0, 16, 32, 64, 128],
      default: 64,
      when: { param: 'turn', in: [1, 2, 4] },
    },
  ];
}
