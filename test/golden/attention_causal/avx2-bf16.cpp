// attention_causal for cpp:avx2, made by ktune.
// Causal attention: the queries are the last M of N positions, and see themselves and what is before them. A query without keys gives 0.
//
//   graph attention_causal(B, H, M, D, N, E; scale: f32)
//     in    q: bf16[B, H, M, D]
//     in    k: bf16[B, H, N, D]
//     in    v: bf16[B, H, N, E]
//     out   o: bf16[B, H, M, E]
//     temp  s: f32[B, H, M, N]
//     temp  o_peak: f32[B, H, M]
//     temp  o_sum: f32[B, H, M]
//     reduce s[b, h, m, n]  [b:B, h:H, m:M, n:N] where n <= m + N - M
//         = add<f32>[d:D](q[b, h, m, d] * k[b, h, n, d])
//         then scale * acc
//     reduce o_peak[b, h, m]  [b:B, h:H, m:M]
//         = max<f32>[n:N where n <= m + N - M](s[b, h, m, n])
//     reduce o_sum[b, h, m]  [b:B, h:H, m:M]
//         = add<f32>[n:N where n <= m + N - M](exp(s[b, h, m, n] - o_peak[b, h, m]))
//     reduce o[b, h, m, e]  [b:B, h:H, m:M, e:E]
//         = add<f32>[n:N where n <= m + N - M]((o_peak[b, h, m] == -inf ? 0.0 : exp(s[b, h, m, n] - o_peak[b, h, m]) / o_sum[b, h, m]) near bf1…
//         then acc as bf16
//
// Config: assume=false. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef unsigned short bf16;
typedef float f32;
typedef f32 f32x8 __attribute__((vector_size(32)));
typedef unsigned u32;
typedef u32 u32x8 __attribute__((vector_size(32)));
typedef unsigned short u16;
typedef u16 u16x8 __attribute__((vector_size(16)));
typedef int i32;
typedef i32 i32x8 __attribute__((vector_size(32)));
typedef i64 i64x8 __attribute__((vector_size(64)));
typedef u16 u16x16 __attribute__((vector_size(32)));

static inline f32x8 bf16_to_f32_x8(u32x8 h) {
  return __builtin_bit_cast(f32x8, (u32x8)(h << 16));
}

static inline u32x8 load_u16_as_u32_x8(const u16* p) {
#if defined(__AVX2__) && !defined(__clang__)
  typedef short raw __attribute__((vector_size(16)));
  raw v;
  __builtin_memcpy(&v, p, sizeof v);
  return (u32x8)__builtin_ia32_pmovzxwd256(v);
#else
  u16x8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, u32x8);
#endif
}

static inline f32x8 load_bf16_x8(const bf16* p) {
  return bf16_to_f32_x8(load_u16_as_u32_x8(p));
}

static inline void turn_f32_x8(f32x8& a0, f32x8& a1, f32x8& a2, f32x8& a3, f32x8& a4, f32x8& a5, f32x8& a6, f32x8& a7) {
  const f32x8 t0 = __builtin_shufflevector(a0, a1, 0, 8, 1, 9, 4, 12, 5, 13);
  const f32x8 t1 = __builtin_shufflevector(a0, a1, 2, 10, 3, 11, 6, 14, 7, 15);
  const f32x8 t2 = __builtin_shufflevector(a2, a3, 0, 8, 1, 9, 4, 12, 5, 13);
  const f32x8 t3 = __builtin_shufflevector(a2, a3, 2, 10, 3, 11, 6, 14, 7, 15);
  const f32x8 t4 = __builtin_shufflevector(a4, a5, 0, 8, 1, 9, 4, 12, 5, 13);
  const f32x8 t5 = __builtin_shufflevector(a4, a5, 2, 10, 3, 11, 6, 14, 7, 15);
  const f32x8 t6 = __builtin_shufflevector(a6, a7, 0, 8, 1, 9, 4, 12, 5, 13);
  const f32x8 t7 = __builtin_shufflevector(a6, a7, 2, 10, 3, 11, 6, 14, 7, 15);
  const f32x8 t8 = __builtin_shufflevector(t0, t2, 0, 1, 8, 9, 4, 5, 12, 13);
  const f32x8 t9 = __builtin_shufflevector(t0, t2, 2, 3, 10, 11, 6, 7, 14, 15);
  const f32x8 t10 = __builtin_shufflevector(t1, t3, 0, 1, 8, 9, 4, 5, 12, 13);
  const f32x8 t11 = __builtin_shufflevector(t1, t3, 2, 3, 10, 11, 6, 7, 14, 15);
  const f32x8 t12 = __builtin_shufflevector(t4, t6, 0, 1, 8, 9, 4, 5, 12, 13);
  const f32x8 t13 = __builtin_shufflevector(t4, t6, 2, 3, 10, 11, 6, 7, 14, 15);
  const f32x8 t14 = __builtin_shufflevector(t5, t7, 0, 1, 8, 9, 4, 5, 12, 13);
  const f32x8 t15 = __builtin_shufflevector(t5, t7, 2, 3, 10, 11, 6, 7, 14, 15);
  const f32x8 t16 = __builtin_shufflevector(t8, t12, 0, 1, 2, 3, 8, 9, 10, 11);
  const f32x8 t17 = __builtin_shufflevector(t9, t13, 0, 1, 2, 3, 8, 9, 10, 11);
  const f32x8 t18 = __builtin_shufflevector(t10, t14, 0, 1, 2, 3, 8, 9, 10, 11);
  const f32x8 t19 = __builtin_shufflevector(t11, t15, 0, 1, 2, 3, 8, 9, 10, 11);
  const f32x8 t20 = __builtin_shufflevector(t8, t12, 4, 5, 6, 7, 12, 13, 14, 15);
  const f32x8 t21 = __builtin_shufflevector(t9, t13, 4, 5, 6, 7, 12, 13, 14, 15);
  const f32x8 t22 = __builtin_shufflevector(t10, t14, 4, 5, 6, 7, 12, 13, 14, 15);
  const f32x8 t23 = __builtin_shufflevector(t11, t15, 4, 5, 6, 7, 12, 13, 14, 15);
  a0 = t16;
  a1 = t17;
  a2 = t18;
  a3 = t19;
  a4 = t20;
  a5 = t21;
  a6 = t22;
  a7 = t23;
}

