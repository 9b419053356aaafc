// matmul: tile IR in a CUDA-like dialect.

typedef long long i64;
typedef float f32;

extern "C" __global__ void __launch_bounds__(256) matmul(const f32* __restrict__ a, const f32* __restrict__ b, f32* __restrict__ y, i64 M, i64 N, i64 K) {
  __shared__ f32 as[256];
  __shared__ f32 bs[256];
  __shared__ f32 acc[256];
  for (i64 m = 16 * blockIdx.y; m < M; m += 16 * gridDim.y) {
    for (i64 n = 16 * blockIdx.x; n < N; n += 16 * gridDim.x) {
      for (i64 e = threadIdx.x; e < 256; e += blockDim.x) {
        acc[e] = 0.0f;
      }
      __syncthreads();
      for (i64 k = 0; k < K; k += 16) {
        for (i64 r = 0; r < 16; ++r) {
          for (i64 unit = threadIdx.x; unit < 16; unit += blockDim.x) (as + r * 16)[unit] = (a + (m + r) * K + k)[unit];
        }
        for (i64 r = 0; r < 16; ++r) {
          for (i64 unit = threadIdx.x; unit < 16; unit += blockDim.x) (bs + r * 16)[unit] = (b + (k + r) * N + n)[unit];
        }
        __syncthreads();
        // 16 by 16 elements, each lane its share
        for (int e = threadIdx.x; e < 256; e += blockDim.x) {
          const int i = e / 16, j = e % 16;
          f32 sum = 0.0f;
          for (i64 k = 0; k < 16; ++k) sum += (as + 0)[i * 16 + k * 1] * (bs + 0)[k * 16 + j];
          (acc + 0)[i * 16 + j] += sum;
        }
        __syncthreads();
      }
      for (i64 r = 0; r < 16; ++r) {
        for (i64 unit = threadIdx.x; unit < 16; unit += blockDim.x) (y + (m + r) * N + n)[unit] = (acc + r * 16)[unit];
      }
    }
  }
}
