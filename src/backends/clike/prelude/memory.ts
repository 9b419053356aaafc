import { DTYPES, widen } from '../../../dsl/dtypes.ts';
import type { DType } from '../../../dsl/dtypes.ts';
import { decode, encode, isNarrowFloat } from './codecs.ts';
import type { Collector } from './collector.ts';
import { localType, storageType, vector } from './types.ts';

/** Storage bits as the integers that conversions work on: what a byte or halfword in memory is to arithmetic. */
const carrier = (t: DType): DType =>
  t === 'bool' ? 'u8' : isNarrowFloat(t) ? (DTYPES[t].bytes === 1 ? 'u8' : 'u16') : t;
const wideInt = (t: DType): DType => (isNarrowFloat(t) ? 'u32' : 'i32');

/**
 * Widens 8- and 16-bit elements in memory to 32-bit lanes. GCC makes a poor job of the generic conversion, so its builtins are used where they exist.
 */
function widenLoad(c: Collector, t: DType, lanes: number): string {
  const [S, to] = [carrier(t), wideInt(t)];
  const T = storageType(c, S);
  const name = `load_${S}_as_${to}_x${lanes}`;
  return c.add(name, () => {
    const V = vector(c, to, lanes);
    const N = vector(c, S, lanes);
    const generic = `  ${N} v;\n  __builtin_memcpy(&v, p, sizeof v);\n  return __builtin_convertvector(v, ${V});`;
    const builtins: Partial<Record<string, string>> = {
      u8: 'pmovzxbd',
      i8: 'pmovsxbd',
      u16: 'pmovzxwd',
      i16: 'pmovsxwd',
    };
    const builtin = builtins[S];
    if (builtin === undefined || (lanes !== 8 && lanes !== 16))
      return `static inline ${V} ${name}(const ${T}* p) {\n${generic}\n}`;
    const bytes = DTYPES[S].bytes === 1;
    const raw = `  typedef ${bytes ? 'char' : 'short'} raw __attribute__((vector_size(${bytes ? 16 : lanes * 2})));`;
    // Eight bytes go through a register: a vector put together in memory would wait for its stores.
    const fetch =
      bytes && lanes === 8
        ? `${raw}
  typedef long long two __attribute__((vector_size(16)));
  long long bytes;
  __builtin_memcpy(&bytes, p, sizeof bytes);
  const raw v = (raw)two{bytes, 0};`
        : `${raw}
  raw v;
  __builtin_memcpy(&v, p, sizeof v);`;
    const widened =
      lanes === 8
        ? `(${V})__builtin_ia32_${builtin}256(v)`
        : `(${V})__builtin_ia32_${builtin}512_mask(v, ${vector(c, 'i32', 16)}{}, 0xffff)`;
    return `static inline ${V} ${name}(const ${T}* p) {
#if defined(${lanes === 8 ? '__AVX2__' : '__AVX512F__'}) && !defined(__clang__)
${fetch}
  return ${widened};
#else
${generic}
#endif
}`;
  });
}

/** Loads consecutive elements into lanes of the arithmetic type. */
export function loadLanes(c: Collector, t: DType, lanes: number): string {
  const type = localType(c, { dtype: widen(t), lanes });
  const name = `load_${t}_x${lanes}`;
  return c.add(name, () => {
    const P = storageType(c, t);
    const head = `static inline ${type} ${name}(const ${P}* p) {\n`;
    if (isNarrowFloat(t)) return `${head}  return ${decode(c, t, lanes)}(${widenLoad(c, t, lanes)}(p));\n}`;
    if (t === 'bool') return `${head}  return ${widenLoad(c, t, lanes)}((const ${storageType(c, 'u8')}*)p) != 0;\n}`;
    if (DTYPES[t].bytes < 4) return `${head}  return ${widenLoad(c, t, lanes)}(p);\n}`;
    return `${head}  ${type} v;\n  __builtin_memcpy(&v, p, sizeof v);\n  return v;\n}`;
  });
}

