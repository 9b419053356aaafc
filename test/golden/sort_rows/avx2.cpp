// sort_rows for cpp:avx2, made by ktune.
// Stable descending sort of every row, with the permutation.
//
//   graph sort_rows(N, D)
//     in    x: f32[N, D]
//     out   y: f32[N, D]
//     out   at: i64[N, D]
//     select y[n, j], at[n, j]  [n:N]
//         = the j:D first of k:D descending by x[n, k]
//
// Config: default. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;

static inline i64 max_i64(i64 a, i64 b) {
  return a > b ? a : b;
}

// Stable: positions of equal keys stay in order. NaN is above +inf.
static inline bool sort_f32_descending_before(f32 a, f32 b) {
  return (a > b || (a != a && b == b));
}
static void sort_f32_descending(const f32* keys, i64* order, i64* spare, i64 n) {
  for (i64 k = 0; k < n; ++k) order[k] = k;
  for (i64 width = 1; width < n; width *= 2) {
    for (i64 lo = 0; lo < n; lo += 2 * width) {
      const i64 mid = lo + width < n ? lo + width : n;
      const i64 hi = lo + 2 * width < n ? lo + 2 * width : n;
      i64 a = lo, b = mid;
      for (i64 k = lo; k < hi; ++k) {
        const bool right = b < hi && (a == mid || sort_f32_descending_before(keys[order[b]], keys[order[a]]));
        spare[k] = right ? order[b++] : order[a++];
      }
    }
    for (i64 k = 0; k < n; ++k) order[k] = spare[k];
  }
}

static void sort_rows_k0_y(const f32* __restrict x, f32* __restrict y, i64* __restrict at_1, f32* __restrict keys_scratch, i64* __restrict order_scratch, i64* __restrict spare_scratch, i64 N, i64 D, i64 part, i64 parts) {
  const i64 n_lo = N * part / parts;
  const i64 n_hi = N * (part + 1) / parts;
  for (i64 n = n_lo; n < n_hi; ++n) {
    // select y[n, j], at[n, j]  [n:N] = the j:D first of k:D descending by x[n, k]
    const i64 count = max_i64(D, 0);
    for (i64 k = 0; k < D; ++k) {
      keys_scratch[k] = x[n * D + k];
    }
    sort_f32_descending(keys_scratch, order_scratch, spare_scratch, count);
    for (i64 j = 0; j < D; ++j) {
      const i64 from = j < count ? order_scratch[j] : -1;
      y[n * D + j] = j < count ? keys_scratch[from] : -__builtin_inff();
      at_1[n * D + j] = j < count ? from : -1;
    }
  }
}

extern "C" void sort_rows(const f32* __restrict x, f32* __restrict y, i64* __restrict at_1, i64 N, i64 D, void* workspace, i64 part, i64 parts) {
  char* at = (char*)workspace;
  // Scratch of this part.
  at += (parts == 1 ? 0 : part % parts) * (((D * 4 + 63) & -64) + ((D * 8 + 63) & -64) + ((D * 8 + 63) & -64));
  f32* const keys_scratch = (f32*)at;
  at += ((D * 4 + 63) & -64);
  i64* const order_scratch = (i64*)at;
  at += ((D * 8 + 63) & -64);
  i64* const spare_scratch = (i64*)at;
  sort_rows_k0_y(x, y, at_1, keys_scratch, order_scratch, spare_scratch, N, D, part, parts);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void sort_rows_call(void* const* args, i64 part, i64 parts) {
  sort_rows((const f32*)args[0], (f32*)args[1], (i64*)args[2], *(const i64*)args[3], *(const i64*)args[4], args[5], part, parts);
}
