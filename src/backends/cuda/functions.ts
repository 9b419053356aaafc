import { libraryFunctions } from '../simt/library.ts';

/** Functions of the prelude in CUDA, by name. */
export const CUDA_FUNCTIONS: Readonly<Record<string, string>> = {
  ...libraryFunctions((fn, name) => `static __device__ inline double ${name}(double x) { return ${fn}(x); }`),
  kt_pow: 'static __device__ inline double kt_pow(double x, double y) { return pow(x, y); }',
  kt_powf: 'static __device__ inline float kt_powf(float x, float y) { return powf(x, y); }',
  // Products that are not contracted into sums.
  kt_mul_rn:
    'static __device__ inline float kt_mul_rn(float a, float b) { return __fmul_rn(a, b); }\n' +
    'static __device__ inline double kt_mul_rn(double a, double b) { return __dmul_rn(a, b); }',
  kt_opaque:
    'static __device__ inline float kt_opaque(float x) { asm volatile("" : "+f"(x)); return x; }\n' +
    'static __device__ inline double kt_opaque(double x) { asm volatile("" : "+d"(x)); return x; }',
};
