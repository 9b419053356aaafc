// sigrid_hash for hip:gfx942, made by ktune.
// Salted hash of the ids of ragged rows, reduced to 0 .. modulus - 1: feature hashing of sparse ids.
//
//   graph sigrid_hash(B; salt: i64, modulus: i64)
//     in    v: i64[off[B]]
//     in    off: i64[B + 1]  # offsets of L
//     out   o: i64[off[B]]
//     map o[off[b] + l]  [b:B, l:off[b + 1] - off[b]]
//         = (let hi = salt as u64 in let a_1 = ((let k = v[off[b] + l] as u64 in let a = ~k + (k << 21u64) in let b = a ^ (a >> 24u64) in let c…
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
#endif

typedef long long i64;
typedef unsigned long long u64;

static __host__ __device__ inline i64 max_i64(i64 a, i64 b) {
  return a > b ? a : b;
}

static __host__ __device__ inline i64 floor_mod_i64(i64 a, i64 b) {
  if (b == 0 || b == -1) return 0;
  const i64 r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

extern "C" __global__ void __launch_bounds__(256) sigrid_hash_k0_o(const i64* __restrict v, const i64* __restrict off, i64* __restrict o, i64 B, i64 salt, i64 modulus) {
  // o[l] = (let hi = salt as u64 in let a_1 = ((let k = v[l] as u64 in let a = ~k + (k << 21u64) in let b_1 = a ^…
  const i64 l_top = max_i64(0, off[B]);
  for (i64 l = (i64)blockIdx.x * blockDim.x + threadIdx.x; l < l_top; l += (i64)gridDim.x * blockDim.x) {
    const u64 hi = (u64)salt;
    const u64 k = (u64)v[l];
    const u64 a = ~k + (k << 21);
    const u64 b_1 = a ^ (a >> 24);
    const u64 c = b_1 + (b_1 << 3) + (b_1 << 8);
    const u64 d = c ^ (c >> 14);
    const u64 e = d + (d << 2) + (d << 4);
    const u64 f = e ^ (e >> 28);
    const u64 a_1 = ((f + (f << 31)) ^ hi) * 0x9ddfea08eb382d69ull;
    const u64 b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 0x9ddfea08eb382d69ull;
    o[l] = floor_mod_i64((i64)((b_1_1 ^ (b_1_1 >> 47)) * 0x9ddfea08eb382d69ull), modulus);
  }
}

#ifdef KT_LAUNCH
// Starts all kernels on the stream; 0, or the error of the runtime. Pointers are those of the device.
extern "C" int sigrid_hash(const i64* __restrict v, const i64* __restrict off, i64* __restrict o, i64 B, i64 salt, i64 modulus, void* stream) {
  KT_LAUNCH(sigrid_hash_k0_o, 2432, 256, 0, v, off, o, B, salt, modulus);
  return KT_STATUS();
}
#endif

#ifdef KT_HOST_SIMT
// args[i] points at the array, or at the value of a dim, scalar or capacity. Part 0 does all.
extern "C" void sigrid_hash_call(void* const* args, i64 part, i64 parts) {
  if (part % parts == 0) sigrid_hash((const i64*)args[0], (const i64*)args[1], (i64*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const i64*)args[5], 0);
}
#endif