static inline void store_f32_x8(f32* p, f32x8 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static inline f32 bf16_to_f32(u32 h) {
  return __builtin_bit_cast(f32, (u32)(h << 16));
}

static inline f32x8 gather_bf16_x8(const bf16* p, i64x8 at) {
  f32x8 v;
  for (int k = 0; k < 8; ++k) v[k] = bf16_to_f32(p[at[k]]);
  return v;
}

static inline f32x8 gather_bf16_masked_x8(const bf16* p, i64x8 at, i32x8 m) {
  f32x8 v = {};
  for (int k = 0; k < 8; ++k) if (m[k]) v[k] = bf16_to_f32(p[at[k]]);
  return v;
}

static inline f32x8 splat_f32_x8(f32 x) {
  return x - f32x8{};
}

static inline f32x8 load_bf16_masked_x8(const bf16* p, i32x8 m) {
  f32x8 v = {};
  for (int k = 0; k < 8; ++k) if (m[k]) v[k] = bf16_to_f32(p[k]);
  return v;
}

static inline f32 fold_add_f32_x8(f32x8 v) {
  v = v + __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
  v = v + __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
  v = v + __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6);
  return v[0];
}

static inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static inline i64 max_i64(i64 a, i64 b) {
  return a > b ? a : b;
}

static inline f32x8 load_f32_x8(const f32* p) {
  f32x8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// acc = a b: 6 x 16 sums, 8 to a register.
static inline __attribute__((always_inline)) void dot_f32_6x16_x8(f32* acc, i64 acc_row, const f32* a, i64 a_row, i64 a_step, const f32* b, i64 b_row, i64 steps) {
  // Sums of 128 terms are added up: their errors grow with the root of a run, not of the whole depth.
  i64 from = 0;
  do {
    const i64 run = steps - from < 128 ? steps - from : 128;
    f32x8 sum[6][2] = {};
    for (i64 k = 0; k < run; ++k, a += a_step, b += b_row) {
      f32x8 y[2];
      #pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) y[j] = load_f32_x8(b + j * 8);
      #pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        const f32 x = a[i * a_row];
        #pragma GCC unroll 2
        for (int j = 0; j < 2; ++j) sum[i][j] += x * y[j];
      }
    }
    if (from == 0)
      #pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        #pragma GCC unroll 2
        for (int j = 0; j < 2; ++j) {
          f32* const to = acc + i * acc_row + j * 8;
          store_f32_x8(to, sum[i][j]);
        }
      }
    else
      #pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) {
        #pragma GCC unroll 2
        for (int j = 0; j < 2; ++j) {
          f32* const to = acc + i * acc_row + j * 8;
          store_f32_x8(to, load_f32_x8(to) + sum[i][j]);
        }
      }
    from += 128;
  } while (from < steps);
}

static inline f32x8 max_f32_x8(f32x8 a, f32x8 b) {
#if defined(__AVX__)
  return a != a ? a : __builtin_ia32_maxps256(a, b);
#else
  return (a > b) | (a != a) ? a : b;
#endif
}

static inline f32 max_f32(f32 a, f32 b) {
  return a != a ? a : a > b ? a : b;  // NaN of either propagates
}

static inline f32 fold_max_f32_x8(f32x8 v) {
  v = max_f32_x8(v, __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3));
  v = max_f32_x8(v, __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5));
  v = max_f32_x8(v, __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6));
  return v[0];
}

