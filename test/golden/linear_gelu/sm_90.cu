// linear_gelu for cuda:sm_90, made by ktune.
// Linear layer with GELU on the unrounded sum.
//
//   graph linear_gelu(B, K, N)
//     in    x: bf16[B, K]
//     in    w: bf16[N, K]
//     in    bias: bf16[N]
//     out   y: bf16[B, N]
//     temp  z: f32[B, N]
//     reduce z[b, n]  [b:B, n:N]
//         = add<f32>[k:K](x[b, k] * w[n, k])
//         then bias[n] + acc
//     map y[b, n]  [b:B, n:N]
//         = gelu(z[b, n]) as bf16
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
static __device__ inline void kt_mma_bf16(float* s, const unsigned* a, const unsigned* b) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(s[0]), "+f"(s[1]), "+f"(s[2]), "+f"(s[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

typedef long long i64;
typedef unsigned short bf16;
typedef unsigned long long u64;
typedef float f32;
#define KT_EACH(n) _Pragma("unroll") for (int each = 0; each < n; ++each)
typedef int i32;
typedef unsigned short u16;
struct alignas(16) kt_bytes16 { unsigned w[4]; };
typedef unsigned u32;

static __host__ __device__ inline i64 blocks_for(i64 steps, i64 each, i64 most) {
  const i64 blocks = (steps + each - 1) / each;
  return blocks < 1 ? 1 : blocks > most ? most : blocks;
}

static __device__ inline void load_u16_x8(i32 (&v)[8], const u16* p) {
  kt_bytes16 run[1];
  KT_EACH(1) run[each] = kt_ld<kt_bytes16>((const kt_bytes16*)p + each);
  u16 e[8];
  __builtin_memcpy(e, run, sizeof e);
  KT_EACH(8) v[each] = e[each];
}

static __device__ inline void store_u16_x8(u16* p, const i32 (&v)[8]) {
  u16 e[8];
  KT_EACH(8) e[each] = v[each];
  kt_bytes16 run[1];
  __builtin_memcpy(run, e, sizeof e);
  KT_EACH(1) kt_st<kt_bytes16>((kt_bytes16*)p + each, run[each]);
}

// A lane's elements of a tile of the left operand.
static __device__ inline void left_bf16(u32* r, const bf16* p, int row) {
  const int lane = threadIdx.x % KT_WAVE;
  p += lane % 4 * 2 + lane / 4 * row;
  r[0] = kt_ld<u32>((const u32*)(p));
  r[1] = kt_ld<u32>((const u32*)(p + 8 * row));
  r[2] = kt_ld<u32>((const u32*)(p + 8));
  r[3] = kt_ld<u32>((const u32*)(p + 8 * row + 8));
}

// A lane's elements of a tile of the right operand.
static __device__ inline void right_bf16(u32* r, const bf16* p, int row) {
  const int lane = threadIdx.x % KT_WAVE;
  p += lane % 4 * 2 + lane / 4 * row;
  r[0] = kt_ld<u32>((const u32*)(p));
  r[1] = kt_ld<u32>((const u32*)(p + 8));
}

// sums += left right: 2 x 2 tiles of mma.m16n8k16.
static __device__ inline void dot_bf16_2x2(f32* sums, const bf16* left, int left_row, const bf16* right, int right_row) {
  u32 x[2][4], y[2][2];
#pragma unroll
  for (int i = 0; i < 2; ++i) left_bf16(x[i], left + i * 16 * left_row, left_row);
#pragma unroll
  for (int j = 0; j < 2; ++j) right_bf16(y[j], right + j * 8 * right_row, right_row);
#pragma unroll
  for (int i = 0; i < 2; ++i)
#pragma unroll
    for (int j = 0; j < 2; ++j) kt_mma_bf16(sums + (i * 2 + j) * 4, x[i], y[j]);
}

// The sums of 2 x 2 tiles of mma.m16n8k16, rows `row` elements apart.
static __device__ inline void spread_2x2(f32* to, int row, const f32* sums) {
  const int lane = threadIdx.x % KT_WAVE;
  to += lane % 4 * 2 + lane / 4 * row;
#pragma unroll
  for (int i = 0; i < 2; ++i)
#pragma unroll
    for (int j = 0; j < 2; ++j) {
      f32* const p = to + i * 16 * row + j * 8;
      p[0] = sums[(i * 2 + j) * 4];
      p[1] = sums[(i * 2 + j) * 4 + 1];
      p[8 * row] = sums[(i * 2 + j) * 4 + 2];
      p[8 * row + 1] = sums[(i * 2 + j) * 4 + 3];
    }
}

static __device__ inline void load_f32_x8(f32 (&v)[8], const f32* p) {
  kt_bytes16 run[2];
  KT_EACH(2) run[each] = kt_ld<kt_bytes16>((const kt_bytes16*)p + each);
  f32 e[8];
  __builtin_memcpy(e, run, sizeof e);
  KT_EACH(8) v[each] = e[each];
}

static __device__ inline f32 bf16_to_f32(u32 h) {
  return __builtin_bit_cast(f32, (u32)(h << 16));
}

static __device__ inline void load_bf16_x8(f32 (&v)[8], const bf16* p) {
  kt_bytes16 run[1];
  KT_EACH(1) run[each] = kt_ld<kt_bytes16>((const kt_bytes16*)p + each);
  bf16 e[8];
  __builtin_memcpy(e, run, sizeof e);
  KT_EACH(8) v[each] = bf16_to_f32(e[each]);
}

// y 2^n for 1/2 < y < 2, where n stands in the low bits of t: added to the exponent. Below 2^-126 exp(x) is 0, above the range x + inf, which keeps NaN.
static __device__ inline f32 exp_ends(f32 x, f32 t, f32 y) {
  const f32 p = __builtin_bit_cast(f32, __builtin_bit_cast(i32, y) + (__builtin_bit_cast(i32, t) << 23));
  return x < -87.3365402f ? f32{} : x < 88.7228394f ? p : x + __builtin_inff();
}

// exp(x) within 1.1 ulp: a polynomial of degree 6 in r as it is rounded.
static __device__ inline f32 exp_4(f32 x) {
  const f32 t = x * 1.44269502f + 12582912.0f;
  const f32 n = t - 12582912.0f;
  const f32 r = x - n * 0.693145752f - n * 1.42860677e-6f;
  const f32 q = 0.49999994f + r * (0.166665211f + r * (0.0416682586f + r * (0.00836866908f + r * 0.00138213043f)));
  return exp_ends(x, t, 1.0f + (r + r * r * q));
}

// erf(x): x + x P(x^2) for |x| < 1, else 1 - exp(-|x| Q(|x|)) with the sign of x.
static __device__ inline f32 erf_4(f32 x) {
  const f32 s = x * x;
  const f32 p = 0.128379121f + s * (-0.37612322f + s * (0.112801515f + s * (-0.0267105773f + s * (0.00491675548f + s * -0.000562834262f))));
  const f32 a = x > 4.0f ? f32{} + 4.0f : x < -4.0f ? f32{} + 4.0f : x > 0.0f ? x : -x;
  const f32 q = 1.1285038f + a * (0.635753691f + a * (0.105215617f + a * (-0.0228605289f + a * (0.00320582697f + a * -0.000212882267f))));
  const f32 y = 1.0f - exp_4(-a * q);
  return s < 1.0f ? x + x * p : x < 0.0f ? -y : y;
}

// x (1 + erf(x / sqrt(2))) / 2.
static __device__ inline f32 gelu_4(f32 x) {
  const f32 y = 0.5f * x * (1.0f + erf_4(x * 0.707106769f));
  return x < -14.0f ? -f32{} : y;
}

static __device__ inline u32 f32_to_bf16(f32 x) {
  const u32 u = __builtin_bit_cast(u32, x);
  const u32 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

static __device__ inline void store_bf16_x8(bf16* p, const f32 (&v)[8]) {
  bf16 e[8];
  KT_EACH(8) e[each] = (bf16)f32_to_bf16(v[each]);
  kt_bytes16 run[1];
  __builtin_memcpy(run, e, sizeof e);
  KT_EACH(1) kt_st<kt_bytes16>((kt_bytes16*)p + each, run[each]);
}

extern "C" __global__ void __launch_bounds__(256) linear_gelu_k0_z_fast(const bf16* __restrict x, const bf16* __restrict w, const bf16* __restrict bias, bf16* __restrict y, i64 B, i64 K, i64 N) {
  alignas(16) __shared__ bf16 left_shared[2560];
  alignas(16) __shared__ bf16 right_shared[2560];
  alignas(16) __shared__ f32 sums_shared[4352];
  const int lane = threadIdx.x;
  // z
  // y
  const i64 across = (N + 63) / 64;
  const i64 tiles = (B + 63) / 64 * across;
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 down = tile / across;
    const i64 right = tile - down * across;
    const i64 row = down * 64;
    const i64 col = right * 64;
    const i64 wave = lane / 32;
    const i64 i = wave / 4 * 32;
    const i64 j = (wave & 3) * 16;
    f32 sums[16];
    KT_EACH(16) sums[each] = 0.0f;
    for (i64 from = 0; from < K; from += 32) {
      for (i64 unit = threadIdx.x; unit < 256; unit += blockDim.x) {
        const i64 p = unit / 4;
        const i64 q = (unit & 3) * 8;
        const i64 far = row + p;
        const i64 near = from + q;
        i32 v[8];
        KT_EACH(8) v[each] = 0;
        if (far < B && near < K) {
          i32 x__1[8];
          load_u16_x8(x__1, x + far * K + near);
          KT_EACH(8) v[each] = x__1[each];
        }
        store_u16_x8(left_shared + p * 40 + q, v);
      }
      for (i64 unit_1 = threadIdx.x; unit_1 < 256; unit_1 += blockDim.x) {
        const i64 p = unit_1 / 4;
        const i64 q = (unit_1 & 3) * 8;
        const i64 far = col + p;
        const i64 near = from + q;
        i32 v[8];
        KT_EACH(8) v[each] = 0;
        if (far < N && near < K) {
          i32 w__2[8];
          load_u16_x8(w__2, w + far * K + near);
          KT_EACH(8) v[each] = w__2[each];
        }
        store_u16_x8(right_shared + p * 40 + q, v);
      }
      __syncthreads();
      dot_bf16_2x2(sums, left_shared + i * 40, 40, right_shared + j * 40, 40);
      dot_bf16_2x2(sums, left_shared + i * 40 + 16, 40, right_shared + j * 40 + 16, 40);
      __syncthreads();
    }
    spread_2x2(sums_shared + i * 68 + j, 68, sums);
    __syncthreads();
    for (i64 unit = threadIdx.x; unit < 512; unit += blockDim.x) {
      const i64 p = unit / 8;
      const i64 q = (unit & 7) * 8;
      const i64 row_1 = row + p;
      const i64 col_1 = col + q;
      if (row_1 < B) {
        f32 sum[8];
        load_f32_x8(sum, sums_shared + p * 68 + q);
        if (col_1 < N) {
          f32 z_1[8];
          f32 bias__3[8];
          load_bf16_x8(bias__3, bias + col_1);
          KT_EACH(8) z_1[each] = bias__3[each] + sum[each];
          f32 v__4[8];
          KT_EACH(8) v__4[each] = gelu_4(z_1[each]);
          store_bf16_x8(y + row_1 * N + col_1, v__4);
        }
      }
    }
    __syncthreads();
  }
}

extern "C" __global__ void __launch_bounds__(256) linear_gelu_k0_z(const bf16* __restrict x, const bf16* __restrict w, const bf16* __restrict bias, bf16* __restrict y, i64 B, i64 K, i64 N) {
  alignas(16) __shared__ bf16 left_shared[2560];
  alignas(16) __shared__ bf16 right_shared[2560];
  alignas(16) __shared__ f32 sums_shared[4352];
  const int lane = threadIdx.x;
  // z
  // y
  const i64 across = (N + 63) / 64;
  const i64 tiles = (B + 63) / 64 * across;
  for (i64 tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const i64 down = tile / across;
    const i64 right = tile - down * across;
    const i64 row = down * 64;
    const i64 col = right * 64;
    const i64 wave = lane / 32;
    const i64 i = wave / 4 * 32;
    const i64 j = (wave & 3) * 16;
    f32 sums[16];
    KT_EACH(16) sums[each] = 0.0f;
    for (i64 from = 0; from < K; from += 32) {
      for (i64 unit = threadIdx.x; unit < 2048; unit += blockDim.x) {
        const i64 p = unit / 32;
        const i64 q = unit & 31;
        const i64 far = row + p;
        const i64 near = from + q;
        i32 v = 0;
        if (far < B && near < K) {
          v = x[far * K + near];
        }
        left_shared[p * 40 + q] = (u16)v;
      }
      for (i64 unit_1 = threadIdx.x; unit_1 < 2048; unit_1 += blockDim.x) {
        const i64 p = unit_1 / 32;
        const i64 q = unit_1 & 31;
        const i64 far = col + p;
        const i64 near = from + q;
        i32 v = 0;
        if (far < N && near < K) {
          v = w[far * K + near];
        }
        right_shared[p * 40 + q] = (u16)v;
      }
      __syncthreads();
      dot_bf16_2x2(sums, left_shared + i * 40, 40, right_shared + j * 40, 40);
      dot_bf16_2x2(sums, left_shared + i * 40 + 16, 40, right_shared + j * 40 + 16, 40);
      __syncthreads();
    }
    spread_2x2(sums_shared + i * 68 + j, 68, sums);
    __syncthreads();
    for (i64 unit = threadIdx.x; unit < 512; unit += blockDim.x) {
      const i64 p = unit / 8;
      const i64 q = (unit & 7) * 8;
      const i64 row_1 = row + p;
      const i64 col_1 = col + q;
      if (row_1 < B) {
        f32 sum[8];
        load_f32_x8(sum, sums_shared + p * 68 + q);
        bool m[8];
        KT_EACH(8) m[each] = col_1 + each < N;
        f32 z_1[8];
        KT_EACH(8) z_1[each] = (m[each] ? bf16_to_f32(bias[col_1 + each]) : 0.0f) + sum[each];
        KT_EACH(8) if (m[each]) y[row_1 * N + col_1 + each] = (bf16)f32_to_bf16(gelu_4(z_1[each]));
      }
    }
    __syncthreads();
  }
}

#ifdef KT_LAUNCH
// Starts all kernels on the stream; 0, or the error of the runtime. Pointers are those of the device.
extern "C" int linear_gelu(const bf16* __restrict x, const bf16* __restrict w, const bf16* __restrict bias, bf16* __restrict y, i64 B, i64 K, i64 N, void* stream) {
  if (K % 8 == 0 && N % 8 == 0 && (u64)x % 16 == 0 && (u64)w % 16 == 0 && (u64)bias % 16 == 0 && (u64)y % 16 == 0) KT_LAUNCH(linear_gelu_k0_z_fast, blocks_for((B + 63) / 64 * ((N + 63) / 64), 1, 1056), 256, 0, x, w, bias, y, B, K, N);
  else KT_LAUNCH(linear_gelu_k0_z, blocks_for((B + 63) / 64 * ((N + 63) / 64), 1, 1056), 256, 0, x, w, bias, y, B, K, N);
  return KT_STATUS();
}
#endif

#ifdef KT_HOST_SIMT
// args[i] points at the array, or at the value of a dim, scalar or capacity. Part 0 does all.
extern "C" void linear_gelu_call(void* const* args, i64 part, i64 parts) {
  if (part % parts == 0) linear_gelu((const bf16*)args[0], (const bf16*)args[1], (const bf16*)args[2], (bf16*)args[3], *(const i64*)args[4], *(const i64*)args[5], *(const i64*)args[6], 0);
}
#endif
