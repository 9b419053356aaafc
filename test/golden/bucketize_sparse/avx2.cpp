// bucketize_sparse for cpp:avx2, made by ktune.
//
//   graph bucketize_sparse(R)
//     in    v: i64[off[R]]
//     in    off: i64[R + 1]  # offsets of L
//     out   o: i64[po[3 * R]]  # capacity of P
//     out   pos: i64[po[3 * R]]  # capacity of P
//     out   po: i64[3 * R + 1]  # offsets of P
//     temp  c: i64[off[R]]
//     map c[off[r] + l]  [r:R, l:off[r + 1] - off[r]]
//         = (v[off[r] + l] as u64 % 3u64) as i64
//     pack by po  [c0:3, r:R]
//         from l:off[r + 1] - off[r] where c[off[r] + l] == c0
//         o = (v[off[r] + l] as u64 // 3u64) as i64
//         pos = l
//
// Config: default. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt
// 2 phases; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef i64 i64x4 __attribute__((vector_size(32)));
typedef unsigned long long u64;
typedef u64 u64x4 __attribute__((vector_size(32)));

static inline i64 max_i64(i64 a, i64 b) {
  return a > b ? a : b;
}

static inline i64 min_i64(i64 a, i64 b) {
  return a < b ? a : b;
}

static inline u64 floor_mod_u64(u64 a, u64 b) {
  return b == 0 ? 0 : a % b;
}

static inline u64x4 floor_mod_u64_x4(u64x4 a, u64x4 b) {
  u64x4 r;
  for (int k = 0; k < 4; ++k) r[k] = floor_mod_u64(a[k], b[k]);
  return r;
}

static inline i64x4 load_i64_x4(const i64* p) {
  i64x4 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline u64x4 splat_u64_x4(u64 x) {
  return x - u64x4{};
}

static inline void store_i64_x4(i64* p, i64x4 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static void bucketize_sparse_k0_c(const i64* __restrict v, const i64* __restrict off, i64* __restrict c, i64 R, i64 part, i64 parts) {
  // c[l] = (v[l] as u64 % 3u64) as i64
  const i64 l_top = max_i64(0, off[R]);
  const i64 steps = (l_top + 7) / 8;
  const i64 l_lo = min_i64(steps * part / parts * 8, l_top);
  const i64 l_hi = min_i64(steps * (part + 1) / parts * 8, l_top);
  const i64 l_end = l_hi - ((l_hi - l_lo) & 7);
  for (i64 l = l_lo; l < l_end; l += 8) {
    store_i64_x4(c + l, (i64x4)floor_mod_u64_x4((u64x4)load_i64_x4(v + l), splat_u64_x4(3ull)));
    store_i64_x4(c + l + 4, (i64x4)floor_mod_u64_x4((u64x4)load_i64_x4(v + l + 4), splat_u64_x4(3ull)));
  }
  const i64 l_end_1 = l_hi - ((l_hi - l_end) & 3);
  for (i64 l = l_end; l < l_end_1; l += 4) {
    store_i64_x4(c + l, (i64x4)floor_mod_u64_x4((u64x4)load_i64_x4(v + l), splat_u64_x4(3ull)));
  }
  for (i64 l = l_end_1; l < l_hi; ++l) {
    c[l] = (i64)((u64)v[l] % 3ull);
  }
}

static void bucketize_sparse_k1_P(const i64* __restrict v, const i64* __restrict off, i64* __restrict o, i64* __restrict pos, i64* __restrict po, i64* __restrict c, i64 R, i64 P_capacity) {
  // pack by po  [c0:3, r_1:R] from l_1:off[r_1 + 1] - off[r_1] where c[off[r_1] + l_1] == c0 o = (v[off[r_1] + l_…
  i64 next = 0;
  i64 row = 0;
  for (i64 c0 = 0; c0 < 3; ++c0) {
    for (i64 r = 0; r < R; ++r) {
      po[row] = next;
      const i64 off_at = off[r];
      const i64 l_end = off[r + 1] - off_at;
      for (i64 l = 0; l < l_end; ++l) {
        const i64 t = off_at + l;
        if (c[t] == c0) {
          if (next < P_capacity) {
            o[next] = (i64)((u64)v[t] / 3ull);
          }
          if (next < P_capacity) {
            pos[next] = l;
          }
          next += 1;
        }
      }
      row += 1;
    }
  }
  po[row] = next;
}

extern "C" void bucketize_sparse(const i64* __restrict v, const i64* __restrict off, i64* __restrict o, i64* __restrict pos, i64* __restrict po, i64 R, i64 P_capacity, void* workspace, i64 part, i64 parts) {
  char* at = (char*)workspace;
  i64* const c = (i64*)at;
  const bool all = parts == 1;
  const i64 phase = part / parts;
  part %= parts;
  if (all || phase == 0) bucketize_sparse_k0_c(v, off, c, R, part, parts);
  if ((all || phase == 1) && part == 0) bucketize_sparse_k1_P(v, off, o, pos, po, c, R, P_capacity);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void bucketize_sparse_call(void* const* args, i64 part, i64 parts) {
  bucketize_sparse((const i64*)args[0], (const i64*)args[1], (i64*)args[2], (i64*)args[3], (i64*)args[4], *(const i64*)args[5], *(const i64*)args[6], args[7], part, parts);
}
