// rmsnorm for mtia:2i, made by ktune.
// Root-mean-square normalisation over the last axis, in any float type; arithmetic is f32.
//
//   graph rmsnorm(B, D; eps: f32 = 0.000001)
//     in    x: bf16[B, D]
//     in    w: bf16[D]
//     out   y: bf16[B, D]
//     temp  r: f32[B]
//     reduce r[b]  [b:B]
//         = mean<f32>[d:D](x[b, d] * x[b, d])
//         then rsqrt(acc + eps)
//     map y[b, d]  [b:B, d:D]
//         = (x[b, d] * r[b] * w[d]) as bf16
//
// Config: default.
// Needs ktune_mtia.h, and wrapping signed integers: -fwrapv.

#include "ktune_mtia.h"
using namespace mtia;
typedef long long i64;
typedef unsigned short bf16;
typedef float f32;
typedef f32 f32x16 __attribute__((vector_size(64)));
typedef unsigned u32;
typedef u32 u32x16 __attribute__((vector_size(64)));
typedef unsigned short u16;
typedef u16 u16x16 __attribute__((vector_size(32)));
typedef int i32;
typedef i32 i32x16 __attribute__((vector_size(64)));
typedef i64 i64x8 __attribute__((vector_size(64)));
typedef u16 u16x32 __attribute__((vector_size(64)));

static inline f32x16 splat_f32_x16(f32 x) {
  return x - f32x16{};
}

static inline f32x16 load_even_bf16_x16(const bf16* p) {
  u32x16 words;
  __builtin_memcpy(&words, p, sizeof words);
  return __builtin_bit_cast(f32x16, (u32x16)(words << 16));
}

static inline f32x16 load_odd_bf16_x16(const bf16* p) {
  u32x16 words;
  __builtin_memcpy(&words, p, sizeof words);
  return __builtin_bit_cast(f32x16, words & 0xffff0000u);
}

static inline f32x16 bf16_to_f32_x16(u32x16 h) {
  return __builtin_bit_cast(f32x16, (u32x16)(h << 16));
}

static inline u32x16 load_u16_as_u32_x16(const u16* p) {
#if defined(__AVX512F__) && !defined(__clang__)
  typedef short raw __attribute__((vector_size(32)));
  raw v;
  __builtin_memcpy(&v, p, sizeof v);
  return (u32x16)__builtin_ia32_pmovzxwd512_mask(v, i32x16{}, 0xffff);
#else
  u16x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, u32x16);
#endif
}

static inline f32x16 load_bf16_x16(const bf16* p) {
  return bf16_to_f32_x16(load_u16_as_u32_x16(p));
}