/** Loads the lanes whose mask is set; the others are 0 and their memory is not touched. */
export function loadMasked(c: Collector, t: DType, lanes: number): string {
  const type = localType(c, { dtype: widen(t), lanes });
  const M = localType(c, { dtype: 'bool', lanes });
  const name = `load_${t}_masked_x${lanes}`;
  const builtin = maskedBuiltin(t, lanes);
  const fast =
    builtin === undefined
      ? ''
      : `#if defined(__AVX2__) && !defined(__clang__)\n  return __builtin_ia32_maskload${builtin}256((const ${type}*)p, m);\n#endif\n`;
  return c.add(
    name,
    () => `static inline ${type} ${name}(const ${storageType(c, t)}* p, ${M} m) {
${fast}  ${type} v = {};
  for (int k = 0; k < ${lanes}; ++k) if (m[k]) v[k] = ${element(c, t, 'p[k]')};
  return v;
}`,
  );
}

const maskedBuiltin = (t: DType, lanes: number): string | undefined =>
  lanes === 8 && t === 'f32' ? 'ps' : lanes === 8 && t === 'i32' ? 'd' : undefined;

/** One lane from each of several positions. */
export function gather(c: Collector, t: DType, lanes: number, masked: boolean): string {
  const type = localType(c, { dtype: widen(t), lanes });
  const M = localType(c, { dtype: 'bool', lanes });
  const I = localType(c, { dtype: 'i64', lanes });
  const name = `gather_${t}${masked ? '_masked' : ''}_x${lanes}`;
  return c.add(
    name,
    () => `static inline ${type} ${name}(const ${storageType(c, t)}* p, ${I} at${masked ? `, ${M} m` : ''}) {
  ${type} v${masked ? ' = {}' : ''};
  for (int k = 0; k < ${lanes}; ++k) ${masked ? 'if (m[k]) ' : ''}v[k] = ${element(c, t, 'p[at[k]]')};
  return v;
}`,
  );
}

/** The value of a lane from a stored element. */
export function element(c: Collector, t: DType, x: string): string {
  return t === 'bool' ? `-(i32)${x}` : scalarFrom(c, t, x);
}
/** The arithmetic value of a stored element. */
export function scalarFrom(c: Collector, t: DType, x: string): string {
  if (isNarrowFloat(t)) return `${decode(c, t, 1)}(${x})`;
  return x;
}
/** What is stored for an arithmetic value. */
export function scalarTo(c: Collector, t: DType, x: string): string {
  if (isNarrowFloat(t)) return `(${storageType(c, t)})${encode(c, t, 1)}(${x})`;
  return x;
}

/** Stores lanes to consecutive elements. */
export function storeLanes(c: Collector, t: DType, lanes: number): string {
  const type = localType(c, { dtype: widen(t), lanes });
  const name = `store_${t}_x${lanes}`;
  return c.add(name, () => {
    const P = storageType(c, t);
    const S = vector(c, carrier(t), lanes);
    const put = (v: string): string => `  const ${S} s = ${v};\n  __builtin_memcpy(p, &s, sizeof s);`;
    const head = `static inline void ${name}(${P}* p, ${type} v) {\n`;
    if (isNarrowFloat(t)) return `${head}${put(narrowed(c, `${encode(c, t, lanes)}(v)`, t, lanes))}\n}`;
    if (t === 'bool') return `${head}${put(narrowed(c, '(v & 1)', t, lanes))}\n}`;
    if (DTYPES[t].bytes < 4) return `${head}${put(narrowed(c, 'v', t, lanes))}\n}`;
    return `${head}  __builtin_memcpy(p, &v, sizeof v);\n}`;
  });
}
/** The low halves or bytes of u32 lanes. A shuffle is what compilers turn into packs. */
function narrowed(c: Collector, v: string, t: DType, lanes: number): string {
  const bytes = DTYPES[t].bytes;
  const S = vector(c, carrier(t), lanes);
  const all = vector(c, carrier(t), (lanes * 4) / bytes);
  const picks = Array.from({ length: lanes }, (_, k) => String((k * 4) / bytes)).join(', ');
  if (lanes * 4 > 32) return `__builtin_convertvector(${v}, ${S})`;
  const u = `(${all})${v}`;
  return `__builtin_shufflevector(${u}, ${u}, ${picks})`;
}

