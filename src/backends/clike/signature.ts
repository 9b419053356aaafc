import type { TileArray, TileProgram } from '../../codegen/ir/tile.ts';
import type { Collector } from './prelude/collector.ts';
import { storageType } from './prelude/types.ts';

const tables = (a: TileArray): boolean => a.list === true;
function arrayParam(a: TileArray, c: Collector): string {
  const T = storageType(c, a.bytes === true ? 'u8' : a.dtype);
  const constant = a.role === 'in' ? 'const ' : '';
  return tables(a) ? `${constant}${T}* const* __restrict ${a.id}` : `${constant}${T}* __restrict ${a.id}`;
}

/** A parameter of a function. */
export interface Parameter {
  readonly id: string;
  /** Its declaration. */
  readonly text: string;
  /** Passed by the caller of the program. */
  readonly outer: boolean;
  /** Its value from an entry of the table of arguments. */
  readonly cast: (arg: string) => string;
}

/** Parameters by name, in ABI order; derived dims and temporaries are only passed to kernels. */
export function parameters(p: TileProgram, c: Collector): readonly Parameter[] {
  const i64 = storageType(c, 'i64');
  const value =
    (type: string) =>
    (arg: string): string =>
      `*(const ${type}*)${arg}`;
  return [
    ...p.arrays.flatMap((a) => {
      if (a.scope === 'shared') return [];
      const text = arrayParam(a, c);
      const T = text.slice(0, text.lastIndexOf(' __restrict'));
      return [{ id: a.id, text, outer: a.scope === 'param', cast: (arg: string) => `(${T})${arg}` }];
    }),
    ...p.dims.map((d) => ({
      id: d.id,
      text: d.table === true ? `const ${i64}* ${d.id}` : `${i64} ${d.id}`,
      outer: d.derived === undefined,
      cast: d.table === true ? (arg: string) => `(const ${i64}*)${arg}` : value(i64),
    })),
    ...p.scalars.map((s) => ({
      id: s.id,
      text: `${storageType(c, s.dtype)} ${s.id}`,
      outer: true,
      cast: value(storageType(c, s.dtype)),
    })),
    ...p.capacities.map((x) => ({ id: x.id, text: `${i64} ${x.id}`, outer: true, cast: value(i64) })),
  ];
}
