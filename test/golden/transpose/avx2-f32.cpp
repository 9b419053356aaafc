// transpose for cpp:avx2, made by ktune.
// Matrix transpose.
//
//   graph transpose(N, M)
//     in    x: f32[N, M]
//     out   y: f32[M, N]
//     map y[m, n]  [m:M, n:N]
//         = x[n, m]
//
// Config: assume=false. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;
typedef f32 f32x8 __attribute__((vector_size(32)));
typedef int i32;
typedef i32 i32x8 __attribute__((vector_size(32)));
typedef i64 i64x8 __attribute__((vector_size(64)));

static inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static inline f32x8 load_f32_x8(const f32* p) {
  f32x8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
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

static inline f32x8 gather_f32_x8(const f32* p, i64x8 at) {
  f32x8 v;
  for (int k = 0; k < 8; ++k) v[k] = p[at[k]];
  return v;
}

extern "C" void transpose(const f32* __restrict x, f32* __restrict y, i64 N, i64 M, i64 part, i64 parts) {
  const i64 steps = (N + 31) / 32;
  const i64 n_lo = min_i64(steps * part / parts * 32, N);
  const i64 n_hi = min_i64(steps * (part + 1) / parts * 32, N);
  const i64 n_end = n_hi - ((n_hi - n_lo) & 31);
  for (i64 n = n_lo; n < n_end; n += 32) {
    const i64 m_end = M - (M & 7);
    for (i64 m = 0; m < m_end; m += 8) {
      __builtin_prefetch(x + n * M + m + 64);
      __builtin_prefetch(x + (n + 1) * M + m + 64);
      __builtin_prefetch(x + (n + 2) * M + m + 64);
      __builtin_prefetch(x + (n + 3) * M + m + 64);
      __builtin_prefetch(x + (n + 4) * M + m + 64);
      __builtin_prefetch(x + (n + 5) * M + m + 64);
      __builtin_prefetch(x + (n + 6) * M + m + 64);
      __builtin_prefetch(x + (n + 7) * M + m + 64);
      f32x8 x_1 = load_f32_x8(x + n * M + m);
      f32x8 x_2 = load_f32_x8(x + (n + 1) * M + m);
      f32x8 x_3 = load_f32_x8(x + (n + 2) * M + m);
      f32x8 x_4 = load_f32_x8(x + (n + 3) * M + m);
      f32x8 x_5 = load_f32_x8(x + (n + 4) * M + m);
      f32x8 x_6 = load_f32_x8(x + (n + 5) * M + m);
      f32x8 x_7 = load_f32_x8(x + (n + 6) * M + m);
      f32x8 x_8 = load_f32_x8(x + (n + 7) * M + m);
      turn_f32_x8(x_1, x_2, x_3, x_4, x_5, x_6, x_7, x_8);
      __builtin_prefetch(x + (n + 8) * M + m + 64);
      __builtin_prefetch(x + (n + 9) * M + m + 64);
      __builtin_prefetch(x + (n + 10) * M + m + 64);
      __builtin_prefetch(x + (n + 11) * M + m + 64);
      __builtin_prefetch(x + (n + 12) * M + m + 64);
      __builtin_prefetch(x + (n + 13) * M + m + 64);
      __builtin_prefetch(x + (n + 14) * M + m + 64);
      __builtin_prefetch(x + (n + 15) * M + m + 64);
      f32x8 x_9 = load_f32_x8(x + (n + 8) * M + m);
      f32x8 x_10 = load_f32_x8(x + (n + 9) * M + m);
      f32x8 x_11 = load_f32_x8(x + (n + 10) * M + m);
      f32x8 x_12 = load_f32_x8(x + (n + 11) * M + m);
      f32x8 x_13 = load_f32_x8(x + (n + 12) * M + m);
      f32x8 x_14 = load_f32_x8(x + (n + 13) * M + m);
      f32x8 x_15 = load_f32_x8(x + (n + 14) * M + m);
      f32x8 x_16 = load_f32_x8(x + (n + 15) * M + m);
      turn_f32_x8(x_9, x_10, x_11, x_12, x_13, x_14, x_15, x_16);
      __builtin_prefetch(x + (n + 16) * M + m + 64);
      __builtin_prefetch(x + (n + 17) * M + m + 64);
      __builtin_prefetch(x + (n + 18) * M + m + 64);
      __builtin_prefetch(x + (n + 19) * M + m + 64);
      __builtin_prefetch(x + (n + 20) * M + m + 64);
      __builtin_prefetch(x + (n + 21) * M + m + 64);
      __builtin_prefetch(x + (n + 22) * M + m + 64);
      __builtin_prefetch(x + (n + 23) * M + m + 64);
      f32x8 x_17 = load_f32_x8(x + (n + 16) * M + m);
      f32x8 x_18 = load_f32_x8(x + (n + 17) * M + m);
      f32x8 x_19 = load_f32_x8(x + (n + 18) * M + m);
      f32x8 x_20 = load_f32_x8(x + (n + 19) * M + m);
      f32x8 x_21 = load_f32_x8(x + (n + 20) * M + m);
      f32x8 x_22 = load_f32_x8(x + (n + 21) * M + m);
      f32x8 x_23 = load_f32_x8(x + (n + 22) * M + m);
      f32x8 x_24 = load_f32_x8(x + (n + 23) * M + m);
      turn_f32_x8(x_17, x_18, x_19, x_20, x_21, x_22, x_23, x_24);
      __builtin_prefetch(x + (n + 24) * M + m + 64);
      __builtin_prefetch(x + (n + 25) * M + m + 64);
      __builtin_prefetch(x + (n + 26) * M + m + 64);
      __builtin_prefetch(x + (n + 27) * M + m + 64);
      __builtin_prefetch(x + (n + 28) * M + m + 64);
      __builtin_prefetch(x + (n + 29) * M + m + 64);
      __builtin_prefetch(x + (n + 30) * M + m + 64);
      __builtin_prefetch(x + (n + 31) * M + m + 64);
      f32x8 x_25 = load_f32_x8(x + (n + 24) * M + m);
      f32x8 x_26 = load_f32_x8(x + (n + 25) * M + m);
      f32x8 x_27 = load_f32_x8(x + (n + 26) * M + m);
      f32x8 x_28 = load_f32_x8(x + (n + 27) * M + m);
      f32x8 x_29 = load_f32_x8(x + (n + 28) * M + m);
      f32x8 x_30 = load_f32_x8(x + (n + 29) * M + m);
      f32x8 x_31 = load_f32_x8(x + (n + 30) * M + m);
      f32x8 x_32 = load_f32_x8(x + (n + 31) * M + m);
      turn_f32_x8(x_25, x_26, x_27, x_28, x_29, x_30, x_31, x_32);
      store_f32_x8(y + m * N + n, x_1);
      store_f32_x8(y + m * N + (n + 8), x_9);
      store_f32_x8(y + m * N + (n + 16), x_17);
      store_f32_x8(y + m * N + (n + 24), x_25);
      store_f32_x8(y + (m + 1) * N + n, x_2);
      store_f32_x8(y + (m + 1) * N + (n + 8), x_10);
      store_f32_x8(y + (m + 1) * N + (n + 16), x_18);
      store_f32_x8(y + (m + 1) * N + (n + 24), x_26);
      store_f32_x8(y + (m + 2) * N + n, x_3);
      store_f32_x8(y + (m + 2) * N + (n + 8), x_11);
      store_f32_x8(y + (m + 2) * N + (n + 16), x_19);
      store_f32_x8(y + (m + 2) * N + (n + 24), x_27);
      store_f32_x8(y + (m + 3) * N + n, x_4);
      store_f32_x8(y + (m + 3) * N + (n + 8), x_12);
      store_f32_x8(y + (m + 3) * N + (n + 16), x_20);
      store_f32_x8(y + (m + 3) * N + (n + 24), x_28);
      store_f32_x8(y + (m + 4) * N + n, x_5);
      store_f32_x8(y + (m + 4) * N + (n + 8), x_13);
      store_f32_x8(y + (m + 4) * N + (n + 16), x_21);
      store_f32_x8(y + (m + 4) * N + (n + 24), x_29);
      store_f32_x8(y + (m + 5) * N + n, x_6);
      store_f32_x8(y + (m + 5) * N + (n + 8), x_14);
      store_f32_x8(y + (m + 5) * N + (n + 16), x_22);
      store_f32_x8(y + (m + 5) * N + (n + 24), x_30);
      store_f32_x8(y + (m + 6) * N + n, x_7);
      store_f32_x8(y + (m + 6) * N + (n + 8), x_15);
      store_f32_x8(y + (m + 6) * N + (n + 16), x_23);
      store_f32_x8(y + (m + 6) * N + (n + 24), x_31);
      store_f32_x8(y + (m + 7) * N + n, x_8);
      store_f32_x8(y + (m + 7) * N + (n + 8), x_16);
      store_f32_x8(y + (m + 7) * N + (n + 16), x_24);
      store_f32_x8(y + (m + 7) * N + (n + 24), x_32);
    }
    for (i64 m = m_end; m < M; ++m) {
      store_f32_x8(y + m * N + n, gather_f32_x8(x, (n + i64x8{0, 1, 2, 3, 4, 5, 6, 7}) * M + m));
      store_f32_x8(y + m * N + (n + 8), gather_f32_x8(x, (n + 8 + i64x8{0, 1, 2, 3, 4, 5, 6, 7}) * M + m));
      store_f32_x8(y + m * N + (n + 16), gather_f32_x8(x, (n + 16 + i64x8{0, 1, 2, 3, 4, 5, 6, 7}) * M + m));
      store_f32_x8(y + m * N + (n + 24), gather_f32_x8(x, (n + 24 + i64x8{0, 1, 2, 3, 4, 5, 6, 7}) * M + m));
    }
  }
  const i64 n_end_1 = n_hi - ((n_hi - n_end) & 7);
  for (i64 n = n_end; n < n_end_1; n += 8) {
    const i64 m_end = M - (M & 7);
    for (i64 m = 0; m < m_end; m += 8) {
      __builtin_prefetch(x + n * M + m + 64);
      __builtin_prefetch(x + (n + 1) * M + m + 64);
      __builtin_prefetch(x + (n + 2) * M + m + 64);
      __builtin_prefetch(x + (n + 3) * M + m + 64);
      __builtin_prefetch(x + (n + 4) * M + m + 64);
      __builtin_prefetch(x + (n + 5) * M + m + 64);
      __builtin_prefetch(x + (n + 6) * M + m + 64);
      __builtin_prefetch(x + (n + 7) * M + m + 64);
      f32x8 x_1 = load_f32_x8(x + n * M + m);
      f32x8 x_2 = load_f32_x8(x + (n + 1) * M + m);
      f32x8 x_3 = load_f32_x8(x + (n + 2) * M + m);
      f32x8 x_4 = load_f32_x8(x + (n + 3) * M + m);
      f32x8 x_5 = load_f32_x8(x + (n + 4) * M + m);
      f32x8 x_6 = load_f32_x8(x + (n + 5) * M + m);
      f32x8 x_7 = load_f32_x8(x + (n + 6) * M + m);
      f32x8 x_8 = load_f32_x8(x + (n + 7) * M + m);
      turn_f32_x8(x_1, x_2, x_3, x_4, x_5, x_6, x_7, x_8);
      store_f32_x8(y + m * N + n, x_1);
      store_f32_x8(y + (m + 1) * N + n, x_2);
      store_f32_x8(y + (m + 2) * N + n, x_3);
      store_f32_x8(y + (m + 3) * N + n, x_4);
      store_f32_x8(y + (m + 4) * N + n, x_5);
      store_f32_x8(y + (m + 5) * N + n, x_6);
      store_f32_x8(y + (m + 6) * N + n, x_7);
      store_f32_x8(y + (m + 7) * N + n, x_8);
    }
    for (i64 m = m_end; m < M; ++m) {
      store_f32_x8(y + m * N + n, gather_f32_x8(x, (n + i64x8{0, 1, 2, 3, 4, 5, 6, 7}) * M + m));
    }
  }
  for (i64 n = n_end_1; n < n_hi; ++n) {
    for (i64 m = 0; m < M; ++m) {
      y[m * N + n] = x[n * M + m];
    }
  }
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void transpose_call(void* const* args, i64 part, i64 parts) {
  transpose((const f32*)args[0], (f32*)args[1], *(const i64*)args[2], *(const i64*)args[3], part, parts);
}
