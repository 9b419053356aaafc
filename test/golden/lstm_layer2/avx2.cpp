// lstm_layer2 for cpp:avx2, made by ktune.
// LSTM layer with two states; a state, like an inout, reads as the value at the start of the step.
//
//   graph lstm_layer2(B, T, I, H)
//     in    x: f32[B, T, I]
//     in    wi: f32[4, H, I]
//     in    wh: f32[4, H, H]
//     in    bb: f32[4, H]
//     in    h0: f32[B, H]
//     in    c0: f32[B, H]
//     out   y: f32[B, T, H]
//     out   hn: f32[B, H]
//     out   cn: f32[B, H]
//     temp  a: f32[B, T, 4, H]
//     temp  h: f32[B, H]
//     temp  c: f32[B, H]
//     temp  z: f32[B, 4, H]
//     temp  c1: f32[B, H]
//     temp  h1: f32[B, H]
//     reduce a[b, t, q, j]  [b:B, t:T, q:4, j:H]
//         = add<f32>[i:I](x[b, t, i] * wi[q, j, i])
//         then bb[q, j] + acc
//     map h[b, j]  [b:B, j:H]
//         = h0[b, j]
//     map c[b, j]  [b:B, j:H]
//         = c0[b, j]
//     recur t:T states h, c
//       reduce z[b, q, j]  [b:B, q:4, j:H]
//           = add<f32>[k:H](h[b, k] * wh[q, j, k])
//           then a[b, t, q, j] + acc
//       map c1[b, j]  [b:B, j:H]
//           = sigmoid(z[b, 1, j]) * c[b, j] + sigmoid(z[b, 0, j]) * tanh(z[b, 2, j])
//       map h1[b, j]  [b:B, j:H]
//           = sigmoid(z[b, 3, j]) * tanh(c1[b, j])
//       map c[b, j]  [b:B, j:H]
//           = c1[b, j]
//       map h[b, j]  [b:B, j:H]
//           = h1[b, j]
//       map y[b, t, j]  [b:B, j:H]
//           = h1[b, j]
//     map hn[b, j]  [b:B, j:H]
//         = h[b, j]
//     map cn[b, j]  [b:B, j:H]
//         = c[b, j]
//
// Config: vector=0. Compile with -O2 -std=c++17 -ffp-contract=fast -mavx2 -mfma -mf16c -mbmi -mbmi2 -mlzcnt -mpopcnt
// 3 phases; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;
typedef int i32;

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

// 1 / (1 + exp(-x)); below about -88 the result is 0.
static inline f32 sigmoid_4(f32 x) { return 1.0f / (1.0f + exp_4(-x)); }

// 2^n as a bit pattern, -126 <= n <= 127.
static inline f32 pow2i(i32 n) { return __builtin_bit_cast(f32, (n + 127) << 23); }

// exp(x) - 1 within 2 ulp: 2^n (exp(r) - 1) + (2^n - 1), halved inside so that n = 128 fits.
static inline f32 expm1_4(f32 x) {
  const f32 c = x > 89.0f ? f32{} + 89.0f : x < -20.0f ? f32{} - 20.0f : x;
  const f32 t = c * 1.44269502f + 12582912.0f;
  const f32 n = t - 12582912.0f;
  const f32 r = c - n * 0.693145752f - n * 1.42860677e-6f;
  const f32 q = 0.49999997f + r * (0.166665465f + r * (0.0416674428f + r * (0.00836625323f + r * 0.00138699473f)));
  const f32 s = pow2i(__builtin_bit_cast(i32, t) - 0x4b400001);
  return 2.0f * (s * (r + r * r * q) + (s - 0.5f));
}

// tanh(x) = e / (e + 2) with e = exp(2 x) - 1; beyond |x| = 9.02 the result is 1.
static inline f32 tanh_4(f32 x) {
  const f32 e = expm1_4(x > 9.02f ? f32{} + 18.04f : x < -9.02f ? f32{} - 18.04f : x + x);
  return e / (e + 2.0f);
}

static void lstm_layer2_k0_a(const f32* __restrict x, const f32* __restrict wi, const f32* __restrict bb, const f32* __restrict h0, const f32* __restrict c0, f32* __restrict a, f32* __restrict h, f32* __restrict c, i64 B, i64 T, i64 I, i64 H, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    for (i64 t = 0; t < T; ++t) {
      for (i64 q = 0; q < 4; ++q) {
        for (i64 j = 0; j < H; ++j) {
          // reduce a[b, t, q, j]  [b:B, t:T, q:4, j:H] = add<f32>[i:I](x[b, t, i] * wi[q, j, i]) then bb[q, j] + acc
          f32 acc = 0.0f;
          for (i64 i = 0; i < I; ++i) {
            acc += x[(b * T + t) * I + i] * wi[(q * H + j) * I + i];
          }
          a[((b * T + t) * 4 + q) * H + j] = bb[q * H + j] + acc;
        }
      }
    }
    for (i64 j = 0; j < H; ++j) {
      // h[b, j_1] = h0[b, j_1]
      h[b * H + j] = h0[b * H + j];
      // c[b, j_1] = c0[b, j_1]
      c[b * H + j] = c0[b * H + j];
    }
  }
}

