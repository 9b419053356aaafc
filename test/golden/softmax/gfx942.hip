// softmax for hip:gfx942, made by ktune.
//
//   graph softmax(B, D)
//     in    x: f32[B, D]
//     out   y: f32[B, D]
//     temp  y_peak: f32[B]
//     temp  y_sum: f32[B]
//     reduce y_peak[b]  [b:B]
//         = max<f32>[d:D](x[b, d])
//     reduce y_sum[b]  [b:B]
//         = add<f32>[d:D](exp(x[b, d] - y_peak[b]))
//     map y[b, d]  [b:B, d:D]
//         = y_peak[b] == -inf ? 0.0 : exp(x[b, d] - y_peak[b]) / y_sum[b]
//
// Config: default.
// Build with hipcc -std=c++17 --offload-arch=gfx942; the device's part needs no headers (clang++ -x hip --cuda-device-only -nogpuinc).

#ifndef KT_HOST_SIMT
#define KT_WAVE 64
#ifdef __CLANG_HIP_RUNTIME_WRAPPER_H__
#include <hip/hip_runtime.h>
#define KT_LAUNCH(kernel, grid, block, shared, ...) kernel<<<grid, block, shared, (hipStream_t)stream>>>(__VA_ARGS__)
#define KT_STATUS() (int)hipGetLastError()
#else
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(n) __attribute__((amdgpu_flat_work_group_size(1, n)))
struct kt_thread_id { struct { __device__ operator unsigned() const { return __builtin_amdgcn_workitem_id_x(); } } x; };
struct kt_block_id { struct { __device__ operator unsigned() const { return __builtin_amdgcn_workgroup_id_x(); } } x; };
struct kt_block_dim { struct { __device__ operator unsigned() const { return __builtin_amdgcn_workgroup_size_x(); } } x; };
struct kt_grid_dim { struct { __device__ operator unsigned() const { return __builtin_amdgcn_grid_size_x() / __builtin_amdgcn_workgroup_size_x(); } } x; };
static __device__ const kt_thread_id threadIdx{};
static __device__ const kt_block_id blockIdx{};
static __device__ const kt_block_dim blockDim{};
static __device__ const kt_grid_dim gridDim{};
static __device__ inline void __syncthreads() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
#endif
static __device__ inline int kt_lane() { return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0)); }
template <typename T> static __device__ inline T kt_ld(const T* p) { return *p; }
template <typename T> static __device__ inline T kt_shfl_xor(T v, int m) {
  int w[(sizeof(T) + 3) / 4] = {};
  __builtin_memcpy(w, &v, sizeof v);
  const int from = kt_lane() ^ m;
  for (int& x : w) x = __builtin_amdgcn_ds_bpermute(from << 2, x);
  __builtin_memcpy(&v, w, sizeof v);
  return v;
}
template <typename T> static __device__ inline void kt_st(T* p, T v) { *p = v; }
#endif

typedef long long i64;
typedef float f32;
typedef unsigned long long u64;
#define KT_EACH(n) _Pragma("unroll") for (int each = 0; each < n; ++each)
struct alignas(16) kt_bytes16 { unsigned w[4]; };
typedef int i32;

static __host__ __device__ inline i64 blocks_for(i64 steps, i64 each, i64 most) {
  const i64 blocks = (steps + each - 1) / each;
  return blocks < 1 ? 1 : blocks > most ? most : blocks;
}

static __device__ inline void load_f32_x4(f32 (&v)[4], const f32* p) {
  kt_bytes16 run[1];
  KT_EACH(1) run[each] = kt_ld<kt_bytes16>((const kt_bytes16*)p + each);
  f32 e[4];
  __builtin_memcpy(e, run, sizeof e);
  KT_EACH(4) v[each] = e[each];
}

static __device__ inline f32 max_f32(f32 a, f32 b) {
  return a != a ? a : a > b ? a : b;  // NaN of either propagates
}

