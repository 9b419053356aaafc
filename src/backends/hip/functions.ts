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
  kt_shfl_xor: [
    'static __device__ inline int kt_lane() { return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0)); }',
    'template <typename T> static __device__ inline T kt_shfl_xor(T v, int m) {',
    '  int w[(sizeof(T) + 3) / 4] = {};',
    '  __builtin_memcpy(w, &v, sizeof v);',
    '  for (int& x : w) x = __builtin_amdgcn_ds_bpermute((kt_lane() ^ m) << 2, x);',
    '  __builtin_memcpy(&v, w, sizeof v);',
    '  return v;',
    '}',
  ].join('\n'),
  kt_ld: 'template <typename T> static __device__ inline T kt_ld(const T* p) { return *p; }',
  kt_st: 'template <typename T> static __device__ inline void kt_st(T* p, T v) { *p = v; }',
  // Products that are not contracted into sums.
  kt_mul_rn:
    'static __device__ inline float kt_mul_rn(float a, float b) {\n#pragma clang fp contract(off)\n  return a * b;\n}\n' +
    'static __device__ inline double kt_mul_rn(double a, double b) {\n#pragma clang fp contract(off)\n  return a * b;\n}',
  kt_opaque:
    'static __device__ inline float kt_opaque(float x) { asm volatile("" : "+v"(x)); return x; }\n' +
    'static __device__ inline double kt_opaque(double x) { asm volatile("" : "+v"(x)); return x; }',
};
