import { widen } from '../../../dsl/dtypes.ts';
import type { DType, ValueType } from '../../../dsl/dtypes.ts';
import type { TileOp } from '../../../codegen/ir/tile.ts';
import type { Collector } from './collector.ts';
import { loadLanes, scalarFrom, storeLanes } from './memory.ts';
import { lanesSuffix, localType, storageType, vector } from './types.ts';

type Dot = TileOp & { readonly kind: 'tileDot' };

/**
 * The product of two tiles: the sums of one tile of the result stay in registers over all steps. Arrays of fixed size whose loops are unrolled are what
 * compilers keep there. Strides that are constants at the call are constants inside, since it is always inlined.
 */
export function tileDot(c: Collector, op: Dot): string {
  const { m, n, lanes, types, group, fresh } = op;
  const operands = types.a === types.b ? types.a : `${types.a}_${types.b}`;
  const to = widen(types.a) === types.acc ? '' : `_${types.acc}`;
  const name = `dot_${operands}${to}_${m}x${n}${lanesSuffix(lanes)}${fresh ? '' : '_more'}`;
  return c.add(name, () => {
    const [i64, A, B, S] = [
      storageType(c, 'i64'),
      storageType(c, types.a),
      storageType(c, types.b),
      storageType(c, types.acc),
    ];
    const V = localType(c, { dtype: types.acc, lanes });
    const count = n / lanes;
    const at = count === 1 ? '' : ` + j * ${lanes}`;
    const place = `acc + i * acc_row${at}`;
    const { x, y, step } = group === 1 ? single(c, op) : pairs(c, op);
    const [load, store] =
      lanes === 1
        ? ['*to', (v: string) => `*to = ${v};`]
        : [`${loadLanes(c, types.acc, lanes)}(to)`, (v: string) => `${storeLanes(c, types.acc, lanes)}(to, ${v});`];
    const unroll = (times: number, pad: string): string => (times === 1 ? '' : `#pragma GCC unroll ${times}\n${pad}`);
    const each = (value: string, pad: string): string => `${unroll(m, pad)}for (int i = 0; i < ${m}; ++i) {
${pad}  ${unroll(count, `${pad}  `)}for (int j = 0; j < ${count}; ++j) {
${pad}    ${S}* const to = ${place};
${pad}    ${store(value)}
${pad}  }
${pad}}`;
    const steps = (pad: string, limit: string): string => `${V} sum[${m}][${count}] = {};
${pad}for (${i64} k = 0; k < ${limit}; ${group === 1 ? '++k' : `k += ${group}`}, a += a_step, b += b_row) {
${pad}  ${y.type} y[${count}];
${pad}  ${unroll(count, `${pad}  `)}for (int j = 0; j < ${count}; ++j) y[j] = ${y.load};
${pad}  ${unroll(m, `${pad}  `)}for (int i = 0; i < ${m}; ++i) {
${pad}    const ${x.type} x = ${x.load};
${pad}    ${unroll(count, `${pad}    `)}for (int j = 0; j < ${count}; ++j) sum[i][j] += ${step};
${pad}  }
${pad}}`;
    const more = `${load} + sum[i][j]`;
    const head = `// acc ${fresh ? '=' : '+='} a b: ${m} x ${n} sums${lanes === 1 ? '' : `, ${lanes} to a register`}.
static inline __attribute__((always_inline)) void ${name}(${S}* acc, ${i64} acc_row, const ${A}* a, ${i64} a_row, ${i64} a_step, const ${B}* b, ${i64} b_row, ${i64} steps) {`;
    if (types.acc !== 'f32')
      return `${head}
  ${steps('  ', 'steps')}
  ${each(fresh ? 'sum[i][j]' : more, '  ')}
}`;
    return `${head}
  // Sums of ${RUN} terms are added up: their errors grow with the root of a run, not of the whole depth.
  ${i64} from = 0;
  do {
    const ${i64} run = steps - from < ${RUN} ? steps - from : ${RUN};
    ${steps('    ', 'run')}
    ${
      fresh
        ? `if (from == 0)
      ${each('sum[i][j]', '      ')}
    else
      ${each(more, '      ')}`
        : each(more, '    ')
    }
    from += ${RUN};
  } while (from < steps);
}`;
  });
}
/** Terms that one f32 register sums up. Shorter runs cost stores, longer ones digits. */
const RUN = 128;

