// matmul for hip:gfx942, made by ktune.
// Matrix product with an f32 accumulator, rounded once.
//
//   graph matmul(M, K, N)
//     in    a: f32[M, K]
//     in    b: f32[K, N]
//     out   y: f32[M, N]
//     reduce y[m, n]  [m:M, n:N]
//         = add<f32>[k:K](a[m, k] * b[k, n])
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
template <typename T> static __device__ inline void kt_st(T* p, T v) { *p = v; }
#endif

typedef long long i64;
typedef float f32;
typedef unsigned long long u64;
#define KT_EACH(n) _Pragma("unroll") for (int each = 0; each < n; ++each)
struct alignas(16) kt_bytes16 { unsigned w[4]; };

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

static __device__ inline void store_f32_x4(f32* p, const f32 (&v)[4]) {
  f32 e[4];
  KT_EACH(4) e[each] = v[each];
  kt_bytes16 run[1];
  __builtin_memcpy(run, e, sizeof e);
  KT_EACH(1) kt_st<kt_bytes16>((kt_bytes16*)p + each, run[each]);
}

extern "C" __global__ void __launch_bounds__(256) matmul_k0_y_fast(const f32* __restrict a, const f32* __restrict b, f32* __restrict y, i64 M, i64 K, i64 N) {
  alignas(16) __shared__ f32 left_shared[1280];
  alignas(16) __shared__ f32 right_shared[1088];
  const int lane = threadIdx.x;
  // y
  const i64 across = (N + 63) / 64;
  const i64 tiles = (M + 63) / 64 * across;
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 down = tile / across;
    const i64 right = tile - down * across;
    const i64 row = down * 64;
    const i64 col = right * 64;
    const i64 i = lane / 16 * 4;
    const i64 j = (lane & 15) * 4;
    f32 sum[4];
    KT_EACH(4) sum[each] = 0.0f;
    f32 sum_1[4];
    KT_EACH(4) sum_1[each] = 0.0f;
    f32 sum_2[4];
    KT_EACH(4) sum_2[each] = 0.0f;
    f32 sum_3[4];
    KT_EACH(4) sum_3[each] = 0.0f;
    for (i64 from = 0; from < K; from += 16) {
      for (i64 unit = threadIdx.x; unit < 256; unit += blockDim.x) {
        const i64 p = unit / 4;
        const i64 q = (unit & 3) * 4;
        const i64 far = row + p;
        const i64 near = from + q;
        f32 v[4];
        KT_EACH(4) v[each] = 0.0f;
        if (far < M && near < K) {
          f32 a__1[4];
          load_f32_x4(a__1, a + far * K + near);
          KT_EACH(4) v[each] = a__1[each];
        }
        store_f32_x4(left_shared + p * 20 + q, v);
      }
      for (i64 unit_1 = threadIdx.x; unit_1 < 256; unit_1 += blockDim.x) {
        const i64 p = unit_1 / 16;
        const i64 q = (unit_1 & 15) * 4;
        const i64 far = from + p;
        const i64 near = col + q;
        f32 v[4];
        KT_EACH(4) v[each] = 0.0f;
        if (far < K && near < N) {
          f32 b__2[4];
          load_f32_x4(b__2, b + far * N + near);
          KT_EACH(4) v[each] = b__2[each];
        }
        store_f32_x4(right_shared + p * 68 + q, v);
      }
      __syncthreads();
      for (i64 k = 0; k < 16; ++k) {
        f32 b_1[4];
        load_f32_x4(b_1, right_shared + k * 68 + j);
        const f32 a_1 = left_shared[i * 20 + k];
        KT_EACH(4) sum[each] = sum[each] + a_1 * b_1[each];
        const f32 a_2 = left_shared[(i + 1) * 20 + k];
        KT_EACH(4) sum_1[each] = sum_1[each] + a_2 * b_1[each];
        const f32 a_3 = left_shared[(i + 2) * 20 + k];
        KT_EACH(4) sum_2[each] = sum_2[each] + a_3 * b_1[each];
        const f32 a_4 = left_shared[(i + 3) * 20 + k];
        KT_EACH(4) sum_3[each] = sum_3[each] + a_4 * b_1[each];
      }
      __syncthreads();
    }
    const i64 row_1 = row + i;
    const i64 col_1 = col + j;
    if (row_1 < M) {
      if (col_1 < N) {
        store_f32_x4(y + row_1 * N + col_1, sum);
      }
    }
    if (row_1 + 1 < M) {
      if (col_1 < N) {
        store_f32_x4(y + (row_1 + 1) * N + col_1, sum_1);
      }
    }
    if (row_1 + 2 < M) {
      if (col_1 < N) {
        store_f32_x4(y + (row_1 + 2) * N + col_1, sum_2);
      }
    }
    if (row_1 + 3 < M) {
      if (col_1 < N) {
        store_f32_x4(y + (row_1 + 3) * N + col_1, sum_3);
      }
    }
  }
}

