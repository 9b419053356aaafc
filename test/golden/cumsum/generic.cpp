// cumsum for cpp:generic, made by ktune.
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
// Config: default. Compile with -O2 -std=c++17 -ffp-contract=fast
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;
typedef double f64;
typedef f32 f32x4 __attribute__((vector_size(16)));

static inline f32x4 load_f32_x4(const f32* p) {
  f32x4 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline f32x4 splat_f32_x4(f32 x) {
  return x - f32x4{};
}

static inline f32x4 scan_add_f32_x4(f32x4 v) {
  const f32x4 outside = splat_f32_x4(0.0f);
  v = __builtin_shufflevector(v, outside, 4, 0, 1, 2) + v;
  v = __builtin_shufflevector(v, outside, 4, 5, 0, 1) + v;
  return v;
}

static inline f32 fold_add_f32_x4(f32x4 v) {
  v = v + __builtin_shufflevector(v, v, 2, 3, 0, 1);
  v = v + __builtin_shufflevector(v, v, 1, 0, 3, 2);
  return v[0];
}

static inline void store_f32_x4(f32* p, f32x4 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static inline f32x4 scan_add_f32_x4_exclusive(f32x4 v) {
  const f32x4 outside = splat_f32_x4(0.0f);
  v = __builtin_shufflevector(v, outside, 4, 0, 1, 2) + v;
  v = __builtin_shufflevector(v, outside, 4, 5, 0, 1) + v;
  return __builtin_shufflevector(v, outside, 4, 0, 1, 2);
}

static inline f32x4 scan_add_f32_x4_reverse(f32x4 v) {
  const f32x4 outside = splat_f32_x4(0.0f);
  v = v + __builtin_shufflevector(v, outside, 1, 2, 3, 7);
  v = v + __builtin_shufflevector(v, outside, 2, 3, 6, 7);
  return v;
}

static void cumsum_k0_inc_fast(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D, i64 part, i64 parts) {
  const i64 n_lo = N * part / parts;
  const i64 n_hi = N * (part + 1) / parts;
  for (i64 n = n_lo; n < n_hi; ++n) {
    // scan inc[n, i]  [n:N, i:D] = add<f32>[j:D where j <= i](x[n, j])
    f64 acc = 0.0;
    for (i64 i = 0; i < D; i += 8) {
      const f32x4 value = load_f32_x4(x + n * D + i);
      const f32x4 prefix = scan_add_f32_x4(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(inc + n * D + i, (f32)acc + prefix);
      acc += (f64)total;
      const i64 i_1 = i + 4;
      const f32x4 value_1 = load_f32_x4(x + n * D + i_1);
      const f32x4 prefix_1 = scan_add_f32_x4(value_1);
      const f32 total_1 = fold_add_f32_x4(value_1);
      store_f32_x4(inc + n * D + i_1, (f32)acc + prefix_1);
      acc += (f64)total_1;
    }
    // scan exc[n, i_1]  [n:N, i_1:D] = add<f32>[j_1:D where j_1 < i_1](x[n, j_1])
    f64 acc_1 = 0.0;
    for (i64 i = 0; i < D; i += 8) {
      const f32x4 value = load_f32_x4(x + n * D + i);
      const f32x4 prefix = scan_add_f32_x4_exclusive(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(exc + n * D + i, (f32)acc_1 + prefix);
      acc_1 += (f64)total;
      const i64 i_1 = i + 4;
      const f32x4 value_1 = load_f32_x4(x + n * D + i_1);
      const f32x4 prefix_1 = scan_add_f32_x4_exclusive(value_1);
      const f32 total_1 = fold_add_f32_x4(value_1);
      store_f32_x4(exc + n * D + i_1, (f32)acc_1 + prefix_1);
      acc_1 += (f64)total_1;
    }
    // scan rev[n, i_2]  [n:N, i_2:D] = add<f32>[j_2:D where j_2 >= i_2](x[n, j_2])
    f64 acc_2 = 0.0;
    for (i64 i = 0; i < D; i += 8) {
      const i64 i_1 = D - 4 - i;
      const f32x4 value = load_f32_x4(x + n * D + i_1);
      const f32x4 prefix = scan_add_f32_x4_reverse(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(rev + n * D + i_1, prefix + (f32)acc_2);
      acc_2 = (f64)total + acc_2;
      const i64 i_2 = D - 4 - (i + 4);
      const f32x4 value_1 = load_f32_x4(x + n * D + i_2);
      const f32x4 prefix_1 = scan_add_f32_x4_reverse(value_1);
      const f32 total_1 = fold_add_f32_x4(value_1);
      store_f32_x4(rev + n * D + i_2, prefix_1 + (f32)acc_2);
      acc_2 = (f64)total_1 + acc_2;
    }
  }
}

static void cumsum_k0_inc(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D, i64 part, i64 parts) {
  const i64 n_lo = N * part / parts;
  const i64 n_hi = N * (part + 1) / parts;
  for (i64 n = n_lo; n < n_hi; ++n) {
    // scan inc[n, i]  [n:N, i:D] = add<f32>[j:D where j <= i](x[n, j])
    f64 acc = 0.0;
    const i64 i_end = D - (D & 7);
    for (i64 i = 0; i < i_end; i += 8) {
      const f32x4 value = load_f32_x4(x + n * D + i);
      const f32x4 prefix = scan_add_f32_x4(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(inc + n * D + i, (f32)acc + prefix);
      acc += (f64)total;
      const i64 i_1 = i + 4;
      const f32x4 value_1 = load_f32_x4(x + n * D + i_1);
      const f32x4 prefix_1 = scan_add_f32_x4(value_1);
      const f32 total_1 = fold_add_f32_x4(value_1);
      store_f32_x4(inc + n * D + i_1, (f32)acc + prefix_1);
      acc += (f64)total_1;
    }
    const i64 i_end_1 = D - ((D - i_end) & 3);
    for (i64 i = i_end; i < i_end_1; i += 4) {
      const f32x4 value = load_f32_x4(x + n * D + i);
      const f32x4 prefix = scan_add_f32_x4(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(inc + n * D + i, (f32)acc + prefix);
      acc += (f64)total;
    }
    for (i64 i = i_end_1; i < D; ++i) {
      acc += (f64)x[n * D + i];
      inc[n * D + i] = (f32)acc;
    }
    // scan exc[n, i_1]  [n:N, i_1:D] = add<f32>[j_1:D where j_1 < i_1](x[n, j_1])
    f64 acc_1 = 0.0;
    const i64 i_end_2 = D - (D & 7);
    for (i64 i = 0; i < i_end_2; i += 8) {
      const f32x4 value = load_f32_x4(x + n * D + i);
      const f32x4 prefix = scan_add_f32_x4_exclusive(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(exc + n * D + i, (f32)acc_1 + prefix);
      acc_1 += (f64)total;
      const i64 i_1 = i + 4;
      const f32x4 value_1 = load_f32_x4(x + n * D + i_1);
      const f32x4 prefix_1 = scan_add_f32_x4_exclusive(value_1);
      const f32 total_1 = fold_add_f32_x4(value_1);
      store_f32_x4(exc + n * D + i_1, (f32)acc_1 + prefix_1);
      acc_1 += (f64)total_1;
    }
    const i64 i_end_3 = D - ((D - i_end_2) & 3);
    for (i64 i = i_end_2; i < i_end_3; i += 4) {
      const f32x4 value = load_f32_x4(x + n * D + i);
      const f32x4 prefix = scan_add_f32_x4_exclusive(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(exc + n * D + i, (f32)acc_1 + prefix);
      acc_1 += (f64)total;
    }
    for (i64 i = i_end_3; i < D; ++i) {
      exc[n * D + i] = (f32)acc_1;
      acc_1 += (f64)x[n * D + i];
    }
    // scan rev[n, i_2]  [n:N, i_2:D] = add<f32>[j_2:D where j_2 >= i_2](x[n, j_2])
    f64 acc_2 = 0.0;
    const i64 i_end_4 = D - (D & 7);
    for (i64 i = 0; i < i_end_4; i += 8) {
      const i64 i_1 = D - 4 - i;
      const f32x4 value = load_f32_x4(x + n * D + i_1);
      const f32x4 prefix = scan_add_f32_x4_reverse(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(rev + n * D + i_1, prefix + (f32)acc_2);
      acc_2 = (f64)total + acc_2;
      const i64 i_2 = D - 4 - (i + 4);
      const f32x4 value_1 = load_f32_x4(x + n * D + i_2);
      const f32x4 prefix_1 = scan_add_f32_x4_reverse(value_1);
      const f32 total_1 = fold_add_f32_x4(value_1);
      store_f32_x4(rev + n * D + i_2, prefix_1 + (f32)acc_2);
      acc_2 = (f64)total_1 + acc_2;
    }
    const i64 i_end_5 = D - ((D - i_end_4) & 3);
    for (i64 i = i_end_4; i < i_end_5; i += 4) {
      const i64 i_1 = D - 4 - i;
      const f32x4 value = load_f32_x4(x + n * D + i_1);
      const f32x4 prefix = scan_add_f32_x4_reverse(value);
      const f32 total = fold_add_f32_x4(value);
      store_f32_x4(rev + n * D + i_1, prefix + (f32)acc_2);
      acc_2 = (f64)total + acc_2;
    }
    for (i64 i = i_end_5; i < D; ++i) {
      const i64 i_1 = D - 1 - i;
      acc_2 = (f64)x[n * D + i_1] + acc_2;
      rev[n * D + i_1] = (f32)acc_2;
    }
  }
}

extern "C" void cumsum(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D, i64 part, i64 parts) {
  if (D % 8 == 0) cumsum_k0_inc_fast(x, inc, exc, rev, N, D, part, parts);
  else cumsum_k0_inc(x, inc, exc, rev, N, D, part, parts);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void cumsum_call(void* const* args, i64 part, i64 parts) {
  cumsum((const f32*)args[0], (f32*)args[1], (f32*)args[2], (f32*)args[3], *(const i64*)args[4], *(const i64*)args[5], part, parts);
}
