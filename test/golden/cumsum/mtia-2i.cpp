// cumsum for mtia:2i, made by ktune.
// Prefix sums of a row: inclusive, exclusive and reverse.
//
//   graph cumsum(N, D)
//     in    x: f32[N, D]
//     out   inc: f32[N, D]
//     out   exc: f32[N, D]
//     out   rev: f32[N, D]
//     scan inc[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j <= i](x[n, j])
//     scan exc[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j < i](x[n, j])
//     scan rev[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j >= i](x[n, j])
//
// Config: default.
// Needs ktune_mtia.h, and wrapping signed integers: -fwrapv.

#include "ktune_mtia.h"
using namespace mtia;
typedef long long i64;
typedef float f32;
typedef double f64;
typedef f32 f32x16 __attribute__((vector_size(64)));

static inline f32x16 load_f32_x16(const f32* p) {
  f32x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline f32x16 splat_f32_x16(f32 x) {
  return x - f32x16{};
}

static inline f32x16 scan_add_f32_x16(f32x16 v) {
  const f32x16 outside = splat_f32_x16(0.0f);
  v = __builtin_shufflevector(v, outside, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) + v;
  v = __builtin_shufflevector(v, outside, 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13) + v;
  v = __builtin_shufflevector(v, outside, 16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) + v;
  v = __builtin_shufflevector(v, outside, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7) + v;
  return v;
}

static inline f32 fold_add_f32_x16(f32x16 v) {
  v = v + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v = v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v = v + __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  v = v + __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return v[0];
}

static inline void store_f32_x16(f32* p, f32x16 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static inline f32x16 scan_add_f32_x16_exclusive(f32x16 v) {
  const f32x16 outside = splat_f32_x16(0.0f);
  v = __builtin_shufflevector(v, outside, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) + v;
  v = __builtin_shufflevector(v, outside, 16, 17, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13) + v;
  v = __builtin_shufflevector(v, outside, 16, 17, 18, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) + v;
  v = __builtin_shufflevector(v, outside, 16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7) + v;
  return __builtin_shufflevector(v, outside, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
}

static inline f32x16 scan_add_f32_x16_reverse(f32x16 v) {
  const f32x16 outside = splat_f32_x16(0.0f);
  v = v + __builtin_shufflevector(v, outside, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 31);
  v = v + __builtin_shufflevector(v, outside, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 30, 31);
  v = v + __builtin_shufflevector(v, outside, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 28, 29, 30, 31);
  v = v + __builtin_shufflevector(v, outside, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  return v;
}

namespace cumsum_k0_inc {
enum : unsigned { CB_X, CB_INC, CB_EXC, CB_REV };
KT_CB_TABLE(table,
            {47104, 2},  // CB_X
            {47104, 2},  // CB_INC
            {47104, 2},  // CB_EXC
            {47104, 2}  // CB_REV
);

struct Args {
  const f32* x;
  f32* inc;
  f32* exc;
  f32* rev;
  i64 N;
  i64 D;
  i64 kt_shares;
};

// What share `part` of `parts` touches of each array, and whether the slots hold it.
struct Window {
  i64 steps;
  Span x;
  Span inc;
  Span exc;
  Span rev;
  bool fits;
};
static Window window(const Args& kt_a, i64 part, i64 parts) {
  const i64 N = kt_a.N;
  const i64 D = kt_a.D;
  const i64 n_lo = N * part / parts;
  const i64 n_hi = N * (part + 1) / parts;
  Window kt_w;
  kt_w.steps = N;
  kt_w.x = span(D * n_lo, D * n_hi, N * D);
  kt_w.inc = span(D * n_lo, D * n_hi, N * D);
  kt_w.exc = span(D * n_lo, D * n_hi, N * D);
  kt_w.rev = span(D * n_lo, D * n_hi, N * D);
  kt_w.fits = kt_w.x.n <= 11760 && kt_w.inc.n <= 11760 && kt_w.exc.n <= 11760 && kt_w.rev.n <= 11760;
  return kt_w;
}

// On arrays in memory: for shares that the slots do not hold.
static void direct(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D, i64 part, i64 parts) {
  const i64 n_lo = N * part / parts;
  const i64 n_hi = N * (part + 1) / parts;
  for (i64 n = n_lo; n < n_hi; ++n) {
    // scan inc[n, i]  [n:N, i:D] = add<f32>[j:D where j <= i](x[n, j])
    f64 acc = 0.0;
    const i64 i_end = D - (D & 31);
    for (i64 i = 0; i < i_end; i += 32) {
      const f32x16 value = load_f32_x16(x + n * D + i);
      const f32x16 prefix = scan_add_f32_x16(value);
      const f32 total = fold_add_f32_x16(value);
      store_f32_x16(inc + n * D + i, (f32)acc + prefix);
      acc += (f64)total;
      const i64 i_1 = i + 16;
      const f32x16 value_1 = load_f32_x16(x + n * D + i_1);
      const f32x16 prefix_1 = scan_add_f32_x16(value_1);
      const f32 total_1 = fold_add_f32_x16(value_1);
      store_f32_x16(inc + n * D + i_1, (f32)acc + prefix_1);
      acc += (f64)total_1;
    }
    const i64 i_end_1 = D - ((D - i_end) & 15);
    for (i64 i = i_end; i < i_end_1; i += 16) {
      const f32x16 value = load_f32_x16(x + n * D + i);
      const f32x16 prefix = scan_add_f32_x16(value);
      const f32 total = fold_add_f32_x16(value);
      store_f32_x16(inc + n * D + i, (f32)acc + prefix);
      acc += (f64)total;
    }
    for (i64 i = i_end_1; i < D; ++i) {
      acc += (f64)x[n * D + i];
      inc[n * D + i] = (f32)acc;
    }
    // scan exc[n, i_1]  [n:N, i_1:D] = add<f32>[j_1:D where j_1 < i_1](x[n, j_1])
    f64 acc_1 = 0.0;
    const i64 i_end_2 = D - (D & 31);
    for (i64 i = 0; i < i_end_2; i += 32) {
      const f32x16 value = load_f32_x16(x + n * D + i);
      const f32x16 prefix = scan_add_f32_x16_exclusive(value);
      const f32 total = fold_add_f32_x16(value);
      store_f32_x16(exc + n * D + i, (f32)acc_1 + prefix);
      acc_1 += (f64)total;
      const i64 i_1 = i + 16;
      const f32x16 value_1 = load_f32_x16(x + n * D + i_1);
      const f32x16 prefix_1 = scan_add_f32_x16_exclusive(value_1);
      const f32 total_1 = fold_add_f32_x16(value_1);
      store_f32_x16(exc + n * D + i_1, (f32)acc_1 + prefix_1);
      acc_1 += (f64)total_1;
    }
    const i64 i_end_3 = D - ((D - i_end_2) & 15);
    for (i64 i = i_end_2; i < i_end_3; i += 16) {
      const f32x16 value = load_f32_x16(x + n * D + i);
      const f32x16 prefix = scan_add_f32_x16_exclusive(value);
      const f32 total = fold_add_f32_x16(value);
      store_f32_x16(exc + n * D + i, (f32)acc_1 + prefix);
      acc_1 += (f64)total;
    }
    for (i64 i = i_end_3; i < D; ++i) {
      exc[n * D + i] = (f32)acc_1;
      acc_1 += (f64)x[n * D + i];
    }
    // scan rev[n, i_2]  [n:N, i_2:D] = add<f32>[j_2:D where j_2 >= i_2](x[n, j_2])
    f64 acc_2 = 0.0;
    const i64 i_end_4 = D - (D & 31);
    for (i64 i = 0; i < i_end_4; i += 32) {
      const i64 i_1 = D - 16 - i;
      const f32x16 value = load_f32_x16(x + n * D + i_1);
      const f32x16 prefix = scan_add_f32_x16_reverse(value);
      const f32 total = fold_add_f32_x16(value);
      store_f32_x16(rev + n * D + i_1, prefix + (f32)acc_2);
      acc_2 = (f64)total + acc_2;
      const i64 i_2 = D - 16 - (i + 16);
      const f32x16 value_1 = load_f32_x16(x + n * D + i_2);
      const f32x16 prefix_1 = scan_add_f32_x16_reverse(value_1);
      const f32 total_1 = fold_add_f32_x16(value_1);
      store_f32_x16(rev + n * D + i_2, prefix_1 + (f32)acc_2);
      acc_2 = (f64)total_1 + acc_2;
    }
    const i64 i_end_5 = D - ((D - i_end_4) & 15);
    for (i64 i = i_end_4; i < i_end_5; i += 16) {
      const i64 i_1 = D - 16 - i;
      const f32x16 value = load_f32_x16(x + n * D + i_1);
      const f32x16 prefix = scan_add_f32_x16_reverse(value);
      const f32 total = fold_add_f32_x16(value);
      store_f32_x16(rev + n * D + i_1, prefix + (f32)acc_2);
      acc_2 = (f64)total + acc_2;
    }
    for (i64 i = i_end_5; i < D; ++i) {
      const i64 i_1 = D - 1 - i;
      acc_2 = (f64)x[n * D + i_1] + acc_2;
      rev[n * D + i_1] = (f32)acc_2;
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
      dma_out(kt_a.inc + kt_last.inc.at, CB_INC, kt_last.inc.n * 4);
      dma_out(kt_a.exc + kt_last.exc.at, CB_EXC, kt_last.exc.n * 4);
      dma_out(kt_a.rev + kt_last.rev.at, CB_REV, kt_last.rev.n * 4);
    }
    kt_last = kt_w;
    kt_pending = true;
  }
  if (kt_pending) {
    dma_out(kt_a.inc + kt_last.inc.at, CB_INC, kt_last.inc.n * 4);
    dma_out(kt_a.exc + kt_last.exc.at, CB_EXC, kt_last.exc.n * 4);
    dma_out(kt_a.rev + kt_last.rev.at, CB_REV, kt_last.rev.n * 4);
  }
}

// Computation.
static void core_b(const Args& kt_a) {
  const i64 N = kt_a.N;
  const i64 D = kt_a.D;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) {
      direct(kt_a.x, kt_a.inc, kt_a.exc, kt_a.rev, kt_a.N, kt_a.D, part, kt_a.kt_shares);
      continue;
    }
    const i64 parts = kt_a.kt_shares;
    const f32* x = (const f32*)cb_wait_front(CB_X);
    f32* inc = (f32*)cb_reserve_back(CB_INC, kt_a.inc + kt_w.inc.at);
    f32* exc = (f32*)cb_reserve_back(CB_EXC, kt_a.exc + kt_w.exc.at);
    f32* rev = (f32*)cb_reserve_back(CB_REV, kt_a.rev + kt_w.rev.at);
    const i64 x__at = kt_w.x.at;
    const i64 inc__at = kt_w.inc.at;
    const i64 exc__at = kt_w.exc.at;
    const i64 rev__at = kt_w.rev.at;
    const i64 n_lo = N * part / parts;
    const i64 n_hi = N * (part + 1) / parts;
    for (i64 n = n_lo; n < n_hi; ++n) {
      // scan inc[n, i]  [n:N, i:D] = add<f32>[j:D where j <= i](x[n, j])
      f64 acc = 0.0;
      const i64 i_end = D - (D & 31);
      for (i64 i = 0; i < i_end; i += 32) {
        const f32x16 value = load_f32_x16(x + n * D + i - x__at);
        const f32x16 prefix = scan_add_f32_x16(value);
        const f32 total = fold_add_f32_x16(value);
        store_f32_x16(inc + n * D + i - inc__at, (f32)acc + prefix);
        acc += (f64)total;
        const i64 i_1 = i + 16;
        const f32x16 value_1 = load_f32_x16(x + n * D + i_1 - x__at);
        const f32x16 prefix_1 = scan_add_f32_x16(value_1);
        const f32 total_1 = fold_add_f32_x16(value_1);
        store_f32_x16(inc + n * D + i_1 - inc__at, (f32)acc + prefix_1);
        acc += (f64)total_1;
      }
      const i64 i_end_1 = D - ((D - i_end) & 15);
      for (i64 i = i_end; i < i_end_1; i += 16) {
        const f32x16 value = load_f32_x16(x + n * D + i - x__at);
        const f32x16 prefix = scan_add_f32_x16(value);
        const f32 total = fold_add_f32_x16(value);
        store_f32_x16(inc + n * D + i - inc__at, (f32)acc + prefix);
        acc += (f64)total;
      }
      for (i64 i = i_end_1; i < D; ++i) {
        acc += (f64)x[n * D + i - x__at];
        inc[n * D + i - inc__at] = (f32)acc;
      }
      // scan exc[n, i_1]  [n:N, i_1:D] = add<f32>[j_1:D where j_1 < i_1](x[n, j_1])
      f64 acc_1 = 0.0;
      const i64 i_end_2 = D - (D & 31);
      for (i64 i = 0; i < i_end_2; i += 32) {
        const f32x16 value = load_f32_x16(x + n * D + i - x__at);
        const f32x16 prefix = scan_add_f32_x16_exclusive(value);
        const f32 total = fold_add_f32_x16(value);
        store_f32_x16(exc + n * D + i - exc__at, (f32)acc_1 + prefix);
        acc_1 += (f64)total;
        const i64 i_1 = i + 16;
        const f32x16 value_1 = load_f32_x16(x + n * D + i_1 - x__at);
        const f32x16 prefix_1 = scan_add_f32_x16_exclusive(value_1);
        const f32 total_1 = fold_add_f32_x16(value_1);
        store_f32_x16(exc + n * D + i_1 - exc__at, (f32)acc_1 + prefix_1);
        acc_1 += (f64)total_1;
      }
      const i64 i_end_3 = D - ((D - i_end_2) & 15);
      for (i64 i = i_end_2; i < i_end_3; i += 16) {
        const f32x16 value = load_f32_x16(x + n * D + i - x__at);
        const f32x16 prefix = scan_add_f32_x16_exclusive(value);
        const f32 total = fold_add_f32_x16(value);
        store_f32_x16(exc + n * D + i - exc__at, (f32)acc_1 + prefix);
        acc_1 += (f64)total;
      }
      for (i64 i = i_end_3; i < D; ++i) {
        exc[n * D + i - exc__at] = (f32)acc_1;
        acc_1 += (f64)x[n * D + i - x__at];
      }
      // scan rev[n, i_2]  [n:N, i_2:D] = add<f32>[j_2:D where j_2 >= i_2](x[n, j_2])
      f64 acc_2 = 0.0;
      const i64 i_end_4 = D - (D & 31);
      for (i64 i = 0; i < i_end_4; i += 32) {
        const i64 i_1 = D - 16 - i;
        const f32x16 value = load_f32_x16(x + n * D + i_1 - x__at);
        const f32x16 prefix = scan_add_f32_x16_reverse(value);
        const f32 total = fold_add_f32_x16(value);
        store_f32_x16(rev + n * D + i_1 - rev__at, prefix + (f32)acc_2);
        acc_2 = (f64)total + acc_2;
        const i64 i_2 = D - 16 - (i + 16);
        const f32x16 value_1 = load_f32_x16(x + n * D + i_2 - x__at);
        const f32x16 prefix_1 = scan_add_f32_x16_reverse(value_1);
        const f32 total_1 = fold_add_f32_x16(value_1);
        store_f32_x16(rev + n * D + i_2 - rev__at, prefix_1 + (f32)acc_2);
        acc_2 = (f64)total_1 + acc_2;
      }
      const i64 i_end_5 = D - ((D - i_end_4) & 15);
      for (i64 i = i_end_4; i < i_end_5; i += 16) {
        const i64 i_1 = D - 16 - i;
        const f32x16 value = load_f32_x16(x + n * D + i_1 - x__at);
        const f32x16 prefix = scan_add_f32_x16_reverse(value);
        const f32 total = fold_add_f32_x16(value);
        store_f32_x16(rev + n * D + i_1 - rev__at, prefix + (f32)acc_2);
        acc_2 = (f64)total + acc_2;
      }
      for (i64 i = i_end_5; i < D; ++i) {
        const i64 i_1 = D - 1 - i;
        acc_2 = (f64)x[n * D + i_1 - x__at] + acc_2;
        rev[n * D + i_1 - rev__at] = (f32)acc_2;
      }
    }
    cb_push_back(CB_INC);
    cb_push_back(CB_EXC);
    cb_push_back(CB_REV);
    cb_pop_front(CB_X);
  }
}
}  // namespace cumsum_k0_inc

extern "C" void cumsum(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D, bool backwards) {
  const i64 k0_inc__shares = shares_for<cumsum_k0_inc::Args>({x, inc, exc, rev, N, D, 0}, cumsum_k0_inc::window, 64, 256);
  launch(cumsum_k0_inc::core_a, cumsum_k0_inc::core_b, cumsum_k0_inc::table, cumsum_k0_inc::Args{x, inc, exc, rev, N, D, k0_inc__shares}, 64, backwards);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity. Every other call takes the PEs from the last to the first, which must not show.
extern "C" void cumsum_call(void* const* args, i64 part, i64 parts) {
  if (part % parts != 0) return;
  static bool backwards = true;
  backwards = !backwards;
  cumsum((const f32*)args[0], (f32*)args[1], (f32*)args[2], (f32*)args[3], *(const i64*)args[4], *(const i64*)args[5], backwards);
}
