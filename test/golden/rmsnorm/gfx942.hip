// rmsnorm for hip:gfx942, made by ktune.
// Root-mean-square normalisation over the last axis, in any float type; arithmetic is f32.
//
//   graph rmsnorm(B, D; eps: f32 = 0.000001)
//     in    x: bf16[B, D]
//     in    w: bf16[D]
//     out   y: bf16[B, D]
//     temp  r: f32[B]
//     reduce r[b]  [b:B]
//         = mean<f32>[d:D](x[b, d] * x[b, d])
//         then rsqrt(acc + eps)
//     map y[b, d]  [b:B, d:D]
//         = (x[b, d] * r[b] * w[d]) as bf16
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
typedef unsigned short bf16;
typedef float f32;
typedef unsigned long long u64;
#define KT_EACH(n) _Pragma("unroll") for (int each = 0; each < n; ++each)
struct alignas(16) kt_bytes16 { unsigned w[4]; };
typedef unsigned u32;
typedef int i32;

static __host__ __device__ inline i64 blocks_for(i64 steps, i64 each, i64 most) {
  const i64 blocks = (steps + each - 1) / each;
  return blocks < 1 ? 1 : blocks > most ? most : blocks;
}

static __device__ inline f32 bf16_to_f32(u32 h) {
  return __builtin_bit_cast(f32, (u32)(h << 16));
}

static __device__ inline void load_bf16_x8(f32 (&v)[8], const bf16* p) {
  kt_bytes16 run[1];
  KT_EACH(1) run[each] = kt_ld<kt_bytes16>((const kt_bytes16*)p + each);
  bf16 e[8];
  __builtin_memcpy(e, run, sizeof e);
  KT_EACH(8) v[each] = bf16_to_f32(e[each]);
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

// sqrt(x), correctly rounded; becomes one vector instruction under -fno-math-errno.
static __device__ inline f32 sqrt_1(f32 x) {
  float v[sizeof(f32) / sizeof(float)];
  __builtin_memcpy(v, &x, sizeof v);
  for (float& l : v) l = __builtin_sqrtf(l);
  __builtin_memcpy(&x, v, sizeof v);
  return x;
}

// 1 / sqrt(x), two roundings.
static __device__ inline f32 rsqrt_4(f32 x) { return 1.0f / sqrt_1(x); }

static __device__ inline u32 f32_to_bf16(f32 x) {
  const u32 u = __builtin_bit_cast(u32, x);
  const u32 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

static __device__ inline void store_bf16_x8(bf16* p, const f32 (&v)[8]) {
  bf16 e[8];
  KT_EACH(8) e[each] = (bf16)f32_to_bf16(v[each]);
  kt_bytes16 run[1];
  __builtin_memcpy(run, e, sizeof e);
  KT_EACH(1) kt_st<kt_bytes16>((kt_bytes16*)p + each, run[each]);
}

extern "C" __global__ void __launch_bounds__(256) rmsnorm_k0_r_fast(const bf16* __restrict x, const bf16* __restrict w, bf16* __restrict y, i64 B, i64 D, f32 eps) {
  __shared__ f32 waves_f32[32];
  for (i64 b = blockIdx.x; b < B; b += gridDim.x) {
    // reduce r[b]  [b:B] = mean<f32>[d:D](x[b, d] * x[b, d]) then rsqrt(acc + eps)
    f32 acc[8];
    KT_EACH(8) acc[each] = 0.0f;
    for (i64 d = 8 * threadIdx.x; d < D; d += 8 * blockDim.x) {
      f32 x_at[8];
      load_bf16_x8(x_at, x + b * D + d);
      KT_EACH(8) acc[each] = acc[each] + x_at[each] * x_at[each];
    }
    f32 fold = 0.0f;
    KT_EACH(8) fold = fold + acc[each];
    const f32 fold_1 = fold_add_f32_block(fold, waves_f32);
    const f32 acc_1 = D == 0 ? 0.0f : fold_1 / (f32)D;
    const f32 r_1 = rsqrt_4(acc_1 + eps);
    // y[b, d_1] = (x[b, d_1] * r[b] * w[d_1]) as bf16
    for (i64 d = 8 * threadIdx.x; d < D; d += 8 * blockDim.x) {
      f32 x__1[8];
      load_bf16_x8(x__1, x + b * D + d);
      f32 w__2[8];
      load_bf16_x8(w__2, w + d);
      f32 v__3[8];
      KT_EACH(8) v__3[each] = x__1[each] * r_1 * w__2[each];
      store_bf16_x8(y + b * D + d, v__3);
    }
  }
}

extern "C" __global__ void __launch_bounds__(256) rmsnorm_k0_r(const bf16* __restrict x, const bf16* __restrict w, bf16* __restrict y, i64 B, i64 D, f32 eps) {
  __shared__ f32 waves_f32[32];
  for (i64 b = blockIdx.x; b < B; b += gridDim.x) {
    // reduce r[b]  [b:B] = mean<f32>[d:D](x[b, d] * x[b, d]) then rsqrt(acc + eps)
    f32 acc = 0.0f;
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      const f32 x_at = bf16_to_f32(x[b * D + d]);
      acc += x_at * x_at;
    }
    const f32 fold = fold_add_f32_block(acc, waves_f32);
    const f32 acc_1 = D == 0 ? 0.0f : fold / (f32)D;
    const f32 r_1 = rsqrt_4(acc_1 + eps);
    // y[b, d_1] = (x[b, d_1] * r[b] * w[d_1]) as bf16
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      y[b * D + d] = (bf16)f32_to_bf16(bf16_to_f32(x[b * D + d]) * r_1 * bf16_to_f32(w[d]));
    }
  }
}

#ifdef KT_LAUNCH
// Starts all kernels on the stream; 0, or the error of the runtime. Pointers are those of the device.
extern "C" int rmsnorm(const bf16* __restrict x, const bf16* __restrict w, bf16* __restrict y, i64 B, i64 D, f32 eps, void* stream) {
  if (D % 8 == 0 && (u64)x % 16 == 0 && (u64)w % 16 == 0 && (u64)y % 16 == 0) KT_LAUNCH(rmsnorm_k0_r_fast, blocks_for(B, 1, 2432), 256, 0, x, w, y, B, D, eps);
  else KT_LAUNCH(rmsnorm_k0_r, blocks_for(B, 1, 2432), 256, 0, x, w, y, B, D, eps);
  return KT_STATUS();
}
#endif

#ifdef KT_HOST_SIMT
// args[i] points at the array, or at the value of a dim, scalar or capacity. Part 0 does all.
extern "C" void rmsnorm_call(void* const* args, i64 part, i64 parts) {
  if (part % parts == 0) rmsnorm((const bf16*)args[0], (const bf16*)args[1], (bf16*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const f32*)args[5], 0);
}
#endif
