// Executes emitted SIMT text on the CPU. It is compiled before that text, which it gives the words of CUDA and HIP to. Blocks run one after the other;
// the threads of a block are fibres that stop at barriers and collectives only, so a block is as sequential as the order they are taken in, and
// that order is changed from call to call. What a program of this dialect must not do ends the call with a message that names kernel, block,
// thread and line. No system header: a translation unit of a kernel takes a fifth of the time without them.
#pragma once
#define __global__
#define __device__
#define __host__
#define __launch_bounds__(n)
// All shared memory of the file lies in one section, so that it can be poisoned and watched as one range.
#define __shared__ static __attribute__((section("ktshared"), used))

struct kt_dim3 {
  unsigned x, y, z;
};
#include "runtime.inc"
#include "fibres.inc"
#include "shadow.inc"
#include "matrix.inc"

#define threadIdx (kt_current->tid)
#define __syncthreads() kt_barrier(__LINE__)
#define __syncwarp() kt_wave_barrier(__LINE__)
// Values of another lane of the wave. All lanes of a wave take part, at one place of the program.
#define kt_shfl(v, lane) kt_collective("shuffle", __LINE__, v, (int)(lane))
#define kt_shfl_xor(v, m) kt_collective("xor shuffle", __LINE__, v, kt_partner((int)(m), __LINE__))
#define kt_shfl_up(v, d) kt_collective("shuffle up", __LINE__, v, kt_lane() < (int)(d) ? kt_lane() : kt_lane() - (int)(d))
#define kt_shfl_down(v, d) \
  kt_collective("shuffle down", __LINE__, v, kt_lane() + (int)(d) < KT_WAVE ? kt_lane() + (int)(d) : kt_lane())

// A group of elements that one instruction moves; the address must be a multiple of its size, as on a GPU.
template <typename T> static inline T kt_ld(const void* p) {
  if ((unsigned long)p % sizeof(T) != 0) kt_fail("loads %lu bytes at once from an address that is no multiple of that", sizeof(T));
  return *(const T*)p;
}
template <typename T> static inline void kt_st(void* p, T v) {
  if ((unsigned long)p % sizeof(T) != 0) kt_fail("stores %lu bytes at once to an address that is no multiple of that", sizeof(T));
  *(T*)p = v;
}

#define KT_LAUNCH(kernel, grid, block, shared, ...) kt_launch(#kernel, grid, block, [=] { kernel(__VA_ARGS__); })
// The end of a call: the next one takes another order.
#define KT_STATUS() (++kt_calls, 0)
