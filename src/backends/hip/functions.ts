import { libraryFunctions } from '../simt/library.ts';

/** Functions of the prelude in HIP, by name. Those of f64 are in the device library of ROCm, which hipcc links. */
export const HIP_FUNCTIONS: Readonly<Record<string, string>> = {
  ...libraryFunctions(
    (fn, name) =>
      `extern "C" __device__ double __ocml_${fn}_f64(double);\nstatic __device__ inline double ${name}(double x) { return __ocml_${fn}_f64(x); }`,
  ),
  kt_pow:
    'extern "C" __device__ double __ocml_pow_f64(double, double);\nstatic __device__ inline double kt_pow(double x, double y) { return __ocml_pow_f64(x, y); }',
  kt_powf:
    'extern "C" __device__ float __ocml_pow_f32(float, float);\nstatic __device__ inline float kt_powf(float x, float y) { return __ocml_pow_f32(x, y); }',
  // Products that are not contracted into sums.
  kt_mul_rn:
    'static __device__ inline float kt_mul_rn(float a, float b) {\n#pragma clang fp contract(off)\n  return a * b;\n}\n' +
    'static __device__ inline double kt_mul_rn(double a, double b) {\n#pragma clang fp contract(off)\n  return a * b;\n}',
  kt_opaque:
    'static __device__ inline float kt_opaque(float x) { asm volatile("" : "+v"(x)); return x; }\n' +
    'static __device__ inline double kt_opaque(double x) { asm volatile("" : "+v"(x)); return x; }',
};
