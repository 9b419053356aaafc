// softmax for mtia:2i, made by ktune.
//
//   graph softmax(B, D)
//     in    x: f32[B, D]
//     out   y: f32[B, D]
//     temp  y_peak: f32[B]
//     temp  y_sum: f32[B]
//     reduce y_peak[b]  [b:B]
//         = max<f32>[d:D](x[b, d])
//     reduce y_sum[b]  [b:B]
//         = add<f32>[d:D](exp(x[b, d] - y_peak[b]))
//     map y[b, d]  [b:B, d:D]
//         = y_peak[b] == -inf ? 0.0 : exp(x[b, d] - y_peak[b]) / y_sum[b]
//
// Config: default.
// Needs ktune_mtia.h, and wrapping signed integers: -fwrapv.

#include "ktune_mtia.h"
using namespace mtia;
typedef long long i64;
typedef float f32;
typedef f32 f32x16 __attribute__((vector_size(64)));
typedef unsigned u32;
typedef u32 u32x16 __attribute__((vector_size(64)));
typedef int i32;
typedef i32 i32x16 __attribute__((vector_size(64)));

static inline f32x16 splat_f32_x16(f32 x) {
  return x - f32x16{};
}

static inline f32x16 max_f32_x16(f32x16 a, f32x16 b) {
#if defined(__AVX512F__) && !defined(__clang__)
  return a != a ? a : __builtin_ia32_maxps512_mask(a, b, a, (short)-1, 4);
#else
  return (a > b) | (a != a) ? a : b;
#endif
}

