// rmsnorm for cpp:avx512, made by ktune.
// Root-mean-square normalisation over the last axis, in any float type; arithmetic is f32.
//
//   graph rmsnorm(B, D; eps: f32 = 0.000001)
//     in    x: f32[B, D]
//     in    w: f32[D]
//     out   y: f32[B, D]
//     temp  r: f32[B]
//     reduce r[b]  [b:B]
//         = mean<f32>[d:D](x[b, d] * x[b, d])
//         then rsqrt(acc + eps)
//     map y[b, d]  [b:B, d:D]
//         = x[b, d] * r[b] * w[d]
//
// Config: default. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;
typedef unsigned long long u64;
typedef f32 f32x16 __attribute__((vector_size(64)));
typedef int i32;
typedef i64 i64x8 __attribute__((vector_size(64)));

static inline f32x16 splat_f32_x16(f32 x) {
  return x - f32x16{};
}

static inline f32x16 load_f32_x16(const f32* p) {
  f32x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline f32 fold_add_f32_x16(f32x16 v) {
  v = v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v = v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v = v + __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  v = v + __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return v[0];
}

// sqrt(x), correctly rounded; becomes one vector instruction under -fno-math-errno.
static inline f32 sqrt_1(f32 x) {
  float v[sizeof(f32) / sizeof(float)];
  __builtin_memcpy(v, &x, sizeof v);
  for (float& l : v) l = __builtin_sqrtf(l);
  __builtin_memcpy(&x, v, sizeof v);
  return x;
}

// 1 / sqrt(x), two roundings.
static inline f32 rsqrt_4(f32 x) { return 1.0f / sqrt_1(x); }

static inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static inline void store_f32_x16(f32* p, f32x16 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static inline void stream_f32_x16(f32* p, f32x16 v) {
#if defined(__clang__) || !defined(__AVX512F__)
  store_f32_x16(p, v);
#else
  i64x8 bits;
  store_f32_x16((f32*)&bits, v);
  __builtin_ia32_movntdq512((i64x8*)p, bits);
#endif
}

static inline void stream_fence() {
#if defined(__SSE2__) && !defined(__clang__)
  __builtin_ia32_sfence();
#endif
}

static void rmsnorm_k0_r_fast(const f32* __restrict x, const f32* __restrict w, f32* __restrict y, i64 B, i64 D, f32 eps, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    // reduce r[b]  [b:B] = mean<f32>[d:D](x[b, d] * x[b, d]) then rsqrt(acc + eps)
    f32x16 acc = splat_f32_x16(0.0f);
    f32x16 acc_1 = splat_f32_x16(0.0f);
    f32x16 acc_2 = splat_f32_x16(0.0f);
    f32x16 acc_3 = splat_f32_x16(0.0f);
    for (i64 d = 0; d < D; d += 64) {
      const f32x16 x_at = load_f32_x16(x + b * D + d);
      acc += x_at * x_at;
      const f32x16 x_at_1 = load_f32_x16(x + b * D + (d + 16));
      acc_1 += x_at_1 * x_at_1;
      const f32x16 x_at_2 = load_f32_x16(x + b * D + (d + 32));
      acc_2 += x_at_2 * x_at_2;
      const f32x16 x_at_3 = load_f32_x16(x + b * D + (d + 48));
      acc_3 += x_at_3 * x_at_3;
    }
    const f32 fold = fold_add_f32_x16(acc + acc_1 + (acc_2 + acc_3));
    const f32 acc_4 = D == 0 ? 0.0f : fold / (f32)D;
    const f32 r_1 = rsqrt_4(acc_4 + eps);
    // y[b, d_1] = x[b, d_1] * r[b] * w[d_1]
    const i64 d_near = min_i64(2048, D);
    for (i64 d = 0; d < d_near; d += 32) {
      __builtin_prefetch(x + (b + 1) * D + d);
      __builtin_prefetch(x + (b + 1) * D + (d + 16));
      stream_f32_x16(y + b * D + d, load_f32_x16(x + b * D + d) * r_1 * load_f32_x16(w + d));
      stream_f32_x16(y + b * D + (d + 16), load_f32_x16(x + b * D + (d + 16)) * r_1 * load_f32_x16(w + d + 16));
    }
    for (i64 d = d_near; d < D; d += 32) {
      stream_f32_x16(y + b * D + d, load_f32_x16(x + b * D + d) * r_1 * load_f32_x16(w + d));
      stream_f32_x16(y + b * D + (d + 16), load_f32_x16(x + b * D + (d + 16)) * r_1 * load_f32_x16(w + d + 16));
    }
  }
  stream_fence();
}

static void rmsnorm_k0_r(const f32* __restrict x, const f32* __restrict w, f32* __restrict y, i64 B, i64 D, f32 eps, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    // reduce r[b]  [b:B] = mean<f32>[d:D](x[b, d] * x[b, d]) then rsqrt(acc + eps)
    f32x16 acc = splat_f32_x16(0.0f);
    f32x16 acc_1 = splat_f32_x16(0.0f);
    f32x16 acc_2 = splat_f32_x16(0.0f);
    f32x16 acc_3 = splat_f32_x16(0.0f);
    f32 tail = 0.0f;
    const i64 d_end = D - (D & 63);
    for (i64 d = 0; d < d_end; d += 64) {
      const f32x16 x_at = load_f32_x16(x + b * D + d);
      acc += x_at * x_at;
      const f32x16 x_at_1 = load_f32_x16(x + b * D + (d + 16));
      acc_1 += x_at_1 * x_at_1;
      const f32x16 x_at_2 = load_f32_x16(x + b * D + (d + 32));
      acc_2 += x_at_2 * x_at_2;
      const f32x16 x_at_3 = load_f32_x16(x + b * D + (d + 48));
      acc_3 += x_at_3 * x_at_3;
    }
    const i64 d_end_1 = D - ((D - d_end) & 15);
    for (i64 d = d_end; d < d_end_1; d += 16) {
      const f32x16 x_at = load_f32_x16(x + b * D + d);
      acc += x_at * x_at;
    }
    for (i64 d = d_end_1; d < D; ++d) {
      const f32 x_at = x[b * D + d];
      tail += x_at * x_at;
    }
    const f32 fold = fold_add_f32_x16(acc + acc_1 + (acc_2 + acc_3));
    const f32 acc_4 = D == 0 ? 0.0f : (fold + tail) / (f32)D;
    const f32 r_1 = rsqrt_4(acc_4 + eps);
    // y[b, d_1] = x[b, d_1] * r[b] * w[d_1]
    const i64 d_near = min_i64(2048, D - (D & 31));
    for (i64 d = 0; d < d_near; d += 32) {
      __builtin_prefetch(x + (b + 1) * D + d);
      __builtin_prefetch(x + (b + 1) * D + (d + 16));
      store_f32_x16(y + b * D + d, load_f32_x16(x + b * D + d) * r_1 * load_f32_x16(w + d));
      store_f32_x16(y + b * D + (d + 16), load_f32_x16(x + b * D + (d + 16)) * r_1 * load_f32_x16(w + d + 16));
    }
    const i64 d_end_2 = D - ((D - d_near) & 31);
    for (i64 d = d_near; d < d_end_2; d += 32) {
      store_f32_x16(y + b * D + d, load_f32_x16(x + b * D + d) * r_1 * load_f32_x16(w + d));
      store_f32_x16(y + b * D + (d + 16), load_f32_x16(x + b * D + (d + 16)) * r_1 * load_f32_x16(w + d + 16));
    }
    const i64 d_end_3 = D - ((D - d_end_2) & 15);
    for (i64 d = d_end_2; d < d_end_3; d += 16) {
      store_f32_x16(y + b * D + d, load_f32_x16(x + b * D + d) * r_1 * load_f32_x16(w + d));
    }
    for (i64 d = d_end_3; d < D; ++d) {
      y[b * D + d] = x[b * D + d] * r_1 * w[d];
    }
  }
}

extern "C" void rmsnorm(const f32* __restrict x, const f32* __restrict w, f32* __restrict y, i64 B, i64 D, f32 eps, i64 part, i64 parts) {
  if (D % 64 == 0 && (u64)y % 64 == 0) rmsnorm_k0_r_fast(x, w, y, B, D, eps, part, parts);
  else rmsnorm_k0_r(x, w, y, B, D, eps, part, parts);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void rmsnorm_call(void* const* args, i64 part, i64 parts) {
  rmsnorm((const f32*)args[0], (const f32*)args[1], (f32*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const f32*)args[5], part, parts);
}