/** Stores the lanes whose mask is set. */
export function storeMasked(c: Collector, t: DType, lanes: number): string {
  const type = localType(c, { dtype: widen(t), lanes });
  const M = localType(c, { dtype: 'bool', lanes });
  const name = `store_${t}_masked_x${lanes}`;
  return c.add(
    name,
    () => `static inline void ${name}(${storageType(c, t)}* p, ${type} v, ${M} m) {
  for (int k = 0; k < ${lanes}; ++k) if (m[k]) p[k] = ${lane(c, t, 'v[k]')};
}`,
  );
}
export function scatterLanes(c: Collector, t: DType, lanes: number, masked: boolean): string {
  const type = localType(c, { dtype: widen(t), lanes });
  const M = localType(c, { dtype: 'bool', lanes });
  const I = localType(c, { dtype: 'i64', lanes });
  const name = `scatter_${t}${masked ? '_masked' : ''}_x${lanes}`;
  return c.add(
    name,
    () => `static inline void ${name}(${storageType(c, t)}* p, ${I} at, ${type} v${masked ? `, ${M} m` : ''}) {
  for (int k = 0; k < ${lanes}; ++k) ${masked ? 'if (m[k]) ' : ''}p[at[k]] = ${lane(c, t, 'v[k]')};
}`,
  );
}
const lane = (c: Collector, t: DType, x: string): string => (t === 'bool' ? `${x} != 0` : scalarTo(c, t, x));

/** Stores full vectors past the caches; `p` is aligned to the vector. */
export function storeStream(c: Collector, t: DType, lanes: number): string {
  const type = localType(c, { dtype: widen(t), lanes });
  const name = `stream_${t}_x${lanes}`;
  return c.add(name, () => {
    const P = storageType(c, t);
    const bytes = lanes * DTYPES[t].bytes;
    const suffix = bytes === 64 ? '512' : bytes === 32 ? '256' : '';
    const guard = bytes === 64 ? '__AVX512F__' : bytes === 32 ? '__AVX__' : '__SSE2__';
    const quad = vector(c, 'i64', bytes / 8);
    const plain = storeLanes(c, t, lanes);
    return `static inline void ${name}(${P}* p, ${type} v) {
#if defined(__clang__) || !defined(${guard})
  ${plain}(p, v);
#else
  ${quad} bits;
  ${plain}((${P}*)&bits, v);
  __builtin_ia32_movntdq${suffix}((${quad}*)p, bits);
#endif
}`;
  });
}
/** Makes streamed stores visible before the kernel returns. */
export const streamFence = (c: Collector): string =>
  c.add(
    'stream_fence',
    () =>
      `static inline void stream_fence() {\n#if defined(__SSE2__) && !defined(__clang__)\n  __builtin_ia32_sfence();\n#endif\n}`,
  );

/** An element of packed rows, at any byte. */
export function loadAt(c: Collector, t: DType): string {
  const [T, B] = [storageType(c, t), storageType(c, 'u8')];
  return c.add(
    `load_${t}_at`,
    () =>
      `static inline ${T} load_${t}_at(const ${B}* p) {\n  ${T} v;\n  __builtin_memcpy(&v, p, sizeof v);\n  return v;\n}`,
  );
}
export function storeAt(c: Collector, t: DType): string {
  const [T, B] = [storageType(c, t), storageType(c, 'u8')];
  return c.add(
    `store_${t}_at`,
    () => `static inline void store_${t}_at(${B}* p, ${T} v) {\n  __builtin_memcpy(p, &v, sizeof v);\n}`,
  );
}
