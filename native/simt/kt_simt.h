// Runs emitted SIMT text on the CPU, one thread after the other: enough for kernels whose threads do not wait for each other.
#pragma once
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __launch_bounds__(n)
struct kt_dim3 {
  unsigned x, y, z;
};
static kt_dim3 threadIdx, blockIdx, blockDim, gridDim;
#define KT_LAUNCH(kernel, grid, block, shared, ...)                                   \
  do {                                                                                \
    gridDim = {(unsigned)(grid), 1, 1};                                               \
    blockDim = {(unsigned)(block), 1, 1};                                             \
    for (blockIdx = {0, 0, 0}; blockIdx.x < gridDim.x; ++blockIdx.x)                   \
      for (threadIdx = {0, 0, 0}; threadIdx.x < blockDim.x; ++threadIdx.x) kernel(__VA_ARGS__); \
  } while (0)
#define KT_STATUS() 0
