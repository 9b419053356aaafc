import { libraryFunctions, MOVES } from '../simt/library.ts';

/** A function that takes the value of another lane: permutes of 32-bit words, as many as the value has. */
const shuffle = (name: string, parameter: string, from: string): string =>
  `template <typename T> static __device__ inline T ${name}(T v, int ${parameter}) {
  int w[(sizeof(T) + 3) / 4] = {};
  __builtin_memcpy(w, &v, sizeof v);
  const int from = ${from};
  for (int& x : w) x = __builtin_amdgcn_ds_bpermute(from << 2, x);
  __builtin_memcpy(&v, w, sizeof v);
  return v;
}`;

/** The matrix unit's product of two 16 × 16 tiles, added to the sums. The right operand comes first: a lane then has four columns of a row. */
const mfma = (
  dtype: string,
  element: string,
  suffix: string,
): string => `static __device__ inline void kt_mma_${dtype}(float* s, const unsigned* a, const unsigned* b) {
  typedef ${element} four __attribute__((ext_vector_type(4)));
  typedef float sums __attribute__((ext_vector_type(4)));
  four x, y;
  __builtin_memcpy(&x, a, sizeof x);
  __builtin_memcpy(&y, b, sizeof y);
  sums v = {s[0], s[1], s[2], s[3]};
  v = __builtin_amdgcn_mfma_f32_16x16x16${suffix}(y, x, v, 0, 0, 0);
  s[0] = v.x, s[1] = v.y, s[2] = v.z, s[3] = v.w;
}`;

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
  kt_shfl_xor: shuffle('kt_shfl_xor', 'm', 'kt_lane() ^ m'),
  kt_shfl_up: shuffle('kt_shfl_up', 'd', 'kt_lane() < d ? kt_lane() : kt_lane() - d'),
  ...MOVES,
  kt_mma_bf16: mfma('bf16', 'short', 'bf16_1k'),
  kt_mma_f16: mfma('f16', '_Float16', 'f16'),
  // Products that are not contracted into sums.
  kt_mul_rn:
    'static __device__ inline float kt_mul_rn(float a, float b) {\n#pragma clang fp contract(off)\n  return a * b;\n}\n' +
    'static __device__ inline double kt_mul_rn(double a, double b) {\n#pragma clang fp contract(off)\n  return a * b;\n}',
  kt_opaque:
    'static __device__ inline float kt_opaque(float x) { asm volatile("" : "+v"(x)); return x; }\n' +
    'static __device__ inline double kt_opaque(double x) { asm volatile("" : "+v"(x)); return x; }',
};
