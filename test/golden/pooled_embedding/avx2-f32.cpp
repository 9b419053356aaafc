// pooled_embedding for cpp:avx2, made by ktune.
// Sum of the table rows of each bag of ids; ids beyond the table are clamped.
//
//   graph pooled_embedding(V, D, B)
//     in    w: f32[V, D]
//     in    ids: i64[off[B]]
//     in    off: i64[B + 1]  # offsets of L
//     out   y: f32[B, D]
//     reduce y[b, d]  [b:B, d:D]
//         = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d] : 0.0)
//
// Config: default. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;
typedef f32 f32x8 __attribute__((vector_size(32)));

static inline f32x8 splat_f32_x8(f32 x) {
  return x - f32x8{};
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

static inline void store_f32_x8(f32* p, f32x8 v) {
  __builtin_memcpy(p, &v, sizeof v);
}

static void pooled_embedding_k0_y_fast(const f32* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    // reduce y[b, d]  [b:B, d:D] = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d…
    for (i64 d = 0; d < D; d += 64) {
      f32x8 acc = splat_f32_x8(0.0f);
      f32x8 acc_1 = splat_f32_x8(0.0f);
      f32x8 acc_2 = splat_f32_x8(0.0f);
      f32x8 acc_3 = splat_f32_x8(0.0f);
      f32x8 acc_4 = splat_f32_x8(0.0f);
      f32x8 acc_5 = splat_f32_x8(0.0f);
      f32x8 acc_6 = splat_f32_x8(0.0f);
      f32x8 acc_7 = splat_f32_x8(0.0f);
      const i64 off_at = off[b + 1];
      const i64 off_at_1 = off[b];
      for (i64 l = 0; l < off_at - off_at_1; ++l) {
        const i64 off_at_2 = off[b];
        const i64 off_at_3 = off[B];
        if (V > 0 && off_at_2 + (l + 16) < off_at_3) {
          const i64 off_at_4 = off[b];
          const i64 min_at = min_i64(max_i64(ids[off_at_4 + (l + 16)], 0), V - 1);
          __builtin_prefetch(w + min_at * D + d);
          __builtin_prefetch(w + min_at * D + (d + 16));
          __builtin_prefetch(w + min_at * D + (d + 32));
          __builtin_prefetch(w + min_at * D + (d + 48));
        }
        const i64 min_at_1 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
        acc += load_f32_x8(w + min_at_1 * D + d);
        acc_1 += load_f32_x8(w + min_at_1 * D + (d + 8));
        acc_2 += load_f32_x8(w + min_at_1 * D + (d + 16));
        acc_3 += load_f32_x8(w + min_at_1 * D + (d + 24));
        acc_4 += load_f32_x8(w + min_at_1 * D + (d + 32));
        acc_5 += load_f32_x8(w + min_at_1 * D + (d + 40));
        acc_6 += load_f32_x8(w + min_at_1 * D + (d + 48));
        acc_7 += load_f32_x8(w + min_at_1 * D + (d + 56));
      }
      store_f32_x8(y + b * D + d, acc);
      store_f32_x8(y + b * D + (d + 8), acc_1);
      store_f32_x8(y + b * D + (d + 16), acc_2);
      store_f32_x8(y + b * D + (d + 24), acc_3);
      store_f32_x8(y + b * D + (d + 32), acc_4);
      store_f32_x8(y + b * D + (d + 40), acc_5);
      store_f32_x8(y + b * D + (d + 48), acc_6);
      store_f32_x8(y + b * D + (d + 56), acc_7);
    }
  }
}

