import { libraryFunctions, MOVES } from '../simt/library.ts';

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
  // Products that are not contracted into sums.
  kt_mul_rn:
    'static __device__ inline float kt_mul_rn(float a, float b) { return __fmul_rn(a, b); }\n' +
    'static __device__ inline double kt_mul_rn(double a, double b) { return __dmul_rn(a, b); }',
  kt_opaque:
    'static __device__ inline float kt_opaque(float x) { asm volatile("" : "+f"(x)); return x; }\n' +
    'static __device__ inline double kt_opaque(double x) { asm volatile("" : "+d"(x)); return x; }',
};
