// cumsum for hip:gfx942, made by ktune.
// Prefix sums of a row: inclusive, exclusive and reverse.
//
//   graph cumsum(N, D)
//     in    x: f32[N, D]
//     out   inc: f32[N, D]
//     out   exc: f32[N, D]
//     out   rev: f32[N, D]
//     scan inc[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j <= i](x[n, j])
//     scan exc[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j < i](x[n, j])
//     scan rev[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j >= i](x[n, j])
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
template <typename T> static __device__ inline T kt_shfl_up(T v, int d) {
  int w[(sizeof(T) + 3) / 4] = {};
  __builtin_memcpy(w, &v, sizeof v);
  const int from = kt_lane() < d ? kt_lane() : kt_lane() - d;
  for (int& x : w) x = __builtin_amdgcn_ds_bpermute(from << 2, x);
  __builtin_memcpy(&v, w, sizeof v);
  return v;
}
template <typename T> static __device__ inline T kt_shfl_xor(T v, int m) {
  int w[(sizeof(T) + 3) / 4] = {};
  __builtin_memcpy(w, &v, sizeof v);
  const int from = kt_lane() ^ m;
  for (int& x : w) x = __builtin_amdgcn_ds_bpermute(from << 2, x);
  __builtin_memcpy(&v, w, sizeof v);
  return v;
}
#endif

typedef long long i64;
typedef float f32;
typedef double f64;

static __host__ __device__ inline i64 blocks_for(i64 steps, i64 each, i64 most) {
  const i64 blocks = (steps + each - 1) / each;
  return blocks < 1 ? 1 : blocks > most ? most : blocks;
}

static __device__ inline f32 scan_add_f32_block(f32 v, f32* waves) {
  const int lane = threadIdx.x % KT_WAVE, wave = threadIdx.x / KT_WAVE;
#pragma unroll
  for (int step = 1; step < KT_WAVE; step *= 2) {
    const f32 w = kt_shfl_up(v, step);
    if (lane >= step) v = w + v;
  }
  if (lane == KT_WAVE - 1) waves[wave] = v;
  __syncthreads();
  f32 before = 0.0f;
  for (int k = 0; k < wave; ++k) before = before + waves[k];
  __syncthreads();
  return before + v;
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

static __device__ inline f32 scan_add_f32_before_block(f32 v, f32* waves) {
  const int lane = threadIdx.x % KT_WAVE, wave = threadIdx.x / KT_WAVE;
#pragma unroll
  for (int step = 1; step < KT_WAVE; step *= 2) {
    const f32 w = kt_shfl_up(v, step);
    if (lane >= step) v = w + v;
  }
  if (lane == KT_WAVE - 1) waves[wave] = v;
  v = kt_shfl_up(v, 1);
  if (lane == 0) v = 0.0f;
  __syncthreads();
  f32 before = 0.0f;
  for (int k = 0; k < wave; ++k) before = before + waves[k];
  __syncthreads();
  return before + v;
}

extern "C" __global__ void __launch_bounds__(256) cumsum_k0_inc(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D) {
  __shared__ f32 waves_f32[32];
  const int lane = threadIdx.x;
  for (i64 n = blockIdx.x; n < N; n += gridDim.x) {
    // scan inc[n, i]  [n:N, i:D] = add<f32>[j:D where j <= i](x[n, j])
    f64 carry = 0.0;
    for (i64 from = 0; from < D; from += 256) {
      const i64 step = from + lane;
      f32 value = 0.0f;
      if (step < D) {
        value = x[n * D + step];
      }
      const f32 prefix = scan_add_f32_block(value, waves_f32);
      const f32 total = fold_add_f32_block(value, waves_f32);
      if (step < D) {
        inc[n * D + step] = (f32)carry + prefix;
      }
      carry += (f64)total;
    }
    // scan exc[n, i_1]  [n:N, i_1:D] = add<f32>[j_1:D where j_1 < i_1](x[n, j_1])
    f64 carry_1 = 0.0;
    for (i64 from = 0; from < D; from += 256) {
      const i64 step = from + lane;
      f32 value = 0.0f;
      if (step < D) {
        value = x[n * D + step];
      }
      const f32 prefix = scan_add_f32_before_block(value, waves_f32);
      const f32 total = fold_add_f32_block(value, waves_f32);
      if (step < D) {
        exc[n * D + step] = (f32)carry_1 + prefix;
      }
      carry_1 += (f64)total;
    }
    // scan rev[n, i_2]  [n:N, i_2:D] = add<f32>[j_2:D where j_2 >= i_2](x[n, j_2])
    f64 carry_2 = 0.0;
    for (i64 from = 0; from < D; from += 256) {
      const i64 step = from + lane;
      f32 value = 0.0f;
      if (step < D) {
        value = x[n * D + (D - 1 - step)];
      }
      const f32 prefix = scan_add_f32_block(value, waves_f32);
      const f32 total = fold_add_f32_block(value, waves_f32);
      if (step < D) {
        rev[n * D + (D - 1 - step)] = (f32)carry_2 + prefix;
      }
      carry_2 += (f64)total;
    }
  }
}

#ifdef KT_LAUNCH
// Starts all kernels on the stream; 0, or the error of the runtime. Pointers are those of the device.
extern "C" int cumsum(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D, void* stream) {
  KT_LAUNCH(cumsum_k0_inc, blocks_for(N, 1, 2432), 256, 0, x, inc, exc, rev, N, D);
  return KT_STATUS();
}
#endif

#ifdef KT_HOST_SIMT
// args[i] points at the array, or at the value of a dim, scalar or capacity. Part 0 does all.
extern "C" void cumsum_call(void* const* args, i64 part, i64 parts) {
  if (part % parts == 0) cumsum((const f32*)args[0], (f32*)args[1], (f32*)args[2], (f32*)args[3], *(const i64*)args[4], *(const i64*)args[5], 0);
}
#endif
