import type { TileOp } from '../../../codegen/ir/tile.ts';
import type { Collector } from './collector.ts';
import { splat } from './lanes.ts';
import { loadLanes, storeLanes } from './memory.ts';
import { localType, storageType } from './types.ts';

type Dot = TileOp & { readonly kind: 'tileDot' };
const count = (n: number): readonly number[] => Array.from({ length: n }, (_, k) => k);

/** Product of two tiles whose accumulators have a register each: spelled out, so that no compiler has to unroll anything. */
export function tileDot(c: Collector, op: Dot): string {
  const { m, n, lanes, dtype } = op;
  const [T, i64] = [storageType(c, dtype), storageType(c, 'i64')];
  const ty = { dtype, lanes };
  const V = localType(c, ty);
  const wide = lanes === 1 ? (x: string): string => x : (x: string): string => `${splat(c, ty)}(${x})`;
  const load =
    lanes === 1 ? (p: string): string => `*(${p})` : (p: string): string => `${loadLanes(c, dtype, lanes)}(${p})`;
  const store =
    lanes === 1
      ? (p: string, v: string): string => `*(${p}) = ${v};`
      : (p: string, v: string): string => `${storeLanes(c, dtype, lanes)}(${p}, ${v});`;
  const vectors = count(n / lanes);
  const name = `dot_${dtype}_${m}x${n}_by_${lanes}${op.fresh ? '_fresh' : ''}`;
  return c.add(name, () => {
    const at = (base: string, row: string, v: number): string => `${base}${row}${v === 0 ? '' : ` + ${v * lanes}`}`;
    const row = (of: string, i: number): string => (i === 0 ? '' : i === 1 ? ` + ${of}` : ` + ${i} * ${of}`);
    const each = (f: (i: number, v: number) => string): readonly string[] =>
      count(m).map((i) => `  ${vectors.map((v) => f(i, v)).join(' ')}`);
    return [
      `// acc ${op.fresh ? '=' : '+='} a · b: ${m} x ${n} accumulators in registers, ${lanes} to each.`,
      `static void ${name}(${T}* acc, ${i64} acc_row, const ${T}* a, ${i64} a_row, ${i64} a_step, const ${T}* b, ${i64} b_row, ${i64} k) {`,
      ...each((i, v) => `${V} c${i}_${v} = ${op.fresh ? '{}' : load(at('acc', row('acc_row', i), v))};`),
      `  for (${i64} l = 0; l < k; ++l, a += a_step, b += b_row) {`,
      `    ${vectors.map((v) => `const ${V} w${v} = ${load(at('b', '', v))};`).join(' ')}`,
      ...count(m).map(
        (i) =>
          `    { const ${V} x = ${wide(`a[${i === 0 ? '0' : i === 1 ? 'a_row' : `${i} * a_row`}]`)}; ${vectors.map((v) => `c${i}_${v} += x * w${v};`).join(' ')} }`,
      ),
      '  }',
      ...each((i, v) => store(at('acc', row('acc_row', i), v), `c${i}_${v}`)),
      '}',
    ].join('\n');
  });
}