interface Step {
  readonly x: { readonly type: string; readonly load: string };
  readonly y: { readonly type: string; readonly load: string };
  readonly step: string;
}

/** One element of each operand at a time, in the type of the sums. */
function single(c: Collector, { types, lanes }: Dot): Step {
  const { acc } = types;
  const at = `b + j * ${lanes}`;
  const wide = (t: DType, x: string): string => (widen(t) === acc ? x : `(${acc})${x}`);
  return {
    x: { type: storageType(c, acc), load: wide(types.a, scalarFrom(c, types.a, 'a[i * a_row]')) },
    y: {
      type: localType(c, { dtype: acc, lanes }),
      load: lanes === 1 ? wide(types.b, scalarFrom(c, types.b, 'b[j]')) : loadAs(c, acc, types.b, lanes, at),
    },
    step: 'x * y[j]',
  };
}
function loadAs(c: Collector, acc: ValueType, t: DType, lanes: number, p: string): string {
  const v = `${loadLanes(c, t, lanes)}(${p})`;
  return widen(t) === acc ? v : `__builtin_convertvector(${v}, ${vector(c, acc, lanes)})`;
}

/** Pairs of 16-bit integers, which one instruction multiplies and adds into 32 bits. */
function pairs(c: Collector, { types, lanes, group }: Dot): Step {
  if (group !== 2 || types.a !== 'i16' || types.b !== 'i16' || types.acc !== 'i32')
    throw new Error(`internal: no product of ${types.a} and ${types.b} by ${group} in C++`);
  const i32 = storageType(c, 'i32');
  const load = pairAt(c);
  return {
    x: { type: i32, load: `${load}(a + i * a_row)` },
    y:
      lanes === 1
        ? { type: i32, load: `${load}(b + j * 2)` }
        : { type: vector(c, 'i32', lanes), load: `${loadPairs(c, lanes)}(b + j * ${2 * lanes})` },
    step: `${dotPairs(c, lanes)}(x, y[j])`,
  };
}
const pairAt = (c: Collector): string =>
  c.add(
    'load_i16_pair',
    () => `static inline ${storageType(c, 'i32')} load_i16_pair(const ${storageType(c, 'i16')}* p) {
  i32 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}`,
  );
function loadPairs(c: Collector, lanes: number): string {
  const V = vector(c, 'i32', lanes);
  const name = `load_i16_pairs_x${lanes}`;
  return c.add(
    name,
    () => `static inline ${V} ${name}(const ${storageType(c, 'i16')}* p) {
  ${V} v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}`,
  );
}
/** The products of the pair x with a pair in each lane, summed; wraps like any other sum. */
function dotPairs(c: Collector, lanes: number): string {
  const name = `dot_i16_pairs${lanesSuffix(lanes)}`;
  return c.add(name, () => {
    const V = localType(c, { dtype: 'i32', lanes });
    const plain = `  return (x << 16 >> 16) * (y << 16 >> 16) + (x >> 16) * (y >> 16);`;
    const builtins: Partial<Record<number, readonly [guard: string, call: (w: string, y: string) => string]>> = {
      4: ['__SSE2__', (w, y) => `__builtin_ia32_pmaddwd128(${w}, ${y})`],
      8: ['__AVX2__', (w, y) => `__builtin_ia32_pmaddwd256(${w}, ${y})`],
      16: ['__AVX512BW__', (w, y) => `__builtin_ia32_pmaddwd512_mask(${w}, ${y}, ${V}{}, 0xffff)`],
    };
    const builtin = builtins[lanes];
    const head = `static inline ${V} ${name}(${storageType(c, 'i32')} x, ${V} y) {`;
    if (builtin === undefined) return `${head}\n${plain}\n}`;
    const [guard, text] = builtin;
    const H = vector(c, 'i16', lanes * 2);
    return `${head}
#if defined(${guard}) && !defined(__clang__)
  return ${text(`(${H})(x - ${V}{})`, `(${H})y`)};
#else
${plain}
#endif
}`;
  });
}
