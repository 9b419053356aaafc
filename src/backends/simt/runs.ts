import { DTYPES, widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { scalarFrom, scalarTo } from '../clike/prelude/memory.ts';
import { localType, storageType } from '../clike/prelude/types.ts';
import type { SimtCollector } from './collector.ts';

/** Words that an instruction moves at a time: 16 bytes, or all of a shorter run. */
function words(c: SimtCollector, bytes: number): { readonly type: string; readonly count: number } {
  const each = Math.min(bytes, 16);
  const name = `kt_bytes${each}`;
  c.add(name, () => `struct alignas(${each}) ${name} { unsigned ${each >= 4 ? `w[${each / 4}]` : 'char w[2]'}; };`);
  return { type: name, count: bytes / each };
}

/** Function that moves a run of elements to registers and widens them; the address is a multiple of its size, at most 16 bytes. */
export function loadRun(c: SimtCollector, t: DType, lanes: number): string {
  const name = `load_${t}_x${lanes}`;
  return c.add(name, () => {
    const T = storageType(c, t);
    const V = localType(c, { dtype: widen(t), lanes: 1 });
    const bytes = DTYPES[t].bytes * lanes;
    const { type, count } = words(c, bytes);
    const ld = c.prelude('kt_ld');
    return `static inline void ${name}(${V} (&v)[${lanes}], const ${T}* p) {
  ${type} run[${count}];
  KT_EACH(${count}) run[each] = ${ld}<${type}>((const ${type}*)p + each);
  ${T} e[${lanes}];
  __builtin_memcpy(e, run, sizeof e);
  KT_EACH(${lanes}) v[each] = ${scalarFrom(c, t, 'e[each]')};
}`;
  });
}

/** Function that rounds elements in registers and moves them to a run of memory. */
export function storeRun(c: SimtCollector, t: DType, lanes: number): string {
  const name = `store_${t}_x${lanes}`;
  return c.add(name, () => {
    const T = storageType(c, t);
    const V = localType(c, { dtype: widen(t), lanes: 1 });
    const bytes = DTYPES[t].bytes * lanes;
    const { type, count } = words(c, bytes);
    const st = c.prelude('kt_st');
    return `static inline void ${name}(${T}* p, const ${V} (&v)[${lanes}]) {
  ${T} e[${lanes}];
  KT_EACH(${lanes}) e[each] = ${scalarTo(c, t, 'v[each]')};
  ${type} run[${count}];
  __builtin_memcpy(run, e, sizeof e);
  KT_EACH(${count}) ${st}<${type}>((${type}*)p + each, run[each]);
}`;
  });
}
