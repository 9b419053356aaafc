// matmul for cpp:avx2, made by ktune.
// Matrix product with an f32 accumulator, rounded once.
//
//   graph matmul(M, K, N)
//     in    a: f32[M, K]
//     in    b: f32[K, N]
//     out   y: f32[M, N]
//     reduce y[m, n]  [m:M, n:N]
//         = add<f32>[k:K](a[m, k] * b[k, n])
//
// Config: assume=false. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;
typedef unsigned long long u64;
typedef f32 f32x8 __attribute__((vector_size(32)));

static inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static inline i64 floor_div_i64(i64 a, i64 b) {
  if (b == 0) return 0;
  if (b == -1) return (i64)(0 - (u64)a);
  const i64 q = a / b;
  return q - (a % b != 0 && (a < 0) != (b < 0));
}

static inline f32x8 load_f32_x8(const f32* p) {
  f32x8 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline void store_f32_x8(f32* p, f32x8 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

// acc = a b: 4 x 24 sums, 8 to a register.
static inline __attribute__((always_inline)) void dot_f32_4x24_x8(f32* acc, i64 acc_row, const f32* a, i64 a_row, i64 a_step, const f32* b, i64 b_row, i64 steps) {
  // Sums of 128 terms are added up: their errors grow with the root of a run, not of the whole depth.
  i64 from = 0;
  do {
    const i64 run = steps - from < 128 ? steps - from : 128;
    f32x8 sum[4][3] = {};
    for (i64 k = 0; k < run; ++k, a += a_step, b += b_row) {
      f32x8 y[3];
      #pragma GCC unroll 3
      for (int j = 0; j < 3; ++j) y[j] = load_f32_x8(b + j * 8);
      #pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        const f32 x = a[i * a_row];
        #pragma GCC unroll 3
        for (int j = 0; j < 3; ++j) sum[i][j] += x * y[j];
      }
    }
    if (from == 0)
      #pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        #pragma GCC unroll 3
        for (int j = 0; j < 3; ++j) {
          f32* const to = acc + i * acc_row + j * 8;
          store_f32_x8(to, sum[i][j]);
        }
      }
    else
      #pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) {
        #pragma GCC unroll 3
        for (int j = 0; j < 3; ++j) {
          f32* const to = acc + i * acc_row + j * 8;
          store_f32_x8(to, load_f32_x8(to) + sum[i][j]);
        }
      }
    from += 128;
  } while (from < steps);
}