// y 2^n for 1/2 < y < 2, where n stands in the low bits of t: added to the exponent. Below 2^-126 exp(x) is 0, above the range x + inf, which keeps NaN.
static inline f32x8 exp_ends(f32x8 x, f32x8 t, f32x8 y) {
  const f32x8 p = __builtin_bit_cast(f32x8, __builtin_bit_cast(i32x8, y) + (__builtin_bit_cast(i32x8, t) << 23));
  return x < -87.3365402f ? f32x8{} : x < 88.7228394f ? p : x + __builtin_inff();
}

// exp(x) within 1.1 ulp: a polynomial of degree 6 in r as it is rounded.
static inline f32x8 exp_4(f32x8 x) {
  const f32x8 t = x * 1.44269502f + 12582912.0f;
  const f32x8 n = t - 12582912.0f;
  const f32x8 r = x - n * 0.693145752f - n * 1.42860677e-6f;
  const f32x8 q = 0.49999994f + r * (0.166665211f + r * (0.0416682586f + r * (0.00836866908f + r * 0.00138213043f)));
  return exp_ends(x, t, 1.0f + (r + r * r * q));
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

static inline f32x8 divide_f32_x8(f32x8 a, f32 b) {
  const i32 exponent = __builtin_bit_cast(i32, b) & 0x7f800000;
  const i32 half = 0x3f800000 + ((0x3f800000 - exponent) >> 1);
  const f32 scale = __builtin_bit_cast(f32, half & 0x7f800000);
  return a * scale * (1.0f / (b * scale));
}

static inline u32x8 f32_to_bf16_x8(f32x8 x) {
  const u32x8 u = __builtin_bit_cast(u32x8, x);
  const u32x8 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

static inline void store_bf16_x8(bf16* p, f32x8 v) {
  const u16x8 s = __builtin_shufflevector((u16x16)f32_to_bf16_x8(v), (u16x16)f32_to_bf16_x8(v), 0, 2, 4, 6, 8, 10, 12, 14);
  __builtin_memcpy(p, &s, sizeof s);
}

static inline u32 f32_to_bf16(f32 x) {
  const u32 u = __builtin_bit_cast(u32, x);
  const u32 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

static void attention_causal_k0_s(const bf16* __restrict q, const bf16* __restrict k, const bf16* __restrict v, bf16* __restrict o, f32* __restrict n_panels_scratch, f32* __restrict e_panels_scratch, f32* __restrict s_block_scratch, f32* __restrict o_peak_block_scratch, f32* __restrict o_sum_block_scratch, f32* __restrict d_left_scratch, f32* __restrict tile_scratch, f32* __restrict n_3_left_scratch, i64 B, i64 H, i64 M, i64 D, i64 N, i64 E, f32 scale, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    for (i64 h = 0; h < H; ++h) {
      for (i64 n = 0; n < N; n += 16) {
        const i64 panel = n * D;
        if (n + 16 <= N) {
          const i64 d_end = D - (D & 7);
          for (i64 d = 0; d < d_end; d += 8) {
            const i64 at_1 = panel + d * 16;
            const i64 n_1 = n + 1;
            const i64 n_2 = n + 2;
            const i64 n_3 = n + 3;
            const i64 n_4 = n + 4;
            const i64 n_5 = n + 5;
            const i64 n_6 = n + 6;
            const i64 n_7 = n + 7;
            f32x8 turned = load_bf16_x8(k + ((b * H + h) * N + n) * D + d);
            f32x8 turned_1 = load_bf16_x8(k + ((b * H + h) * N + n_1) * D + d);
            f32x8 turned_2 = load_bf16_x8(k + ((b * H + h) * N + n_2) * D + d);
            f32x8 turned_3 = load_bf16_x8(k + ((b * H + h) * N + n_3) * D + d);
            f32x8 turned_4 = load_bf16_x8(k + ((b * H + h) * N + n_4) * D + d);
            f32x8 turned_5 = load_bf16_x8(k + ((b * H + h) * N + n_5) * D + d);
            f32x8 turned_6 = load_bf16_x8(k + ((b * H + h) * N + n_6) * D + d);
            f32x8 turned_7 = load_bf16_x8(k + ((b * H + h) * N + n_7) * D + d);
            turn_f32_x8(turned, turned_1, turned_2, turned_3, turned_4, turned_5, turned_6, turned_7);
            store_f32_x8(n_panels_scratch + at_1, turned);
            store_f32_x8(n_panels_scratch + at_1 + 16, turned_1);
            store_f32_x8(n_panels_scratch + at_1 + 32, turned_2);
            store_f32_x8(n_panels_scratch + at_1 + 48, turned_3);
            store_f32_x8(n_panels_scratch + at_1 + 64, turned_4);
            store_f32_x8(n_panels_scratch + at_1 + 80, turned_5);
            store_f32_x8(n_panels_scratch + at_1 + 96, turned_6);
            store_f32_x8(n_panels_scratch + at_1 + 112, turned_7);
            const i64 n_8 = n + 8;
            const i64 n_9 = n + 8 + 1;
            const i64 n_10 = n + 8 + 2;
            const i64 n_11 = n + 8 + 3;
            const i64 n_12 = n + 8 + 4;
            const i64 n_13 = n + 8 + 5;
            const i64 n_14 = n + 8 + 6;
            const i64 n_15 = n + 8 + 7;
            f32x8 turned_8 = load_bf16_x8(k + ((b * H + h) * N + n_8) * D + d);
            f32x8 turned_9 = load_bf16_x8(k + ((b * H + h) * N + n_9) * D + d);
            f32x8 turned_10 = load_bf16_x8(k + ((b * H + h) * N + n_10) * D + d);
            f32x8 turned_11 = load_bf16_x8(k + ((b * H + h) * N + n_11) * D + d);
            f32x8 turned_12 = load_bf16_x8(k + ((b * H + h) * N + n_12) * D + d);
            f32x8 turned_13 = load_bf16_x8(k + ((b * H + h) * N + n_13) * D + d);
            f32x8 turned_14 = load_bf16_x8(k + ((b * H + h) * N + n_14) * D + d);
            f32x8 turned_15 = load_bf16_x8(k + ((b * H + h) * N + n_15) * D + d);
            turn_f32_x8(turned_8, turned_9, turned_10, turned_11, turned_12, turned_13, turned_14, turned_15);
            store_f32_x8(n_panels_scratch + at_1 + 8, turned_8);
            store_f32_x8(n_panels_scratch + at_1 + 24, turned_9);
            store_f32_x8(n_panels_scratch + at_1 + 40, turned_10);
            store_f32_x8(n_panels_scratch + at_1 + 56, turned_11);
            store_f32_x8(n_panels_scratch + at_1 + 72, turned_12);
            store_f32_x8(n_panels_scratch + at_1 + 88, turned_13);
            store_f32_x8(n_panels_scratch + at_1 + 104, turned_14);
            store_f32_x8(n_panels_scratch + at_1 + 120, turned_15);
          }
          for (i64 d = d_end; d < D; ++d) {
            const f32x8 w = gather_bf16_x8(k, ((b * H + h) * N + (n + i64x8{0, 1, 2, 3, 4, 5, 6, 7})) * D + d);
            store_f32_x8(n_panels_scratch + panel + d * 16, w);
            const f32x8 w_1 = gather_bf16_x8(k, ((b * H + h) * N + (n + 8 + i64x8{0, 1, 2, 3, 4, 5, 6, 7})) * D + d);
            store_f32_x8(n_panels_scratch + panel + d * 16 + 8, w_1);
          }
        } else {
          for (i64 d = 0; d < D; ++d) {
            const i64x8 inside = n + i64x8{0, 1, 2, 3, 4, 5, 6, 7} < N;
            const f32x8 w = (__builtin_convertvector(inside, i32x8)) ? gather_bf16_masked_x8(k, ((b * H + h) * N + (n + i64x8{0, 1, 2, 3, 4, 5, 6, 7})) * D + d, __builtin_convertvector(inside, i32x8)) : splat_f32_x8(0.0f);
            store_f32_x8(n_panels_scratch + panel + d * 16, w);
            const i64x8 inside_1 = n + 8 + i64x8{0, 1, 2, 3, 4, 5, 6, 7} < N;
            const f32x8 w_1 = (__builtin_convertvector(inside_1, i32x8)) ? gather_bf16_masked_x8(k, ((b * H + h) * N + (n + 8 + i64x8{0, 1, 2, 3, 4, 5, 6, 7})) * D + d, __builtin_convertvector(inside_1, i32x8)) : splat_f32_x8(0.0f);
            store_f32_x8(n_panels_scratch + panel + d * 16 + 8, w_1);
          }
        }
      }
      f32x8 spoilt = splat_f32_x8(0.0f);
      for (i64 e = 0; e < E; e += 16) {
        const i64 panel = e * N;
        if (e + 16 <= E) {
          for (i64 n = 0; n < N; ++n) {
            const f32x8 w = load_bf16_x8(v + ((b * H + h) * N + n) * E + e);
            store_f32_x8(e_panels_scratch + panel + n * 16, w);
            spoilt += w * 0.0f;
            const f32x8 w_1 = load_bf16_x8(v + ((b * H + h) * N + n) * E + (e + 8));
            store_f32_x8(e_panels_scratch + panel + n * 16 + 8, w_1);
            spoilt += w_1 * 0.0f;
          }
        } else {
          for (i64 n = 0; n < N; ++n) {
            const i64x8 inside = e + i64x8{0, 1, 2, 3, 4, 5, 6, 7} < E;
            const f32x8 w = (__builtin_convertvector(inside, i32x8)) ? load_bf16_masked_x8(v + ((b * H + h) * N + n) * E + e, __builtin_convertvector(inside, i32x8)) : splat_f32_x8(0.0f);
            store_f32_x8(e_panels_scratch + panel + n * 16, w);
            spoilt += w * 0.0f;
            const i64x8 inside_1 = e + 8 + i64x8{0, 1, 2, 3, 4, 5, 6, 7} < E;
            const f32x8 w_1 = (__builtin_convertvector(inside_1, i32x8)) ? load_bf16_masked_x8(v + ((b * H + h) * N + n) * E + (e + 8), __builtin_convertvector(inside_1, i32x8)) : splat_f32_x8(0.0f);
            store_f32_x8(e_panels_scratch + panel + n * 16 + 8, w_1);
            spoilt += w_1 * 0.0f;
          }
        }
      }
      const f32 spoilt_1 = fold_add_f32_x8(spoilt);
      const bool finite = spoilt_1 == 0.0f;
      for (i64 m = 0; m < M; m += 48) {
        const i64 m_end = min_i64(m + 48, M);
        const i64 n_to = max_i64(min_i64(N, m_end - 1 + N + 1 - M), 0);
        const i64 stride = D + 16;
        for (i64 m_1 = m; m_1 < m_end; ++m_1) {
          const i64 left_row = (m_1 - m) * stride;
          const i64 d_end = D - (D & 15);
          for (i64 d = 0; d < d_end; d += 16) {
            store_f32_x8(d_left_scratch + left_row + d, load_bf16_x8(q + ((b * H + h) * M + m_1) * D + d));
            store_f32_x8(d_left_scratch + left_row + (d + 8), load_bf16_x8(q + ((b * H + h) * M + m_1) * D + (d + 8)));
          }
          const i64 d_end_1 = D - ((D - d_end) & 7);
          for (i64 d = d_end; d < d_end_1; d += 8) {
            store_f32_x8(d_left_scratch + left_row + d, load_bf16_x8(q + ((b * H + h) * M + m_1) * D + d));
          }
          for (i64 d = d_end_1; d < D; ++d) {
            d_left_scratch[left_row + d] = bf16_to_f32(q[((b * H + h) * M + m_1) * D + d]);
          }
        }
        for (i64 n = 0; n < n_to; n += 16) {
          for (i64 m_1 = m; m_1 < m_end; m_1 += 6) {
            const i64 below = m_1 - m;
            dot_f32_6x16_x8(tile_scratch, 16, d_left_scratch + below * stride, stride, 1, n_panels_scratch + n * D, 16, D);
            const i64 m_last = min_i64(m_1 + 6, m_end);
            if (n + 16 <= N) {
              for (i64 m_2 = m_1; m_2 < m_last; ++m_2) {
                const i64 acc_row = (m_2 - m_1) * 16;
                const f32x8 acc = load_f32_x8(tile_scratch + acc_row + (n - n));
                const f32x8 acc_1 = load_f32_x8(tile_scratch + acc_row + (n + 8 - n));
                store_f32_x8(s_block_scratch + m_2 * N + n - m * N, scale * acc);
                store_f32_x8(s_block_scratch + m_2 * N + (n + 8) - m * N, scale * acc_1);
              }
            } else {
              for (i64 m_2 = m_1; m_2 < m_last; ++m_2) {
                const i64 acc_row = (m_2 - m_1) * 16;
                const i64 n_end = N - ((N - n) & 7);
                for (i64 n_1 = n; n_1 < n_end; n_1 += 8) {
                  const f32x8 acc = load_f32_x8(tile_scratch + acc_row + (n_1 - n));
                  store_f32_x8(s_block_scratch + m_2 * N + n_1 - m * N, scale * acc);
                }
                for (i64 n_1 = n_end; n_1 < N; ++n_1) {
                  const f32 acc = tile_scratch[acc_row + (n_1 - n)];
                  s_block_scratch[m_2 * N + n_1 - m * N] = scale * acc;
                }
              }
            }
          }
        }
        for (i64 m_1 = m; m_1 < m_end; ++m_1) {
          // reduce o_peak[b, h, m]  [b:B, h:H, m:M] = max<f32>[n_1:N where n_1 <= m + N - M](s[b, h, m, n_1])
          f32x8 acc = splat_f32_x8(-__builtin_inff());
          f32x8 acc_1 = splat_f32_x8(-__builtin_inff());
          f32x8 acc_2 = splat_f32_x8(-__builtin_inff());
          f32x8 acc_3 = splat_f32_x8(-__builtin_inff());
          f32 tail = -__builtin_inff();
          const i64 n_top = max_i64(0, min_i64(N, m_1 + N + 1 - M));
          const i64 n_end = n_top - (n_top & 31);
          for (i64 n = 0; n < n_end; n += 32) {
            acc = max_f32_x8(acc, load_f32_x8(s_block_scratch + m_1 * N + n - m * N));
            acc_1 = max_f32_x8(acc_1, load_f32_x8(s_block_scratch + m_1 * N + (n + 8) - m * N));
            acc_2 = max_f32_x8(acc_2, load_f32_x8(s_block_scratch + m_1 * N + (n + 16) - m * N));
            acc_3 = max_f32_x8(acc_3, load_f32_x8(s_block_scratch + m_1 * N + (n + 24) - m * N));
          }
          const i64 n_end_1 = n_top - ((n_top - n_end) & 7);
          for (i64 n = n_end; n < n_end_1; n += 8) {
            acc = max_f32_x8(acc, load_f32_x8(s_block_scratch + m_1 * N + n - m * N));
          }
          for (i64 n = n_end_1; n < n_top; ++n) {
            tail = max_f32(tail, s_block_scratch[m_1 * N + n - m * N]);
          }
          const f32 fold = fold_max_f32_x8(max_f32_x8(max_f32_x8(acc, acc_1), max_f32_x8(acc_2, acc_3)));
          o_peak_block_scratch[m_1 - m] = max_f32(fold, tail);
          // exp_row[b, h, m, n_2] = exp(s[b, h, m, n_2] - o_peak[b, h, m])
          const i64 n_top_1 = max_i64(0, min_i64(N, m_1 + N + 1 - M));
          const i64 n_end_2 = n_top_1 - (n_top_1 & 15);
          for (i64 n = 0; n < n_end_2; n += 16) {
            store_f32_x8(s_block_scratch + m_1 * N + n - m * N, exp_4(load_f32_x8(s_block_scratch + m_1 * N + n - m * N) - o_peak_block_scratch[m_1 - m]));
            store_f32_x8(s_block_scratch + m_1 * N + (n + 8) - m * N, exp_4(load_f32_x8(s_block_scratch + m_1 * N + (n + 8) - m * N) - o_peak_block_scratch[m_1 - m]));
          }
          const i64 n_end_3 = n_top_1 - ((n_top_1 - n_end_2) & 7);
          for (i64 n = n_end_2; n < n_end_3; n += 8) {
            store_f32_x8(s_block_scratch + m_1 * N + n - m * N, exp_4(load_f32_x8(s_block_scratch + m_1 * N + n - m * N) - o_peak_block_scratch[m_1 - m]));
          }
          for (i64 n = n_end_3; n < n_top_1; ++n) {
            s_block_scratch[m_1 * N + n - m * N] = exp_4(s_block_scratch[m_1 * N + n - m * N] - o_peak_block_scratch[m_1 - m]);
          }
          // reduce o_sum[b, h, m]  [b:B, h:H, m:M] = add<f32>[n_2_1:N where n_2_1 <= m + N - M](exp_row[b, h, m, n_2_1])
          f32x8 acc_4 = splat_f32_x8(0.0f);
          f32x8 acc_5 = splat_f32_x8(0.0f);
          f32x8 acc_6 = splat_f32_x8(0.0f);
          f32x8 acc_7 = splat_f32_x8(0.0f);
          f32 tail_1 = 0.0f;
          const i64 n_top_2 = max_i64(0, min_i64(N, m_1 + N + 1 - M));
          const i64 n_end_4 = n_top_2 - (n_top_2 & 31);
          for (i64 n = 0; n < n_end_4; n += 32) {
            acc_4 += load_f32_x8(s_block_scratch + m_1 * N + n - m * N);
            acc_5 += load_f32_x8(s_block_scratch + m_1 * N + (n + 8) - m * N);
            acc_6 += load_f32_x8(s_block_scratch + m_1 * N + (n + 16) - m * N);
            acc_7 += load_f32_x8(s_block_scratch + m_1 * N + (n + 24) - m * N);
          }
          const i64 n_end_5 = n_top_2 - ((n_top_2 - n_end_4) & 7);
          for (i64 n = n_end_4; n < n_end_5; n += 8) {
            acc_4 += load_f32_x8(s_block_scratch + m_1 * N + n - m * N);
          }
          for (i64 n = n_end_5; n < n_top_2; ++n) {
            tail_1 += s_block_scratch[m_1 * N + n - m * N];
          }
          const f32 fold_1 = fold_add_f32_x8(acc_4 + acc_5 + (acc_6 + acc_7));
          o_sum_block_scratch[m_1 - m] = fold_1 + tail_1;
        }
        if (finite) {
          const i64 n_to_1 = max_i64(min_i64(N, m_end - 1 + N + 1 - M), 0);
          const i64 stride_1 = N + 16;
          for (i64 m_1 = m; m_1 < m_end; ++m_1) {
            const i64 left_row = (m_1 - m) * stride_1;
            const i64 n_top = max_i64(0, min_i64(N, m_1 + N + 1 - M));
            const i64 n_first = max_i64(0, min_i64(0, n_to_1));
            const i64 n_last = max_i64(n_first, max_i64(0, min_i64(n_top, n_to_1)));
            const i64 n_end = n_last - ((n_last - n_first) & 15);
            for (i64 n = n_first; n < n_end; n += 16) {
              store_f32_x8(n_3_left_scratch + left_row + n, o_peak_block_scratch[m_1 - m] == -__builtin_inff() ? splat_f32_x8(0.0f) : divide_f32_x8(load_f32_x8(s_block_scratch + m_1 * N + n - m * N), o_sum_block_scratch[m_1 - m]));
              store_f32_x8(n_3_left_scratch + left_row + (n + 8), o_peak_block_scratch[m_1 - m] == -__builtin_inff() ? splat_f32_x8(0.0f) : divide_f32_x8(load_f32_x8(s_block_scratch + m_1 * N + (n + 8) - m * N), o_sum_block_scratch[m_1 - m]));
            }
            const i64 n_end_1 = n_last - ((n_last - n_end) & 7);
            for (i64 n = n_end; n < n_end_1; n += 8) {
              store_f32_x8(n_3_left_scratch + left_row + n, o_peak_block_scratch[m_1 - m] == -__builtin_inff() ? splat_f32_x8(0.0f) : divide_f32_x8(load_f32_x8(s_block_scratch + m_1 * N + n - m * N), o_sum_block_scratch[m_1 - m]));
            }
            for (i64 n = n_end_1; n < n_last; ++n) {
              n_3_left_scratch[left_row + n] = o_peak_block_scratch[m_1 - m] == -__builtin_inff() ? 0.0f : s_block_scratch[m_1 * N + n - m * N] / o_sum_block_scratch[m_1 - m];
            }
            const i64 n_end_2 = n_to_1 - ((n_to_1 - n_last) & 15);
            for (i64 n = n_last; n < n_end_2; n += 16) {
              store_f32_x8(n_3_left_scratch + left_row + n, splat_f32_x8(0.0f));
              store_f32_x8(n_3_left_scratch + left_row + (n + 8), splat_f32_x8(0.0f));
            }
            const i64 n_end_3 = n_to_1 - ((n_to_1 - n_end_2) & 7);
            for (i64 n = n_end_2; n < n_end_3; n += 8) {
              store_f32_x8(n_3_left_scratch + left_row + n, splat_f32_x8(0.0f));
            }
            for (i64 n = n_end_3; n < n_to_1; ++n) {
              n_3_left_scratch[left_row + n] = 0.0f;
            }
          }
          for (i64 e = 0; e < E; e += 16) {
            for (i64 m_1 = m; m_1 < m_end; m_1 += 6) {
              const i64 below = m_1 - m;
              dot_f32_6x16_x8(tile_scratch, 16, n_3_left_scratch + below * stride_1, stride_1, 1, e_panels_scratch + e * N, 16, n_to_1);
              const i64 m_last = min_i64(m_1 + 6, m_end);
              if (e + 16 <= E) {
                for (i64 m_2 = m_1; m_2 < m_last; ++m_2) {
                  const i64 acc_row = (m_2 - m_1) * 16;
                  const f32x8 acc = load_f32_x8(tile_scratch + acc_row + (e - e));
                  const f32x8 acc_1 = load_f32_x8(tile_scratch + acc_row + (e + 8 - e));
                  store_bf16_x8(o + ((b * H + h) * M + m_2) * E + e, acc);
                  store_bf16_x8(o + ((b * H + h) * M + m_2) * E + (e + 8), acc_1);
                }
              } else {
                for (i64 m_2 = m_1; m_2 < m_last; ++m_2) {
                  const i64 acc_row = (m_2 - m_1) * 16;
                  const i64 e_end = E - ((E - e) & 7);
                  for (i64 e_1 = e; e_1 < e_end; e_1 += 8) {
                    const f32x8 acc = load_f32_x8(tile_scratch + acc_row + (e_1 - e));
                    store_bf16_x8(o + ((b * H + h) * M + m_2) * E + e_1, acc);
                  }
                  for (i64 e_1 = e_end; e_1 < E; ++e_1) {
                    const f32 acc = tile_scratch[acc_row + (e_1 - e)];
                    o[((b * H + h) * M + m_2) * E + e_1] = (bf16)f32_to_bf16(acc);
                  }
                }
              }
            }
          }
        } else {
          for (i64 m_1 = m; m_1 < m_end; ++m_1) {
            // reduce o[b, h, m, e]  [b:B, h:H, m:M, e:E] = add<f32>[n_3:N where n_3 <= m + N - M]((o_peak[b, h, m] == -inf …
            const i64 e_end = E - (E & 15);
            for (i64 e = 0; e < e_end; e += 16) {
              f32x8 acc = splat_f32_x8(0.0f);
              f32x8 acc_1 = splat_f32_x8(0.0f);
              const i64 min_at = min_i64(N, m_1 + N + 1 - M);
              const i64 n_top = max_i64(0, min_at);
              for (i64 n = 0; n < n_top; ++n) {
                const f32 o_peak_at = o_peak_block_scratch[m_1 - m];
                f32 choice;
                if (o_peak_at == -__builtin_inff()) {
                  choice = 0.0f;
                } else {
                  const f32 exp_row_at = s_block_scratch[m_1 * N + n - m * N];
                  const f32 o_sum_at = o_sum_block_scratch[m_1 - m];
                  choice = exp_row_at / o_sum_at;
                }
                acc += choice * load_bf16_x8(v + ((b * H + h) * N + n) * E + e);
                f32 choice_1;
                if (o_peak_at == -__builtin_inff()) {
                  choice_1 = 0.0f;
                } else {
                  const f32 exp_row_at_1 = s_block_scratch[m_1 * N + n - m * N];
                  const f32 o_sum_at_1 = o_sum_block_scratch[m_1 - m];
                  choice_1 = exp_row_at_1 / o_sum_at_1;
                }
                acc_1 += choice_1 * load_bf16_x8(v + ((b * H + h) * N + n) * E + (e + 8));
              }
              store_bf16_x8(o + ((b * H + h) * M + m_1) * E + e, acc);
              store_bf16_x8(o + ((b * H + h) * M + m_1) * E + (e + 8), acc_1);
            }
            const i64 e_end_1 = E - ((E - e_end) & 7);
            for (i64 e = e_end; e < e_end_1; e += 8) {
              f32x8 acc = splat_f32_x8(0.0f);
              const i64 n_top = max_i64(0, min_i64(N, m_1 + N + 1 - M));
              for (i64 n = 0; n < n_top; ++n) {
                acc += (o_peak_block_scratch[m_1 - m] == -__builtin_inff() ? 0.0f : s_block_scratch[m_1 * N + n - m * N] / o_sum_block_scratch[m_1 - m]) * load_bf16_x8(v + ((b * H + h) * N + n) * E + e);
              }
              store_bf16_x8(o + ((b * H + h) * M + m_1) * E + e, acc);
            }
            for (i64 e = e_end_1; e < E; ++e) {
              f32 acc = 0.0f;
              const i64 n_top = max_i64(0, min_i64(N, m_1 + N + 1 - M));
              for (i64 n = 0; n < n_top; ++n) {
                acc += (o_peak_block_scratch[m_1 - m] == -__builtin_inff() ? 0.0f : s_block_scratch[m_1 * N + n - m * N] / o_sum_block_scratch[m_1 - m]) * bf16_to_f32(v[((b * H + h) * N + n) * E + e]);
              }
              o[((b * H + h) * M + m_1) * E + e] = (bf16)f32_to_bf16(acc);
            }
          }
        }
      }
    }
  }
}

extern "C" void attention_causal(const bf16* __restrict q, const bf16* __restrict k, const bf16* __restrict v, bf16* __restrict o, i64 B, i64 H, i64 M, i64 D, i64 N, i64 E, f32 scale, void* workspace, i64 part, i64 parts) {
  char* at = (char*)workspace;
  // Scratch of this part.
  at += (parts == 1 ? 0 : part % parts) * (((((N + 15) >> 4) * 16 * D * 4 + 63) & -64) + ((((E + 15) >> 4) * 16 * N * 4 + 63) & -64) + ((N * 48 * 4 + 63) & -64) + ((48 * 4 + 63) & -64) + ((48 * 4 + 63) & -64) + (((D + 16) * 48 * 4 + 63) & -64) + ((96 * 4 + 63) & -64) + (((N + 16) * 48 * 4 + 63) & -64));
  f32* const n_panels_scratch = (f32*)at;
  at += ((((N + 15) >> 4) * 16 * D * 4 + 63) & -64);
  f32* const e_panels_scratch = (f32*)at;
  at += ((((E + 15) >> 4) * 16 * N * 4 + 63) & -64);
  f32* const s_block_scratch = (f32*)at;
  at += ((N * 48 * 4 + 63) & -64);
  f32* const o_peak_block_scratch = (f32*)at;
  at += ((48 * 4 + 63) & -64);
  f32* const o_sum_block_scratch = (f32*)at;
  at += ((48 * 4 + 63) & -64);
  f32* const d_left_scratch = (f32*)at;
  at += (((D + 16) * 48 * 4 + 63) & -64);
  f32* const tile_scratch = (f32*)at;
  at += ((96 * 4 + 63) & -64);
  f32* const n_3_left_scratch = (f32*)at;
  attention_causal_k0_s(q, k, v, o, n_panels_scratch, e_panels_scratch, s_block_scratch, o_peak_block_scratch, o_sum_block_scratch, d_left_scratch, tile_scratch, n_3_left_scratch, B, H, M, D, N, E, scale, part, parts);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void attention_causal_call(void* const* args, i64 part, i64 parts) {
  attention_causal((const bf16*)args[0], (const bf16*)args[1], (const bf16*)args[2], (bf16*)args[3], *(const i64*)args[4], *(const i64*)args[5], *(const i64*)args[6], *(const i64*)args[7], *(const i64*)args[8], *(const i64*)args[9], *(const f32*)args[10], args[11], part, parts);
}
