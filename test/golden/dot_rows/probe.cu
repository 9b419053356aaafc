// matmul: tile IR in a CUDA-like dialect.

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

extern "C" __global__ void __launch_bounds__(256) k0_y(const f32* __restrict__ a, const f32* __restrict__ b, f32* __restrict__ y, i64 M, i64 K, i64 N) {
  const i64 lane = threadIdx.x;
  for (i64 m = blockIdx.x; m < M; m += gridDim.x) {
    for (i64 n = 0; n < N; ++n) {
      // reduce y[m, n]  [m:M, n:N] = add<f32>[k:K](a[m, k] * b[n, k])
      f32 acc = 0.0f;
      for (i64 k = threadIdx.x; k < K; k += blockDim.x) {
        acc += a[m * K + k] * b[n * K + k];
      }
      const f32 fold = block_sum(acc);
      if (lane == 0) {
        y[m * N + n] = fold;
      }
    }
  }
}