extern "C" __global__ void __launch_bounds__(256) matmul_k0_y(const f32* __restrict a, const f32* __restrict b, f32* __restrict y, i64 M, i64 K, i64 N) {
  alignas(16) __shared__ f32 left_shared[1280];
  alignas(16) __shared__ f32 right_shared[1088];
  const int lane = threadIdx.x;
  // y
  const i64 across = (N + 63) / 64;
  const i64 tiles = (M + 63) / 64 * across;
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 down = tile / across;
    const i64 right = tile - down * across;
    const i64 row = down * 64;
    const i64 col = right * 64;
    const i64 i = lane / 16 * 4;
    const i64 j = (lane & 15) * 4;
    f32 sum[4];
    KT_EACH(4) sum[each] = 0.0f;
    f32 sum_1[4];
    KT_EACH(4) sum_1[each] = 0.0f;
    f32 sum_2[4];
    KT_EACH(4) sum_2[each] = 0.0f;
    f32 sum_3[4];
    KT_EACH(4) sum_3[each] = 0.0f;
    for (i64 from = 0; from < K; from += 16) {
      for (i64 unit = threadIdx.x; unit < 1024; unit += blockDim.x) {
        const i64 p = unit / 16;
        const i64 q = unit & 15;
        const i64 far = row + p;
        const i64 near = from + q;
        f32 v = 0.0f;
        if (far < M && near < K) {
          v = a[far * K + near];
        }
        left_shared[p * 20 + q] = v;
      }
      for (i64 unit_1 = threadIdx.x; unit_1 < 1024; unit_1 += blockDim.x) {
        const i64 p = unit_1 / 64;
        const i64 q = unit_1 & 63;
        const i64 far = from + p;
        const i64 near = col + q;
        f32 v = 0.0f;
        if (far < K && near < N) {
          v = b[far * N + near];
        }
        right_shared[p * 68 + q] = v;
      }
      __syncthreads();
      for (i64 k = 0; k < 16; ++k) {
        f32 b_1[4];
        load_f32_x4(b_1, right_shared + k * 68 + j);
        const f32 a_1 = left_shared[i * 20 + k];
        KT_EACH(4) sum[each] = sum[each] + a_1 * b_1[each];
        const f32 a_2 = left_shared[(i + 1) * 20 + k];
        KT_EACH(4) sum_1[each] = sum_1[each] + a_2 * b_1[each];
        const f32 a_3 = left_shared[(i + 2) * 20 + k];
        KT_EACH(4) sum_2[each] = sum_2[each] + a_3 * b_1[each];
        const f32 a_4 = left_shared[(i + 3) * 20 + k];
        KT_EACH(4) sum_3[each] = sum_3[each] + a_4 * b_1[each];
      }
      __syncthreads();
    }
    const i64 row_1 = row + i;
    const i64 col_1 = col + j;
    if (row_1 < M) {
      bool m[4];
      KT_EACH(4) m[each] = col_1 + each < N;
      KT_EACH(4) if (m[each]) y[row_1 * N + col_1 + each] = sum[each];
    }
    if (row_1 + 1 < M) {
      bool m[4];
      KT_EACH(4) m[each] = col_1 + each < N;
      KT_EACH(4) if (m[each]) y[(row_1 + 1) * N + col_1 + each] = sum_1[each];
    }
    if (row_1 + 2 < M) {
      bool m[4];
      KT_EACH(4) m[each] = col_1 + each < N;
      KT_EACH(4) if (m[each]) y[(row_1 + 2) * N + col_1 + each] = sum_2[each];
    }
    if (row_1 + 3 < M) {
      bool m[4];
      KT_EACH(4) m[each] = col_1 + each < N;
      KT_EACH(4) if (m[each]) y[(row_1 + 3) * N + col_1 + each] = sum_3[each];
    }
  }
}

#ifdef KT_LAUNCH
// Starts all kernels on the stream; 0, or the error of the runtime. Pointers are those of the device.
extern "C" int matmul(const f32* __restrict a, const f32* __restrict b, f32* __restrict y, i64 M, i64 K, i64 N, void* stream) {
  if (K % 4 == 0 && N % 4 == 0 && (u64)a % 16 == 0 && (u64)b % 16 == 0 && (u64)y % 16 == 0) KT_LAUNCH(matmul_k0_y_fast, blocks_for((M + 63) / 64 * ((N + 63) / 64), 1, 2432), 256, 0, a, b, y, M, K, N);
  else KT_LAUNCH(matmul_k0_y, blocks_for((M + 63) / 64 * ((N + 63) / 64), 1, 2432), 256, 0, a, b, y, M, K, N);
  return KT_STATUS();
}
#endif

#ifdef KT_HOST_SIMT
// args[i] points at the array, or at the value of a dim, scalar or capacity. Part 0 does all.
extern "C" void matmul_call(void* const* args, i64 part, i64 parts) {
  if (part % parts == 0) matmul((const f32*)args[0], (const f32*)args[1], (f32*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const i64*)args[5], 0);
}
#endif