static void pooled_embedding_k0_y(const f32* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    // reduce y[b, d]  [b:B, d:D] = add<f32>[l:off[b + 1] - off[b]](V > 0 ? w[min(max(ids[off[b] + l], 0), V - 1), d…
    const i64 d_end = D - (D & 63);
    for (i64 d = 0; d < d_end; d += 64) {
      f32x8 acc = splat_f32_x8(0.0f);
      f32x8 acc_1 = splat_f32_x8(0.0f);
      f32x8 acc_2 = splat_f32_x8(0.0f);
      f32x8 acc_3 = splat_f32_x8(0.0f);
      f32x8 acc_4 = splat_f32_x8(0.0f);
      f32x8 acc_5 = splat_f32_x8(0.0f);
      f32x8 acc_6 = splat_f32_x8(0.0f);
      f32x8 acc_7 = splat_f32_x8(0.0f);
      const i64 off_at = off[b + 1];
      const i64 off_at_1 = off[b];
      for (i64 l = 0; l < off_at - off_at_1; ++l) {
        const i64 off_at_2 = off[b];
        const i64 off_at_3 = off[B];
        if (V > 0 && off_at_2 + (l + 16) < off_at_3) {
          const i64 off_at_4 = off[b];
          const i64 min_at = min_i64(max_i64(ids[off_at_4 + (l + 16)], 0), V - 1);
          __builtin_prefetch(w + min_at * D + d);
          __builtin_prefetch(w + min_at * D + (d + 16));
          __builtin_prefetch(w + min_at * D + (d + 32));
          __builtin_prefetch(w + min_at * D + (d + 48));
        }
        f32x8 choice;
        if (V > 0) {
          const i64 min_at_1 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice = load_f32_x8(w + min_at_1 * D + d);
        } else {
          choice = splat_f32_x8(0.0f);
        }
        acc += choice;
        f32x8 choice_1;
        if (V > 0) {
          const i64 min_at_2 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_1 = load_f32_x8(w + min_at_2 * D + (d + 8));
        } else {
          choice_1 = splat_f32_x8(0.0f);
        }
        acc_1 += choice_1;
        f32x8 choice_2;
        if (V > 0) {
          const i64 min_at_3 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_2 = load_f32_x8(w + min_at_3 * D + (d + 16));
        } else {
          choice_2 = splat_f32_x8(0.0f);
        }
        acc_2 += choice_2;
        f32x8 choice_3;
        if (V > 0) {
          const i64 min_at_4 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_3 = load_f32_x8(w + min_at_4 * D + (d + 24));
        } else {
          choice_3 = splat_f32_x8(0.0f);
        }
        acc_3 += choice_3;
        f32x8 choice_4;
        if (V > 0) {
          const i64 min_at_5 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_4 = load_f32_x8(w + min_at_5 * D + (d + 32));
        } else {
          choice_4 = splat_f32_x8(0.0f);
        }
        acc_4 += choice_4;
        f32x8 choice_5;
        if (V > 0) {
          const i64 min_at_6 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_5 = load_f32_x8(w + min_at_6 * D + (d + 40));
        } else {
          choice_5 = splat_f32_x8(0.0f);
        }
        acc_5 += choice_5;
        f32x8 choice_6;
        if (V > 0) {
          const i64 min_at_7 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_6 = load_f32_x8(w + min_at_7 * D + (d + 48));
        } else {
          choice_6 = splat_f32_x8(0.0f);
        }
        acc_6 += choice_6;
        f32x8 choice_7;
        if (V > 0) {
          const i64 min_at_8 = min_i64(max_i64(ids[off_at_1 + l], 0), V - 1);
          choice_7 = load_f32_x8(w + min_at_8 * D + (d + 56));
        } else {
          choice_7 = splat_f32_x8(0.0f);
        }
        acc_7 += choice_7;
      }
      store_f32_x8(y + b * D + d, acc);
      store_f32_x8(y + b * D + (d + 8), acc_1);
      store_f32_x8(y + b * D + (d + 16), acc_2);
      store_f32_x8(y + b * D + (d + 24), acc_3);
      store_f32_x8(y + b * D + (d + 32), acc_4);
      store_f32_x8(y + b * D + (d + 40), acc_5);
      store_f32_x8(y + b * D + (d + 48), acc_6);
      store_f32_x8(y + b * D + (d + 56), acc_7);
    }
    const i64 d_end_1 = D - ((D - d_end) & 7);
    for (i64 d = d_end; d < d_end_1; d += 8) {
      f32x8 acc = splat_f32_x8(0.0f);
      const i64 off_at = off[b];
      const i64 l_end = off[b + 1] - off_at;
      for (i64 l = 0; l < l_end; ++l) {
        const i64 off_at_1 = off[b];
        if (V > 0 && off_at_1 + (l + 16) < off[B]) {
          const i64 off_at_2 = off[b];
          const i64 min_at = min_i64(max_i64(ids[off_at_2 + (l + 16)], 0), V - 1);
          __builtin_prefetch(w + min_at * D + d);
        }
        acc += V > 0 ? load_f32_x8(w + min_i64(max_i64(ids[off_at + l], 0), V - 1) * D + d) : splat_f32_x8(0.0f);
      }
      store_f32_x8(y + b * D + d, acc);
    }
    for (i64 d = d_end_1; d < D; ++d) {
      f32 acc = 0.0f;
      const i64 off_at = off[b];
      const i64 l_end = off[b + 1] - off_at;
      for (i64 l = 0; l < l_end; ++l) {
        acc += V > 0 ? w[min_i64(max_i64(ids[off_at + l], 0), V - 1) * D + d] : 0.0f;
      }
      y[b * D + d] = acc;
    }
  }
}

extern "C" void pooled_embedding(const f32* __restrict w, const i64* __restrict ids, const i64* __restrict off, f32* __restrict y, i64 V, i64 D, i64 B, i64 part, i64 parts) {
  if (D % 64 == 0 && V > 0) pooled_embedding_k0_y_fast(w, ids, off, y, V, D, B, part, parts);
  else pooled_embedding_k0_y(w, ids, off, y, V, D, B, part, parts);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void pooled_embedding_call(void* const* args, i64 part, i64 parts) {
  pooled_embedding((const f32*)args[0], (const i64*)args[1], (const i64*)args[2], (f32*)args[3], *(const i64*)args[4], *(const i64*)args[5], *(const i64*)args[6], part, parts);
}
