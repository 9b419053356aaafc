// pooled_embedding for mtia:2i, made by ktune.
// Sum of the table rows of each bag of ids; ids beyond the table are clamped.
//
//   graph pooled_embedding(V, D, B)
//     in    w: f16[V, D]
//     in    ids: i64[off[B]]
//     in    off: i64[B + 1]  # offsets of L
//     out   y: f32[B, D]
//     reduce y[b, d]  [b:B, d:D]
//         = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d] : 0.0)
//
// Config: default.
// Needs ktune_mtia.h, and wrapping signed integers: -fwrapv.

#include "ktune_mtia.h"
using namespace mtia;
typedef long long i64;
typedef unsigned short f16;
typedef float f32;
typedef f32 f32x16 __attribute__((vector_size(64)));
typedef unsigned u32;
typedef u32 u32x16 __attribute__((vector_size(64)));
typedef unsigned short u16;
typedef u16 u16x16 __attribute__((vector_size(32)));
typedef int i32;
typedef i32 i32x16 __attribute__((vector_size(64)));

static inline f32x16 splat_f32_x16(f32 x) {
  return x - f32x16{};
}

static inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static inline i64 max_i64(i64 a, i64 b) {
  return a > b ? a : b;
}

static inline f32x16 f16_to_f32_x16(u32x16 h) {
  const u32x16 u = h & 0x7fffu;
  // Shifted into place, the exponent is 112 too small; the multiplication also normalises denormals.
  const f32x16 small = __builtin_bit_cast(f32x16, (u32x16)(u << 13)) * 5.192296858534828e+33f;
  const u32x16 bits = u >= 0x7c00u ? (u << 13) + 0x70000000u : __builtin_bit_cast(u32x16, small);
  return __builtin_bit_cast(f32x16, (u32x16)(bits | ((h & 0x8000u) << 16)));
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

static inline f32x16 load_f16_x16(const f16* p) {
  return f16_to_f32_x16(load_u16_as_u32_x16(p));
}

static inline void store_f32_x16(f32* p, f32x16 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static inline f32 f16_to_f32(u32 h) {
  const u32 u = h & 0x7fffu;
  // Shifted into place, the exponent is 112 too small; the multiplication also normalises denormals.
  const f32 small = __builtin_bit_cast(f32, (u32)(u << 13)) * 5.192296858534828e+33f;
  const u32 bits = u >= 0x7c00u ? (u << 13) + 0x70000000u : __builtin_bit_cast(u32, small);
  return __builtin_bit_cast(f32, (u32)(bits | ((h & 0x8000u) << 16)));
}

namespace pooled_embedding_k0_y {
enum : unsigned { CB_OFF, CB_Y, CB_W, CB_W_ROWS };
KT_CB_TABLE(table,
            {37632, 2},  // CB_OFF
            {37632, 2},  // CB_Y
            {94336, 2},  // CB_W
            {37632, 1}  // CB_W_ROWS
);

struct Args {
  const f16* w;
  const i64* ids;
  const i64* off;
  f32* y;
  i64 V;
  i64 D;
  i64 B;
  i64 kt_shares;
};

// What share `part` of `parts` touches of each array, and whether the slots hold it.
struct Window {
  i64 steps;
  Span off;
  Span y;
  Span w;
  Span w__list;
  bool fits;
};
static Window window(const Args& kt_a, i64 part, i64 parts) {
  const i64* off = kt_a.off;
  const i64 D = kt_a.D;
  const i64 B = kt_a.B;
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  Window kt_w;
  kt_w.steps = B;
  kt_w.off = span(b_lo, b_hi + 1, B + 1);
  kt_w.y = span(D * b_lo, D * b_hi, B * D);
  kt_w.w = span(0, D, D);
  kt_w.w__list = span(off[b_lo], off[b_hi], off[B]);
  kt_w.fits = kt_w.off.n <= 4696 && kt_w.y.n <= 9392 && kt_w.w__list.n <= 4696 && kt_w.w.n * kt_w.w__list.n <= 47136;
  return kt_w;
}

// On arrays in memory: for shares that the slots do not hold.
static void direct(const f16* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    // reduce y[b, d]  [b:B, d:D] = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d…
    const i64 d_end = D - (D & 31);
    for (i64 d = 0; d < d_end; d += 32) {
      f32x16 acc = splat_f32_x16(0.0f);
      f32x16 acc_1 = splat_f32_x16(0.0f);
      const i64 off_at = off[b + 1];
      const i64 off_at_1 = off[b];
      for (i64 l = 0; l < off_at - off_at_1; ++l) {
        f32x16 choice;
        if (V > 0) {
          const i64 min_at = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice = load_f16_x16(w + min_at * D + d);
        } else {
          choice = splat_f32_x16(0.0f);
        }
        acc += choice;
        f32x16 choice_1;
        if (V > 0) {
          const i64 min_at_1 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_1 = load_f16_x16(w + min_at_1 * D + (d + 16));
        } else {
          choice_1 = splat_f32_x16(0.0f);
        }
        acc_1 += choice_1;
      }
      store_f32_x16(y + b * D + d, acc);
      store_f32_x16(y + b * D + (d + 16), acc_1);
    }
    const i64 d_end_1 = D - ((D - d_end) & 15);
    for (i64 d = d_end; d < d_end_1; d += 16) {
      f32x16 acc = splat_f32_x16(0.0f);
      const i64 off_at = off[b];
      const i64 l_end = off[b + 1] - off_at;
      for (i64 l = 0; l < l_end; ++l) {
        acc += V > 0 ? load_f16_x16(w + min_i64(max_i64(ids[off_at + l], 0), V - 1) * D + d) : splat_f32_x16(0.0f);
      }
      store_f32_x16(y + b * D + d, acc);
    }
    for (i64 d = d_end_1; d < D; ++d) {
      f32 acc = 0.0f;
      const i64 off_at = off[b];
      const i64 l_end = off[b + 1] - off_at;
      for (i64 l = 0; l < l_end; ++l) {
        acc += V > 0 ? f16_to_f32(w[min_i64(max_i64(ids[off_at + l], 0), V - 1) * D + d]) : 0.0f;
      }
      y[b * D + d] = acc;
    }
  }
}

// Data movement.
static void core_a(const Args& kt_a) {
  const i64 V = kt_a.V;
  const i64 D = kt_a.D;
  // Results leave one share late, so that the next one is on its way meanwhile.
  Window kt_last;
  bool kt_pending = false;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) continue;
    dma_in(CB_OFF, kt_a.off + kt_w.off.at, kt_w.off.n * 8);
    dma_in(CB_W_ROWS, kt_a.ids + kt_w.w__list.at, kt_w.w__list.n * 8);
    const i64* w__list = (const i64*)cb_wait_front(CB_W_ROWS);
    dma_in_indexed(CB_W, kt_w.w__list.n, kt_w.w.n * 2, [&](i64 kt_k) {
      const i64 kt_entry = w__list[kt_k];
      const i64 kt_at = min_i64(max_i64(kt_entry, 0), V - 1) * D + kt_w.w.at;
      return kt_at >= 0 && kt_at + kt_w.w.n <= V * D ? kt_a.w + kt_at : nullptr;
    });
    cb_pop_front(CB_W_ROWS);
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
  const i64 V = kt_a.V;
  const i64 D = kt_a.D;
  const i64 B = kt_a.B;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) {
      direct(kt_a.w, kt_a.ids, kt_a.off, kt_a.y, kt_a.V, kt_a.D, kt_a.B, part, kt_a.kt_shares);
      continue;
    }
    const i64 parts = kt_a.kt_shares;
    const i64* off = (const i64*)cb_wait_front(CB_OFF);
    f32* y = (f32*)cb_reserve_back(CB_Y, kt_a.y + kt_w.y.at);
    const f16* w = (const f16*)cb_wait_front(CB_W);
    const i64 off__at = kt_w.off.at;
    const i64 y__at = kt_w.y.at;
    const i64 w__from = kt_w.w__list.at;
    const i64 w__at = kt_w.w.at;
    const i64 w__row = kt_w.w.n;
    const i64 b_lo = B * part / parts;
    const i64 b_hi = B * (part + 1) / parts;
    for (i64 b = b_lo; b < b_hi; ++b) {
      // reduce y[b, d]  [b:B, d:D] = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d…
      const i64 d_end = D - (D & 31);
      for (i64 d = 0; d < d_end; d += 32) {
        f32x16 acc = splat_f32_x16(0.0f);
        f32x16 acc_1 = splat_f32_x16(0.0f);
        const i64 off_at = off[b + 1 - off__at];
        const i64 off_at_1 = off[b - off__at];
        for (i64 l = 0; l < off_at - off_at_1; ++l) {
          f32x16 choice;
          if (V > 0) {
            choice = load_f16_x16(w + (off[b - off__at] + l - w__from) * w__row + (d - w__at));
          } else {
            choice = splat_f32_x16(0.0f);
          }
          acc += choice;
          f32x16 choice_1;
          if (V > 0) {
            choice_1 = load_f16_x16(w + (off[b - off__at] + l - w__from) * w__row + (d + 16 - w__at));
          } else {
            choice_1 = splat_f32_x16(0.0f);
          }
          acc_1 += choice_1;
        }
        store_f32_x16(y + b * D + d - y__at, acc);
        store_f32_x16(y + b * D + (d + 16) - y__at, acc_1);
      }
      const i64 d_end_1 = D - ((D - d_end) & 15);
      for (i64 d = d_end; d < d_end_1; d += 16) {
        f32x16 acc = splat_f32_x16(0.0f);
        const i64 off_at = off[b - off__at];
        const i64 l_end = off[b + 1 - off__at] - off_at;
        for (i64 l = 0; l < l_end; ++l) {
          acc += V > 0 ? load_f16_x16(w + (off[b - off__at] + l - w__from) * w__row + (d - w__at)) : splat_f32_x16(0.0f);
        }
        store_f32_x16(y + b * D + d - y__at, acc);
      }
      for (i64 d = d_end_1; d < D; ++d) {
        f32 acc = 0.0f;
        const i64 off_at = off[b - off__at];
        const i64 l_end = off[b + 1 - off__at] - off_at;
        for (i64 l = 0; l < l_end; ++l) {
          acc += V > 0 ? f16_to_f32(w[(off[b - off__at] + l - w__from) * w__row + (d - w__at)]) : 0.0f;
        }
        y[b * D + d - y__at] = acc;
      }
    }
    cb_push_back(CB_Y);
    cb_pop_front(CB_OFF);
    cb_pop_front(CB_W);
  }
}
}  // namespace pooled_embedding_k0_y

extern "C" void pooled_embedding(const f16* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B, bool backwards) {
  const i64 k0_y__shares = shares_for<pooled_embedding_k0_y::Args>({w, ids, off, y, V, D, B, 0}, pooled_embedding_k0_y::window, 64, 256);
  launch(pooled_embedding_k0_y::core_a, pooled_embedding_k0_y::core_b, pooled_embedding_k0_y::table, pooled_embedding_k0_y::Args{w, ids, off, y, V, D, B, k0_y__shares}, 64, backwards);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity. Every other call takes the PEs from the last to the first, which must not show.
extern "C" void pooled_embedding_call(void* const* args, i64 part, i64 parts) {
  if (part % parts != 0) return;
  static bool backwards = true;
  backwards = !backwards;
  pooled_embedding((const f16*)args[0], (const i64*)args[1], (const i64*)args[2], (f32*)args[3], *(const i64*)args[4], *(const i64*)args[5], *(const i64*)args[6], backwards);
}