static void lstm_layer2_k1_z(const f32* __restrict wh, f32* __restrict y, f32* __restrict a, f32* __restrict h, f32* __restrict c, f32* __restrict z, f32* __restrict h_next, f32* __restrict c_next, i64 B, i64 T, i64 H) {
  for (i64 t = 0; t < T; ++t) {
    for (i64 b = 0; b < B; ++b) {
      for (i64 q = 0; q < 4; ++q) {
        for (i64 j = 0; j < H; ++j) {
          // reduce z[b_3, q_1, j_3]  [b_3:B, q_1:4, j_3:H] = add<f32>[k:H](h[b_3, k] * wh[q_1, j_3, k]) then a[b_3, t_1, …
          f32 acc = 0.0f;
          for (i64 k = 0; k < H; ++k) {
            acc += h[b * H + k] * wh[(q * H + j) * H + k];
          }
          z[q * H + j] = a[((b * T + t) * 4 + q) * H + j] + acc;
        }
      }
      for (i64 j = 0; j < H; ++j) {
        // c1[b_3, j_4] = sigmoid(z[b_3, 1, j_4]) * c[b_3, j_4] + sigmoid(z[b_3, 0, j_4]) * tanh(z[b_3, 2, j_4])
        const f32 c1_1 = sigmoid_4(z[H + j]) * c[b * H + j] + sigmoid_4(z[j]) * tanh_4(z[2 * H + j]);
        // h1[b_3, j_4] = sigmoid(z[b_3, 3, j_4]) * tanh(c1[b_3, j_4])
        const f32 h1_1 = sigmoid_4(z[3 * H + j]) * tanh_4(c1_1);
        // c[b_3, j_4] = c1[b_3, j_4]
        c_next[b * H + j] = c1_1;
        // h[b_3, j_4] = h1[b_3, j_4]
        h_next[b * H + j] = h1_1;
        // y[b_3, t_1, j_4] = h1[b_3, j_4]
        y[(b * T + t) * H + j] = h1_1;
      }
    }
    __builtin_memcpy(h, h_next, B * H * sizeof(f32));
    __builtin_memcpy(c, c_next, B * H * sizeof(f32));
  }
}

static void lstm_layer2_k2_hn(f32* __restrict hn, f32* __restrict cn, f32* __restrict h, f32* __restrict c, i64 B, i64 H, i64 part, i64 parts) {
  const i64 b_lo = B * part / parts;
  const i64 b_hi = B * (part + 1) / parts;
  for (i64 b = b_lo; b < b_hi; ++b) {
    for (i64 j = 0; j < H; ++j) {
      // hn[b_9, j_9] = h[b_9, j_9]
      hn[b * H + j] = h[b * H + j];
      // cn[b_9, j_9] = c[b_9, j_9]
      cn[b * H + j] = c[b * H + j];
    }
  }
}

extern "C" void lstm_layer2(const f32* __restrict x, const f32* __restrict wi, const f32* __restrict wh, const f32* __restrict bb, const f32* __restrict h0, const f32* __restrict c0, f32* __restrict y, f32* __restrict hn, f32* __restrict cn, i64 B, i64 T, i64 I, i64 H, void* workspace, i64 part, i64 parts) {
  char* at = (char*)workspace;
  f32* const a = (f32*)at;
  at += ((B * T * 4 * H * 4 + 63) & -64);
  f32* const h = (f32*)at;
  at += ((B * H * 4 + 63) & -64);
  f32* const c = (f32*)at;
  at += ((B * H * 4 + 63) & -64);
  f32* const h_next = (f32*)at;
  at += ((B * H * 4 + 63) & -64);
  f32* const c_next = (f32*)at;
  at += ((B * H * 4 + 63) & -64);
  // Scratch of this part.
  at += (parts == 1 ? 0 : part % parts) * (((4 * H * 4 + 63) & -64));
  f32* const z = (f32*)at;
  const bool all = parts == 1;
  const i64 phase = part / parts;
  part %= parts;
  if (all || phase == 0) lstm_layer2_k0_a(x, wi, bb, h0, c0, a, h, c, B, T, I, H, part, parts);
  if ((all || phase == 1) && part == 0) lstm_layer2_k1_z(wh, y, a, h, c, z, h_next, c_next, B, T, H);
  if (all || phase == 2) lstm_layer2_k2_hn(hn, cn, h, c, B, H, part, parts);
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void lstm_layer2_call(void* const* args, i64 part, i64 parts) {
  lstm_layer2((const f32*)args[0], (const f32*)args[1], (const f32*)args[2], (const f32*)args[3], (const f32*)args[4], (const f32*)args[5], (f32*)args[6], (f32*)args[7], (f32*)args[8], *(const i64*)args[9], *(const i64*)args[10], *(const i64*)args[11], *(const i64*)args[12], args[13], part, parts);
}
