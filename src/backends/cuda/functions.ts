import { libraryFunctions, MOVES } from '../simt/library.ts';

/** The matrix unit's product of a 16 × 16 and a 16 × 8 tile, added to the sums. */
const mma = (
  dtype: string,
): string => `static __device__ inline void kt_mma_${dtype}(float* s, const unsigned* a, const unsigned* b) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.${dtype}.${dtype}.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(s[0]), "+f"(s[1]), "+f"(s[2]), "+f"(s[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}`;

/** Functions of the prelude in CUDA, by name. */
export const CUDA_FUNCTIONS: Readonly<Record<string, string>> = {
  ...libraryFunctions((fn, name) => `static __device__ inline double ${name}(double x) { return ${fn}(x); }`),
  kt_pow: 'static __device__ inline double kt_pow(double x, double y) { return pow(x, y); }',
  kt_powf: 'static __device__ inline float kt_powf(float x, float y) { return powf(x, y); }',
  kt_shfl_xor: [
    'template <typename T> static __device__ inline T kt_shfl_xor(T v, int m) { return __shfl_xor_sync(0xffffffffu, v, m); }',
    'static __device__ inline bool kt_shfl_xor(bool v, int m) { return __shfl_xor_sync(0xffffffffu, (int)v, m) != 0; }',
  ].join('\n'),
  kt_shfl_up:
    'template <typename T> static __device__ inline T kt_shfl_up(T v, int d) { return __shfl_up_sync(0xffffffffu, v, d); }',
  ...MOVES,
  kt_mma_bf16: mma('bf16'),
  kt_mma_f16: mma('f16'),
  // Products that are not contracted into sums.
  kt_mul_rn:
    'static __device__ inline float kt_mul_rn(float a, float b) { return __fmul_rn(a, b); }\n' +
    'static __device__ inline double kt_mul_rn(double a, double b) { return __dmul_rn(a, b); }',
  kt_opaque:
    'static __device__ inline float kt_opaque(float x) { asm volatile("" : "+f"(x)); return x; }\n' +
    'static __device__ inline double kt_opaque(double x) { asm volatile("" : "+d"(x)); return x; }',
};
