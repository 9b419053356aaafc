// quantize_packed for cpp:generic, made by ktune.
// A result of packed rows, written field by field.
//
//   graph quantize_packed(N, D)
//     in    x: f32[N, D]
//     out   w: row{q: u8[D], s: f32, z: f32}[N]
//     temp  lo: f32[N]
//     temp  k: f32[N]
//     reduce lo[n]  [n:N]
//         = min<f32>[d:D](x[n, d])
//     reduce k[n]  [n:N]
//         = max<f32>[d:D](x[n, d])
//         then max((acc - lo[n]) / 255.0, 1e-12)
//     map w.q[n, d]  [n:N, d:D]
//         = round((x[n, d] - lo[n]) / k[n]) as u8
//     map w.s[n]  [n:N]
//         = k[n]
//     map w.z[n]  [n:N]
//         = lo[n]
//
// Config: vector=0. Compile with -O2 -std=c++17 -ffp-contract=fast
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;
typedef unsigned char u8;
typedef int i32;

static inline f32 min_f32(f32 a, f32 b) {
  return a != a ? a : a < b ? a : b;  // NaN of either propagates
}

static inline f32 max_f32(f32 a, f32 b) {
  return a != a ? a : a > b ? a : b;  // NaN of either propagates
}

static inline i32 f32_to_u8(f32 x) {
  if (!(x > 0.0f)) return x != x ? 0 : 0;
  return x >= 256.0f ? 255 : (i32)x;
}

static inline void store_u8_at(u8* p, u8 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static inline void store_f32_at(u8* p, f32 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

extern "C" void quantize_packed(const f32* __restrict x, u8* __restrict w, i64 N, i64 D, i64 part, i64 parts) {
  const i64 n_lo = N * part / parts;
  const i64 n_hi = N * (part + 1) / parts;
  for (i64 n = n_lo; n < n_hi; ++n) {
    // reduce lo[n]  [n:N] = min<f32>[d:D](x[n, d])
    f32 acc = __builtin_inff();
    for (i64 d = 0; d < D; ++d) {
      acc = min_f32(acc, x[n * D + d]);
    }
    // reduce k[n]  [n:N] = max<f32>[d_1:D](x[n, d_1]) then max((acc - lo[n]) / 255.0, 1e-12)
    f32 acc_1 = -__builtin_inff();
    for (i64 d = 0; d < D; ++d) {
      acc_1 = max_f32(acc_1, x[n * D + d]);
    }
    const f32 k_1 = max_f32((acc_1 - acc) / 255.0f, 1e-12f);
    for (i64 d = 0; d < D; ++d) {
      // w.q[n, d_2] = round((x[n, d_2] - lo[n]) / k[n]) as u8
      store_u8_at(w + n * (D + 4 + 4) + d, (u8)f32_to_u8(__builtin_rintf((x[n * D + d] - acc) / k_1)));
    }
    // w.s[n] = k[n]
    store_f32_at(w + n * (D + 4 + 4) + D, k_1);
    // w.z[n] = lo[n]
    store_f32_at(w + n * (D + 4 + 4) + (D + 4), acc);
  }
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void quantize_packed_call(void* const* args, i64 part, i64 parts) {
  quantize_packed((const f32*)args[0], (u8*)args[1], *(const i64*)args[2], *(const i64*)args[3], part, parts);
}