static __device__ inline f32 fold_max_f32_block(f32 v, f32* waves) {
#pragma unroll
  for (int step = KT_WAVE / 2; step > 0; step /= 2) {
    const f32 w = kt_shfl_xor(v, step);
    v = max_f32(v, w);
  }
  if (blockDim.x == KT_WAVE) return v;
  const int lane = threadIdx.x % KT_WAVE, wave = threadIdx.x / KT_WAVE;
  if (lane == 0) waves[wave] = v;
  __syncthreads();
  v = lane < (int)blockDim.x / KT_WAVE ? waves[lane] : -__builtin_inff();
#pragma unroll
  for (int step = KT_WAVE / 2; step > 0; step /= 2) {
    const f32 w = kt_shfl_xor(v, step);
    v = max_f32(v, w);
  }
  // Nobody writes the next fold's values before all have read these.
  __syncthreads();
  return v;
}

// y 2^n for 1/2 < y < 2, where n stands in the low bits of t: added to the exponent. Below 2^-126 exp(x) is 0, above the range x + inf, which keeps NaN.
static __device__ inline f32 exp_ends(f32 x, f32 t, f32 y) {
  const f32 p = __builtin_bit_cast(f32, __builtin_bit_cast(i32, y) + (__builtin_bit_cast(i32, t) << 23));
  return x < -87.3365402f ? f32{} : x < 88.7228394f ? p : x + __builtin_inff();
}

// exp(x) within 1.1 ulp: a polynomial of degree 6 in r as it is rounded.
static __device__ inline f32 exp_4(f32 x) {
  const f32 t = x * 1.44269502f + 12582912.0f;
  const f32 n = t - 12582912.0f;
  const f32 r = x - n * 0.693145752f - n * 1.42860677e-6f;
  const f32 q = 0.49999994f + r * (0.166665211f + r * (0.0416682586f + r * (0.00836866908f + r * 0.00138213043f)));
  return exp_ends(x, t, 1.0f + (r + r * r * q));
}

static __device__ inline void store_f32_x4(f32* p, const f32 (&v)[4]) {
  f32 e[4];
  KT_EACH(4) e[each] = v[each];
  kt_bytes16 run[1];
  __builtin_memcpy(run, e, sizeof e);
  KT_EACH(1) kt_st<kt_bytes16>((kt_bytes16*)p + each, run[each]);
}

static __device__ inline f32 fold_add_f32_block(f32 v, f32* waves) {
#pragma unroll
  for (int step = KT_WAVE / 2; step > 0; step /= 2) {
    const f32 w = kt_shfl_xor(v, step);
    v = v + w;
  }
  if (blockDim.x == KT_WAVE) return v;
  const int lane = threadIdx.x % KT_WAVE, wave = threadIdx.x / KT_WAVE;
  if (lane == 0) waves[wave] = v;
  __syncthreads();
  v = lane < (int)blockDim.x / KT_WAVE ? waves[lane] : 0.0f;
#pragma unroll
  for (int step = KT_WAVE / 2; step > 0; step /= 2) {
    const f32 w = kt_shfl_xor(v, step);
    v = v + w;
  }
  // Nobody writes the next fold's values before all have read these.
  __syncthreads();
  return v;
}

