import { DTYPES } from '../../../dsl/dtypes.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import type { Ty } from '../../../codegen/ir/tile.ts';
import type { Collector } from './collector.ts';

const C_NAMES: Readonly<Record<Exclude<DType, 'bool'>, string>> = {
  f64: 'double',
  f32: 'float',
  f16: 'unsigned short',
  bf16: 'unsigned short',
  f8e4m3: 'unsigned char',
  f8e5m2: 'unsigned char',
  f8e4m3fnuz: 'unsigned char',
  i8: 'signed char',
  i16: 'short',
  i32: 'int',
  i64: 'long long',
  u8: 'unsigned char',
  u16: 'unsigned short',
  u32: 'unsigned',
  u64: 'unsigned long long',
};

/** Typedef of a storage type; narrow floats are held as their bits. */
export function storageType(c: Collector, t: DType): string {
  return t === 'bool' ? 'bool' : c.add(t, () => `typedef ${C_NAMES[t]} ${t};`);
}
/** A vector of storage elements. */
export function vector(c: Collector, t: DType, lanes: number): string {
  if (lanes === 1) return storageType(c, t);
  return c.add(
    `${t}x${lanes}`,
    () => `typedef ${storageType(c, t)} ${t}x${lanes} __attribute__((vector_size(${DTYPES[t].bytes * lanes})));`,
  );
}
/** Type of a local; masks are vectors of i32, all bits of an element set where true. */
export function localType(c: Collector, ty: Ty): string {
  if (ty.dtype === 'bool') return ty.lanes === 1 ? 'bool' : vector(c, 'i32', ty.lanes);
  return vector(c, ty.dtype, ty.lanes);
}
/** Suffix of helpers for several lanes. */
export const lanesSuffix = (lanes: number): string => (lanes === 1 ? '' : `_x${lanes}`);
/** Bits of a float as unsigned, and back. */
export const toBits = (type: string, x: string): string => `__builtin_bit_cast(${type}, ${x})`;

/** A function of lanes from one of scalars, element by element: for what has no vector form. */
export function perLane(
  c: Collector,
  name: string,
  lanes: number,
  result: Ty['dtype'],
  params: readonly { readonly dtype: Ty['dtype']; readonly name: string }[],
  body: (args: readonly string[]) => string,
): string {
  return c.add(`${name}_x${lanes}`, () => {
    const type = (dtype: Ty['dtype']): string => localType(c, { dtype, lanes });
    const args = params.map((p) => `${type(p.dtype)} ${p.name}`).join(', ');
    const out =
      result === 'bool'
        ? `-(i32)(${body(params.map((p) => `${p.name}[k]`))})`
        : body(params.map((p) => `${p.name}[k]`));
    return `static inline ${type(result)} ${name}_x${lanes}(${args}) {\n  ${type(result)} r;\n  for (int k = 0; k < ${lanes}; ++k) r[k] = ${out};\n  return r;\n}`;
  });
}
