// matmul for mtia:2i, made by ktune.
// Matrix product with an f32 accumulator, rounded once.
//
//   graph matmul(M, K, N)
//     in    a: bf16[M, K]
//     in    b: bf16[K, N]
//     out   y: bf16[M, N]
//     reduce y[m, n]  [m:M, n:N]
//         = add<f32>[k:K](a[m, k] * b[k, n])
//         then acc as bf16
//
// Config: k_split=2.
// Needs ktune_mtia.h, and wrapping signed integers: -fwrapv.

#include "ktune_mtia.h"
using namespace mtia;
typedef long long i64;
typedef unsigned short bf16;
typedef float f32;
typedef f32 f32x16 __attribute__((vector_size(64)));
typedef unsigned u32;
typedef u32 u32x16 __attribute__((vector_size(64)));
typedef unsigned short u16;
typedef u16 u16x16 __attribute__((vector_size(32)));
typedef u16 u16x32 __attribute__((vector_size(64)));

static inline f32x16 load_f32_x16(const f32* p) {
  f32x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline f32x16 bf16_to_f32_x16(u32x16 h) {
  return __builtin_bit_cast(f32x16, (u32x16)(h << 16));
}

static inline u32x16 f32_to_bf16_x16(f32x16 x) {
  const u32x16 u = __builtin_bit_cast(u32x16, x);
  const u32x16 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

static inline void store_bf16_x16(bf16* p, f32x16 v) {
  const u16x16 s = __builtin_convertvector(f32_to_bf16_x16(v), u16x16);
  __builtin_memcpy(p, &s, sizeof s);
}

static inline f32 bf16_to_f32(u32 h) {
  return __builtin_bit_cast(f32, (u32)(h << 16));
}

static inline u32 f32_to_bf16(f32 x) {
  const u32 u = __builtin_bit_cast(u32, x);
  const u32 r = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  return x != x ? (u >> 16) | 0x40u : r;  // NaN stays a quiet NaN
}

namespace matmul_k0_y {
enum : unsigned { CB_A_A, CB_B_B, CB_OUT_Y };
KT_CB_TABLE(table,
            {16448, 2},  // CB_A_A
            {16448, 2},  // CB_B_B
            {8256, 2}  // CB_OUT_Y
);

struct Args {
  const bf16* a;
  const bf16* b;
  bf16* y;
  i64 M;
  i64 K;
  i64 N;
};

// Data movement: blocks of 64 x 128 and 128 x 64 on a grid of 8 x 8 PEs.
static void core_a(const Args& kt_a) {
  const i64 M = kt_a.M;
  const i64 K = kt_a.K;
  const i64 N = kt_a.N;
  const i64 kt_r = pe() / 8, kt_c = pe() % 8, kt_ng = kt_c / 2, kt_ks = kt_c % 2;
  // Blocks of the reduced axis for each of 2 PEs of a row.
  const i64 kt_blocks = ((K + 127) / 128 + 1) / 2;
  // Results leave one tile late, so that the blocks of the next one are on their way meanwhile.
  bf16* kt_to_y = nullptr;
  i64 kt_rows = 0, kt_cols = 0;
  bool kt_pending = false;
  for (i64 kt_i = 0; kt_i * 64 < M; kt_i += 8)
    for (i64 kt_j = 0; kt_j * 64 < N; kt_j += 4) {
      const i64 kt_m0 = (kt_i + kt_r) * 64, kt_mr = extent(M - kt_m0, 64);
      const i64 kt_n0 = (kt_j + kt_ng) * 64, kt_nr = extent(N - kt_n0, 64);
      const bool kt_stores = kt_ks == 1 && kt_mr > 0 && kt_nr > 0;
      for (i64 kt_b = 0; kt_b < kt_blocks; ++kt_b) {
        const i64 kt_k0 = (kt_ks * kt_blocks + kt_b) * 128, kt_kr = extent(K - kt_k0, 128);
        dma_in_block(CB_A_A, kt_a.a + kt_m0 * K + kt_k0, kt_mr, kt_kr * 2, K * 2, 64, 256, {(unsigned)(kt_r * 2 + kt_ks), 4});
        dma_in_block(CB_B_B, kt_a.b + kt_k0 * N + kt_n0, kt_kr, kt_nr * 2, N * 2, 128, 128, {(unsigned)(16 + kt_c), 8});
      }
      if (!kt_stores) continue;
      if (kt_pending) {
        dma_out_block(kt_to_y, CB_OUT_Y, kt_rows, kt_cols * 2, N * 2, 128);
      }
      kt_to_y = kt_a.y + kt_m0 * N + kt_n0;
      kt_rows = kt_mr, kt_cols = kt_nr;
      kt_pending = true;
    }
  if (kt_pending) {
    dma_out_block(kt_to_y, CB_OUT_Y, kt_rows, kt_cols * 2, N * 2, 128);
  }
}

// Computation.
static void core_b(const Args& kt_a) {
  const i64 M = kt_a.M;
  const i64 K = kt_a.K;
  const i64 N = kt_a.N;
  const i64 kt_r = pe() / 8, kt_c = pe() % 8, kt_ng = kt_c / 2, kt_ks = kt_c % 2;
  // Blocks of the reduced axis for each of 2 PEs of a row.
  const i64 kt_blocks = ((K + 127) / 128 + 1) / 2;
  for (i64 kt_i = 0; kt_i * 64 < M; kt_i += 8)
    for (i64 kt_j = 0; kt_j * 64 < N; kt_j += 4) {
      const i64 kt_m0 = (kt_i + kt_r) * 64, kt_mr = extent(M - kt_m0, 64);
      const i64 kt_n0 = (kt_j + kt_ng) * 64, kt_nr = extent(N - kt_n0, 64);
      const bool kt_stores = kt_ks == 1 && kt_mr > 0 && kt_nr > 0;
      const bool kt_works = kt_mr > 0 && kt_nr > 0;
      for (unsigned kt_n = 0; kt_n < 4; ++kt_n) re_init(kt_n);
      for (i64 kt_b = 0; kt_b < kt_blocks; ++kt_b) {
        const bf16* kt_left = (const bf16*)cb_wait_front(CB_A_A);
        const bf16* kt_right = (const bf16*)cb_wait_front(CB_B_B);
        for (unsigned kt_n = 0; kt_works && kt_n < 4; ++kt_n)
          dpe_mml_bf16(kt_n, kt_left + kt_n / 2 * 4096, 128, 1, kt_right + kt_n % 2 * 32, 64, 1, 128);
        cb_pop_front(CB_A_A);
        cb_pop_front(CB_B_B);
      }
      // Sums pass along the row of PEs: the last one has all of them.
      for (unsigned kt_n = 0; kt_works && kt_n < 4; ++kt_n) {
        if (kt_ks > 0) re_recv_acc_f32(kt_n);
        if (kt_ks < 1) re_send(kt_n);
      }
      if (!kt_stores) continue;
      bf16* y_tile_scratch = (bf16*)cb_reserve_back(CB_OUT_Y);
      // Nothing follows: the SIMD engine rounds the sums on their way to local memory.
      for (unsigned kt_n = 0; kt_n < 4; ++kt_n)
        se_store_bf16(kt_n, y_tile_scratch + kt_n / 2 * 2048 + kt_n % 2 * 32, 64);
      cb_push_back(CB_OUT_Y);
    }
}
}  // namespace matmul_k0_y

extern "C" void matmul(const bf16* __restrict a, const bf16* __restrict b, bf16* __restrict y, i64 M, i64 K, i64 N, bool backwards) {
  launch(matmul_k0_y::core_a, matmul_k0_y::core_b, matmul_k0_y::table, matmul_k0_y::Args{a, b, y, M, K, N}, 64, backwards);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity. Every other call takes the PEs from the last to the first, which must not show.
extern "C" void matmul_call(void* const* args, i64 part, i64 parts) {
  if (part % parts != 0) return;
  static bool backwards = true;
  backwards = !backwards;
  matmul((const bf16*)args[0], (const bf16*)args[1], (bf16*)args[2], *(const i64*)args[3], *(const i64*)args[4], *(const i64*)args[5], backwards);
}