static void matmul_k0_y(const f32* __restrict a, const f32* __restrict b, f32* __restrict y, f32* __restrict right_scratch, f32* __restrict left_scratch, f32* __restrict sums_scratch, i64 M, i64 K, i64 N, i64 part, i64 parts) {
  // y
  for (i64 n = 0; n < N; n += 504) {
    const i64 n_end = min_i64(n + 504, N);
    for (i64 n_1 = n; n_1 < n_end; n_1 += 24) {
      const i64 panel = (n_1 - n) * K;
      if (n_1 + 24 <= n_end) {
        for (i64 k = 0; k < K; ++k) {
          store_f32_x8(right_scratch + panel + k * 24, load_f32_x8(b + k * N + n_1));
          store_f32_x8(right_scratch + panel + (k * 24 + 8), load_f32_x8(b + k * N + (n_1 + 8)));
          store_f32_x8(right_scratch + panel + (k * 24 + 16), load_f32_x8(b + k * N + (n_1 + 16)));
        }
      } else {
        for (i64 k = 0; k < K; ++k) {
          const i64 at_1 = k * 24;
          for (i64 q = 0; q < 24; ++q) {
            if (n_1 + q < n_end) {
              right_scratch[panel + (at_1 + q)] = b[k * N + (n_1 + q)];
            } else {
              right_scratch[panel + (at_1 + q)] = 0.0f;
            }
          }
        }
      }
    }
    const i64 steps = (M + 3) / 4;
    const i64 m_lo = min_i64(steps * part / parts * 4, M);
    const i64 m_hi = min_i64(steps * (part + 1) / parts * 4, M);
    for (i64 m = m_lo; m < m_hi; m += 48) {
      const i64 m_end = min_i64(m + 48, m_hi);
      const i64 apart = K + 16;
      const i64 rows = (m_end - m + 3) / 4 * 4;
      for (i64 m_1 = m; m_1 < m_end; ++m_1) {
        const i64 row = (m_1 - m) * apart;
        const i64 k_end = K - (K & 15);
        for (i64 k = 0; k < k_end; k += 16) {
          store_f32_x8(left_scratch + row + k, load_f32_x8(a + m_1 * K + k));
          store_f32_x8(left_scratch + row + (k + 8), load_f32_x8(a + m_1 * K + (k + 8)));
        }
        const i64 k_end_1 = K - ((K - k_end) & 7);
        for (i64 k = k_end; k < k_end_1; k += 8) {
          store_f32_x8(left_scratch + row + k, load_f32_x8(a + m_1 * K + k));
        }
        for (i64 k = k_end_1; k < K; ++k) {
          left_scratch[row + k] = a[m_1 * K + k];
        }
      }
      for (i64 missing = m_end - m; missing < rows; ++missing) {
        const i64 row = missing * apart;
        for (i64 k = 0; k < K; ++k) {
          left_scratch[row + k] = 0.0f;
        }
      }
      for (i64 n_1 = n; n_1 < n_end; n_1 += 24) {
        const i64 panel = (n_1 - n) * K;
        for (i64 m_1 = m; m_1 < m_end; m_1 += 4) {
          dot_f32_4x24_x8(sums_scratch, 24, left_scratch + (m_1 - m) * apart, apart, 1, right_scratch + panel, 24, K);
          const i64 m_last = min_i64(m_1 + 4, m_end);
          if (n_1 + 24 <= n_end) {
            for (i64 m_2 = m_1; m_2 < m_last; ++m_2) {
              const i64 sums = (m_2 - m_1) * 24;
              const f32x8 acc = load_f32_x8(sums_scratch + sums);
              const f32x8 acc_1 = load_f32_x8(sums_scratch + sums + 8);
              const f32x8 acc_2 = load_f32_x8(sums_scratch + sums + 16);
              store_f32_x8(y + m_2 * N + n_1, acc);
              store_f32_x8(y + m_2 * N + (n_1 + 8), acc_1);
              store_f32_x8(y + m_2 * N + (n_1 + 16), acc_2);
            }
          } else {
            for (i64 m_2 = m_1; m_2 < m_last; ++m_2) {
              const i64 sums = (m_2 - m_1) * 24;
              const i64 n_last = min_i64(n_1 + 24, n_end);
              for (i64 n_2 = n_1; n_2 < n_last; ++n_2) {
                const f32 acc = sums_scratch[sums + (n_2 - n_1)];
                y[m_2 * N + n_2] = acc;
              }
            }
          }
        }
      }
    }
  }
}

extern "C" void matmul(const f32* __restrict a, const f32* __restrict b, f32* __restrict y, i64 M, i64 K, i64 N, void* workspace, i64 part, i64 parts) {
  char* at = (char*)workspace;
  // Scratch of this part.
  at += (parts == 1 ? 0 : part % parts) * (((min_i64(504, floor_div_i64(N + 23, 24) * 24) * K * 4 + 63) & -64) + ((min_i64(48, ((M + 3) >> 2) * 4) * (K + 16) * 4 + 63) & -64) + ((96 * 4 + 63) & -64));
  f32* const right_scratch = (f32*)at;
  at += ((min_i64(504, floor_div_i64(N + 23, 24) * 24) * K * 4 + 63) & -64);
  f32* const left_scratch = (f32*)at;
  at += ((min_i64(48, ((M + 3) >> 2) * 4) * (K + 16) * 4 + 63) & -64);
  f32* const sums_scratch = (f32*)at;
  matmul_k0_y(a, b, y, right_scratch, left_scratch, sums_scratch, M, K, N, part, parts);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void matmul_call(void* const* args, i64 part, i64 parts) {
  matmul((const f32*)args[0], (const f32*)args[1], (f32*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const i64*)args[5], args[6], part, parts);
}
