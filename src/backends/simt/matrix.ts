import { heldBy, placeOf } from '../../codegen/ir/matrix-unit.ts';
import type { Fragment, Place } from '../../codegen/ir/matrix-unit.ts';
import type { TileOp } from '../../codegen/ir/tile.ts';
import { storageType } from '../clike/prelude/types.ts';
import type { SimtCollector } from './collector.ts';

type Dot = TileOp & { readonly kind: 'waveDot' };
type Store = TileOp & { readonly kind: 'waveStore' };
/** Steps in memory, as code, of a row, a column and a term; '1' where neighbours lie side by side. */
type Steps = { readonly [D in keyof Place]?: string };

/** Function that adds the product of tiles in shared memory to the sums in a thread's registers: fragments, then the matrix unit. */
function waveDot(c: SimtCollector, op: Dot): string {
  const { unit, dtype, tiles, strides } = op;
  const turned = strides.b.step !== 1;
  const name = `dot_${dtype}_${tiles.m}x${tiles.n}${turned ? '_rows' : ''}`;
  return c.add(name, () => {
    const [T, u32, f32] = [storageType(c, dtype), storageType(c, 'u32'), storageType(c, 'f32')];
    const left = fragment(c, `left_${dtype}`, 'left', unit.a, dtype, { m: 'row', k: '1' });
    const right = turned
      ? fragment(c, `right_${dtype}_rows`, 'right', unit.b, dtype, { n: '1', k: 'row' })
      : fragment(c, `right_${dtype}`, 'right', unit.b, dtype, { n: 'row', k: '1' });
    const [a, b, s] = [heldBy(unit.a) / 2, heldBy(unit.b) / 2, heldBy(unit.sums)];
    return `// sums += left right: ${tiles.m} x ${tiles.n} tiles of ${unit.name}.
static inline void ${name}(${f32}* sums, const ${T}* left, int left_row, const ${T}* right, int right_row) {
  ${u32} x[${tiles.m}][${a}], y[${tiles.n}][${b}];
#pragma unroll
  for (int i = 0; i < ${tiles.m}; ++i) ${left}(x[i], left + i * ${unit.m} * left_row, left_row);
#pragma unroll
  for (int j = 0; j < ${tiles.n}; ++j) ${right}(y[j], right + j * ${unit.n}${turned ? '' : ' * right_row'}, right_row);
#pragma unroll
  for (int i = 0; i < ${tiles.m}; ++i)
#pragma unroll
    for (int j = 0; j < ${tiles.n}; ++j) ${c.prelude(`kt_mma_${dtype}`)}(sums + (i * ${tiles.n} + j) * ${s}, x[i], y[j]);
}`;
  });
}

/** Function that takes a thread's elements of a tile, two to a register: neighbours along the depth, which only lie side by side if rows run that way. */
function fragment(
  c: SimtCollector,
  name: string,
  what: string,
  f: Fragment,
  dtype: 'f16' | 'bf16',
  steps: Steps,
): string {
  return c.add(name, () => {
    const [T, u32] = [storageType(c, dtype), storageType(c, 'u32')];
    const ld = c.prelude('kt_ld');
    const lines = Array.from({ length: heldBy(f) / 2 }, (_, w) => {
      const [lo, hi] = [placeOf(f, 0, 2 * w), placeOf(f, 0, 2 * w + 1)];
      const [at, next] = [offset(lo, steps), offset(hi, steps)];
      return steps.k === '1'
        ? `  r[${w}] = ${ld}<${u32}>((const ${u32}*)(p${at}));`
        : `  r[${w}] = p[${at.slice(3) || '0'}] | (${u32})p[${next.slice(3)}] << 16;`;
    });
    return `// A lane's elements of a tile of the ${what} operand.
static inline void ${name}(${u32}* r, const ${T}* p, int row) {
  const int lane = threadIdx.x % KT_WAVE;
  p += ${ofLane(f, steps)};
${lines.join('\n')}
}`;
  });
}

/** Function that spreads the sums of a thread over a tile in shared memory. */
function waveStore(c: SimtCollector, op: Store): string {
  const { unit, tiles } = op;
  const name = `spread_${tiles.m}x${tiles.n}`;
  return c.add(name, () => {
    const f32 = storageType(c, 'f32');
    const steps: Steps = { m: 'row', n: '1' };
    const held = heldBy(unit.sums);
    const lines = Array.from({ length: held }, (_, e) => {
      const at = offset(placeOf(unit.sums, 0, e), steps);
      return `      p[${at.slice(3) || '0'}] = sums[(i * ${tiles.n} + j) * ${held}${e === 0 ? '' : ` + ${e}`}];`;
    });
    return `// The sums of ${tiles.m} x ${tiles.n} tiles of ${unit.name}, rows \`row\` elements apart.
static inline void ${name}(${f32}* to, int row, const ${f32}* sums) {
  const int lane = threadIdx.x % KT_WAVE;
  to += ${ofLane(unit.sums, steps)};
#pragma unroll
  for (int i = 0; i < ${tiles.m}; ++i)
#pragma unroll
    for (int j = 0; j < ${tiles.n}; ++j) {
      ${f32}* const p = to + i * ${unit.m} * row + j * ${unit.n};
${lines.join('\n')}
    }
}`;
  });
}

const DIMS = ['m', 'n', 'k'] as const;
/** ` + 8 * row + 8`: where an element lies; empty for the first one. */
const offset = (p: Place, steps: Steps): string => DIMS.map((d) => scaled(p[d] ?? 0, steps[d] ?? '0')).join('');
const scaled = (n: number, step: string): string =>
  n === 0 || step === '0' ? '' : step === '1' ? ` + ${n}` : n === 1 ? ` + ${step}` : ` + ${n} * ${step}`;

/** Where the first element of a lane lies: bits of its number that stand for doubling places count together. */
function ofLane(f: Fragment, steps: Steps): string {
  const terms: string[] = [];
  for (let from = 0; from < f.lane.length;) {
    const d = DIMS.find((x) => f.lane[from]?.[x] !== undefined);
    const first = d === undefined ? 0 : (f.lane[from]?.[d] ?? 0);
    let to = from + 1;
    while (d !== undefined && f.lane[to]?.[d] === first << (to - from)) to++;
    const shifted = from === 0 ? 'lane' : `lane / ${1 << from}`;
    const part = to === f.lane.length ? shifted : `${shifted} % ${1 << (to - from)}`;
    const step = d === undefined ? '0' : (steps[d] ?? '0');
    const by = step === '1' ? (first === 1 ? '' : ` * ${first}`) : first === 1 ? ` * ${step}` : ` * ${first} * ${step}`;
    terms.push(`${part}${by}`);
    from = to;
  }
  return terms.join(' + ');
}

/** Statements of both operations. */
export const waveCall = (c: SimtCollector, op: Dot | Store, at: (r: Dot['a']) => string): string => {
  if (op.kind === 'waveStore') return `${waveStore(c, op)}(${at(op.to)}, ${op.row}, ${op.sums});`;
  const { a, b } = op.strides;
  return `${waveDot(c, op)}(${op.sums}, ${at(op.a)}, ${a.row}, ${at(op.b)}, ${b.step === 1 ? b.row : b.step});`;
};
