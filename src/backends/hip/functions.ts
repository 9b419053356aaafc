const library = (fn: string): readonly [string, string] => [
  `kt_${fn}`,
  `extern "C" __device__ double __ocml_${fn}_f64(double);\nstatic __device__ inline double kt_${fn}(double x) { return __ocml_${fn}_f64(x); }`,
];

/** Functions of the prelude in HIP, by name. Those of f64 are in the device library of ROCm, which hipcc links. */
export const HIP_FUNCTIONS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['exp', 'exp2', 'expm1', 'log', 'log2', 'log1p', 'sin', 'cos', 'tanh', 'erf', 'erfc'].map(library),
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
