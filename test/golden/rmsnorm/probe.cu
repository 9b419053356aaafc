// rmsnorm: tile IR in a CUDA-like dialect.

typedef long long i64;
typedef float f32;

static __device__ inline f32 block_sum(f32 v) {
  __shared__ f32 waves[32];
  for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
  __syncthreads();
  if (threadIdx.x % 32 == 0) waves[threadIdx.x / 32] = v;
  __syncthreads();
  v = threadIdx.x % 32 < blockDim.x / 32 ? waves[threadIdx.x % 32] : 0.0f;
  for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(0xffffffffu, v, step);
  return v;
}

extern "C" __global__ void __launch_bounds__(256) k0_r(const f32* __restrict__ x, const f32* __restrict__ w, f32* __restrict__ y, i64 B, i64 D, f32 eps) {
  for (i64 b = blockIdx.x; b < B; b += gridDim.x) {
    // reduce r[b]  [b:B] = mean<f32>[d:D](x[b, d] * x[b, d]) then rsqrt(acc + eps)
    f32 acc = 0.0f;
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      const f32 x_at = x[b * D + d];
      acc += x_at * x_at;
    }
    const f32 fold = block_sum(acc);
    const f32 acc_1 = D == 0 ? 0.0f : fold / (f32)D;
    const f32 r_1 = rsqrtf(acc_1 + eps);
    // y[b, d_1] = x[b, d_1] * r[b] * w[d_1]
    for (i64 d = threadIdx.x; d < D; d += blockDim.x) {
      y[b * D + d] = x[b * D + d] * r_1 * w[d];
    }
  }
}