static inline f32 bf16_to_f32(u32 h) {
  return __builtin_bit_cast(f32, (u32)(h << 16));
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

static inline u32x16 f32_to_bf16_x16(f32x16 x) {
  const u32x16 u = __builtin_bit_cast(u32x16, x);
  const u32x16 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

// The rounded value in the upper half of each word; NaN becomes all ones, which is a quiet NaN.
static inline u32x16 round_to_bf16_x16(f32x16 x) {
  const u32x16 u = __builtin_bit_cast(u32x16, x);
  return (u + 0x7fffu + ((u >> 16) & 1u)) | (u32x16)(x != x);
}

static inline void store_halves_bf16_x16(bf16* p, f32x16 even, f32x16 odd) {
  const u32x16 words = (round_to_bf16_x16(even) >> 16) | (round_to_bf16_x16(odd) & 0xffff0000u);
  __builtin_memcpy(p, &words, sizeof words);
}

static inline void store_bf16_x16(bf16* p, f32x16 v) {
  const u16x16 s = __builtin_convertvector(f32_to_bf16_x16(v), u16x16);
  __builtin_memcpy(p, &s, sizeof s);
}

static inline u32 f32_to_bf16(f32 x) {
  const u32 u = __builtin_bit_cast(u32, x);
  const u32 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

namespace rmsnorm_k0_r {
enum : unsigned { CB_X, CB_W, CB_Y };
KT_CB_TABLE(table,
            {47104, 2},  // CB_X
            {188416, 1},  // CB_W
            {47104, 2}  // CB_Y
);

struct Args {
  const bf16* x;
  const bf16* w;
  bf16* y;
  i64 B;
  i64 D;
  f32 eps;
  i64 kt_shares;
};

// What share `part` of `parts` touches of each array, and whether the slots hold it.
struct Window {
  i64 steps;
  Span x;
  Span w;
  Span y;
  bool fits;
};
static Window window(const Args& kt_a, i64 part, i64 parts) {
  const i64 B = kt_a.B;
  const i64 D = kt_a.D;
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  Window kt_w;
  kt_w.steps = B;
  kt_w.x = span(D * b_lo, D * b_hi, B * D);
  kt_w.w = span(0, D, D);
  kt_w.y = span(D * b_lo, D * b_hi, B * D);
  kt_w.fits = kt_w.x.n <= 23520 && kt_w.w.n <= 94176 && kt_w.y.n <= 23520;
  return kt_w;
}

// On arrays in memory: for shares that the slots do not hold.
static void direct(const bf16* __restrict x, const bf16* __restrict w, bf16* __restrict y, i64 B, i64 D, f32 eps, i64 part, i64 parts) {
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
      const f32x16 x_at = load_even_bf16_x16(x + b * D + d);
      acc += x_at * x_at;
      const f32x16 x_at_1 = load_odd_bf16_x16(x + b * D + d);
      acc_1 += x_at_1 * x_at_1;
      const f32x16 x_at_2 = load_even_bf16_x16(x + b * D + (d + 32));
      acc_2 += x_at_2 * x_at_2;
      const f32x16 x_at_3 = load_odd_bf16_x16(x + b * D + (d + 32));
      acc_3 += x_at_3 * x_at_3;
    }
    const i64 d_end_1 = D - ((D - d_end) & 15);
    for (i64 d = d_end; d < d_end_1; d += 16) {
      const f32x16 x_at = load_bf16_x16(x + b * D + d);
      acc += x_at * x_at;
    }
    for (i64 d = d_end_1; d < D; ++d) {
      const f32 x_at = bf16_to_f32(x[b * D + d]);
      tail += x_at * x_at;
    }
    const f32 fold = fold_add_f32_x16(acc + acc_1 + (acc_2 + acc_3));
    const f32 acc_4 = D == 0 ? 0.0f : (fold + tail) / (f32)D;
    const f32 r_1 = rsqrt_4(acc_4 + eps);
    // y[b, d_1] = (x[b, d_1] * r[b] * w[d_1]) as bf16
    const i64 d_end_2 = D - (D & 31);
    for (i64 d = 0; d < d_end_2; d += 32) {
      store_halves_bf16_x16(y + b * D + d, load_even_bf16_x16(x + b * D + d) * r_1 * load_even_bf16_x16(w + d), load_odd_bf16_x16(x + b * D + d) * r_1 * load_odd_bf16_x16(w + d));
    }
    const i64 d_end_3 = D - ((D - d_end_2) & 15);
    for (i64 d = d_end_2; d < d_end_3; d += 16) {
      store_bf16_x16(y + b * D + d, load_bf16_x16(x + b * D + d) * r_1 * load_bf16_x16(w + d));
    }
    for (i64 d = d_end_3; d < D; ++d) {
      y[b * D + d] = (bf16)f32_to_bf16(bf16_to_f32(x[b * D + d]) * r_1 * bf16_to_f32(w[d]));
    }
  }
}

// Data movement.
static void core_a(const Args& kt_a) {
  bool kt_loaded = false;
  // Results leave one share late, so that the next one is on its way meanwhile.
  Window kt_last;
  bool kt_pending = false;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) continue;
    if (!kt_loaded) {
      dma_in(CB_W, kt_a.w + kt_w.w.at, kt_w.w.n * 2);
      kt_loaded = true;
    }
    dma_in(CB_X, kt_a.x + kt_w.x.at, kt_w.x.n * 2);
    if (kt_pending) {
      dma_out(kt_a.y + kt_last.y.at, CB_Y, kt_last.y.n * 2);
    }
    kt_last = kt_w;
    kt_pending = true;
  }
  if (kt_pending) {
    dma_out(kt_a.y + kt_last.y.at, CB_Y, kt_last.y.n * 2);
  }
}