extern "C" __global__ void __launch_bounds__(256) softmax_k0_y_peak_fast(const f32* __restrict x, f32* __restrict y, f32* __restrict exp_row, i64 B, i64 D) {
  __shared__ f32 waves_f32[32];
  exp_row = (f32*)((char*)exp_row + blockIdx.x * ((D * 4 + 63) & -64));
  for (i64 b = blockIdx.x; b < B; b += gridDim.x) {
    // reduce y_peak[b]  [b:B] = max<f32>[d:D](x[b, d])
    f32 acc[4];
    KT_EACH(4) acc[each] = -__builtin_inff();
    for (i64 d = 4 * threadIdx.x; d < D; d += 4 * blockDim.x) {
      f32 x__1[4];
      load_f32_x4(x__1, x + b * D + d);
      KT_EACH(4) acc[each] = max_f32(acc[each], x__1[each]);
    }
    f32 fold = -__builtin_inff();
    KT_EACH(4) fold = max_f32(fold, acc[each]);
    const f32 fold_1 = fold_max_f32_block(fold, waves_f32);
    // exp_row[b, d_1] = exp(x[b, d_1] - y_peak[b])
    __syncthreads();
    for (i64 d = 4 * threadIdx.x; d < D; d += 4 * blockDim.x) {
      f32 x__2[4];
      load_f32_x4(x__2, x + b * D + d);
      f32 v__3[4];
      KT_EACH(4) v__3[each] = exp_4(x__2[each] - fold_1);
      store_f32_x4(exp_row + d, v__3);
    }
    __syncthreads();
    // reduce y_sum[b]  [b:B] = add<f32>[d_1_1:D](exp_row[b, d_1_1])
    f32 acc_1[4];
    KT_EACH(4) acc_1[each] = 0.0f;
    for (i64 d = 4 * threadIdx.x; d < D; d += 4 * blockDim.x) {
      f32 exp_row__4[4];
      load_f32_x4(exp_row__4, exp_row + d);
      KT_EACH(4) acc_1[each] = acc_1[each] + exp_row__4[each];
    }
    f32 fold_2 = 0.0f;
    KT_EACH(4) fold_2 = fold_2 + acc_1[each];
    const f32 fold_3 = fold_add_f32_block(fold_2, waves_f32);
    // y[b, d_2] = y_peak[b] == -inf ? 0.0 : exp_row[b, d_2] / y_sum[b]
    for (i64 d = 4 * threadIdx.x; d < D; d += 4 * blockDim.x) {
      f32 exp_row__5[4];
      if (fold_1 != -__builtin_inff()) load_f32_x4(exp_row__5, exp_row + d);
      f32 v__6[4];
      KT_EACH(4) v__6[each] = fold_1 == -__builtin_inff() ? 0.0f : exp_row__5[each] / fold_3;
      store_f32_x4(y + b * D + d, v__6);
    }
  }
}

extern "C" __global__ void __launch_bounds__(256) softmax_k0_y_peak(const f32* __restrict x, f32* __restrict y, f32* __restrict exp_row, i64 B, i64 D) {
  __shared__ f32 waves_f32[32];
  exp_row = (f32*)((char*)exp_row + blockIdx.x * ((D * 4 + 63) & -64));
  for (i64 b = blockIdx.x; b < B; b += gridDim.x) {
    // reduce y_peak[b]  [b:B] = max<f32>[d:D](x[b, d])
    f32 acc = -__builtin_inff();
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      acc = max_f32(acc, x[b * D + d]);
    }
    const f32 fold = fold_max_f32_block(acc, waves_f32);
    // exp_row[b, d_1] = exp(x[b, d_1] - y_peak[b])
    __syncthreads();
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      exp_row[d] = exp_4(x[b * D + d] - fold);
    }
    __syncthreads();
    // reduce y_sum[b]  [b:B] = add<f32>[d_1_1:D](exp_row[b, d_1_1])
    f32 acc_1 = 0.0f;
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      acc_1 += exp_row[d];
    }
    const f32 fold_1 = fold_add_f32_block(acc_1, waves_f32);
    // y[b, d_2] = y_peak[b] == -inf ? 0.0 : exp_row[b, d_2] / y_sum[b]
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      y[b * D + d] = fold == -__builtin_inff() ? 0.0f : exp_row[d] / fold_1;
    }
  }
}

#ifdef KT_LAUNCH
// Starts all kernels on the stream; 0, or the error of the runtime. Pointers are those of the device.
extern "C" int softmax(const f32* __restrict x, f32* __restrict y, i64 B, i64 D, void* workspace, void* stream) {
  char* at = (char*)workspace;
  f32* exp_row = (f32*)at;
  if (D % 4 == 0 && (u64)x % 16 == 0 && (u64)y % 16 == 0) KT_LAUNCH(softmax_k0_y_peak_fast, blocks_for(B, 1, 256), 256, 0, x, y, exp_row, B, D);
  else KT_LAUNCH(softmax_k0_y_peak, blocks_for(B, 1, 256), 256, 0, x, y, exp_row, B, D);
  return KT_STATUS();
}
#endif

#ifdef KT_HOST_SIMT
// args[i] points at the array, or at the value of a dim, scalar or capacity. Part 0 does all.
extern "C" void softmax_call(void* const* args, i64 part, i64 parts) {
  if (part % parts == 0) softmax((const f32*)args[0], (f32*)args[1], *(const i64*)args[2], *(const i64*)args[3], args[4], 0);
}
#endif
