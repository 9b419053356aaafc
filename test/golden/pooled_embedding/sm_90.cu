// pooled_embedding for cuda:sm_90, made by ktune.
// Sum of the table rows of each bag of ids; ids beyond the table are clamped.
//
//   graph pooled_embedding(V, D, B)
//     in    w: f32[V, D]
//     in    ids: i64[off[B]]
//     in    off: i64[B + 1]  # offsets of L
//     out   y: f32[B, D]
//     reduce y[b, d]  [b:B, d:D]
//         = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d] : 0.0)
//
// Config: default.
// Build with nvcc -std=c++17 -arch=sm_90, or with NVRTC for the device's part.

#ifndef KT_HOST_SIMT
#define KT_WAVE 32
#ifndef __CUDACC_RTC__
#define KT_LAUNCH(kernel, grid, block, shared, ...) kernel<<<grid, block, shared, (cudaStream_t)stream>>>(__VA_ARGS__)
#define KT_STATUS() (int)cudaGetLastError()
#endif
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

static __host__ __device__ inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static __host__ __device__ inline i64 max_i64(i64 a, i64 b) {
  return a > b ? a : b;
}

static __device__ inline void store_f32_x4(f32* p, const f32 (&v)[4]) {
  f32 e[4];
  KT_EACH(4) e[each] = v[each];
  kt_bytes16 run[1];
  __builtin_memcpy(run, e, sizeof e);
  KT_EACH(1) kt_st<kt_bytes16>((kt_bytes16*)p + each, run[each]);
}

extern "C" __global__ void __launch_bounds__(256) pooled_embedding_k0_y_fast(const f32* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B) {
  for (i64 b = blockIdx.x; b < B; b += gridDim.x) {
    // reduce y[b, d]  [b:B, d:D] = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d…
    for (i64 d = 4 * threadIdx.x; d < D; d += 4 * blockDim.x) {
      f32 acc[4];
      KT_EACH(4) acc[each] = 0.0f;
      const i64 off_at = off[b];
      const i64 l_end = off[b + 1] - off_at;
      for (i64 l = 0; l < l_end; ++l) {
        f32 w__1[4];
        if (V > 0) load_f32_x4(w__1, w + min_i64(max_i64(ids[off_at + l], 0), V - 1) * D + d);
        KT_EACH(4) acc[each] = acc[each] + (V > 0 ? w__1[each] : 0.0f);
      }
      store_f32_x4(y + b * D + d, acc);
    }
  }
}

extern "C" __global__ void __launch_bounds__(256) pooled_embedding_k0_y(const f32* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B) {
  for (i64 b = blockIdx.x; b < B; b += gridDim.x) {
    // reduce y[b, d]  [b:B, d:D] = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d…
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      f32 acc = 0.0f;
      const i64 off_at = off[b];
      const i64 l_end = off[b + 1] - off_at;
      for (i64 l = 0; l < l_end; ++l) {
        acc += V > 0 ? w[min_i64(max_i64(ids[off_at + l], 0), V - 1) * D + d] : 0.0f;
      }
      y[b * D + d] = acc;
    }
  }
}

#ifdef KT_LAUNCH
// Starts all kernels on the stream; 0, or the error of the runtime. Pointers are those of the device.
extern "C" int pooled_embedding(const f32* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B, void* stream) {
  if (D % 4 == 0 && (u64)w % 16 == 0 && (u64)y % 16 == 0) KT_LAUNCH(pooled_embedding_k0_y_fast, blocks_for(B, 1, 1056), 256, 0, w, ids, off, y, V, D, B);
  else KT_LAUNCH(pooled_embedding_k0_y, blocks_for(B, 1, 1056), 256, 0, w, ids, off, y, V, D, B);
  return KT_STATUS();
}
#endif

#ifdef KT_HOST_SIMT
// args[i] points at the array, or at the value of a dim, scalar or capacity. Part 0 does all.
extern "C" void pooled_embedding_call(void* const* args, i64 part, i64 parts) {
  if (part % parts == 0) pooled_embedding((const f32*)args[0], (const i64*)args[1], (const i64*)args[2], (f32*)args[3], *(const i64*)args[4], *(const i64*)args[5], *(const i64*)args[6], 0);
}
#endif