static inline f32x16 load_f32_x16(const f32* p) {
  f32x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline f32 max_f32(f32 a, f32 b) {
  return a != a ? a : a > b ? a : b;  // NaN of either propagates
}

static inline f32 fold_max_f32_x16(f32x16 v) {
  v = max_f32_x16(v, __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  v = max_f32_x16(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  v = max_f32_x16(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  v = max_f32_x16(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
  return v[0];
}

// y 2^n for 1/2 < y < 2, where n stands in the low bits of t: added to the exponent. Below 2^-126 exp(x) is 0, above the range x + inf, which keeps NaN.
static inline f32x16 exp_ends(f32x16 x, f32x16 t, f32x16 y) {
  const f32x16 p = __builtin_bit_cast(f32x16, __builtin_bit_cast(i32x16, y) + (__builtin_bit_cast(i32x16, t) << 23));
  return x < -87.3365402f ? f32x16{} : x < 88.7228394f ? p : x + __builtin_inff();
}

// exp(x) within 1.1 ulp: a polynomial of degree 6 in r as it is rounded.
static inline f32x16 exp_4(f32x16 x) {
  const f32x16 t = x * 1.44269502f + 12582912.0f;
  const f32x16 n = t - 12582912.0f;
  const f32x16 r = x - n * 0.693145752f - n * 1.42860677e-6f;
  const f32x16 q = 0.49999994f + r * (0.166665211f + r * (0.0416682586f + r * (0.00836866908f + r * 0.00138213043f)));
  return exp_ends(x, t, 1.0f + (r + r * r * q));
}

static inline void store_f32_x16(f32* p, f32x16 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// y 2^n for 1/2 < y < 2, where n stands in the low bits of t: added to the exponent. Below 2^-126 exp(x) is 0, above the range x + inf, which keeps NaN.
static inline f32 exp_ends(f32 x, f32 t, f32 y) {
  const f32 p = __builtin_bit_cast(f32, __builtin_bit_cast(i32, y) + (__builtin_bit_cast(i32, t) << 23));
  return x < -87.3365402f ? f32{} : x < 88.7228394f ? p : x + __builtin_inff();
}

// exp(x) within 1.1 ulp: a polynomial of degree 6 in r as it is rounded.
static inline f32 exp_4(f32 x) {
  const f32 t = x * 1.44269502f + 12582912.0f;
  const f32 n = t - 12582912.0f;
  const f32 r = x - n * 0.693145752f - n * 1.42860677e-6f;
  const f32 q = 0.49999994f + r * (0.166665211f + r * (0.0416682586f + r * (0.00836866908f + r * 0.00138213043f)));
  return exp_ends(x, t, 1.0f + (r + r * r * q));
}

static inline f32 fold_add_f32_x16(f32x16 v) {
  v = v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v = v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v = v + __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  v = v + __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return v[0];
}

static inline f32x16 divide_f32_x16(f32x16 a, f32 b) {
  const i32 exponent = __builtin_bit_cast(i32, b) & 0x7f800000;
  const i32 half = 0x3f800000 + ((0x3f800000 - exponent) >> 1);
  const f32 scale = __builtin_bit_cast(f32, half & 0x7f800000);
  return a * scale * (1.0f / (b * scale));
}

namespace softmax_k0_y_peak {
enum : unsigned { CB_X, CB_EXP_ROW, CB_Y };
KT_CB_TABLE(table,
            {47104, 2},  // CB_X
            {188416, 1},  // CB_EXP_ROW
            {47104, 2}  // CB_Y
);

struct Args {
  const f32* x;
  f32* y;
  f32* exp_row;
  i64 B;
  i64 D;
  i64 kt_scratch;
  i64 kt_shares;
};

// What share `part` of `parts` touches of each array, and whether the slots hold it.
struct Window {
  i64 steps;
  Span x;
  Span exp_row;
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
  kt_w.exp_row = span(0, D, D);
  kt_w.y = span(D * b_lo, D * b_hi, B * D);
  kt_w.fits = kt_w.x.n <= 11760 && kt_w.exp_row.n <= 47088 && kt_w.y.n <= 11760;
  return kt_w;
}

// On arrays in memory: for shares that the slots do not hold.
static void direct(const f32* __restrict x, f32* __restrict y, f32* __restrict exp_row, i64 B, i64 D, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    // reduce y_peak[b]  [b:B] = max<f32>[d:D](x[b, d])
    f32x16 acc = splat_f32_x16(-__builtin_inff());
    f32x16 acc_1 = splat_f32_x16(-__builtin_inff());
    f32x16 acc_2 = splat_f32_x16(-__builtin_inff());
    f32x16 acc_3 = splat_f32_x16(-__builtin_inff());
    f32 tail = -__builtin_inff();
    const i64 d_end = D - (D & 63);
    for (i64 d = 0; d < d_end; d += 64) {
      acc = max_f32_x16(acc, load_f32_x16(x + b * D + d));
      acc_1 = max_f32_x16(acc_1, load_f32_x16(x + b * D + (d + 16)));
      acc_2 = max_f32_x16(acc_2, load_f32_x16(x + b * D + (d + 32)));
      acc_3 = max_f32_x16(acc_3, load_f32_x16(x + b * D + (d + 48)));
    }
    const i64 d_end_1 = D - ((D - d_end) & 15);
    for (i64 d = d_end; d < d_end_1; d += 16) {
      acc = max_f32_x16(acc, load_f32_x16(x + b * D + d));
    }
    for (i64 d = d_end_1; d < D; ++d) {
      tail = max_f32(tail, x[b * D + d]);
    }
    const f32 fold = fold_max_f32_x16(max_f32_x16(max_f32_x16(acc, acc_1), max_f32_x16(acc_2, acc_3)));
    const f32 y_peak_1 = max_f32(fold, tail);
    // exp_row[b, d_1] = exp(x[b, d_1] - y_peak[b])
    const i64 d_end_2 = D - (D & 31);
    for (i64 d = 0; d < d_end_2; d += 32) {
      store_f32_x16(exp_row + d, exp_4(load_f32_x16(x + b * D + d) - y_peak_1));
      store_f32_x16(exp_row + d + 16, exp_4(load_f32_x16(x + b * D + (d + 16)) - y_peak_1));
    }
    const i64 d_end_3 = D - ((D - d_end_2) & 15);
    for (i64 d = d_end_2; d < d_end_3; d += 16) {
      store_f32_x16(exp_row + d, exp_4(load_f32_x16(x + b * D + d) - y_peak_1));
    }
    for (i64 d = d_end_3; d < D; ++d) {
      exp_row[d] = exp_4(x[b * D + d] - y_peak_1);
    }
    // reduce y_sum[b]  [b:B] = add<f32>[d_1_1:D](exp_row[b, d_1_1])
    f32x16 acc_4 = splat_f32_x16(0.0f);
    f32x16 acc_5 = splat_f32_x16(0.0f);
    f32x16 acc_6 = splat_f32_x16(0.0f);
    f32x16 acc_7 = splat_f32_x16(0.0f);
    f32 tail_1 = 0.0f;
    const i64 d_end_4 = D - (D & 63);
    for (i64 d = 0; d < d_end_4; d += 64) {
      acc_4 += load_f32_x16(exp_row + d);
      acc_5 += load_f32_x16(exp_row + d + 16);
      acc_6 += load_f32_x16(exp_row + d + 32);
      acc_7 += load_f32_x16(exp_row + d + 48);
    }
    const i64 d_end_5 = D - ((D - d_end_4) & 15);
    for (i64 d = d_end_4; d < d_end_5; d += 16) {
      acc_4 += load_f32_x16(exp_row + d);
    }
    for (i64 d = d_end_5; d < D; ++d) {
      tail_1 += exp_row[d];
    }
    const f32 fold_1 = fold_add_f32_x16(acc_4 + acc_5 + (acc_6 + acc_7));
    const f32 y_sum_1 = fold_1 + tail_1;
    // y[b, d_2] = y_peak[b] == -inf ? 0.0 : exp_row[b, d_2] / y_sum[b]
    const i64 d_end_6 = D - (D & 31);
    for (i64 d = 0; d < d_end_6; d += 32) {
      store_f32_x16(y + b * D + d, y_peak_1 == -__builtin_inff() ? splat_f32_x16(0.0f) : divide_f32_x16(load_f32_x16(exp_row + d), y_sum_1));
      store_f32_x16(y + b * D + (d + 16), y_peak_1 == -__builtin_inff() ? splat_f32_x16(0.0f) : divide_f32_x16(load_f32_x16(exp_row + d + 16), y_sum_1));
    }
    const i64 d_end_7 = D - ((D - d_end_6) & 15);
    for (i64 d = d_end_6; d < d_end_7; d += 16) {
      store_f32_x16(y + b * D + d, y_peak_1 == -__builtin_inff() ? splat_f32_x16(0.0f) : divide_f32_x16(load_f32_x16(exp_row + d), y_sum_1));
    }
    for (i64 d = d_end_7; d < D; ++d) {
      y[b * D + d] = y_peak_1 == -__builtin_inff() ? 0.0f : exp_row[d] / y_sum_1;
    }
  }
}

// Data movement.
static void core_a(const Args& kt_a) {
  // Results leave one share late, so that the next one is on its way meanwhile.
  Window kt_last;
  bool kt_pending = false;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) continue;
    dma_in(CB_X, kt_a.x + kt_w.x.at, kt_w.x.n * 4);
    if (kt_pending) {
      dma_out(kt_a.y + kt_last.y.at, CB_Y, kt_last.y.n * 4);
    }
    kt_last = kt_w;
    kt_pending = true;
  }
  if (kt_pending) {
    dma_out(kt_a.y + kt_last.y.at, CB_Y, kt_last.y.n * 4);
  }
}

// Computation.
static void core_b(const Args& kt_a) {
  const i64 B = kt_a.B;
  const i64 D = kt_a.D;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) {
      direct(kt_a.x, kt_a.y, (f32*)((char*)kt_a.exp_row + pe() * kt_a.kt_scratch), kt_a.B, kt_a.D, part, kt_a.kt_shares);
      continue;
    }
    const i64 parts = kt_a.kt_shares;
    const f32* x = (const f32*)cb_wait_front(CB_X);
    f32* exp_row = (f32*)cb_reserve_back(CB_EXP_ROW);
    f32* y = (f32*)cb_reserve_back(CB_Y, kt_a.y + kt_w.y.at);
    const i64 x__at = kt_w.x.at;
    const i64 y__at = kt_w.y.at;
    const i64 b_lo = B * part / parts;
    const i64 b_hi = B * (part + 1) / parts;
    for (i64 b = b_lo; b < b_hi; ++b) {
      // reduce y_peak[b]  [b:B] = max<f32>[d:D](x[b, d])
      f32x16 acc = splat_f32_x16(-__builtin_inff());
      f32x16 acc_1 = splat_f32_x16(-__builtin_inff());
      f32x16 acc_2 = splat_f32_x16(-__builtin_inff());
      f32x16 acc_3 = splat_f32_x16(-__builtin_inff());
      f32 tail = -__builtin_inff();
      const i64 d_end = D - (D & 63);
      for (i64 d = 0; d < d_end; d += 64) {
        acc = max_f32_x16(acc, load_f32_x16(x + b * D + d - x__at));
        acc_1 = max_f32_x16(acc_1, load_f32_x16(x + b * D + (d + 16) - x__at));
        acc_2 = max_f32_x16(acc_2, load_f32_x16(x + b * D + (d + 32) - x__at));
        acc_3 = max_f32_x16(acc_3, load_f32_x16(x + b * D + (d + 48) - x__at));
      }
      const i64 d_end_1 = D - ((D - d_end) & 15);
      for (i64 d = d_end; d < d_end_1; d += 16) {
        acc = max_f32_x16(acc, load_f32_x16(x + b * D + d - x__at));
      }
      for (i64 d = d_end_1; d < D; ++d) {
        tail = max_f32(tail, x[b * D + d - x__at]);
      }
      const f32 fold = fold_max_f32_x16(max_f32_x16(max_f32_x16(acc, acc_1), max_f32_x16(acc_2, acc_3)));
      const f32 y_peak_1 = max_f32(fold, tail);
      // exp_row[b, d_1] = exp(x[b, d_1] - y_peak[b])
      const i64 d_end_2 = D - (D & 31);
      for (i64 d = 0; d < d_end_2; d += 32) {
        store_f32_x16(exp_row + d, exp_4(load_f32_x16(x + b * D + d - x__at) - y_peak_1));
        store_f32_x16(exp_row + d + 16, exp_4(load_f32_x16(x + b * D + (d + 16) - x__at) - y_peak_1));
      }
      const i64 d_end_3 = D - ((D - d_end_2) & 15);
      for (i64 d = d_end_2; d < d_end_3; d += 16) {
        store_f32_x16(exp_row + d, exp_4(load_f32_x16(x + b * D + d - x__at) - y_peak_1));
      }
      for (i64 d = d_end_3; d < D; ++d) {
        exp_row[d] = exp_4(x[b * D + d - x__at] - y_peak_1);
      }
      // reduce y_sum[b]  [b:B] = add<f32>[d_1_1:D](exp_row[b, d_1_1])
      f32x16 acc_4 = splat_f32_x16(0.0f);
      f32x16 acc_5 = splat_f32_x16(0.0f);
      f32x16 acc_6 = splat_f32_x16(0.0f);
      f32x16 acc_7 = splat_f32_x16(0.0f);
      f32 tail_1 = 0.0f;
      const i64 d_end_4 = D - (D & 63);
      for (i64 d = 0; d < d_end_4; d += 64) {
        acc_4 += load_f32_x16(exp_row + d);
        acc_5 += load_f32_x16(exp_row + d + 16);
        acc_6 += load_f32_x16(exp_row + d + 32);
        acc_7 += load_f32_x16(exp_row + d + 48);
      }
      const i64 d_end_5 = D - ((D - d_end_4) & 15);
      for (i64 d = d_end_4; d < d_end_5; d += 16) {
        acc_4 += load_f32_x16(exp_row + d);
      }
      for (i64 d = d_end_5; d < D; ++d) {
        tail_1 += exp_row[d];
      }
      const f32 fold_1 = fold_add_f32_x16(acc_4 + acc_5 + (acc_6 + acc_7));
      const f32 y_sum_1 = fold_1 + tail_1;
      // y[b, d_2] = y_peak[b] == -inf ? 0.0 : exp_row[b, d_2] / y_sum[b]
      const i64 d_end_6 = D - (D & 31);
      for (i64 d = 0; d < d_end_6; d += 32) {
        store_f32_x16(y + b * D + d - y__at, y_peak_1 == -__builtin_inff() ? splat_f32_x16(0.0f) : divide_f32_x16(load_f32_x16(exp_row + d), y_sum_1));
        store_f32_x16(y + b * D + (d + 16) - y__at, y_peak_1 == -__builtin_inff() ? splat_f32_x16(0.0f) : divide_f32_x16(load_f32_x16(exp_row + d + 16), y_sum_1));
      }
      const i64 d_end_7 = D - ((D - d_end_6) & 15);
      for (i64 d = d_end_6; d < d_end_7; d += 16) {
        store_f32_x16(y + b * D + d - y__at, y_peak_1 == -__builtin_inff() ? splat_f32_x16(0.0f) : divide_f32_x16(load_f32_x16(exp_row + d), y_sum_1));
      }
      for (i64 d = d_end_7; d < D; ++d) {
        y[b * D + d - y__at] = y_peak_1 == -__builtin_inff() ? 0.0f : exp_row[d] / y_sum_1;
      }
    }
    cb_push_back(CB_Y);
    cb_pop_front(CB_X);
  }
}
}  // namespace softmax_k0_y_peak

extern "C" void softmax(const f32* __restrict x, f32* __restrict y, i64 B, i64 D, void* workspace, bool backwards) {
  char* kt_at = (char*)workspace;
  // Scratch of the first PE; the others follow.
  char* const kt_own = kt_at;
  f32* const exp_row = (f32*)kt_at;
  kt_at += ((D * 4 + 63) & -64);
  const i64 kt_scratch = kt_at - kt_own;
  const i64 k0_y_peak__shares = shares_for<softmax_k0_y_peak::Args>({x, y, exp_row, B, D, kt_scratch, 0}, softmax_k0_y_peak::window, 64, 256);
  launch(softmax_k0_y_peak::core_a, softmax_k0_y_peak::core_b, softmax_k0_y_peak::table, softmax_k0_y_peak::Args{x, y, exp_row, B, D, kt_scratch, k0_y_peak__shares}, 64, backwards);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity. Every other call takes the PEs from the last to the first, which must not show.
extern "C" void softmax_call(void* const* args, i64 part, i64 parts) {
  if (part % parts != 0) return;
  static bool backwards = true;
  backwards = !backwards;
  softmax((const f32*)args[0], (f32*)args[1], *(const i64*)args[2], *(const i64*)args[3], args[4], backwards);
}
