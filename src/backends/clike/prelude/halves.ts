import type { DType } from '../../../dsl/dtypes.ts';
import type { Half } from '../../../codegen/ir/tile.ts';
import type { Collector } from './collector.ts';
import { storageType, vector } from './types.ts';

/** Only bf16 widens by moving bits, so only there halves of words pay. */
function only(t: DType): void {
  if (t !== 'bf16') throw new Error(`internal: no halves of ${t}`);
}

/** Loads the even or odd elements of a run of 2 · lanes bf16. */
export function loadHalf(c: Collector, t: DType, lanes: number, half: Half): string {
  only(t);
  const name = `load_${half}_${t}_x${lanes}`;
  return c.add(name, () => {
    const [F, U, T] = [vector(c, 'f32', lanes), vector(c, 'u32', lanes), storageType(c, t)];
    return `static inline ${F} ${name}(const ${T}* p) {
  ${U} words;
  __builtin_memcpy(&words, p, sizeof words);
  return __builtin_bit_cast(${F}, ${half === 'even' ? `(${U})(words << 16)` : 'words & 0xffff0000u'});
}`;
  });
}

/** Rounds to nearest even in the upper half of each word; the lower half is rubbish. All ones in a word are a quiet NaN. */
function roundUpper(c: Collector, lanes: number): string {
  const name = `round_to_bf16_x${lanes}`;
  return c.add(name, () => {
    const [F, U] = [vector(c, 'f32', lanes), vector(c, 'u32', lanes)];
    return `// The rounded value in the upper half of each word; NaN becomes all ones, which is a quiet NaN.
static inline ${U} ${name}(${F} x) {
  const ${U} u = __builtin_bit_cast(${U}, x);
  return (u + 0x7fffu + ((u >> 16) & 1u)) | (${U})(x != x);
}`;
  });
}

/** Stores two vectors as the even and odd elements of a run of bf16; `stream`: past the caches, `p` aligned to the run. */
export function storeHalves(c: Collector, t: DType, lanes: number, stream: boolean): string {
  only(t);
  const name = `${stream ? 'stream' : 'store'}_halves_${t}_x${lanes}`;
  return c.add(name, () => {
    const [F, U, T] = [vector(c, 'f32', lanes), vector(c, 'u32', lanes), storageType(c, t)];
    const round = roundUpper(c, lanes);
    const bytes = lanes * 4;
    const suffix = bytes === 64 ? '512' : bytes === 32 ? '256' : '';
    const guard = bytes === 64 ? '__AVX512F__' : bytes === 32 ? '__AVX__' : '__SSE2__';
    const Q = vector(c, 'i64', bytes / 8);
    const plain = '  __builtin_memcpy(p, &words, sizeof words);';
    const put = stream
      ? `#if defined(__clang__) || !defined(${guard})\n${plain}\n#else\n  __builtin_ia32_movntdq${suffix}((${Q}*)p, (${Q})words);\n#endif`
      : plain;
    return `static inline void ${name}(${T}* p, ${F} even, ${F} odd) {
  const ${U} words = (${round}(even) >> 16) | (${round}(odd) & 0xffff0000u);
${put}
}`;
  });
}
