/** Kernels written by hand in the SIMT dialect, each with bugs that a define plants. All compute rows of `D` floats, one block of 128 threads a row. */
const call = (name: string): string => `
extern "C" int ${name}(const float* x, float* y, long long B, long long D) {
  KT_LAUNCH(${name}_kernel, (unsigned)B, 128, 0, x, y, D);
  return KT_STATUS();
}
extern "C" void ${name}_call(void* const* args, long long part, long long parts) {
  if (part % parts == 0) ${name}((const float*)args[0], (float*)args[1], *(long long*)args[2], *(long long*)args[3]);
}`;

/** y = x / Σ|x| of the row: lanes, waves, then one shared hop. */
export const NORMALISE = `
static float wave_sum(float v) {
#ifdef HALF_WIDTH
  for (int m = KT_WAVE / 4; m > 0; m /= 2) v += kt_shfl_xor(v, m);
#elif defined(WAVE_64)
  for (int m = 32; m > 0; m /= 2) v += kt_shfl_xor(v, m);
#else
  for (int m = KT_WAVE / 2; m > 0; m /= 2) v += kt_shfl_xor(v, m);
#endif
  return v;
}
extern "C" __global__ void normalise_kernel(const float* x, float* y, long long D) {
  __shared__ float part[4];
  const float* row = x + blockIdx.x * D;
#ifdef EARLY
  if (threadIdx.x == 5) return;
#endif
  float sum = 0;
  for (long long i = threadIdx.x; i < D; i += blockDim.x) sum += row[i] < 0 ? -row[i] : row[i];
#ifdef ALL_WRITE
  sum = wave_sum(sum);
  part[threadIdx.x / KT_WAVE] = sum;
#elif defined(IN_BRANCH)
  if (threadIdx.x % KT_WAVE < 7) sum = wave_sum(sum);
  if (threadIdx.x % KT_WAVE == 0) part[threadIdx.x / KT_WAVE] = sum;
#else
  sum = wave_sum(sum);
  if (threadIdx.x % KT_WAVE == 0) part[threadIdx.x / KT_WAVE] = sum;
#endif
#ifdef DIVERGENT
  if (threadIdx.x < 64) __syncthreads();
  else __syncthreads();
#elif !defined(NO_BARRIER)
  __syncthreads();
#endif
  sum = 0;
#ifdef OVERREAD
  for (int k = 0; k < 4; ++k) sum += part[k];
#else
  for (int k = 0; k < blockDim.x / KT_WAVE; ++k) sum += part[k];
#endif
  for (long long i = threadIdx.x; i < D; i += blockDim.x) y[blockIdx.x * D + i] = row[i] / sum;
#ifdef TWO_WRITERS
  y[blockIdx.x * D] = row[0] / sum;
#endif
#ifdef OTHER_BLOCK
  if (blockIdx.x > 0 && threadIdx.x == 0) y[blockIdx.x * D] += y[0] * 0;
#endif
#ifdef PAST_END
  if (threadIdx.x == 0 && blockIdx.x == gridDim.x - 1) y[blockIdx.x * D + D] = 0;
#endif
#ifdef SPIN
  while (threadIdx.x == 3 && *(volatile const float*)row == row[0]) {}
#endif
}${call('normalise')}`;

/** y = x reversed within chunks of 128, through shared memory that is used again: a barrier before it is read and one before it is written. */
export const REVERSE = `
extern "C" __global__ void reverse_kernel(const float* x, float* y, long long D) {
  __shared__ float chunk[128];
  for (long long at = 0; at < D; at += 128) {
    const long long n = D - at < 128 ? D - at : 128;
    if (threadIdx.x < n) chunk[threadIdx.x] = x[blockIdx.x * D + at + threadIdx.x];
#ifndef NO_BARRIER_READ
    __syncthreads();
#endif
    if (threadIdx.x < n) y[blockIdx.x * D + at + threadIdx.x] = chunk[n - 1 - threadIdx.x];
#ifndef NO_BARRIER_WRITE
    __syncthreads();
#endif
  }
}${call('reverse')}`;

/** Prefix sums within each wave through shared memory, with wave barriers. */
export const SCAN = `
extern "C" __global__ void scan_kernel(const float* x, float* y, long long D) {
  __shared__ float s[128];
  const unsigned t = threadIdx.x, lane = t % KT_WAVE;
  s[t] = t < D ? x[blockIdx.x * D + t] : 0;
  for (unsigned d = 1; d < KT_WAVE; d *= 2) {
    __syncwarp();
    const float other = lane >= d ? s[t - d] : 0;
#ifndef NO_WAVE_BARRIER
    __syncwarp();
#endif
    s[t] += other;
  }
  if (t < D) y[blockIdx.x * D + t] = s[t];
}${call('scan')}`;