// Computation.
static void core_b(const Args& kt_a) {
  const i64 B = kt_a.B;
  const i64 D = kt_a.D;
  const f32 eps = kt_a.eps;
  bool kt_loaded = false;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) {
      direct(kt_a.x, kt_a.w, kt_a.y, kt_a.B, kt_a.D, kt_a.eps, part, kt_a.kt_shares);
      continue;
    }
    kt_loaded = true;
    const i64 parts = kt_a.kt_shares;
    const bf16* x = (const bf16*)cb_wait_front(CB_X);
    const bf16* w = (const bf16*)cb_wait_front(CB_W);
    bf16* y = (bf16*)cb_reserve_back(CB_Y, kt_a.y + kt_w.y.at);
    const i64 x__at = kt_w.x.at;
    const i64 y__at = kt_w.y.at;
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
        const f32x16 x_at = load_even_bf16_x16(x + b * D + d - x__at);
        acc += x_at * x_at;
        const f32x16 x_at_1 = load_odd_bf16_x16(x + b * D + d - x__at);
        acc_1 += x_at_1 * x_at_1;
        const f32x16 x_at_2 = load_even_bf16_x16(x + b * D + (d + 32) - x__at);
        acc_2 += x_at_2 * x_at_2;
        const f32x16 x_at_3 = load_odd_bf16_x16(x + b * D + (d + 32) - x__at);
        acc_3 += x_at_3 * x_at_3;
      }
      const i64 d_end_1 = D - ((D - d_end) & 15);
      for (i64 d = d_end; d < d_end_1; d += 16) {
        const f32x16 x_at = load_bf16_x16(x + b * D + d - x__at);
        acc += x_at * x_at;
      }
      for (i64 d = d_end_1; d < D; ++d) {
        const f32 x_at = bf16_to_f32(x[b * D + d - x__at]);
        tail += x_at * x_at;
      }
      const f32 fold = fold_add_f32_x16(acc + acc_1 + (acc_2 + acc_3));
      const f32 acc_4 = D == 0 ? 0.0f : (fold + tail) / (f32)D;
      const f32 r_1 = rsqrt_4(acc_4 + eps);
      // y[b, d_1] = (x[b, d_1] * r[b] * w[d_1]) as bf16
      const i64 d_end_2 = D - (D & 31);
      for (i64 d = 0; d < d_end_2; d += 32) {
        store_halves_bf16_x16(y + b * D + d - y__at, load_even_bf16_x16(x + b * D + d - x__at) * r_1 * load_even_bf16_x16(w + d), load_odd_bf16_x16(x + b * D + d - x__at) * r_1 * load_odd_bf16_x16(w + d));
      }
      const i64 d_end_3 = D - ((D - d_end_2) & 15);
      for (i64 d = d_end_2; d < d_end_3; d += 16) {
        store_bf16_x16(y + b * D + d - y__at, load_bf16_x16(x + b * D + d - x__at) * r_1 * load_bf16_x16(w + d));
      }
      for (i64 d = d_end_3; d < D; ++d) {
        y[b * D + d - y__at] = (bf16)f32_to_bf16(bf16_to_f32(x[b * D + d - x__at]) * r_1 * bf16_to_f32(w[d]));
      }
    }
    cb_push_back(CB_Y);
    cb_pop_front(CB_X);
  }
  if (kt_loaded) {
    cb_pop_front(CB_W);
  }
}
}  // namespace rmsnorm_k0_r

extern "C" void rmsnorm(const bf16* __restrict x, const bf16* __restrict w, bf16* __restrict y, i64 B, i64 D, f32 eps, bool backwards) {
  const i64 k0_r__shares = shares_for<rmsnorm_k0_r::Args>({x, w, y, B, D, eps, 0}, rmsnorm_k0_r::window, 64, 256);
  launch(rmsnorm_k0_r::core_a, rmsnorm_k0_r::core_b, rmsnorm_k0_r::table, rmsnorm_k0_r::Args{x, w, y, B, D, eps, k0_r__shares}, 64, backwards);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity. Every other call takes the PEs from the last to the first, which must not show.
extern "C" void rmsnorm_call(void* const* args, i64 part, i64 parts) {
  if (part % parts != 0) return;
  static bool backwards = true;
  backwards = !backwards;
  rmsnorm((const bf16*)args[0], (const bf16*)args[1], (bf16*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const f32*)args[5], backwards);
}
