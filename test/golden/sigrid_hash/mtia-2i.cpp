// sigrid_hash for mtia:2i, made by ktune.
// Salted hash of the ids of ragged rows, reduced to 0 .. modulus - 1: feature hashing of sparse ids.
//
//   graph sigrid_hash(B; salt: i64, modulus: i64)
//     in    v: i64[off[B]]
//     in    off: i64[B + 1]  # offsets of L
//     out   o: i64[off[B]]
//     map o[off[b] + l]  [b:B, l:off[b + 1] - off[b]]
//         = (let hi = salt as u64 in let a_1 = ((let k = v[off[b] + l] as u64 in let a = ~k + (k << 21u64) in let b = a ^ (a >> 24u64) in let c…
//
// Config: default.
// Needs ktune_mtia.h, and wrapping signed integers: -fwrapv.

#include "ktune_mtia.h"
using namespace mtia;
typedef long long i64;
typedef unsigned long long u64;
typedef u64 u64x8 __attribute__((vector_size(64)));
typedef i64 i64x8 __attribute__((vector_size(64)));

static inline i64 max_i64(i64 a, i64 b) {
  return a > b ? a : b;
}

static inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static inline i64x8 load_i64_x8(const i64* p) {
  i64x8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline i64 floor_mod_i64(i64 a, i64 b) {
  if (b == 0 || b == -1) return 0;
  const i64 r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static inline i64x8 floor_mod_i64_x8(i64x8 a, i64x8 b) {
  i64x8 r;
  for (int k = 0; k < 8; ++k) r[k] = floor_mod_i64(a[k], b[k]);
  return r;
}

static inline i64x8 splat_i64_x8(i64 x) {
  return x - i64x8{};
}

static inline void store_i64_x8(i64* p, i64x8 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

namespace sigrid_hash_k0_o {
enum : unsigned { CB_V, CB_O };
KT_CB_TABLE(table,
            {65600, 2},  // CB_V
            {65600, 2}  // CB_O
);

struct Args {
  const i64* v;
  const i64* off;
  i64* o;
  i64 B;
  i64 salt;
  i64 modulus;
  i64 kt_shares;
};

// What share `part` of `parts` touches of each array, and whether the slots hold it.
struct Window {
  i64 steps;
  Span v;
  Span o;
  bool fits;
};
static Window window(const Args& kt_a, i64 part, i64 parts) {
  const i64* off = kt_a.off;
  const i64 B = kt_a.B;
  const i64 l_top = max_i64(0, off[B]);
  const i64 steps = (l_top + 15) / 16;
  const i64 l_lo = min_i64(steps * part / parts * 16, l_top);
  const i64 l_hi = min_i64(steps * (part + 1) / parts * 16, l_top);
  const i64 l_end = l_hi - ((l_hi - l_lo) & 15);
  Window kt_w;
  kt_w.steps = steps;
  kt_w.v = span(l_lo, l_hi, off[B]);
  kt_w.o = span(l_lo, l_hi, off[B]);
  kt_w.fits = kt_w.v.n <= 8192 && kt_w.o.n <= 8192;
  return kt_w;
}

// On arrays in memory: for shares that the slots do not hold.
static void direct(const i64* __restrict v, const i64* __restrict off, i64* __restrict o, i64 B, i64 salt, i64 modulus, i64 part, i64 parts) {
  // o[l] = (let hi = salt as u64 in let a_1 = ((let k = v[l] as u64 in let a = ~k + (k << 21u64) in let b_1 = a ^…
  const i64 l_top = max_i64(0, off[B]);
  const i64 steps = (l_top + 15) / 16;
  const i64 l_lo = min_i64(steps * part / parts * 16, l_top);
  const i64 l_hi = min_i64(steps * (part + 1) / parts * 16, l_top);
  const i64 l_end = l_hi - ((l_hi - l_lo) & 15);
  for (i64 l = l_lo; l < l_end; l += 16) {
    const u64 hi = (u64)salt;
    const u64x8 k = (u64x8)load_i64_x8(v + l);
    const u64x8 a = ~k + (k << 21);
    const u64x8 b_1 = a ^ (a >> 24);
    const u64x8 c = b_1 + (b_1 << 3) + (b_1 << 8);
    const u64x8 d = c ^ (c >> 14);
    const u64x8 e = d + (d << 2) + (d << 4);
    const u64x8 f = e ^ (e >> 28);
    const u64x8 a_1 = ((f + (f << 31)) ^ hi) * 0x9ddfea08eb382d69ull;
    const u64x8 b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 0x9ddfea08eb382d69ull;
    const u64 hi_1 = (u64)salt;
    const u64x8 k_1 = (u64x8)load_i64_x8(v + l + 8);
    const u64x8 a_2 = ~k_1 + (k_1 << 21);
    const u64x8 b_1_2 = a_2 ^ (a_2 >> 24);
    const u64x8 c_1 = b_1_2 + (b_1_2 << 3) + (b_1_2 << 8);
    const u64x8 d_1 = c_1 ^ (c_1 >> 14);
    const u64x8 e_1 = d_1 + (d_1 << 2) + (d_1 << 4);
    const u64x8 f_1 = e_1 ^ (e_1 >> 28);
    const u64x8 a_1_1 = ((f_1 + (f_1 << 31)) ^ hi_1) * 0x9ddfea08eb382d69ull;
    const u64x8 b_1_1_1 = (hi_1 ^ (a_1_1 ^ (a_1_1 >> 47))) * 0x9ddfea08eb382d69ull;
    store_i64_x8(o + l, floor_mod_i64_x8((i64x8)((b_1_1 ^ (b_1_1 >> 47)) * 0x9ddfea08eb382d69ull), splat_i64_x8(modulus)));
    store_i64_x8(o + l + 8, floor_mod_i64_x8((i64x8)((b_1_1_1 ^ (b_1_1_1 >> 47)) * 0x9ddfea08eb382d69ull), splat_i64_x8(modulus)));
  }
  const i64 l_end_1 = l_hi - ((l_hi - l_end) & 7);
  for (i64 l = l_end; l < l_end_1; l += 8) {
    const u64 hi = (u64)salt;
    const u64x8 k = (u64x8)load_i64_x8(v + l);
    const u64x8 a = ~k + (k << 21);
    const u64x8 b_1 = a ^ (a >> 24);
    const u64x8 c = b_1 + (b_1 << 3) + (b_1 << 8);
    const u64x8 d = c ^ (c >> 14);
    const u64x8 e = d + (d << 2) + (d << 4);
    const u64x8 f = e ^ (e >> 28);
    const u64x8 a_1 = ((f + (f << 31)) ^ hi) * 0x9ddfea08eb382d69ull;
    const u64x8 b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 0x9ddfea08eb382d69ull;
    store_i64_x8(o + l, floor_mod_i64_x8((i64x8)((b_1_1 ^ (b_1_1 >> 47)) * 0x9ddfea08eb382d69ull), splat_i64_x8(modulus)));
  }
  for (i64 l = l_end_1; l < l_hi; ++l) {
    const u64 hi = (u64)salt;
    const u64 k = (u64)v[l];
    const u64 a = ~k + (k << 21);
    const u64 b_1 = a ^ (a >> 24);
    const u64 c = b_1 + (b_1 << 3) + (b_1 << 8);
    const u64 d = c ^ (c >> 14);
    const u64 e = d + (d << 2) + (d << 4);
    const u64 f = e ^ (e >> 28);
    const u64 a_1 = ((f + (f << 31)) ^ hi) * 0x9ddfea08eb382d69ull;
    const u64 b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 0x9ddfea08eb382d69ull;
    o[l] = floor_mod_i64((i64)((b_1_1 ^ (b_1_1 >> 47)) * 0x9ddfea08eb382d69ull), modulus);
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
    dma_in(CB_V, kt_a.v + kt_w.v.at, kt_w.v.n * 8);
    if (kt_pending) {
      dma_out(kt_a.o + kt_last.o.at, CB_O, kt_last.o.n * 8);
    }
    kt_last = kt_w;
    kt_pending = true;
  }
  if (kt_pending) {
    dma_out(kt_a.o + kt_last.o.at, CB_O, kt_last.o.n * 8);
  }
}

// Computation.
static void core_b(const Args& kt_a) {
  const i64* off = kt_a.off;
  const i64 B = kt_a.B;
  const i64 salt = kt_a.salt;
  const i64 modulus = kt_a.modulus;
  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {
    const Window kt_w = window(kt_a, part, kt_a.kt_shares);
    if (!kt_w.fits) {
      direct(kt_a.v, kt_a.off, kt_a.o, kt_a.B, kt_a.salt, kt_a.modulus, part, kt_a.kt_shares);
      continue;
    }
    const i64 parts = kt_a.kt_shares;
    const i64* v = (const i64*)cb_wait_front(CB_V);
    i64* o = (i64*)cb_reserve_back(CB_O, kt_a.o + kt_w.o.at);
    const i64 v__at = kt_w.v.at;
    const i64 o__at = kt_w.o.at;
    const i64 l_top = max_i64(0, off[B]);
    const i64 steps = (l_top + 15) / 16;
    const i64 l_lo = min_i64(steps * part / parts * 16, l_top);
    const i64 l_hi = min_i64(steps * (part + 1) / parts * 16, l_top);
    const i64 l_end = l_hi - ((l_hi - l_lo) & 15);
    // o[l] = (let hi = salt as u64 in let a_1 = ((let k = v[l] as u64 in let a = ~k + (k << 21u64) in let b_1 = a ^…
    for (i64 l = l_lo; l < l_end; l += 16) {
      const u64 hi = (u64)salt;
      const u64x8 k = (u64x8)load_i64_x8(v + l - v__at);
      const u64x8 a = ~k + (k << 21);
      const u64x8 b_1 = a ^ (a >> 24);
      const u64x8 c = b_1 + (b_1 << 3) + (b_1 << 8);
      const u64x8 d = c ^ (c >> 14);
      const u64x8 e = d + (d << 2) + (d << 4);
      const u64x8 f = e ^ (e >> 28);
      const u64x8 a_1 = ((f + (f << 31)) ^ hi) * 0x9ddfea08eb382d69ull;
      const u64x8 b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 0x9ddfea08eb382d69ull;
      const u64 hi_1 = (u64)salt;
      const u64x8 k_1 = (u64x8)load_i64_x8(v + l + 8 - v__at);
      const u64x8 a_2 = ~k_1 + (k_1 << 21);
      const u64x8 b_1_2 = a_2 ^ (a_2 >> 24);
      const u64x8 c_1 = b_1_2 + (b_1_2 << 3) + (b_1_2 << 8);
      const u64x8 d_1 = c_1 ^ (c_1 >> 14);
      const u64x8 e_1 = d_1 + (d_1 << 2) + (d_1 << 4);
      const u64x8 f_1 = e_1 ^ (e_1 >> 28);
      const u64x8 a_1_1 = ((f_1 + (f_1 << 31)) ^ hi_1) * 0x9ddfea08eb382d69ull;
      const u64x8 b_1_1_1 = (hi_1 ^ (a_1_1 ^ (a_1_1 >> 47))) * 0x9ddfea08eb382d69ull;
      store_i64_x8(o + l - o__at, floor_mod_i64_x8((i64x8)((b_1_1 ^ (b_1_1 >> 47)) * 0x9ddfea08eb382d69ull), splat_i64_x8(modulus)));
      store_i64_x8(o + l + 8 - o__at, floor_mod_i64_x8((i64x8)((b_1_1_1 ^ (b_1_1_1 >> 47)) * 0x9ddfea08eb382d69ull), splat_i64_x8(modulus)));
    }
    const i64 l_end_1 = l_hi - ((l_hi - l_end) & 7);
    for (i64 l = l_end; l < l_end_1; l += 8) {
      const u64 hi = (u64)salt;
      const u64x8 k = (u64x8)load_i64_x8(v + l - v__at);
      const u64x8 a = ~k + (k << 21);
      const u64x8 b_1 = a ^ (a >> 24);
      const u64x8 c = b_1 + (b_1 << 3) + (b_1 << 8);
      const u64x8 d = c ^ (c >> 14);
      const u64x8 e = d + (d << 2) + (d << 4);
      const u64x8 f = e ^ (e >> 28);
      const u64x8 a_1 = ((f + (f << 31)) ^ hi) * 0x9ddfea08eb382d69ull;
      const u64x8 b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 0x9ddfea08eb382d69ull;
      store_i64_x8(o + l - o__at, floor_mod_i64_x8((i64x8)((b_1_1 ^ (b_1_1 >> 47)) * 0x9ddfea08eb382d69ull), splat_i64_x8(modulus)));
    }
    for (i64 l = l_end_1; l < l_hi; ++l) {
      const u64 hi = (u64)salt;
      const u64 k = (u64)v[l - v__at];
      const u64 a = ~k + (k << 21);
      const u64 b_1 = a ^ (a >> 24);
      const u64 c = b_1 + (b_1 << 3) + (b_1 << 8);
      const u64 d = c ^ (c >> 14);
      const u64 e = d + (d << 2) + (d << 4);
      const u64 f = e ^ (e >> 28);
      const u64 a_1 = ((f + (f << 31)) ^ hi) * 0x9ddfea08eb382d69ull;
      const u64 b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 0x9ddfea08eb382d69ull;
      o[l - o__at] = floor_mod_i64((i64)((b_1_1 ^ (b_1_1 >> 47)) * 0x9ddfea08eb382d69ull), modulus);
    }
    cb_push_back(CB_O);
    cb_pop_front(CB_V);
  }
}
}  // namespace sigrid_hash_k0_o

extern "C" void sigrid_hash(const i64* __restrict v, const i64* __restrict off, i64* __restrict o, i64 B, i64 salt, i64 modulus, bool backwards) {
  const i64 k0_o__shares = shares_for<sigrid_hash_k0_o::Args>({v, off, o, B, salt, modulus, 0}, sigrid_hash_k0_o::window, 64, 256);
  launch(sigrid_hash_k0_o::core_a, sigrid_hash_k0_o::core_b, sigrid_hash_k0_o::table, sigrid_hash_k0_o::Args{v, off, o, B, salt, modulus, k0_o__shares}, 64, backwards);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity. Every other call takes the PEs from the last to the first, which must not show.
extern "C" void sigrid_hash_call(void* const* args, i64 part, i64 parts) {
  if (part % parts != 0) return;
  static bool backwards = true;
  backwards = !backwards;
  sigrid_hash((const i64*)args[0], (const i64*)args[1], (i64*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const i64*)args[5], backwards);
}
